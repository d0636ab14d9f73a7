"""The labels of containers."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.labels import labels_table
from dockerframe._derive.stable_order import sorted_labels
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import CONTAINER_KEY, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="labels",
    description="One row per label of a container.",
    row="a label of a container",
    key=("host", "container_id", "key"),
    columns=(*CONTAINER_KEY, Column("key", pl.String(), "name"), Column("value", pl.String(), "value")),
    order=80,
    source="containers",
    derive=lambda derivation: sorted_labels(labels_table(derivation.summaries)),
    in_report=False,
    secrets=SecretColumns(values=(("key", "value"),)),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("label", "key", priority=1, wraps=True),
        Listed("value", "value", priority=1, wraps=True),
    ),
)
