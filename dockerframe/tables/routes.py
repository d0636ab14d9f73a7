"""The routes of a fleet: what a request to each alias reaches."""

from __future__ import annotations

from typing import Final

from dockerframe._derive.routes.effective import route_target
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import ROUTES
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="routes",
    description="One row per alias: what it reaches, or why it has no route.",
    row=ROUTES.row,
    key=ROUTES.key,
    columns=ROUTES.columns,
    order=30,
    source="containers, labels",
    derive=lambda derivation: derivation.routes.routes,
    secrets=SecretColumns(maps=("fields",)),
    listing=(
        Listed("host", "host", priority=1),
        Listed("alias", "alias", priority=1),
        Listed("target", route_target(), priority=1),
        Listed("excluded", "excluded_reason", priority=1),
        Listed("container", "container_name"),
        Listed("listening", "listening_port", priority=3),
    ),
)
