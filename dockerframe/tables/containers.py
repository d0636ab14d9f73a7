"""The containers of a fleet: what the engines send and what is derived from it."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import DURATION, PORTS, SUMMARIES, Column
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
    row="a container",
    key=("host", "container_id"),
    columns=(
        *SUMMARIES.columns,
        Column("container_name", pl.String(), "first name without its leading `/`; empty without one"),
        Column("running", pl.Boolean(), "whether it runs"),
        Column("is_host_network_mode", pl.Boolean(), "whether it uses the host's network"),
        Column("image_name", pl.String(), "last path component of the image; null when the image is an id"),
        Column("image_author", pl.String(), "path before the name, else `library`; null when the image is an id"),
        Column("image_tag", pl.String(), "tag, else `latest`; null when the image is an id"),
        Column("image_registry", pl.String(), "registry; null without one in the reference"),
        Column("image_digest", pl.String(), "digest; null without one in the reference"),
        Column("image_sha256", pl.String(), "image id without its algorithm"),
        Column("image_version", pl.String(), "label `org.opencontainers.image.version`; null without it"),
        Column("public_ports", PORTS, "one entry per public port, sorted by it"),
        Column("private_ports", PORTS, "one entry per private port, sorted by it"),
        Column("is_explicit", pl.Boolean(), "whether it has any `proxy.` label"),
        Column("is_excluded", pl.Boolean(), "whether `proxy.exclude` is true"),
        Column("aliases", pl.List(pl.String()), "aliases, in order"),
        Column("compose_project", pl.String(), "Compose project; null without one"),
        Column("compose_service", pl.String(), "Compose service; null without one"),
        Column("swarm_service", pl.String(), "Swarm service; null without one"),
        Column("dependencies", pl.List(pl.String()), "names it depends on, in order"),
        Column("is_blacklisted", pl.Boolean(), "whether it has no route unless it is explicit"),
        Column(
            "blacklist_reasons", pl.List(pl.String()), "why, as `mount:`, `port:`, `image:` or `author:` and a value"
        ),
        Column("network", pl.String(), "network whose address is used, else the value of `proxy.network`"),
        Column(
            "public_hostname", pl.String(), "host name or address of its published ports; null when it does not run"
        ),
        Column("private_hostname", pl.String(), "its address in `network`; null unless the host is local or an agent"),
        Column("idle_timeout", DURATION, "idle time before it is put to sleep; null if it never is"),
        Column("wake_timeout", DURATION, "time it may take to wake; null without an idle timeout"),
        Column("stop_timeout", DURATION, "time it may take to stop; null without an idle timeout"),
        Column("stop_method", pl.String(), "`pause`, `stop` or `kill`; null without an idle timeout"),
        Column("stop_signal", pl.String(), "signal that stops it; empty for the engine's default"),
        Column("start_endpoint", pl.String(), "the only path that wakes it; empty for all"),
        Column("no_loading_page", pl.Boolean(), "whether the loading page is disabled"),
    ),
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
