"""All tables of a snapshot, from summaries and hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from dockerframe._derive.columns.aliases import is_explicit_of
from dockerframe._derive.columns.dependencies import dependency_edges
from dockerframe._derive.columns.networks import network_attachments, shared_networks
from dockerframe._derive.columns.ports import binding_order, port_bindings
from dockerframe._derive.container_errors import container_errors
from dockerframe._derive.containers import HostFacts, derive_containers
from dockerframe._derive.labels import labels_by_name, labels_table, proxy_labels
from dockerframe._derive.mounts import mount_order, mounts_table
from dockerframe._derive.routes.effective import derive_routes
from dockerframe._derive.routes.fields import fields_table, resolve_routes, route_errors
from dockerframe._derive.routes.labels import route_labels, sort_labels
from dockerframe._derive.stable_order import sorted_labels, sorted_lists, sorted_networks
from dockerframe.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from dockerframe._derive.routes.fields import ResolvedRoutes
    from dockerframe._derive.routes.labels import SortedLabels
    from dockerframe.schemas import Precedence


class RouteOptions(NamedTuple):
    """Hosts on which only explicit containers have routes, middlewares of GoDoxy's own files, hosts with an agent."""

    explicit_only: Collection[str] = ()
    known_middlewares: Collection[str] = ()
    agents: Collection[str] = ()


def derive_tables(
    summaries: pl.DataFrame,
    hosts: pl.DataFrame,
    decode_errors: pl.DataFrame,
    *,
    precedence: Precedence = "alias",
    docker_host: str | None = None,
    explicit_only: Collection[str] = (),
    known_middlewares: Collection[str] = (),
) -> dict[str, pl.DataFrame]:
    """Every table of `dockerframe.schemas.TABLES` by its name, from what the engines sent.

    `summaries` and `decode_errors` come from `dockerframe._decode`, `hosts` is the table of that name,
    `docker_host` the value of `DOCKER_HOST`, `explicit_only` the hosts on which only explicit containers have routes,
    `known_middlewares` the names of middlewares that GoDoxy's own files define.
    """
    facts = HostFacts.of(hosts, docker_host=docker_host)
    summaries = _in_stable_order(summaries)
    # Each part has stretches on one processor; side by side they fill the others.
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="dockerframe-derive") as threads:
        # Most labels of a fleet are none that any rule asks for.
        looked_for = threads.submit(proxy_labels, summaries)
        by_name = summaries.select(labels_by_name()).rechunk().to_series()
        proxied = looked_for.result()
        labels = threads.submit(_of_routes, proxied)
        shared = shared_networks(summaries)
        explicit = is_explicit_of(proxied, summaries.height)
        containers = derive_containers(summaries, by_name, explicit, facts, shared)
        named = containers.with_columns(by_name)
        attached = named if shared is None else named.with_columns(shared["networks"])
        own = threads.submit(container_errors, attached, facts.is_reachable())
        edges = threads.submit(dependency_edges, named)
        flat = threads.submit(_flat_tables, summaries.lazy())
        # The labels that lost are asked for by `explain` alone, and take memory.
        resolved = resolve_routes(containers, precedence, labels=labels.result())._replace(entries=pl.DataFrame())
        own_errors = own.result()
        options = RouteOptions(explicit_only, known_middlewares, agents=facts.agents.to_list())
        parts = _route_tables(containers, resolved, own_errors, options)
        collected = {**flat.result(), "dependencies": edges.result()}
    errors = pl.concat([decode_errors, own_errors, parts.pop("errors")])
    tables = {
        "hosts": hosts,
        "containers": containers,
        "errors": errors,
        **parts,
        **collected,
    }
    return {name: table.conform(tables[name]) for name, table in TABLES.items()}


def _in_stable_order(summaries: pl.DataFrame) -> pl.DataFrame:
    """Summaries with ports, mounts and networks in one order, whatever the order in which an engine sends them."""
    return summaries.with_columns(
        sorted_lists(summaries["ports"], binding_order()),
        sorted_lists(summaries["mounts"], mount_order()),
        sorted_networks(summaries["networks"]),
    )


def _of_routes(proxied: pl.DataFrame) -> SortedLabels:
    return sort_labels(route_labels(proxied))


def _flat_tables(containers: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """The tables that only unfold a column of the containers."""
    flat = {
        "labels": labels_table(containers),
        "ports": port_bindings(containers),
        "mounts": mounts_table(containers),
        "networks": network_attachments(containers),
    }
    # The streaming engine would leave them in several pieces, which audits and joins take longer over.
    tables = dict(zip(flat, pl.collect_all(list(flat.values()), engine="in-memory"), strict=True))
    return {**tables, "labels": sorted_labels(tables["labels"])}


def route_tables(
    containers: pl.DataFrame,
    own_errors: pl.DataFrame,
    *,
    precedence: Precedence,
    explicit_only: Collection[str],
    known_middlewares: Collection[str] = (),
    agents: Collection[str] = (),
) -> dict[str, pl.DataFrame]:
    """The tables `routes` and `route_fields`, and as `errors` what is wrong with the labels of routes."""
    options = RouteOptions(explicit_only, known_middlewares, agents)
    return _route_tables(containers, resolve_routes(containers, precedence), own_errors, options)


def _route_tables(
    containers: pl.DataFrame, resolved: ResolvedRoutes, own_errors: pl.DataFrame, options: RouteOptions
) -> dict[str, pl.DataFrame]:
    derived = derive_routes(
        containers,
        resolved,
        own_errors,
        explicit_only=options.explicit_only,
        known_middlewares=options.known_middlewares,
        agents=options.agents,
    )
    wrong = resolved._replace(errors=pl.concat([resolved.errors, derived.errors]))
    return {
        "routes": derived.routes,
        "route_fields": fields_table(containers, resolved),
        "errors": route_errors(containers, wrong),
    }
