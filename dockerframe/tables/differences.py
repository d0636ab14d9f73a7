"""What changed between two snapshots."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import DIFFERENCES
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="differences",
    description="One row per difference between two snapshots.",
    row=DIFFERENCES.row,
    key=DIFFERENCES.key,
    columns=DIFFERENCES.columns,
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
