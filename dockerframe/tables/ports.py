"""The port bindings of containers, IPv4 and IPv6 alike."""

from __future__ import annotations

from typing import Final

from dockerframe._derive.columns.ports import port_bindings
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import PORTS_TABLE
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="ports",
    description="One row per port binding, IPv4 and IPv6 alike.",
    row=PORTS_TABLE.row,
    key=PORTS_TABLE.key,
    columns=PORTS_TABLE.columns,
    order=50,
    source="containers",
    derive=lambda derivation: port_bindings(derivation.summaries),
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("address", "ip", priority=1),
        Listed("public", "public_port", priority=1),
        Listed("private", "private_port", priority=1),
        Listed("type", "type", priority=1),
    ),
)
