"""Rules about what a container opens: ports to the network, and the host to the container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.ports import on_every_address
from dockerframe._derive.labels import KEYS
from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

_SOCKETS: Final = r"^(/var)?/run/(docker|podman/podman)\.sock$"
_SOCKET_FOLDERS: Final = ("/", "/run", "/var/run", "/var")
_SENSITIVE: Final = r"^/(boot|dev|etc|lib|lib64|proc|sys|usr|root|bin|sbin|var/lib/docker)(/|$)"
_HARMLESS: Final = ("/etc/localtime", "/etc/timezone", "/dev/null", "/dev/shm", "/etc/hostname", "/usr/share/zoneinfo")  # noqa: S108
_EVERY_BINDING: Final = pl.format("*:{}→{}/{}", "public_port", "private_port", "type")
_FIRST_UNPRIVILEGED_PORT: Final = 1024


@rule(
    severity="high",
    source="labels.md, section 9: images, mounts and ports of databases",
    remedy="Publish it on 127.0.0.1 or not at all; containers reach it through a network of their own.",
)
def database_published(fleet: FleetTables) -> pl.LazyFrame:
    """A database, or another blacklisted container, published on every address of its host."""
    reasons = pl.col("blacklist_reasons").list.join(", ")
    blacklisted = fleet.containers.filter("is_blacklisted").select(*KEYS, reasons.alias("reasons"))
    return fleet.published.join(blacklisted, on=KEYS).select(
        *KEYS,
        message=pl.format("Its port {}/{} is open to every network of the host.", "public_port", "type"),
        evidence=pl.format("ports: {}; blacklist_reasons: {}", _EVERY_BINDING, "reasons"),
    )


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.14",
    remedy="Name the address to publish on, such as 127.0.0.1:8080:80.",
)
def published_on_every_address(fleet: FleetTables) -> pl.LazyFrame:
    """A port published on every address of its host."""
    grouped = fleet.published.group_by(KEYS).agg(_EVERY_BINDING.sort().alias("bindings"))
    return grouped.select(
        *KEYS,
        message=pl.format("Open to every network of the host: {} of its ports.", pl.col("bindings").list.len()),
        evidence=pl.format("ports: {}", pl.col("bindings").list.join(", ")),
    )


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.8",
    remedy="Publish on a port of 1024 or above, or put it behind the proxy.",
)
def privileged_port_published(fleet: FleetTables) -> pl.LazyFrame:
    """A port below 1024 published on the host.

    80 and 443 are left out: a proxy has to have them.
    """
    low = (pl.col("public_port") < _FIRST_UNPRIVILEGED_PORT) & ~pl.col("public_port").is_in([80, 443])
    found = fleet.ports.filter(low).select(*KEYS, "public_port", "type").unique(maintain_order=True)
    return found.select(
        *KEYS,
        message=pl.format("It is published on the privileged port {}/{}.", "public_port", "type"),
        evidence=pl.format("ports.public_port: {}", "public_port"),
    )


@rule(
    severity="high",
    source="one address and port of a host can be bound once",
    remedy="Publish one of them on another port.",
)
def published_port_clash(fleet: FleetTables) -> pl.LazyFrame:
    """Several containers of a host that want the same published port.

    The engine tells the ports of running containers only, so this shows on engines that tell them all (Podman), or
    where one engine is listed twice under one name.
    """
    wanted = fleet.ports.filter(pl.col("public_port").is_not_null())
    address = pl.when(on_every_address()).then(pl.lit("*")).otherwise("ip")
    bound = wanted.select(*KEYS, "public_port", "type", address.alias("address")).unique(maintain_order=True)
    shared = bound.filter(pl.col("container_id").n_unique().over("host", "public_port", "type", "address") > 1)
    return shared.select(
        *KEYS,
        message=pl.format("Another container of the host has the port {}/{} too.", "public_port", "type"),
        evidence=pl.format("ports: {}:{}/{}", "address", "public_port", "type"),
    )


def _sockets(fleet: FleetTables, *, writable: bool) -> pl.LazyFrame:
    source = pl.col("source").str.strip_chars_end("/")
    is_socket = source.str.contains(_SOCKETS) | (pl.col("source").is_in(_SOCKET_FOLDERS) & (pl.col("type") == "bind"))
    found = fleet.mounts.filter(is_socket & (pl.col("rw") == writable))
    access = "read-write" if writable else "read-only"
    return found.select(
        *KEYS,
        message=pl.format(f"It has {{}} of its host, {access}.", "source"),
        evidence=pl.format(f"mounts: {{}} at {{}}, {access}", "source", "destination"),
    )


@rule(
    severity="critical",
    source="CIS Docker Benchmark 5.32",
    remedy="Put a socket proxy that allows only what is needed in between, or do without it.",
)
def docker_socket_writable(fleet: FleetTables) -> pl.LazyFrame:
    """The engine's socket, or a folder with it, mounted read-write.

    Whoever gets into the container has the host: it can start a privileged container.
    """
    return _sockets(fleet, writable=True)


@rule(
    severity="high",
    source="CIS Docker Benchmark 5.32",
    remedy="Put a socket proxy that allows only what is needed in between, or do without it.",
)
def docker_socket_mounted(fleet: FleetTables) -> pl.LazyFrame:
    """The engine's socket, or a folder with it, mounted read-only.

    Read-only protects the file, not the engine: requests that change it pass through the socket all the same.
    """
    return _sockets(fleet, writable=False)


@rule(
    severity="high",
    source="CIS Docker Benchmark 5.6",
    remedy="Mount only the file that is needed, read-only, or do without it.",
)
def sensitive_path_mounted(fleet: FleetTables) -> pl.LazyFrame:
    """A folder of the host's system mounted into the container.

    Files that say nothing but the time, and `/var/lib/docker/volumes`, are left out; the engine's socket has rules of
    its own.
    """
    source = pl.col("source")
    is_sensitive = source.str.contains(_SENSITIVE) & ~source.is_in(_HARMLESS)
    is_volume = source.str.starts_with("/var/lib/docker/volumes/") | (pl.col("type") != "bind")
    access = pl.when("rw").then(pl.lit("read-write")).otherwise(pl.lit("read-only"))
    return fleet.mounts.filter(is_sensitive & ~is_volume).select(
        *KEYS,
        message=pl.format("It has {} of its host, {}.", "source", access),
        evidence=pl.format("mounts: {} at {}, {}", "source", "destination", access),
    )


@rule(
    severity="medium",
    source="CIS Docker Benchmark 5.20",
    remedy="Mount without shared propagation.",
)
def shared_mount_propagation(fleet: FleetTables) -> pl.LazyFrame:
    """A mount whose changes spread to the host."""
    return fleet.mounts.filter(pl.col("propagation").is_in(["shared", "rshared"])).select(
        *KEYS,
        message=pl.format("Mounts made below {} spread to the host.", "destination"),
        evidence=pl.format("mounts.propagation: {}", "propagation"),
    )


@rule(
    severity="medium",
    source="CIS Docker Benchmark 5.10",
    remedy="Give it a network of its own and publish the ports that it needs.",
)
def host_network(fleet: FleetTables) -> pl.LazyFrame:
    """A container that uses its host's network.

    It can listen at any port, and reach what listens at the host's loopback alone.
    """
    return fleet.containers.filter("is_host_network_mode").select(
        *KEYS, message=pl.lit("It uses its host's network."), evidence=pl.lit("containers.network_mode: host")
    )


@rule(
    severity="info",
    source="CIS Docker Benchmark 5.30",
    remedy="Give it a network of its own: on the default bridge all containers reach each other.",
)
def default_bridge(fleet: FleetTables) -> pl.LazyFrame:
    """A container on the engine's default bridge."""
    return fleet.networks.filter(pl.col("network") == "bridge").select(
        *KEYS, message=pl.lit("It is on the default bridge."), evidence=pl.lit("networks.network: bridge")
    )
