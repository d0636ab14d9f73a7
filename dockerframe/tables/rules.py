"""The rules of the audit, and whether each ran."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import SEVERITIES, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="rules",
    description="One row per rule of the audit: what it looks for, and whether it ran.",
    row="a rule of the audit",
    key=("rule",),
    columns=(
        Column("rule", pl.String(), "id"),
        Column("severity", pl.Enum(SEVERITIES), "how bad its worst finding is"),
        Column("title", pl.String(), "what it looks for"),
        Column("source", pl.String(), "where the rule comes from"),
        Column("cis", pl.List(pl.String()), "checks of the CIS Docker Benchmark that it covers"),
        Column("ran", pl.Boolean(), "whether it ran"),
        Column("reason", pl.String(), "why it did not run; null when it did"),
        Column("findings", pl.UInt32(), "number of findings that are not suppressed; null when it did not run"),
        Column("unknown_hosts", pl.UInt32(), "number of hosts for which the result is unknown, in full or in part"),
    ),
    order=120,
    source="the rules of the audit",
    scope="result",
    command=False,
    secrets=SecretColumns(),
    listing=(
        Listed("rule", "rule", priority=1),
        Listed("severity", "severity", priority=1),
        Listed("findings", "findings", priority=1),
        Listed("ran", "ran", priority=1),
        Listed("title", "title", wraps=True),
        Listed("reason", "reason", priority=3, wraps=True),
        Listed("source", "source", priority=3),
    ),
)
