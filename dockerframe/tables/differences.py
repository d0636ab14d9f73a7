"""What changed between two snapshots."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOST, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="differences",
    description="One row per difference between two snapshots.",
    row="a difference between two snapshots",
    key=("host", "container_id", "change", "field"),
    columns=(
        HOST,
        Column(
            "container_id", pl.String(), "full id of the container, the new one if it was recreated; null for hosts"
        ),
        Column("container_name", pl.String(), "name of the container; null for hosts"),
        Column("change", pl.String(), "what kind of change (see the kinds of changes)"),
        Column("field", pl.String(), "what changed: a column, label, port, path or alias; null for whole containers"),
        Column("before", pl.String(), "the value before; null if it did not exist"),
        Column("after", pl.String(), "the value after; null if it no longer exists"),
    ),
    order=130,
    source="two snapshots",
    scope="result",
    command=False,
    secrets=SecretColumns(values=(("field", "before"), ("field", "after"))),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("change", "change", priority=1),
        Listed("field", "field", priority=1, wraps=True),
        Listed("before", "before", priority=1, wraps=True),
        Listed("after", "after", priority=1, wraps=True),
    ),
)
