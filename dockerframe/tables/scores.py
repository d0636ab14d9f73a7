"""How good a fleet is, in one figure: of the fleet, of each host, of each Compose project."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import SEVERITIES, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="scores",
    description="One row per fleet, host and Compose project, with its score.",
    row="the score of the fleet, of a host, or of a Compose project on a host",
    key=("scope", "host", "project"),
    columns=(
        Column("scope", pl.Enum(("fleet", "host", "project")), "what the score is about"),
        Column("host", pl.String(), "name of the host; null for the fleet"),
        Column("project", pl.String(), "Compose project; null for the fleet and for hosts"),
        Column("score", pl.Float64(), "0 to 100; null when nothing is known"),
        Column("letter", pl.String(), "`A` from 90, `B` from 80, `C` from 70, `D` from 60, else `F`"),
        *(Column(one, pl.UInt32(), f"findings of severity {one} that count") for one in reversed(SEVERITIES)),
        Column("unknown", pl.UInt32(), "rules whose result is unknown, in full or in part; they do not count"),
    ),
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
