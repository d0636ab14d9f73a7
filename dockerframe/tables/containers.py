"""The containers of a fleet: what the engines send and what is derived from it."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import CONTAINERS
from dockerframe.tables._table import Listed, Table


def published() -> pl.Expr:
    """Published ports as `address:public→private`, `*` for every address, TCP unless named.

    Reads `ports` (List of Struct), gives `published` (String, empty without a published port). A port that is
    published on every IPv4 and every IPv6 address is listed once.

    Examples
    --------
    >>> import polars as pl
    >>> port = {"ip": "0.0.0.0", "private_port": 80, "public_port": 8080, "type": "tcp"}
    >>> ports = [port, port | {"ip": "::"}, port | {"ip": "127.0.0.1", "public_port": 53, "type": "udp"}]
    >>> pl.DataFrame({"ports": [ports]}).select(published()).item()
    '127.0.0.1:53→80/udp, *:8080→80'
    """
    port = pl.element().struct
    public, address = port.field("public_port"), port.field("ip").fill_null("")
    shown_address = pl.when(address.is_in(["", "0.0.0.0", "::"])).then(pl.lit("*")).otherwise(address)  # noqa: S104
    protocol = pl.when(port.field("type") == "tcp").then(pl.lit("")).otherwise("/" + port.field("type"))
    text = pl.format("{}:{}→{}{}", shown_address, public, port.field("private_port"), protocol)
    published_only = pl.element().filter(public.is_not_null())
    bindings = pl.col("ports").list.eval(published_only).list.eval(pl.element().sort_by(public))
    return bindings.list.eval(text.unique(maintain_order=True)).list.join(", ").alias("published")


TABLE: Final = Table(
    name="containers",
    description="One row per container: state, health, image, ports.",
    row=CONTAINERS.row,
    key=CONTAINERS.key,
    columns=CONTAINERS.columns,
    order=20,
    source="GET /containers/json?all=1",
    derive=lambda derivation: derivation.containers,
    secrets=SecretColumns(texts=("command",), maps=("labels",)),
    listing=(
        Listed("host", "host", priority=1),
        Listed("name", "container_name", priority=1),
        Listed("state", "state", priority=1),
        Listed("health", "health", priority=1),
        Listed("image", "image"),
        Listed(
            "published",
            published(),
            sort_by=pl.col("public_ports").list.first().struct.field("public_port"),
            wraps=True,
        ),
        Listed("project", "compose_project"),
        Listed("status", "status", priority=3),
        Listed("aliases", pl.col("aliases").list.join(", "), priority=3),
        Listed("blacklisted", pl.col("blacklist_reasons").list.join(", "), priority=3),
        Listed("id", pl.col("container_id").str.head(12), priority=3),
    ),
)
