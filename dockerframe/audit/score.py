"""The score: how good a fleet, a host or a Compose project is, in one figure from 0 to 100.

The formula
-----------
Each rule with findings in a scope takes away a share of what is left, by its severity and the number of its findings:

    share(rule) = weight(severity) * n / (n + 1)
    score       = 100 * product of (1 - share(rule)) over all rules

`n` counts the findings of the rule in the scope. Weights are 0.5 for critical, 0.15 for high, 0.05 for medium, 0.01 for
low and 0 for info. So the first finding of a rule takes half of its weight, and many of one kind never take more than
the whole: a rule saturates. One critical finding gives 75, one high 92.5, two critical of one rule 66.7.

Where a rule gives findings of several severities, each severity counts as a rule of its own. Suppressed findings do not
count. Results that are unknown do not count either and are shown next to the score; a host that did not answer has
no score. Findings of a fleet are those of all its hosts, so that a fleet never scores better than its worst host.

Letters: A from 90, B from 80, C from 70, D from 60, else F.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.schemas import SEVERITIES
from dockerframe.tables.scores import TABLE as SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS: Final[Mapping[str, float]] = {"critical": 0.5, "high": 0.15, "medium": 0.05, "low": 0.01, "info": 0.0}
"""The share of the score that a rule takes away at most, by severity."""

_LETTERS: Final = {90: "A", 80: "B", 70: "C", 60: "D"}
_SCOPE: Final = ("scope", "host", "project")
_ROUNDED: Final = 1


def letter_of(score: float) -> str:
    """The letter of a score.

    Examples
    --------
    >>> letter_of(90), letter_of(89.9), letter_of(0)
    ('A', 'B', 'F')
    """
    return next((letter for least, letter in _LETTERS.items() if score >= least), "F")


def scores(
    findings: pl.DataFrame, unknown: pl.DataFrame, containers: pl.DataFrame, hosts: pl.DataFrame
) -> pl.DataFrame:
    """The scores of the fleet, of each host and of each Compose project, with the columns of `SCORES`.

    `findings` and `unknown` are those of an audit, `containers` and `hosts` the tables of these names.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> import polars as pl
    >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "Image": "postgres:17", "State": "restarting"}])
    >>> audit = snap.audit()
    >>> scores(audit.findings, audit.unknown, snap.containers, snap.hosts).select("scope", "letter", "high").rows()
    [('fleet', 'A', 1), ('host', 'A', 1)]
    """
    projects = containers.select(*KEYS, pl.col("compose_project").alias("project"))
    active = findings.filter(pl.col("suppressed").is_null()).select(*KEYS, "rule", "severity")
    located = active.join(projects, on=KEYS, how="left")
    lost = pl.concat([_lost(located.with_columns(*_named(scope)), scope) for scope in ("fleet", "host", "project")])
    all_scopes = _all_scopes(projects, hosts)
    scored = all_scopes.join(lost, on=_SCOPE, how="left", nulls_equal=True, maintain_order="left")
    not_known = _unknown_rules(all_scopes, unknown)
    return SCORES.conform(
        scored.join(not_known, on=_SCOPE, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(_score(), pl.col("unknown", *SEVERITIES).fill_null(0))
        .with_columns(_letter())
    )


def _named(scope: str) -> list[pl.Expr]:
    """The columns that name a scope: null for those that are wider than it."""
    nothing = pl.lit(None, pl.String)
    host = nothing.alias("host") if scope == "fleet" else pl.col("host")
    project = pl.col("project") if scope == "project" else nothing.alias("project")
    return [pl.lit(scope).alias("scope"), host, project]


def _lost(findings: pl.DataFrame, scope: str) -> pl.DataFrame:
    """What is left after each rule, as `left` (0 to 1), and the number of findings by severity."""
    if scope == "project":
        findings = findings.filter(pl.col("project").is_not_null())
    by_rule = findings.group_by(*_SCOPE, "rule", "severity").agg(pl.len().alias("n"))
    weight = pl.col("severity").cast(pl.String).replace_strict(WEIGHTS, return_dtype=pl.Float64)
    share = weight * pl.col("n") / (pl.col("n") + 1)
    counts = [pl.col("n").filter(pl.col("severity") == one).sum().alias(one) for one in SEVERITIES]
    return by_rule.group_by(_SCOPE).agg((1 - share).product().alias("left"), *counts)


def _all_scopes(projects: pl.DataFrame, hosts: pl.DataFrame) -> pl.DataFrame:
    """The fleet, its hosts and their projects; `ok` is whether anything is known of them."""
    text = pl.String
    fleet = hosts.select(ok=pl.col("ok").any()).select(pl.lit("fleet").alias("scope"), "ok")
    by_host = hosts.select(pl.lit("host").alias("scope"), "host", "ok").sort("host")
    by_project = projects.drop_nulls("project").select("host", "project").unique().sort("host", "project")
    parts = [fleet, by_host, by_project.select(pl.lit("project").alias("scope"), "host", "project", ok=True)]
    whole = pl.concat(parts, how="diagonal_relaxed")
    return whole.select("scope", pl.col("host").cast(text), pl.col("project").cast(text), "ok")


def _unknown_rules(all_scopes: pl.DataFrame, unknown: pl.DataFrame) -> pl.DataFrame:
    """How many rules are unknown for the fleet and for each host, of which that of its projects follows."""
    by_host = unknown.group_by("host").agg(pl.col("rule").n_unique().alias("unknown"))
    fleet = unknown.select(pl.col("rule").n_unique()).item()
    counted = all_scopes.select(_SCOPE).join(by_host, on="host", how="left", maintain_order="left")
    of_fleet = pl.when(pl.col("scope") == "fleet").then(pl.lit(fleet)).otherwise("unknown")
    return counted.with_columns(of_fleet.alias("unknown"))


def _score() -> pl.Expr:
    score = (100 * pl.col("left").fill_null(1.0)).round(_ROUNDED)
    return pl.when("ok").then(score).alias("score")


def _letter() -> pl.Expr:
    branches = [pl.when(pl.col("score") >= least).then(pl.lit(letter)) for least, letter in _LETTERS.items()]
    return pl.coalesce(*branches, pl.when(pl.col("score").is_not_null()).then(pl.lit("F"))).alias("letter")
