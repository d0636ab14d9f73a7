"""What a snapshot derives from what was gathered: each part when it is first asked for, then kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from dockerframe._derive.columns.aliases import is_explicit_of
from dockerframe._derive.columns.dependencies import dependency_edges
from dockerframe._derive.columns.networks import shared_networks
from dockerframe._derive.columns.ports import binding_order
from dockerframe._derive.container_errors import container_errors
from dockerframe._derive.containers import HostFacts, derive_containers
from dockerframe._derive.labels import labels_by_name, proxy_labels
from dockerframe._derive.routes.effective import derive_routes
from dockerframe._derive.routes.fields import fields_table, resolve_routes, route_errors
from dockerframe._derive.routes.labels import route_labels, sort_labels
from dockerframe._derive.stable_order import sorted_lists, sorted_networks
from dockerframe.schemas import MOUNT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dockerframe._derive.exposures import CaddySettings, TraefikSettings
    from dockerframe._derive.routes.effective import DerivedRoutes
    from dockerframe._derive.routes.fields import ResolvedRoutes
    from dockerframe.schemas import Precedence

PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What the hosts of a fleet sent, decoded, and the options that decide what is derived from it.

    Attributes
    ----------
    summaries
        One row per container, with the columns of `dockerframe.schemas.SUMMARIES`.
    hosts
        The table `hosts`.
    errors
        What could not be decoded or asked: rows of the table `errors`.
    optional
        The tables that were asked for with `include`, by name.
    precedence
        Which label wins where an alias and a wildcard set the same field.
    docker_host
        The value of `DOCKER_HOST`, which makes a host local.
    explicit_only
        The hosts on which only containers with `proxy.` labels have routes.
    known_middlewares
        The names of middlewares that GoDoxy's own files define.
    traefik, caddy
        The settings of proxies, by host, where they are known; the others are recognized.
    """

    summaries: pl.DataFrame
    hosts: pl.DataFrame
    errors: pl.DataFrame
    optional: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    precedence: Precedence = "alias"
    docker_host: str | None = None
    explicit_only: frozenset[str] = frozenset()
    known_middlewares: frozenset[str] = frozenset()
    traefik: Mapping[str, TraefikSettings] = field(default_factory=dict)
    caddy: Mapping[str, CaddySettings] = field(default_factory=dict)


class Derivation:
    """Everything that is derived from one `Gathered`. Pure: the same input gives the same parts.

    Two threads that ask for different parts derive them side by side; a part is derived once. `containers` are the
    derived containers where they are known already.
    """

    def __init__(self, gathered: Gathered, *, containers: pl.DataFrame | None = None) -> None:
        self.gathered = gathered
        self._given = containers
        self._parts: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was gathered; parts are derived again."""
        return partial(type(self), containers=self._given), (self.gathered,)

    def forget(self) -> None:
        """Free the memory of the parts, after every table is derived."""
        self._parts.clear()

    @property
    def facts(self) -> HostFacts:
        """Which hosts are local, which are agents, and their names."""
        return self._part("facts", lambda: HostFacts.of(self.gathered.hosts, docker_host=self.gathered.docker_host))

    @property
    def summaries(self) -> pl.DataFrame:
        """The summaries with ports, mounts and networks in one order, whatever the order an engine sends them in."""
        return self._part("summaries", lambda: _in_stable_order(self.gathered.summaries))

    @property
    def containers(self) -> pl.DataFrame:
        """The summaries with every derived column."""
        return self._part("containers", self._derive_containers) if self._given is None else self._given

    @property
    def dependencies(self) -> pl.DataFrame:
        """One row per dependency of a container."""
        return self._part("dependencies", lambda: dependency_edges(self._named))

    @property
    def routes(self) -> DerivedRoutes:
        """The effective route of each alias, and what is wrong with values of its fields."""
        return self._part("routes", self._derive_routes)

    @property
    def route_fields(self) -> pl.DataFrame:
        """One row per field that a label sets."""
        return self._part("route_fields", lambda: fields_table(self.containers, self._resolved))

    @property
    def errors(self) -> pl.DataFrame:
        """What is wrong with summaries and labels."""
        return self._part("errors", self._derive_errors)

    def _part(self, name: str, derive: Callable[[], PartT]) -> PartT:
        lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._parts:
                self._parts[name] = derive()
            part: PartT = self._parts[name]
        return part

    @property
    def _proxied(self) -> pl.DataFrame:
        """The labels whose names begin with `proxy`: no other label sets a field of a route."""
        return self._part("proxied", lambda: proxy_labels(self.summaries))

    @property
    def _labels_by_name(self) -> pl.Series:
        return self._part("labels_by_name", lambda: self.summaries.select(labels_by_name()).rechunk().to_series())

    @property
    def _named(self) -> pl.DataFrame:
        """The containers with only the labels that rules look up by name."""
        return self.containers.with_columns(self._labels_by_name)

    @property
    def _shared_networks(self) -> pl.DataFrame | None:
        """The networks and ports of containers that use those of another one; None without any."""
        return self._part("shared_networks", lambda: shared_networks(self.summaries))

    @property
    def _own_errors(self) -> pl.DataFrame:
        """What is wrong with labels that belong to a container as a whole."""
        return self._part("own_errors", self._derive_own_errors)

    @property
    def _resolved(self) -> ResolvedRoutes:
        return self._part("resolved", self._resolve_routes)

    def _derive_containers(self) -> pl.DataFrame:
        summaries = self.summaries
        is_explicit = is_explicit_of(self._proxied, summaries.height)
        return derive_containers(summaries, self._labels_by_name, is_explicit, self.facts, self._shared_networks)

    def _derive_own_errors(self) -> pl.DataFrame:
        shared = self._shared_networks
        attached = self._named if shared is None else self._named.with_columns(shared["networks"])
        return container_errors(attached, self.facts.is_reachable())

    def _resolve_routes(self) -> ResolvedRoutes:
        labels = sort_labels(route_labels(self._proxied))
        resolved = resolve_routes(self.containers, self.gathered.precedence, labels=labels)
        # Only `explain` asks for the labels that lost, and they take memory.
        return resolved._replace(entries=pl.DataFrame())

    def _derive_routes(self) -> DerivedRoutes:
        return derive_routes(
            self.containers,
            self._resolved,
            self._own_errors,
            explicit_only=self.gathered.explicit_only,
            known_middlewares=self.gathered.known_middlewares,
            agents=self.facts.agents.to_list(),
        )

    def _derive_errors(self) -> pl.DataFrame:
        of_values = self.routes.errors
        of_routes = self._resolved._replace(errors=pl.concat([self._resolved.errors, of_values]))
        return pl.concat([self.gathered.errors, self._own_errors, route_errors(self.containers, of_routes)])


def _in_stable_order(summaries: pl.DataFrame) -> pl.DataFrame:
    """Summaries whose ports, mounts and networks are in one order."""
    other_fields = [pl.col(name) for name in MOUNT_FIELDS if name != "destination"]
    return summaries.with_columns(
        sorted_lists(summaries["ports"], binding_order()),
        sorted_lists(summaries["mounts"], [pl.col("destination"), *other_fields]),
        sorted_networks(summaries["networks"]),
    )
