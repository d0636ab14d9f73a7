"""Rules about the hosts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_NO_CONTAINER: Final = pl.lit(None, pl.String).alias("container_id")
_SOCKET_PROXY_NAME: Final = r"^\w+://[a-z0-9.-]*(socket|docker)[-_]?proxy[a-z0-9.-]*([:/]|$)|^\w+://docker(:|/|$)"


@rules.rule(
    severity="high",
    source="hosts.md: a host that fails is a row",
    remedy="Fix the host as the message says; nothing is known of its containers until then.",
)
def host_failed(fleet: FleetTables) -> pl.LazyFrame:
    """A host did not answer.

    Nothing is known of its containers, so that no other rule can pass for it. It does not fire for a host that answered
    the list of its containers and failed at something else.
    """
    return fleet.hosts.filter(~pl.col("ok")).select(
        "host", _NO_CONTAINER, message=pl.col("error"), evidence=pl.format("hosts.error_kind: {}", "error_kind")
    )


@rules.rule(
    severity="critical",
    source="CIS Docker Benchmark 2.7: TLS for the daemon",
    remedy="Let the engine listen with TLS and client certificates, or reach it by ssh.",
    cis=("2.7",),
)
def engine_over_plain_tcp(fleet: FleetTables) -> pl.LazyFrame:
    """An engine is reached over TCP without TLS.

    Anyone who reaches the port controls the host.

    It does not fire for loopback addresses, for agents (always TLS), for port 2376, where clients use TLS, and for
    names of a socket proxy or a `docker:dind` service (`tcp://socket-proxy:2375`) in a network of containers.
    """
    url = pl.col("url").str.to_lowercase()
    is_plain = url.str.contains(r"^(tcp|http)://")
    is_loopback = url.str.contains(r"^\w+://(localhost|127\.[0-9.]+|\[::1\])([:/]|$)")
    uses_tls = url.str.contains(r":2376/?$")
    is_internal = url.str.contains(_SOCKET_PROXY_NAME)
    return fleet.hosts.filter(is_plain & ~is_loopback & ~uses_tls & ~is_internal).select(
        "host",
        _NO_CONTAINER,
        message=pl.lit("Its engine is reached without TLS: anyone who reaches the port controls the host."),
        evidence=pl.format("hosts.url: {}", "url"),
    )


@rules.rule(
    severity="medium",
    source="amir20/dozzle#3066: cloned machines share an engine id",
    remedy="List the engine once. On a cloned machine stop the engine, delete /var/lib/docker/engine-id (the engine"
    " writes a new one) and start it.",
)
def engine_listed_twice(fleet: FleetTables) -> pl.LazyFrame:
    """Several hosts have the same engine id.

    One engine is listed at two addresses, and its containers count twice; or the hosts are clones of one machine. It
    does not fire for engines that send no id.
    """
    others = pl.col("host").sort().str.join(", ").over("engine_id")
    known = fleet.hosts.filter(pl.col("engine_id").is_not_null() & (pl.col("engine_id") != ""))
    shared = known.filter(pl.col("host").count().over("engine_id") > 1)
    return shared.select(
        "host",
        _NO_CONTAINER,
        message=pl.format("These hosts have the same engine id: {}.", others),
        evidence=pl.format("hosts.engine_id: {}", "engine_id"),
    )
