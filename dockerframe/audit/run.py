"""Running rules over a fleet: tables in, findings out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.fleet_tables import FleetTables
from dockerframe.audit.names import name_or_short_id
from dockerframe.audit.rules import BUILTIN_RULES
from dockerframe.audit.score import scores
from dockerframe.audit.suppressions import EXPIRED, expired, suppress
from dockerframe.audit.unknown import NOT_INSPECTED, missing_table, unknown_results
from dockerframe.errors import AuditError, did_you_mean
from dockerframe.schemas import SEVERITIES
from dockerframe.tables.findings import TABLE as FINDINGS
from dockerframe.tables.rules import TABLE as RULES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dockerframe._config.audit_settings import AuditSettings
    from dockerframe.audit.rule import Registry, Rule

__all__ = ["NOT_INSPECTED", "AuditResult", "run_rules"]

_SEVERITY: Final = FINDINGS.schema["severity"]
_FROM_RULES: Final = ("host", "container_id", "message", "evidence")
_SWITCHED_OFF: Final = "it is switched off"
_HOW_TO_FIX: Final = "Fix the rule: it takes the tables of a fleet; it returns host, container_id, message, evidence."
_RENAMED: Final = {
    "dead": "dead-container",
    "ended-service": "exited-service",
    "killed-for-memory": "oom-killed",
    "other-cgroup": "custom-cgroup-parent",
    "own-ulimits": "custom-ulimits",
    "restarts-for-ever": "unlimited-restarts",
}
"""Ids of earlier versions, which fleet files may still name."""


@dataclass(frozen=True, eq=False)
class AuditResult:
    """The result of an audit.

    Attributes
    ----------
    findings
        All findings, suppressed ones included, worst first (`dockerframe.tables.findings`).
    rules
        The rules, whether each ran, and how much it found (`dockerframe.tables.rules`).
    unknown
        Rules whose evidence was not gathered for a host, or for some of its containers: neither a finding nor a pass
        (`dockerframe.tables.unknown`).
    """

    findings: pl.DataFrame
    rules: pl.DataFrame
    unknown: pl.DataFrame
    _tables: Mapping[str, pl.DataFrame] = field(repr=False)

    @cached_property
    def active(self) -> pl.DataFrame:
        """The findings that are not suppressed."""
        return self.findings.filter(pl.col("suppressed").is_null())

    @cached_property
    def scores(self) -> pl.DataFrame:
        """The scores of the fleet, of each host and of each Compose project (`dockerframe.tables.scores`).

        `dockerframe.audit.score` describes the formula.
        """
        return scores(self.findings, self.unknown, self._tables["containers"], self._tables["hosts"])

    @property
    def score(self) -> float | None:
        """The score of the fleet, from 0 to 100; None when no host answered."""
        score: float | None = self.scores.filter(pl.col("scope") == "fleet")["score"].item()
        return score


def run_rules(
    tables: Mapping[str, pl.DataFrame], registry: Registry, settings: AuditSettings, now: datetime
) -> AuditResult:
    """Run all rules that can run; findings are ordered worst first, then by host, container and rule.

    `now` decides which suppressions have ended.

    Raises
    ------
    AuditError
        When a rule fails, or returns something else than findings; names the rule. When the settings name a rule that
        does not exist.
    """
    _check_names(settings, registry)
    fleet = FleetTables(tables)
    skipped = {rule.id: reason for rule in registry if (reason := _why_not(rule, fleet, settings)) is not None}
    running = [rule for rule in registry if rule.id not in skipped]
    try:
        lazy = [_checked(rule, fleet) for rule in running]
        # The streaming engine panics now and then on parts without rows (Polars 2.1).
        parts = pl.collect_all(lazy, engine="in-memory")
    except pl.exceptions.PolarsError:
        # Collecting all of them together does not show which one failed.
        parts = [_collected(rule, fleet) for rule in running]
    ended = expired(settings, now)
    found = pl.concat([FINDINGS.empty().drop("container_name", "suppressed"), *parts, ended])
    names = tables["containers"].select(*KEYS, name_or_short_id().alias("container_name"))
    named = found.join(names, on=KEYS, how="left")
    judged = FINDINGS.conform(suppress(named, settings, now))
    # Enough columns to make the order unique: the same fleet gives the same table, row for row.
    order = ["severity", "host", "container_name", "rule", "evidence", "message", "container_id"]
    findings = judged.sort(order, descending=[column == "severity" for column in order], nulls_last=False)
    asked = [rule for rule in registry if rule.id not in settings.off]
    unknown = unknown_results(asked, tables)
    return AuditResult(findings, _rules_table(registry, skipped, findings, unknown), unknown, tables)


def _check_names(settings: AuditSettings, registry: Registry) -> None:
    known = {rule.id for rule in registry} | {rule.id for rule in BUILTIN_RULES} | {EXPIRED}
    named = settings.off | {one.rule for one in settings.suppressions if one.rule is not None}
    for unknown in sorted(named - known):
        if unknown in _RENAMED:
            remedy = f"Its name is {_RENAMED[unknown]} now."
        else:
            remedy = did_you_mean(unknown, known, "See snap.rules() for the existing rules.", most=1)
        raise AuditError(f"The fleet file names the rule {unknown}, which does not exist.", remedy=remedy)


def _why_not(rule: Rule, fleet: FleetTables, settings: AuditSettings) -> str | None:
    if rule.id in settings.off:
        return _SWITCHED_OFF
    missing = [name for name in rule.needs if name not in fleet.gathered]
    return missing_table(missing[0]) if missing else None


def _checked(rule: Rule, fleet: FleetTables) -> pl.LazyFrame:
    """The findings of a rule, with what all of them have in common."""
    try:
        found = rule.check(fleet).lazy()
        present = found.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise AuditError(f"The rule {rule.id} failed: {error}.", remedy=_HOW_TO_FIX) from error
    missing = [name for name in _FROM_RULES if name not in present]
    if missing:
        raise AuditError(f"The rule {rule.id} returns no column {missing[0]}.", remedy=_HOW_TO_FIX)
    own_severity = pl.col("severity").cast(pl.String).fill_null(rule.severity) if "severity" in present else None
    return found.select(
        pl.col("host", "container_id").cast(pl.String),
        rule=pl.lit(rule.id),
        severity=(pl.lit(rule.severity) if own_severity is None else own_severity).cast(_SEVERITY),
        # A message is null where the engine did not send a part of it.
        message=pl.col("message").cast(pl.String).fill_null(rule.title),
        evidence=pl.col("evidence").cast(pl.String).fill_null("the engine does not send all of it"),
        remedy=pl.lit(rule.remedy),
    )


def _collected(rule: Rule, fleet: FleetTables) -> pl.DataFrame:
    try:
        return _checked(rule, fleet).collect(engine="in-memory")
    except pl.exceptions.PolarsError as error:
        remedy = f"{_HOW_TO_FIX} A severity is one of {', '.join(SEVERITIES)}."
        raise AuditError(f"The rule {rule.id} failed: {error}.", remedy=remedy) from error


def _rules_table(
    registry: Registry, skipped: Mapping[str, str], findings: pl.DataFrame, unknown: pl.DataFrame
) -> pl.DataFrame:
    counted = dict(findings.filter(pl.col("suppressed").is_null()).group_by("rule").len().rows())
    unknown_hosts = dict(unknown.group_by("rule").len().rows())
    rows = [
        {
            "rule": rule.id,
            "severity": rule.severity,
            "title": rule.title,
            "source": rule.source,
            "cis": list(rule.cis),
            "ran": rule.id not in skipped,
            "reason": skipped.get(rule.id),
            "findings": None if rule.id in skipped else counted.get(rule.id, 0),
            "unknown_hosts": unknown_hosts.get(rule.id, 0),
        }
        for rule in registry
    ]
    return pl.DataFrame(rows, schema=RULES.schema)
