"""Rules about ports that a container publishes, and the networks it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.ports import on_every_address
from dockerframe._derive.labels import KEYS
from dockerframe.audit.databases import database_of_port, databases_of_images, is_data_port
from dockerframe.audit.images import is_socket_proxy
from dockerframe.audit.names import name_or_short_id
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_BINDING: Final = pl.format("*:{}→{}/{}", "public_port", "private_port", "type")
_FIRST_UNPRIVILEGED_PORT: Final = 1024
_WEB_PORTS: Final = (80, 443)
_ANY: Final = "*"
_ENGINE_PORT: Final = 2375
_ENGINE_TLS_PORT: Final = 2376


@rules.rule(
    severity="high",
    source="databases, caches and queues by image and port",
    remedy="Publish it on 127.0.0.1 (`127.0.0.1:5432:5432`) or not at all; containers reach it through their network.",
)
def database_published(fleet: FleetTables) -> pl.LazyFrame:
    """A database, cache or queue is published on all interfaces.

    Many have no password unless one is set, and Docker's published ports bypass the host's firewall (ufw, firewalld).
    Each binding is judged: its private port is a database port (5432, 3306, 6379, …), or a data port of what the image
    is (9000 of ClickHouse, 9200 of OpenSearch, 8086 of InfluxDB, …).

    It does not fire for web interfaces (Kibana, RabbitMQ's management, phpMyAdmin), for web ports of images that also
    expose a database port, for other software at the same port (MinIO at 9000, Home Assistant at 8123), or for bindings
    to a single address.
    """
    images = fleet.containers.select(*KEYS, "image", "image_name")
    bound = fleet.published.filter(is_data_port()).join(images, on=KEYS)
    named = bound.join(databases_of_images(bound.select("image_name")), on=["image_name", "private_port"], how="left")
    product = pl.coalesce("product_of_image", database_of_port())
    return (
        named.with_columns(product.alias("product"))
        .filter(pl.col("product").is_not_null())
        .select(
            *KEYS,
            message=pl.format("{} is published on all interfaces: port {}/{}.", "product", "public_port", "type"),
            evidence=pl.format("ports: {}; image: {}", _BINDING, pl.col("image").fill_null("not known")),
        )
    )


@rules.rule(
    severity="critical",
    source="Docker: the engine's API has no password",
    remedy="Publish it on 127.0.0.1 or not at all; containers reach a socket proxy through a network they share.",
)
def engine_api_published(fleet: FleetTables) -> pl.LazyFrame:
    """The engine's API, or a proxy for it, is published on all interfaces without TLS.

    Anyone who reaches the port controls the engine, or reads what a socket proxy lets through: environment variables
    with secrets, for instance. Port 2375 of any container counts, and port 2376 of a socket proxy, which has no TLS.

    It does not fire for a single address (loopback, a VPN) and for port 2376 of `docker:dind`, which asks for a client
    certificate.
    """
    proxies = fleet.containers.select(*KEYS, is_socket_proxy().alias("is_proxy"))
    port = pl.col("private_port")
    found = fleet.published.join(proxies, on=KEYS).filter(
        (port == _ENGINE_PORT) | ((port == _ENGINE_TLS_PORT) & pl.col("is_proxy"))
    )
    return found.select(
        *KEYS,
        message=pl.format("The engine's API is published on all interfaces: port {}/{}.", "public_port", "type"),
        evidence=pl.format("ports: {}", _BINDING),
    )


@rules.rule(
    severity="low",
    source="CIS Docker Benchmark 5.14",
    remedy="Name the address to publish on, such as 127.0.0.1:8080:80.",
    cis=("5.14",),
)
def published_on_every_address(fleet: FleetTables) -> pl.LazyFrame:
    """A port is published on all interfaces of its host.

    Docker's published ports bypass the host's firewall (ufw, firewalld). It does not fire for 80 and 443, where a web
    server or a reverse proxy has to be reached.
    """
    grouped = fleet.published.filter(~pl.col("public_port").is_in(_WEB_PORTS)).group_by(KEYS)
    number = pl.col("bindings").list.len()
    ports = pl.when(number == 1).then(pl.lit("port is")).otherwise(pl.lit("ports are"))
    return grouped.agg(_BINDING.sort().alias("bindings")).select(
        *KEYS,
        message=pl.format("{} {} published on all interfaces.", number, ports),
        evidence=pl.format("ports: {}", pl.col("bindings").list.join(", ")),
    )


@rules.rule(
    severity="low",
    source="CIS Docker Benchmark 5.8",
    remedy="Publish on a port of 1024 or above, or put it behind the proxy.",
    cis=("5.8",),
)
def privileged_port_published(fleet: FleetTables) -> pl.LazyFrame:
    """A port below 1024 is published on the host.

    It can shadow a service of the host. It does not fire for 80 and 443, which a web server or a proxy needs.
    """
    low = (pl.col("public_port") < _FIRST_UNPRIVILEGED_PORT) & ~pl.col("public_port").is_in(_WEB_PORTS)
    found = fleet.ports.filter(low).select(*KEYS, "public_port", "type").unique(maintain_order=True)
    return found.select(
        *KEYS,
        message=pl.format("It is published on the privileged port {}/{}.", "public_port", "type"),
        evidence=pl.format("ports.public_port: {}", "public_port"),
    )


@rules.rule(
    severity="medium",
    source="an address and port of a host can be bound once",
    remedy="Publish one of them on another port.",
)
def published_port_clash(fleet: FleetTables) -> pl.LazyFrame:
    """A container publishes a port of its host that a running container has as well.

    One of the two cannot start. Docker lists the ports of running containers only, so this is found on Podman, or where
    two engines are listed under one name.

    It does not fire for IPv4 and IPv6, whose ports the engine chooses separately; for containers that share a pod or a
    network, and so its ports; for containers of one Compose service, of which one is left over; and while both are
    stopped.
    """
    is_shared = pl.col("network_mode").str.starts_with("container:").fill_null(value=False)
    who = fleet.containers.filter(~is_shared).select(
        *KEYS, "running", "compose_project", "compose_service", name_or_short_id().alias("container_name")
    )
    bound = fleet.ports.filter(pl.col("public_port").is_not_null()).select(*KEYS, *_binding_columns())
    port = ["host", "public_port", "type", "family"]
    # Few ports of a host have several bindings.
    rivals = bound.filter(pl.len().over(port) > 1).unique(maintain_order=True).join(who, on=KEYS)
    pods = rivals.filter(pl.col("container_name").str.ends_with("-infra")).select(port).unique()
    rivals = rivals.join(pods, on=port, how="anti")
    both = rivals.join(rivals.filter("running"), on=port, suffix="_held").filter(
        pl.col("container_id") != pl.col("container_id_held")
    )
    address, held = pl.col("address"), pl.col("address_held")
    is_same_address = (address == held) | (address == _ANY) | (held == _ANY)
    is_same_service = (pl.col("compose_service") == pl.col("compose_service_held")) & (
        pl.col("compose_project") == pl.col("compose_project_held")
    )
    found = both.filter(is_same_address & ~is_same_service.fill_null(value=False))
    return (
        found.group_by(*KEYS, "public_port", "type", "address")
        .agg(pl.col("container_name_held").min().alias("other"))
        .select(
            *KEYS,
            message=pl.format("Port {}/{} is in use by {}.", "public_port", "type", "other"),
            evidence=pl.format("ports: {}:{}/{}", "address", "public_port", "type"),
        )
    )


def _binding_columns() -> list[pl.Expr | str]:
    """The port of a binding, its `address` (`*` for all of a family) and the family of that address."""
    family = pl.when(pl.col("ip").str.contains(":", literal=True)).then(6).otherwise(4).alias("family")
    return [
        "public_port",
        "type",
        pl.when(on_every_address()).then(pl.lit(_ANY)).otherwise("ip").alias("address"),
        family,
    ]


@rules.rule(
    severity="medium",
    source="CIS Docker Benchmark 5.10",
    remedy="Give it a network of its own and publish the ports that it needs.",
    cis=("5.10",),
)
def host_network(fleet: FleetTables) -> pl.LazyFrame:
    """A container uses the network of its host.

    It can listen at any port and reach what listens at the host's loopback address only. It does not fire for
    containers that share the network of another container.
    """
    return fleet.containers.filter("is_host_network_mode").select(
        *KEYS, message=pl.lit("It uses the host's network."), evidence=pl.lit("containers.network_mode: host")
    )


@rules.rule(
    severity="info",
    source="CIS Docker Benchmark 5.30",
    remedy="Give it a network of its own: on the default bridge all containers reach each other.",
    cis=("5.30",),
)
def default_bridge(fleet: FleetTables) -> pl.LazyFrame:
    """A container is on the engine's default bridge.

    All containers there reach each other, and none by its name. It does not fire for networks of your own, bridges
    included.
    """
    return fleet.networks.filter(pl.col("network") == "bridge").select(
        *KEYS, message=pl.lit("It is on the default bridge."), evidence=pl.lit("networks.network: bridge")
    )
