"""Rules about the hosts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

_NO_CONTAINER = pl.lit(None, pl.String).alias("container_id")


@rule(
    severity="high",
    source="hosts.md: a host that fails is a row",
    remedy="Mend the host as the message says; nothing is known of its containers until then.",
)
def host_failed(fleet: FleetTables) -> pl.LazyFrame:
    """A host that could not be asked."""
    return fleet.hosts.filter(~pl.col("ok")).select(
        "host", _NO_CONTAINER, message=pl.col("error"), evidence=pl.format("hosts.error_kind: {}", "error_kind")
    )


@rule(
    severity="critical",
    source="CIS Docker Benchmark 2.7: TLS for the daemon",
    remedy="Have the engine listen with TLS and client certificates, or reach it by ssh.",
)
def engine_over_plain_tcp(fleet: FleetTables) -> pl.LazyFrame:
    """An engine that is reached over TCP without TLS.

    Whoever reaches the port has the host. Loopback addresses are left out, and agents, which use TLS always. `tcp` to
    port 2376 is left out too: clients use TLS there.
    """
    is_plain = pl.col("url").str.contains(r"^(tcp|http)://")
    is_loopback = pl.col("url").str.contains(r"^\w+://(localhost|127\.[0-9.]+|\[::1\])([:/]|$)")
    uses_tls = pl.col("url").str.contains(r":2376/?$")
    return fleet.hosts.filter(is_plain & ~is_loopback & ~uses_tls).select(
        "host",
        _NO_CONTAINER,
        message=pl.lit("Its engine is reached without TLS: whoever reaches the port has the host."),
        evidence=pl.format("hosts.url: {}", "url"),
    )


@rule(
    severity="medium",
    source="amir20/dozzle#3066: cloned machines share an engine id",
    remedy="List the engine once; on a cloned machine remove /var/lib/docker/engine-id and restart the engine.",
)
def engine_listed_twice(fleet: FleetTables) -> pl.LazyFrame:
    """Hosts with the same engine id: one engine at two addresses, or a cloned machine."""
    others = pl.col("host").sort().str.join(", ").over("engine_id")
    known = fleet.hosts.filter(pl.col("engine_id").is_not_null() & (pl.col("engine_id") != ""))
    shared = known.filter(pl.col("host").count().over("engine_id") > 1)
    return shared.select(
        "host",
        _NO_CONTAINER,
        message=pl.format("These hosts have one engine id: {}.", others),
        evidence=pl.format("hosts.engine_id: {}", "engine_id"),
    )
