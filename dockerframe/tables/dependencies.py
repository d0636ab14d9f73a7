"""What containers depend on, resolved on their host."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import DEPENDENCIES
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="dependencies",
    description="One row per dependency of a container, and whether it exists.",
    row=DEPENDENCIES.row,
    key=DEPENDENCIES.key,
    columns=DEPENDENCIES.columns,
    order=90,
    source="containers, labels",
    derive=lambda derivation: derivation.dependencies,
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("depends on", "dependency", priority=1),
        Listed("found", pl.col("resolved_id").is_not_null(), priority=1),
        Listed("condition", "condition"),
        Listed("label", "source_label", priority=3),
    ),
)
