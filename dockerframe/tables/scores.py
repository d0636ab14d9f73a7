"""How good a fleet is, in one figure: of the fleet, of each host, of each Compose project."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import SCORES
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="scores",
    description="One row per fleet, host and Compose project, with its score.",
    row=SCORES.row,
    key=SCORES.key,
    columns=SCORES.columns,
    order=124,
    source="findings",
    scope="result",
    command=False,
    secrets=SecretColumns(),
    listing=(
        Listed("scope", "scope", priority=1),
        Listed("host", "host", priority=1),
        Listed("project", "project", priority=1),
        Listed("score", pl.col("score").round(1), priority=1),
        Listed("letter", "letter", priority=1),
        Listed("critical", "critical"),
        Listed("high", "high"),
        Listed("medium", "medium"),
        Listed("unknown", "unknown", priority=3),
    ),
)
