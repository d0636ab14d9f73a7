"""The port bindings of containers, IPv4 and IPv6 alike."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.columns.ports import port_bindings
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import CONTAINER_KEY, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="ports",
    description="One row per port binding, IPv4 and IPv6 alike.",
    row="a port binding of a container",
    key=("host", "container_id", "ip", "private_port", "public_port", "type"),
    columns=(
        *CONTAINER_KEY,
        Column("ip", pl.String(), "address on the host; null when not published"),
        Column("private_port", pl.UInt16(), "port inside the container"),
        Column("public_port", pl.UInt16(), "port on the host; null when not published"),
        Column("type", pl.String(), "`tcp`, `udp` or `sctp`"),
    ),
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
