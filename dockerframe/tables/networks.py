"""The attachments of containers to networks."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.columns.networks import network_attachments
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import CONTAINER_KEY, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="networks",
    description="One row per attachment of a container to a network.",
    row="an attachment of a container to a network",
    key=("host", "container_id", "network"),
    columns=(
        *CONTAINER_KEY,
        Column("network", pl.String(), "name of the network"),
        Column("ip_address", pl.String(), "IPv4 address; empty or null without one"),
        Column("ip_prefix_len", pl.Int64(), "length of the IPv4 prefix in bits"),
        Column("gateway", pl.String(), "IPv4 gateway"),
        Column("endpoint_id", pl.String(), "id of the endpoint"),
        Column("ipv6_gateway", pl.String(), "IPv6 gateway"),
        Column("global_ipv6_address", pl.String(), "IPv6 address"),
        Column("global_ipv6_prefix_len", pl.Int64(), "length of the IPv6 prefix in bits"),
        Column("mac_address", pl.String(), "MAC address"),
        Column("network_id", pl.String(), "id of the network"),
        Column("aliases", pl.List(pl.String()), "names of the container inside the network"),
    ),
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
