"""Commands that answer a question: findings, explanations, dependencies, ports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
import polars as pl

from dockerframe._queries.published_ports import free_ports as next_free_ports
from dockerframe._queries.published_ports import ports_in_use
from dockerframe._report.listings import named
from dockerframe._snapshot.build import from_summaries
from dockerframe.audit import letter_of
from dockerframe.audit.formats import junit, sarif
from dockerframe.cli.output import for_command_line, print_frame, say, warn, write
from dockerframe.cli.status import finish
from dockerframe.cli.streams import write_output
from dockerframe.cli.tables import shown_findings
from dockerframe.errors import did_you_mean
from dockerframe.tables import REGISTRY, Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerframe.audit import AuditResult
    from dockerframe.cli.output import Shape
    from dockerframe.cli.sources import FleetSource

_IMPACT: Final = (
    Listed("distance", "distance", priority=1),
    Listed("host", "host", priority=1),
    Listed("container", "container_name", priority=1),
    Listed("id", pl.col("container_id").str.head(12)),
)
_START_ORDER: Final = (Listed("step", "step", priority=1), *_IMPACT[1:])
_PORTS: Final = (
    Listed("port", "port", priority=1),
    Listed("type", "type", priority=1),
    Listed("address", "address", priority=1, wraps=True),
    Listed("container", "container_name", priority=1),
)
_RULES: Final = (
    Listed("rule", "rule", priority=1),
    Listed("severity", "severity", priority=1),
    Listed("title", "title", priority=1, wraps=True),
    Listed("needs", pl.col("needs").fill_null(""), priority=1),
    Listed("source", "source", priority=3),
)


def audit(
    source: FleetSource,
    shape: Shape,
    *,
    inspect: bool,
    severity: str | None,
    rule: Sequence[str],
    suppressed: bool,
    fail_on: str | None,
    min_score: float | None,
) -> None:
    """Print the findings, and report the rules that did not run."""
    snap = source.snapshot(inspect=inspect)
    audited = snap.audit()
    _check_rules(rule, audited.rules["rule"])
    findings = shown_findings(audited.findings if suppressed else audited.active, reveal=source.reveal)
    if severity is not None:
        findings = findings.filter(pl.col("severity") >= severity)
    if rule:
        findings = findings.filter(pl.col("rule").is_in(rule))
    listed = REGISTRY["findings"].listing
    match shape.output:
        case "sarif":
            write_output((sarif(shape.rows(findings, listed), audited.rules) + "\n").encode())
        case "junit":
            write_output((junit(shape.rows(findings, listed), audited.rules, audited.unknown) + "\n").encode())
        case _:
            print_frame(findings, listed, shape, ("rule",))
    _report_skipped(audited.rules)
    _report_score(audited)
    severe = fail_on is not None and audited.active.filter(pl.col("severity") >= fail_on).height > 0
    finish(snap, found=severe or (min_score is not None and (audited.score or 0.0) < min_score))


def _report_score(audited: AuditResult) -> None:
    """Report the score of the fleet; it has none when no host answered."""
    if audited.score is not None:
        warn(f"Score: {audited.score:.1f} of 100 ({letter_of(audited.score)}).")


def _check_rules(names: Sequence[str], known: pl.Series) -> None:
    for name in names:
        if name not in known:
            similar = did_you_mean(name, known, "`dockerframe rules` lists the existing ones.")
            raise click.UsageError(f"There is no rule {name!r}. {similar}")


def _report_skipped(rules: pl.DataFrame) -> None:
    """Report how many rules did not run, by the reason."""
    skipped = rules.filter(~pl.col("ran")).select(need=_need(), reason="reason")
    for need, reason, number in skipped.group_by("need", "reason").len().sort("need", "reason").iter_rows():
        subject = f"{number} rules" if number > 1 else "1 rule"
        warn(f"{subject} did not run: {for_command_line(reason) if need is None else f'use {need}'}.")


def _need() -> pl.Expr:
    """The option that a rule needs, where its reason names one."""
    option = pl.col("reason").str.extract(r"\b([a-z_]+)=True", 1)
    return pl.when(option.is_not_null()).then("--" + option.str.replace_all("_", "-"))


def rules(shape: Shape) -> None:
    """Print the rules, which are the same for every fleet."""
    listed = from_summaries(b"[]").rules()
    shown = listed.select("rule", "severity", "title", "source", _need().alias("needs"))
    print_frame(shown.sort("severity", "rule", descending=[True, False]), _RULES, shape, ("rule",))


def explain(source: FleetSource, name: str) -> None:
    """Print the explanation of a name."""
    snap = source.snapshot()
    say(str(snap.explain(name, reveal=source.reveal)))
    finish(snap)


def impact(source: FleetSource, shape: Shape, name: str) -> None:
    """Print the containers that depend on one, through any number of steps."""
    snap = source.snapshot()
    print_frame(snap.blast_radius(name), _IMPACT, shape)
    finish(snap)


def start_order(source: FleetSource, shape: Shape, project: str) -> None:
    """Print the steps in which a project can start."""
    snap = source.snapshot()
    print_frame(snap.start_order(project), _START_ORDER, shape)
    finish(snap)


def free_ports(source: FleetSource, shape: Shape, on_host: str, *, first: int, count: int, protocol: str) -> None:
    """Print the published ports of a host, then the next free ones; with `--quiet` the free ones only."""
    snap = replace(source, select=[on_host]).snapshot()
    if not snap.hosts["ok"].all():
        finish(snap)
    in_use = ports_in_use(named(snap.ports, snap.containers), on_host)
    free = next_free_ports(in_use, first=first, count=count, protocol=protocol)
    if shape.quiet:
        write("".join(f"{port}\n" for port in free))
    else:
        print_frame(in_use, _PORTS, shape)
        if shape.output in {"table", "wide"}:
            say(f"Free from {first} ({protocol}): {', '.join(map(str, free)) or 'no port'}.")
    finish(snap)
