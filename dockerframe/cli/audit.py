"""Commands that look closer: findings, differences, explanations, and what happens as it happens."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dockerframe._queries.diff import said
from dockerframe._redaction import redact_differences, redact_tables
from dockerframe._report.listings import listing
from dockerframe._snapshot import diff as differences_of
from dockerframe._snapshot.build import read_snapshot
from dockerframe._text import shown_text
from dockerframe.audit import NOT_INSPECTED
from dockerframe.audit.formats import junit, sarif
from dockerframe.cli.output import AuditOutput, Output, print_frame, warn
from dockerframe.cli.root import InspectOption, OutputOption, app, finish
from dockerframe.cli.sources import FleetSource, interrupted, with_source
from dockerframe.schemas import SEVERITIES

SeverityOption = Annotated[str | None, typer.Option(help=f"Leave out what is milder: {', '.join(SEVERITIES)}.")]
FailOption = Annotated[
    str | None, typer.Option("--fail-on", help="End with status 4 when there are findings as bad as this, or worse.")
]


def severity(text: str | None) -> str | None:
    """A severity that was given as an option.

    Raises
    ------
    typer.BadParameter
        When there is none of this name.
    """
    if text is not None and text not in SEVERITIES:
        raise typer.BadParameter(f"There is no severity {text!r}; use one of {', '.join(SEVERITIES)}.")
    return text


@app.command()
@with_source
def audit(
    source: FleetSource,
    output: Annotated[
        AuditOutput, typer.Option("--output", "-o", help="For people, for programs, or for what runs your checks.")
    ] = AuditOutput.table,
    inspect: InspectOption = False,
    mildest: Annotated[
        str | None, typer.Option("--severity", help=f"Leave out what is milder: {', '.join(SEVERITIES)}.")
    ] = None,
    fail_on: FailOption = None,
    suppressed: Annotated[bool, typer.Option("--suppressed", help="Show what the fleet file suppresses too.")] = False,
) -> None:
    """What the rules of the audit find, worst first."""
    least, fatal = severity(mildest), severity(fail_on)
    snap = source.snapshot(inspect=inspect)
    audited = snap.audit()
    findings = audited.findings if suppressed else audited.active
    if not source.reveal:
        findings = redact_tables({"findings": findings})["findings"]
    shown = findings if least is None else findings.filter(pl.col("severity") >= least)
    rules = audited.rules
    match output:
        case AuditOutput.sarif:
            typer.echo(sarif(shown, rules).encode())
        case AuditOutput.junit:
            typer.echo(junit(shown, rules).encode())
        case _:
            tables = {**snap.tables, "findings": shown}
            print_frame(shown, listing(tables, "findings"), Output(output.value), "Findings")
    skipped = rules.filter(~pl.col("ran"))
    if skipped.height:
        here = pl.col("reason").replace(NOT_INSPECTED, "they need --inspect")
        reasons = skipped.group_by(here).len().sort("reason").iter_rows()
        warn(" ".join(f"{number} rules did not run: {reason}." for reason, number in reasons))
    finish(snap, found=fatal is not None and audited.active.filter(pl.col("severity") >= fatal).height > 0)


@app.command()
@with_source
def diff(
    source: FleetSource,
    before: Annotated[Path, typer.Argument(help="Folder of a snapshot, as `report` makes it.")],
    after: Annotated[Path | None, typer.Argument(help="Folder of a later one; without it the fleet is asked.")] = None,
    output: OutputOption = Output.table,
) -> None:
    """What differs between two snapshots, or between one and now."""
    earlier = read_snapshot(before)
    later = source.snapshot() if after is None else read_snapshot(after)
    found = differences_of(earlier, later)
    if not source.reveal:
        found = redact_differences(found)
    print_frame(found, listing({**later.tables, "differences": found}, "differences"), output, "Differences")
    if output is Output.table:
        typer.echo(f"{said(found)}.")
    if after is None:
        finish(later)


@app.command()
@with_source
def explain(source: FleetSource, alias: Annotated[str, typer.Argument(help="An alias, as in `routes`.")]) -> None:
    """Why an alias reaches what it reaches: each field, the label that set it, and those that lost."""
    snap = source.snapshot()
    typer.echo(repr(snap.explain(alias, reveal=source.reveal)))
    finish(snap)


@app.command()
@with_source
def watch(
    source: FleetSource,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="`table` for people, `json` for programs: one difference a line.")
    ] = Output.table,
) -> None:
    """What changes, as it happens, until interrupted. A host that goes away is told, and tried again."""
    if output not in {Output.table, Output.json}:
        raise typer.BadParameter("Use table or json: what goes on has no other form.")
    fleet = source.fleet()
    warn(f"Watching {len(fleet.hosts)} hosts; Ctrl-C ends it.")
    try:
        with closing(fleet.watch()) as changes:
            for changed in changes:
                found = changed if source.reveal else redact_differences(changed)
                if output is Output.json:
                    typer.echo(found.write_ndjson().rstrip("\n").encode())
                    continue
                for row in found.iter_rows(named=True):
                    typer.echo(_line(row))
    except KeyboardInterrupt:
        interrupted()


def _line(row: dict[str, str | None]) -> str:
    """A difference on one line."""
    who = f"{row['host']}/{row['container_name']}" if row["container_name"] else row["host"]
    field = f" {row['field']}" if row["field"] not in {None, row["change"]} else ""
    whole = f"{who}: {row['change']}{field}"
    values = f" {row['before'] or '–'} → {row['after'] or '–'}" if row["field"] or row["container_name"] is None else ""
    return shown_text(whole + values)
