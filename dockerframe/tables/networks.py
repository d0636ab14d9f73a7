"""The attachments of containers to networks."""

from __future__ import annotations

from typing import Final

from dockerframe._derive.columns.networks import network_attachments
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import NETWORKS_TABLE
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="networks",
    description="One row per attachment of a container to a network.",
    row=NETWORKS_TABLE.row,
    key=NETWORKS_TABLE.key,
    columns=NETWORKS_TABLE.columns,
    order=70,
    source="containers",
    derive=lambda derivation: network_attachments(derivation.summaries),
    in_report=False,
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("network", "network", priority=1),
        Listed("address", "ip_address", priority=1),
        Listed("IPv6 address", "global_ipv6_address"),
        Listed("gateway", "gateway", priority=3),
        Listed("MAC address", "mac_address", priority=3),
    ),
)
