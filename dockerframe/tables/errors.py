"""What is wrong with summaries, labels and inspections: one row each, never an exception."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import ERRORS
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="errors",
    description="One row per error in labels and answers of a container.",
    row=ERRORS.row,
    key=ERRORS.key,
    columns=ERRORS.columns,
    order=100,
    source="all requests, labels",
    derive=lambda derivation: derivation.errors,
    secrets=SecretColumns(texts=("message",)),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("kind", "kind", priority=1),
        Listed("message", "message", priority=1, wraps=True),
        Listed("label", "label"),
    ),
)
