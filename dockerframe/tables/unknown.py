"""What the audit cannot know, because its evidence was not gathered."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOST, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="unknown",
    description="One row per host and rule whose result is not known.",
    row="a rule whose evidence was not gathered for a host: neither a finding nor a pass",
    key=("host", "rule"),
    columns=(
        HOST,
        Column("rule", pl.String(), "id of the rule"),
        Column("containers", pl.UInt32(), "number of the host's containers it concerns; null for the whole host"),
        Column("reason", pl.String(), "why the result is unknown"),
    ),
    order=122,
    source="the rules of the audit",
    scope="result",
    command=False,
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("rule", "rule", priority=1),
        Listed("containers", "containers", priority=1),
        Listed("reason", "reason", priority=1, wraps=True),
    ),
)
