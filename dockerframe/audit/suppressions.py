"""Findings that somebody has looked at and lets stand, each with a reason and an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe.tables.findings import TABLE as FINDINGS

if TYPE_CHECKING:
    from datetime import datetime

    from dockerframe._config.audit_settings import AuditSettings, Suppression

EXPIRED: Final = "suppression-expired"


def _matches(suppression: Suppression) -> pl.Expr:
    """Whether it is about a finding. Boolean, over the columns of `findings`."""
    wanted = {"rule": suppression.rule, "host": suppression.host, "container_name": suppression.container}
    tests = [pl.col(column) == value for column, value in wanted.items() if value is not None]
    return pl.all_horizontal(pl.lit(value=True), *tests).fill_null(value=False)


def suppress(findings: pl.DataFrame, settings: AuditSettings, now: datetime) -> pl.DataFrame:
    """Findings with the column `suppressed`: the reason of the first suppression that holds, else null."""
    branches = [pl.when(_matches(one)).then(pl.lit(one.reason)) for one in settings.suppressions if one.holds(now)]
    nothing = pl.lit(None, pl.String)
    return findings.with_columns(pl.coalesce(*branches, nothing).alias("suppressed"))


def expired(settings: AuditSettings, now: datetime) -> pl.DataFrame:
    """A finding for each suppression that has ended: what it hid is shown again, and nobody has looked since."""
    rows = [
        {
            "host": one.host,
            "container_id": None,
            "rule": EXPIRED,
            "severity": "info",
            "message": f"A suppression ended on {one.until}: {one.reason}",
            "evidence": f"rule {one.rule or 'any'}, host {one.host or 'any'}, container {one.container or 'any'}",
            "remedy": "Take it out of the fleet file, or give it a later end.",
        }
        for one in settings.suppressions
        if not one.holds(now)
    ]
    wanted = FINDINGS.schema
    columns = ["host", "container_id", "rule", "severity", "message", "evidence", "remedy"]
    return pl.DataFrame(rows, schema={name: wanted[name] for name in columns})
