"""Running rules over a fleet: tables in, findings out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.fleet_tables import FleetTables
from dockerframe.audit.rule import BUILTIN_RULES
from dockerframe.audit.suppressions import EXPIRED, expired, suppress
from dockerframe.errors import AuditError, did_you_mean
from dockerframe.schemas import FINDINGS, RULES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dockerframe._config.audit_settings import AuditSettings
    from dockerframe.audit.rule import Registry, Rule

_SEVERITY = FINDINGS.schema["severity"]
_OF_RULES = ("host", "container_id", "message", "evidence")
NOT_INSPECTED = "it needs inspections: take the snapshot with inspect=True"
"""Why a rule did not run, in a table of rules."""
_SWITCHED_OFF = "it is switched off"


class Audit(NamedTuple):
    """What an audit gave: `findings`, suppressed ones included, and `rules`, which says of each whether it ran."""

    findings: pl.DataFrame
    rules: pl.DataFrame

    @property
    def active(self) -> pl.DataFrame:
        """The findings that are not suppressed."""
        return self.findings.filter(pl.col("suppressed").is_null())


def run_rules(tables: Mapping[str, pl.DataFrame], registry: Registry, settings: AuditSettings, now: datetime) -> Audit:
    """Run all rules that can run; findings are ordered worst first, then by host, container and rule.

    `now` decides which suppressions have ended.

    Raises
    ------
    AuditError
        When a rule fails, or gives something else than findings; names the rule. When the settings name a rule
        that there is not.
    """
    _check_names(settings, registry)
    fleet = FleetTables(tables)
    skipped = {one.id: reason for one in registry if (reason := _why_not(one, fleet, settings)) is not None}
    running = [one for one in registry if one.id not in skipped]
    try:
        lazy = [_checked(one, fleet) for one in running]
        # The streaming engine panics now and then on parts without rows (Polars 2.1).
        parts = pl.collect_all(lazy, engine="in-memory")
    except pl.exceptions.PolarsError:
        # All at once says not which of them it was.
        parts = [_collected(one, fleet) for one in running]
    ended = expired(settings, now)
    found = pl.concat([FINDINGS.empty().drop("container_name", "suppressed"), *parts, ended])
    names = tables["containers"].select(*KEYS, "container_name")
    named = found.join(names, on=KEYS, how="left")
    judged = FINDINGS.conform(suppress(named, settings, now))
    # Down to what tells any two apart: the same fleet gives the same table, row for row.
    order = ["severity", "host", "container_name", "rule", "evidence", "message", "container_id"]
    findings = judged.sort(order, descending=[one == "severity" for one in order], nulls_last=False)
    return Audit(findings, _rules_table(registry, skipped, findings))


def _check_names(settings: AuditSettings, registry: Registry) -> None:
    known = {one.id for one in registry} | {one.id for one in BUILTIN_RULES} | {EXPIRED}
    named = settings.off | {one.rule for one in settings.suppressions if one.rule is not None}
    for unknown in sorted(named - known):
        remedy = did_you_mean(unknown, known, "Look into snap.rules() for those that there are.", most=1)
        raise AuditError(f"The fleet file names the rule {unknown}, which there is not.", remedy=remedy)


def _why_not(rule: Rule, fleet: FleetTables, settings: AuditSettings) -> str | None:
    if rule.id in settings.off:
        return _SWITCHED_OFF
    return NOT_INSPECTED if rule.needs_inspections and not fleet.is_inspected else None


def _checked(rule: Rule, fleet: FleetTables) -> pl.LazyFrame:
    """What a rule gives, with what is the same in all of its findings."""
    remedy = "Mend the rule: it takes the tables of a fleet and gives host, container_id, message and evidence."
    try:
        found = rule.check(fleet).lazy()
        present = found.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise AuditError(f"The rule {rule.id} failed: {error}.", remedy=remedy) from error
    missing = [name for name in _OF_RULES if name not in present]
    if missing:
        raise AuditError(f"The rule {rule.id} gives no column {missing[0]}.", remedy=remedy)
    return found.select(
        pl.col("host", "container_id").cast(pl.String),
        rule=pl.lit(rule.id),
        severity=pl.lit(rule.severity).cast(_SEVERITY),
        # A rule says nothing where the engine did not tell what it would say.
        message=pl.col("message").cast(pl.String).fill_null(rule.title),
        evidence=pl.col("evidence").cast(pl.String).fill_null("the engine does not tell all of it"),
        remedy=pl.lit(rule.remedy),
    )


def _collected(rule: Rule, fleet: FleetTables) -> pl.DataFrame:
    try:
        return _checked(rule, fleet).collect(engine="in-memory")
    except pl.exceptions.PolarsError as error:
        raise AuditError(f"The rule {rule.id} failed: {error}.", remedy="Mend the rule.") from error


def _rules_table(registry: Registry, skipped: Mapping[str, str], findings: pl.DataFrame) -> pl.DataFrame:
    counted = dict(findings.filter(pl.col("suppressed").is_null()).group_by("rule").len().rows())
    rows = [
        {
            "rule": one.id,
            "severity": one.severity,
            "title": one.title,
            "source": one.source,
            "ran": one.id not in skipped,
            "reason": skipped.get(one.id),
            "findings": None if one.id in skipped else counted.get(one.id, 0),
        }
        for one in registry
    ]
    return pl.DataFrame(rows, schema=RULES.schema)
