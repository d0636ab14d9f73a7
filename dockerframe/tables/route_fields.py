"""The fields of routes as labels set them, with the label behind each."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import ROUTE_FIELDS
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="route_fields",
    description="One row per field of an alias, with the label that sets it.",
    row=ROUTE_FIELDS.row,
    key=ROUTE_FIELDS.key,
    columns=ROUTE_FIELDS.columns,
    order=40,
    source="labels",
    derive=lambda derivation: derivation.route_fields,
    in_report=False,
    secrets=SecretColumns(values=(("field", "value"),)),
    listing=(
        Listed("host", "host", priority=1),
        Listed("alias", "alias", priority=1),
        Listed("field", "field", priority=1),
        Listed("value", "value", priority=1, wraps=True),
        Listed("label", "source_label"),
        Listed("container", "container_name", priority=3),
        Listed("origin", "origin", priority=3),
    ),
)
