"""Rules about what of the host is mounted into a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.images import is_socket_proxy
from dockerframe.audit.paths import holds_engine_socket, is_engine_socket, normal_path, sensitivity
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_SOCKET_REMEDY: Final = (
    "If it only reads (a dashboard, a proxy), put a socket proxy that allows only the needed requests in between. If it"
    " manages containers (Portainer, Watchtower, a build runner), keep its own ports off public networks and accept the"
    " finding with a suppression. Otherwise remove the mount."
)


def _binds(fleet: FleetTables) -> pl.LazyFrame:
    """Mounts of host paths: `path` (normal form), `access` (text), `is_socket` and `is_writable` next to the columns.

    A type that was not sent counts as a bind mount.
    """
    # An engine mounts read-write unless it is asked not to.
    is_writable = pl.col("rw").fill_null(value=True)
    access = pl.when(is_writable).then(pl.lit("read-write")).otherwise(pl.lit("read-only"))
    path = normal_path(pl.col("source"))
    at = normal_path(pl.col("destination").fill_null(""))
    # Whatever its path on the host is: a file where clients look for the engine is its socket.
    is_socket = is_engine_socket(path) | holds_engine_socket(path) | (is_engine_socket(at) & (path != "/dev/null"))
    is_bind = pl.col("type").fill_null("bind").is_in(["bind", "npipe"]) & pl.col("source").is_not_null()
    return fleet.mounts.filter(is_bind).with_columns(
        path.alias("path"), access.alias("access"), is_socket.alias("is_socket"), is_writable.alias("is_writable")
    )


def _sockets(fleet: FleetTables, *, writable: bool) -> pl.LazyFrame:
    proxies = fleet.containers.filter(is_socket_proxy()).select(KEYS)
    found = _binds(fleet).filter(pl.col("is_socket") & (pl.col("is_writable") == writable))
    return found.join(proxies, on=KEYS, how="anti").select(
        *KEYS,
        message=pl.format("The socket of the container engine is mounted {}: {}.", "access", "source"),
        evidence=pl.format("mounts: {} at {}, {}", "source", "destination", "access"),
    )


@rules.rule(
    severity="critical",
    source="CIS Docker Benchmark 5.32",
    remedy=_SOCKET_REMEDY,
    cis=("5.32",),
)
def docker_socket_writable(fleet: FleetTables) -> pl.LazyFrame:
    """The socket of the container engine is mounted read-write.

    Anyone who gets into the container controls the engine, and with it the host: a request to the engine starts a
    privileged container. Sockets of Docker, Podman, containerd, CRI-O, balena and k3s count wherever they are, rootless
    ones and those of Docker Desktop, Colima, OrbStack and snap included; so do named pipes and the folders that hold a
    socket. A rootless engine gives away its user instead of the host.

    It does not fire for socket proxies, whose purpose is the socket, nor for other sockets (`/run/udev`,
    `/run/dbus/system_bus_socket`, `/run/user/1000/pulse`).
    """
    return _sockets(fleet, writable=True)


@rules.rule(
    severity="high",
    source="CIS Docker Benchmark 5.32",
    remedy=_SOCKET_REMEDY,
    cis=("5.32",),
)
def docker_socket_mounted(fleet: FleetTables) -> pl.LazyFrame:
    """The socket of the container engine is mounted read-only.

    Read-only protects the file, not the engine: requests that change containers pass through the socket all the same.
    The sockets are those of `docker-socket-writable`.

    It does not fire for socket proxies, nor for `/` or `/var` read-only: `sensitive-path-mounted` reports these.
    """
    return _sockets(fleet, writable=False)


@rules.rule(
    severity="critical",
    source="CIS Docker Benchmark 5.6",
    remedy="Mount only the file or folder that the application needs, read-only, or remove the mount.",
    cis=("5.6",),
)
def sensitive_path_mounted(fleet: FleetTables) -> pl.LazyFrame:
    """A folder of the host's system is mounted into the container.

    `/` read-write gives the host away (critical). Folders from which a program of the host is started or configured
    (`/etc`, `/usr`, `/root`, `/boot`, `/proc`, `/var/lib/docker`, …), disks and a few files below `/etc` are high when
    they can be written. Read-only they are medium at most: they show the host's secrets and configuration.

    It does not fire for what is mounted everywhere and reveals or changes nothing (`/etc/localtime`, `/etc/machine-id`,
    `/etc/ssl/certs`, `/lib/modules`, `/usr/src`, `/dev/dri`, `/dev/net/tun`, `/sys` and `/usr` read-only), for an
    application's folder below a system folder (`/etc/pihole`, `/etc/letsencrypt`, `/usr/share/…`, `/root/mail`), for
    home folders, and for volumes. The engine's socket has rules of its own.
    """
    severity = sensitivity(pl.col("path"), pl.col("is_writable"))
    found = _binds(fleet).with_columns(severity.alias("severity")).filter(pl.col("severity").is_not_null())
    what = pl.when(pl.col("path") == "/").then(pl.lit("The whole file system")).otherwise(pl.lit("A system folder"))
    return found.select(
        *KEYS,
        "severity",
        message=pl.format("{} of the host is mounted {}: {}.", what, "access", "source"),
        evidence=pl.format("mounts: {} at {}, {}", "source", "destination", "access"),
    )


@rules.rule(
    severity="medium",
    source="CIS Docker Benchmark 5.20",
    remedy="Mount it with the propagation `rprivate` or `rslave`.",
    cis=("5.20",),
)
def shared_mount_propagation(fleet: FleetTables) -> pl.LazyFrame:
    """A mount spreads what is mounted below it back to the host.

    A process in the container can put a file system over a folder of the host. It does not fire for `slave` and
    `rslave`, which only receive mounts of the host.
    """
    return fleet.mounts.filter(pl.col("propagation").is_in(["shared", "rshared"])).select(
        *KEYS,
        message=pl.format("Mounts below {} spread to the host.", "destination"),
        evidence=pl.format("mounts: {}, propagation {}", "destination", "propagation"),
    )
