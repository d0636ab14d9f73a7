"""The table `containers`: what the engine sent, and every derived column."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from dockerframe._derive.columns.aliases import aliases, is_excluded
from dockerframe._derive.columns.blacklist import blacklist_reasons
from dockerframe._derive.columns.compose import compose_project, compose_service
from dockerframe._derive.columns.dependencies import dependencies
from dockerframe._derive.columns.identity import (
    container_name,
    health,
    is_host_network_mode,
    running,
    swarm_service,
)
from dockerframe._derive.columns.idle import idle_settings
from dockerframe._derive.columns.image import image, image_sha256, image_version
from dockerframe._derive.columns.networks import (
    is_local,
    network,
    private_hostname_in,
    public_hostname_of,
    url_hostname,
)
from dockerframe._derive.columns.ports import first_per_port, sorted_bindings
from dockerframe.schemas import CONTAINERS


class HostFacts(NamedTuple):
    """What the derivations need to know about hosts: which are local, which are agents, and their names."""

    local: pl.Series
    agents: pl.Series
    hosts: pl.Series
    hostnames: pl.Series

    @classmethod
    def of(cls, hosts: pl.DataFrame, *, docker_host: str | None = None) -> HostFacts:
        """The facts of hosts, from their `host` and `url`.

        `docker_host` is the value of `DOCKER_HOST`, which makes a host local (labels.md, section 10).
        """
        local, hostname = is_local(docker_host=docker_host), url_hostname()
        agent = pl.col("url").str.starts_with("agent://").alias("is_agent")
        facts = hosts.select("host", hostname, local, agent)
        names = facts["host"]
        return cls(names.filter(facts["is_local"]), names.filter(facts["is_agent"]), names, facts["url_hostname"])

    # A join would copy every wide column; looking the few hosts up copies none.
    def is_local(self) -> pl.Expr:
        """Whether the host of a row is local (Boolean). Reads `host`."""
        return pl.col("host").is_in(self.local.implode())

    def is_reachable(self) -> pl.Expr:
        """Whether addresses inside the host's networks can be reached: it is local or an agent. Reads `host`."""
        return self.is_local() | pl.col("host").is_in(self.agents.implode())

    def hostname(self) -> pl.Expr:
        """The host part of the URL of a row's host (String). Reads `host`."""
        return pl.col("host").replace_strict(self.hosts, self.hostnames, default=None, return_dtype=pl.String)


def derive_containers(
    summaries: pl.DataFrame,
    by_name: pl.Series,
    is_explicit: pl.Series,
    facts: HostFacts,
    shared: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Summaries with all their derived columns, in the same order.

    `summaries` has the columns of `dockerframe.schemas.SUMMARIES`, with sorted `ports`; `by_name` has their
    `labels_by_name`, the only ones that are read; `is_explicit` the column of that name; `shared` their
    `shared_networks`. The result has the columns of `dockerframe.schemas.CONTAINERS`.
    """
    reachable = facts.is_reachable()
    seen = summaries if shared is None else summaries.with_columns(shared.get_columns())
    bindings = pl.col("ports") if shared is None else sorted_bindings()
    # The ports of another container say nothing about what this one is.
    reasons = blacklist_reasons() if shared is None else summaries.select(blacklist_reasons()).to_series()
    derived = (
        seen.lazy()
        .with_columns(by_name.alias("labels"))
        .select(
            container_name(),
            running(),
            health(),
            is_host_network_mode(),
            image(),
            image_sha256(),
            image_version(),
            first_per_port("public_port", bindings).alias("public_ports"),
            first_per_port("private_port", bindings).alias("private_ports"),
            is_explicit,
            is_excluded(),
            aliases(),
            compose_project(),
            compose_service(),
            swarm_service(),
            dependencies(),
            reasons,
            network(reachable),
            public_hostname_of(facts.is_local(), facts.hostname()),
            idle_settings(),
        )
        .unnest("image_reference", "idle")
    )
    # The streaming engine would derive all of these on one processor.
    containers = with_whole_columns(summaries, derived.collect(engine="in-memory"))
    is_blacklisted = (pl.col("blacklist_reasons").list.len() > 0).alias("is_blacklisted")
    private = seen.with_columns(containers["network"]).select(private_hostname_in(pl.col("network"), reachable))
    return CONTAINERS.conform(with_whole_columns(containers, containers.select(is_blacklisted).hstack(private)))


def with_whole_columns(frame: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """A frame with some more columns, each in one piece: all that follows is faster over such columns.

    What is in the frame already is not copied.
    """
    return frame.with_columns(columns.rechunk().get_columns())
