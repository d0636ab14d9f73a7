"""All tables of a snapshot, from summaries and hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import polars as pl

from dockerframe.derive.container_errors import container_errors
from dockerframe.derive.containers import HostFacts, derive_containers
from dockerframe.derive.dependencies import dependency_edges
from dockerframe.derive.labels import labels_by_name, labels_table, proxy_labels
from dockerframe.derive.mounts import mounts_table
from dockerframe.derive.networks import network_attachments
from dockerframe.derive.ports import port_bindings
from dockerframe.derive.route_fields import fields_table, resolve_routes, route_errors
from dockerframe.derive.routes import derive_routes
from dockerframe.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from dockerframe.derive.route_fields import ResolvedRoutes
    from dockerframe.schemas import Precedence


def derive_tables(
    summaries: pl.DataFrame,
    hosts: pl.DataFrame,
    decode_errors: pl.DataFrame,
    *,
    precedence: Precedence = "explicit",
    docker_host: str | None = None,
    explicit_only: Collection[str] = (),
) -> dict[str, pl.DataFrame]:
    """Every table of `dockerframe.schemas.TABLES` by its name, from what the engines sent.

    `summaries` and `decode_errors` come from `dockerframe.decode`, `hosts` is the table of that name,
    `docker_host` the value of `DOCKER_HOST`, `explicit_only` the hosts on which only explicit containers have routes.
    """
    facts = HostFacts.of(hosts, docker_host=docker_host)
    # Most labels of a fleet are none that any rule asks for.
    of_rules = summaries.select(proxy_labels(), labels_by_name().alias("by_name")).rechunk()
    by_name = of_rules["by_name"].alias("labels")
    containers = derive_containers(summaries.with_columns(of_rules["labels"]), by_name, facts)
    named = containers.with_columns(by_name)
    # Each part has stretches on one processor; side by side they fill the others.
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="dockerframe-derive") as threads:
        own = threads.submit(container_errors, named, facts.is_reachable())
        edges = threads.submit(dependency_edges, named)
        flat = threads.submit(_flat_tables, summaries.lazy())
        # The labels that lost are asked for by `explain` alone, and take memory.
        resolved = resolve_routes(containers, precedence)._replace(entries=pl.DataFrame())
        own_errors = own.result()
        parts = _route_tables(containers, resolved, own_errors, explicit_only)
        collected = {**flat.result(), "dependencies": edges.result()}
    errors = pl.concat([decode_errors, own_errors, parts.pop("errors")])
    tables = {
        "hosts": hosts,
        "containers": containers.with_columns(summaries["labels"]),
        "errors": errors,
        **parts,
        **collected,
    }
    return {name: table.conform(tables[name]) for name, table in TABLES.items()}


def _flat_tables(containers: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """The tables that only unfold a column of the containers."""
    flat = {
        "labels": labels_table(containers),
        "ports": port_bindings(containers),
        "mounts": mounts_table(containers),
        "networks": network_attachments(containers),
    }
    return dict(zip(flat, pl.collect_all(list(flat.values())), strict=True))


def route_tables(
    containers: pl.DataFrame,
    own_errors: pl.DataFrame,
    *,
    precedence: Precedence,
    explicit_only: Collection[str],
) -> dict[str, pl.DataFrame]:
    """The tables `routes` and `route_fields`, and as `errors` what is wrong with the labels of routes."""
    return _route_tables(containers, resolve_routes(containers, precedence), own_errors, explicit_only)


def _route_tables(
    containers: pl.DataFrame, resolved: ResolvedRoutes, own_errors: pl.DataFrame, explicit_only: Collection[str]
) -> dict[str, pl.DataFrame]:
    derived = derive_routes(containers, resolved, own_errors, explicit_only=explicit_only)
    wrong = resolved._replace(errors=pl.concat([resolved.errors, derived.errors]))
    return {
        "routes": derived.routes,
        "route_fields": fields_table(containers, resolved),
        "errors": route_errors(containers, wrong),
    }
