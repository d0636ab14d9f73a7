"""A snapshot: the tables of a fleet at one moment, and everything that can be done with them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from dockerframe._config.audit_settings import AuditSettings
from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._derive.labels import on_host
from dockerframe._queries import dependencies as dependency_graph
from dockerframe._queries.diff import differences
from dockerframe._queries.explain import explain
from dockerframe._queries.find import find_container, unknown_name
from dockerframe._queries.locate import locate
from dockerframe._queries.sql import run_query
from dockerframe._report.html import overview_html, report_html
from dockerframe._report.metrics import metrics_text
from dockerframe._snapshot.exposed_ports import with_exposed_ports
from dockerframe._snapshot.lazy_tables import LazyTables
from dockerframe._snapshot.shown import shown_tables
from dockerframe._storage.folders import write_snapshot
from dockerframe.audit import BUILTIN_RULES, run_rules
from dockerframe.errors import MissingTableError, SnapshotError, needs_extra
from dockerframe.tables import OPTIONAL_TABLES, STORED_TABLES, redact_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dockerframe._config.host import Host
    from dockerframe._config.proxy_options import FleetSettings
    from dockerframe._queries.explain import Explanation
    from dockerframe._transport.pool import ClientPool
    from dockerframe._views.fleet_view import FleetView
    from dockerframe.audit import AuditResult, Registry, Rule
    from dockerframe.schemas import Precedence


class Source(Protocol):
    """A fleet whose hosts can be asked again."""

    hosts: tuple[Host, ...]
    pool: ClientPool
    audit: AuditSettings
    settings: FleetSettings

    def snapshot(
        self, *, size: bool = ..., inspect: bool = ..., precedence: Precedence = ..., progress: bool | None = ...
    ) -> Snapshot:
        """Ask all hosts."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """The tables of a fleet at one moment.

    Each table of `dockerframe.tables.STORED_TABLES` is an attribute, a `polars.DataFrame` that is derived when it is
    first asked for: `snap.containers`, `snap.routes`, `snap.errors`, … `snap.tables` has all of them by name.

    Attributes
    ----------
    tables
        The tables by name.
    taken_at
        When the fleet was asked (UTC).
    precedence
        Which label wins where an alias and a wildcard set the same field: `alias` or `wildcard`.
    explicit_only
        The hosts on which only containers with `proxy.` labels have routes.
    source
        The fleet that was asked; None for a snapshot that was read, joined or made from bytes.
    received_bytes
        The size of each host's list of containers; empty for a snapshot that was not gathered.
    audit_settings
        The rules that are switched off and the findings that are suppressed, from the fleet file.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.Fleet.demo().snapshot(progress=False)
    >>> snap.hosts.columns[:4]
    ['host', 'url', 'ok', 'error_kind']
    """

    tables: Mapping[str, pl.DataFrame]
    taken_at: datetime
    precedence: Precedence = "alias"
    explicit_only: frozenset[str] = frozenset()
    source: Source | None = None
    received_bytes: Mapping[str, int] = field(default_factory=dict)
    audit_settings: AuditSettings = field(default_factory=AuditSettings)
    # One entry per set of rules: nothing that an audit reads can change.
    _audits: dict[tuple[Rule, ...], AuditResult] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Accept the tables as any mapping; those that an earlier version did not write are derived."""
        if not isinstance(self.tables, LazyTables):
            given = self.tables
            gathered = Gathered(
                given["containers"],
                given["hosts"],
                given["errors"],
                precedence=self.precedence,
                explicit_only=self.explicit_only,
            )
            derivation = Derivation(gathered, containers=given["containers"])
            object.__setattr__(self, "tables", LazyTables(given, derivation))

    def __getattr__(self, name: str) -> pl.DataFrame:
        """A table by its name.

        Raises
        ------
        MissingTableError
            When the snapshot was taken without this optional table.
        """
        if name in STORED_TABLES:
            if name in self.tables:
                return self.tables[name]
            raise MissingTableError(
                f"This snapshot has no table {name}.", remedy=f"Take it with {OPTIONAL_TABLES[name].option}=True."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        """Offer the tables for completion too."""
        return sorted({*super().__dir__(), *self.tables})

    def __repr__(self) -> str:
        """Show the size of the fleet and how many hosts failed."""
        failed = self.hosts.height - int(self.hosts["ok"].sum())
        down = f", {failed} of them failed" if failed else ""
        return (
            f"Snapshot({self.hosts.height} hosts{down}, {self.containers.height} containers,"
            f" {self.routes.height} routes, {self.errors.height} errors, taken {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without audits: rules may be functions that cannot be pickled."""
        return {**self.__dict__, "_audits": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what was pickled."""
        self.__dict__.update(state)

    def equals(self, other: Snapshot) -> bool:
        """Whether every table has the same rows in the same order.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries(b"[]")
        >>> snap.equals(dkf.from_summaries(b"[]"))
        True
        """
        same_names = list(self.tables) == list(other.tables)
        return same_names and all(table.equals(other.tables[name]) for name, table in self.tables.items())

    def with_tables(self, tables: Mapping[str, pl.DataFrame]) -> Snapshot:
        """A copy with some tables replaced.

        Parameters
        ----------
        tables
            The new tables by name. The others stay as they are: nothing is derived again from the new ones.
        """
        present = self.tables
        replaced = present.replaced(tables) if isinstance(present, LazyTables) else {**present, **tables}
        return replace(self, tables=replaced)

    def redacted(self, *names: str) -> Snapshot:
        """A copy without secrets.

        Values of labels and fields with secret names, and secrets inside texts (URLs, commands, messages), become
        `‹redacted›`.

        Parameters
        ----------
        *names
            The tables to redact; all without any.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "Labels": {"api.token": "t0p"}, "Command": "run --password=x"}])
        >>> snap.redacted().containers.select("command").item(), snap.redacted().labels["value"].item()
        ('run --password=‹redacted›', '‹redacted›')
        """
        return self.with_tables(redact_tables({name: self.tables[name] for name in names or self.tables}))

    def audit(self, rules: Registry | None = None) -> AuditResult:
        """Run the rules of the audit: all findings, suppressed ones too, and what became of each rule.

        The same rules run once per snapshot.

        Parameters
        ----------
        rules
            The rules to run; `dockerframe.BUILTIN_RULES` when None.

        Raises
        ------
        AuditError
            When a rule fails, or the fleet file names a rule that does not exist.
        """
        registry = BUILTIN_RULES if rules is None else rules
        key = tuple(registry)
        if key not in self._audits:
            self._audits[key] = run_rules(self.tables, registry, self.audit_settings, self.taken_at)
        return self._audits[key]

    def findings(self, rules: Registry | None = None, *, suppressed: bool = False) -> pl.DataFrame:
        """What the audit finds, worst first: the table `findings`.

        Rules that need inspections run on a snapshot that was taken with `inspect=True`; `rules` lists those that
        did not run.

        Parameters
        ----------
        rules
            The rules to run; `dockerframe.BUILTIN_RULES` when None.
        suppressed
            Whether to include findings that the fleet file suppresses.

        Raises
        ------
        AuditError
            As `audit`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.findings().select("host", "rule", "severity").row(0)
        ('apps', 'docker-socket-writable', 'critical')
        """
        audit = self.audit(rules)
        return audit.findings if suppressed else audit.active

    def rules(self, rules: Registry | None = None) -> pl.DataFrame:
        """The rules of the audit, whether each ran, why not, and how much it found: the table `rules`.

        Parameters
        ----------
        rules
            The rules to run; `dockerframe.BUILTIN_RULES` when None.

        Raises
        ------
        AuditError
            As `audit`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.rules().filter(~pl.col("ran")).select("rule", "reason").row(0)
        ('privileged', 'it needs inspections: take the snapshot with inspect=True')
        """
        return self.audit(rules).rules

    def explain(self, alias: str, *, reveal: bool = False) -> Explanation:
        """Why an alias reaches what it reaches: each field, its value, the label that set it, and those that lost.

        Parameters
        ----------
        alias
            An alias, as in the table `routes`.
        reveal
            Whether to show secrets.

        Raises
        ------
        SnapshotError
            When no container has the alias; suggests similar ones.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> labels = {"proxy.app.port": "8080", "proxy.*.port": "8081"}
        >>> dkf.from_summaries([{"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels}]).explain("app")
        app (container app on local)
          reaches http://127.0.0.1:8080
          port = 8080  [proxy.app.port, alias]
              lost: port = 8081  [proxy.*.port, wildcard]
        """
        return explain(self.tables, alias, self.precedence, reveal=reveal)

    def sql(self, query: str) -> pl.DataFrame:
        """The result of a SQL query over the tables, and `findings`, `rules`, `scores`, `unknown`.

        Only the tables that the query names are derived.

        Parameters
        ----------
        query
            A query in the SQL of Polars, which can only read.

        Raises
        ------
        SnapshotError
            When the query is not valid, or names a table or column that does not exist.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.sql("select count(*) as exited from containers where state = 'exited'").item()
        2
        """
        results = {
            "findings": self.findings,
            "rules": self.rules,
            "scores": lambda: self.audit().scores,
            "unknown": lambda: self.audit().unknown,
        }
        return run_query(query, self.tables, results)

    def start_order(self, project: str, host: str | None = None) -> pl.DataFrame:
        """In which steps the containers of a Compose project can start, as their dependencies allow.

        Parameters
        ----------
        project
            The Compose project.
        host
            Its host; None for all hosts.

        Returns
        -------
        polars.DataFrame
            `step` (from 1), `host`, `container_id`, `container_name`. Containers of one step can start together.

        Raises
        ------
        SnapshotError
            When no container belongs to the project.
        AuditError
            When the containers depend on each other in a cycle; names them.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.start_order("auth").select("step", "container_name").rows()
        [(1, 'auth-postgresql-1'), (1, 'auth-redis-1'), (2, 'auth-server-1'), (2, 'auth-worker-1')]
        """
        members = self.containers.filter((pl.col("compose_project") == project) & on_host(host))
        if not members.height:
            raise unknown_name("Compose project", project, self.containers["compose_project"])
        return dependency_graph.start_order(members, self.dependencies)

    def dependents(self, container: str, host: str | None = None) -> pl.DataFrame:
        """The containers that depend directly on one.

        Parameters
        ----------
        container
            Its name, or the beginning of its id.
        host
            Its host; needed when several hosts have such a container.

        Returns
        -------
        polars.DataFrame
            `distance` (1), `host`, `container_id`, `container_name`.

        Raises
        ------
        SnapshotError
            When no container or several match.
        """
        key = find_container(self.containers, container, host)
        return dependency_graph.dependents(self.containers, self.dependencies, *key, direct=True)

    def blast_radius(self, container: str, host: str | None = None) -> pl.DataFrame:
        """Every container that stops working when one fails: as `dependents`, through any number of steps.

        Parameters
        ----------
        container
            Its name, or the beginning of its id.
        host
            Its host; needed when several hosts have such a container.

        Returns
        -------
        polars.DataFrame
            `distance` (from 1), `host`, `container_id`, `container_name`.

        Raises
        ------
        SnapshotError
            As `dependents`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.blast_radius("shop-db-1").select("distance", "container_name").row(0)
        (1, 'shop-api-1')
        """
        key = find_container(self.containers, container, host)
        return dependency_graph.dependents(self.containers, self.dependencies, *key)

    def dependency_cycles(self) -> pl.DataFrame:
        """The containers that depend on themselves, directly or through others.

        Returns
        -------
        polars.DataFrame
            `host`, `container_id`, and `cycle`: the names along the cycle, the first one again at its end.
        """
        return dependency_graph.cycles(self.containers, self.dependencies)

    def diff(self, before: Snapshot) -> pl.DataFrame:
        """What changed since an earlier snapshot: the table `differences` (see `dockerframe.diff`).

        Parameters
        ----------
        before
            The earlier snapshot.
        """
        return diff(before, self)

    def view(self, *, reveal: bool = False) -> FleetView:
        """An interactive view for a notebook: filters, tables, details, export, refresh (extra `notebook`).

        Parameters
        ----------
        reveal
            Whether to show secrets.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "State": "running"}])
        >>> snap.view().shown["container_name"].to_list()
        ['db']
        """
        with needs_extra("notebook"):
            from dockerframe._views.fleet_view import FleetView  # noqa: PLC0415 - an extra, and slow to import
        return FleetView(self, reveal=reveal)

    def refresh(self) -> Snapshot:
        """A new snapshot of the same fleet, taken with the same options, without a progress bar.

        Raises
        ------
        SnapshotError
            When the snapshot was read, joined or made from bytes: it has no fleet to ask.
        """
        source = self._asked(None)
        size = self.containers["size_rw"].count() > 0
        inspect = "inspections" in self.tables
        return source.snapshot(size=size, inspect=inspect, precedence=self.precedence, progress=False)

    def with_locations(self, database: str | os.PathLike[str]) -> Snapshot:
        """A copy with the country, city, time zone and position of each host (extra `geo`).

        Parameters
        ----------
        database
            A MaxMind City database.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        SnapshotError
            When the database cannot be read.
        """
        return self.with_tables({"hosts": locate(self.hosts, database)})

    def with_exposed_ports(self, containers: pl.DataFrame | None = None, *, fleet: Source | None = None) -> Snapshot:
        """A copy in which the exposed ports of some containers are public ports of the same number.

        Summaries have no ports of containers in host network mode: the containers are inspected. One that no longer
        exists is an error of kind `container_gone`; one that cannot be inspected for another reason is one of kind
        `inspect_failed`. Routes are derived again. Source: labels.md, section 3.

        Parameters
        ----------
        containers
            A frame with the `host` and `container_id` of the containers; by default those in host network mode.
        fleet
            The fleet to ask, for a snapshot that was read or made from bytes.

        Raises
        ------
        SnapshotError
            When there is no fleet to ask.
        """
        source = self._asked(fleet)
        wanted = self.containers.filter("is_host_network_mode") if containers is None else containers
        tables = with_exposed_ports(
            self.tables,
            wanted,
            source.hosts,
            source.pool,
            precedence=self.precedence,
            explicit_only=self.explicit_only,
        )
        return self.with_tables(tables)

    def write(
        self,
        folder: str | os.PathLike[str],
        formats: Sequence[str] = ("parquet",),
        *,
        since: Snapshot | pl.DataFrame | None = None,
        reveal: bool = False,
        name: str | None = None,
    ) -> Path:
        """Write every table and the findings into a new folder, which appears complete or not at all.

        Parameters
        ----------
        folder
            The folder in which the new folder is made.
        formats
            Any of `parquet` (read by `dockerframe.read_snapshot`), `csv` (nested values as JSON), `json` (one row per
            line) and `html` (`report.html`, one page for people).
        since
            An earlier snapshot, or the result of `diff`: adds the table `differences`.
        reveal
            Whether to write secrets.
        name
            The name of the new folder; the UTC time when None.

        Returns
        -------
        pathlib.Path
            The new folder.

        Raises
        ------
        SnapshotError
            When a format is unknown or the folder cannot be written.
        """
        return write_snapshot(
            shown_tables(self.tables, reveal=reveal),
            {
                "taken_at": self.taken_at.isoformat(),
                "precedence": self.precedence,
                "explicit_only": sorted(self.explicit_only),
            },
            folder,
            formats,
            name or f"{self.taken_at:%Y-%m-%dT%H%M%SZ}",
            page=lambda: self.to_html(since, reveal=reveal),
            results=lambda: self._results(since, reveal=reveal),
        )

    def append_history(
        self,
        store: str | os.PathLike[str],
        *,
        storage_options: Mapping[str, str] | None = None,
        reveal: bool = False,
    ) -> str:
        """Append this snapshot to a history (extra `history`), which is created if it does not exist.

        Any number of writers may append at the same time. `dockerframe.read_history` reads it.

        Parameters
        ----------
        store
            A folder, or a URL in an object store.
        storage_options
            The options of the object store, as Polars and delta-rs take them.
        reveal
            Whether to store secrets.

        Returns
        -------
        str
            The id of the snapshot in the history.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        HistoryError
            When the store cannot be written.
        """
        from dockerframe._storage.delta import save_tables  # noqa: PLC0415 - an extra

        described = {
            "precedence": self.precedence,
            "explicit_only": sorted(self.explicit_only),
            "inspected": "inspections" in self.tables,
            "hosts": self.hosts.height,
            "containers": self.containers.height,
        }
        tables = shown_tables(self.tables, reveal=reveal)
        return save_tables(tables, described, os.fspath(store), self.taken_at, storage_options)

    def to_html(self, since: Snapshot | pl.DataFrame | None = None, *, reveal: bool = False) -> str:
        """The report for people as one HTML page, which needs no network and runs no script.

        Parameters
        ----------
        since
            An earlier snapshot, or the result of `diff`: adds what changed.
        reveal
            Whether to show secrets.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.from_summaries(b"[]").to_html().startswith("<!doctype html>")
        True
        """
        results = self._results(since, reveal=reveal)
        tables = shown_tables(self.tables, reveal=reveal)
        return report_html(tables, results["findings"], self.audit().rules, self.taken_at, results.get("differences"))

    def to_prometheus(self) -> str:
        """Figures of this snapshot in the text format of Prometheus: hosts up, seconds, bytes, containers, findings.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> print(dkf.from_summaries(b"[]").to_prometheus().splitlines()[2])
        dockerframe_host_up{host="local"} 1
        """
        return metrics_text(self.tables, self.findings(), self.received_bytes, self.taken_at)

    def _repr_html_(self) -> str:
        """Show an overview in a notebook."""
        shown = self.redacted("hosts")
        return overview_html(shown.tables, self.findings(), self.taken_at)

    def _asked(self, fleet: Source | None) -> Source:
        """The fleet to ask: the one given, else the one that this snapshot was taken of."""
        source = fleet or self.source
        if source is None:
            raise SnapshotError(
                "This snapshot has no fleet to ask: it was read, joined or made from bytes.",
                remedy="Take a new one with Fleet.snapshot(), or give fleet=.",
            )
        return source

    def _results(self, since: Snapshot | pl.DataFrame | None, *, reveal: bool) -> dict[str, pl.DataFrame]:
        """The findings that are not suppressed, and what changed where there is an earlier snapshot."""
        results = {"findings": self.audit().active}
        if since is not None:
            results["differences"] = since if isinstance(since, pl.DataFrame) else self.diff(since)
        return results if reveal else redact_tables(results)


def diff(before: Snapshot, after: Snapshot) -> pl.DataFrame:
    """What changed between two snapshots: containers added, removed or recreated, and each field that changed.

    Containers are compared on hosts that answered both times; a host that did not is a row of its own. A value that
    was redacted in one of the snapshots counts as unchanged.

    Parameters
    ----------
    before, after
        The earlier and the later snapshot.

    Returns
    -------
    polars.DataFrame
        The table `differences`: one row per difference with `host`, `container_id` (of a recreated container the new
        one), `container_name`, `change` (one of `dockerframe.schemas.CHANGES`), `field`, `before` and `after`.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> before = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> after = dkf.from_summaries([{"Id": "2", "Names": ["/web"], "Image": "nginx:1.28", "State": "running"}])
    >>> dkf.diff(before, after).select("container_name", "change", "field", "before", "after").rows()
    [('web', 'image', 'image', 'nginx:1.27', 'nginx:1.28'), ('web', 'recreated', None, '1', '2')]
    """
    return differences(before.tables, after.tables)


def update_ports(
    snapshot: Snapshot, containers: pl.DataFrame | None = None, *, fleet: Source | None = None
) -> Snapshot:
    """The same as `Snapshot.with_exposed_ports`, under the name that it has in GoDoxy.

    Parameters
    ----------
    snapshot
        The snapshot; its hosts are asked to inspect the containers.
    containers
        A frame with the `host` and `container_id` of the containers; by default those in host network mode.
    fleet
        The fleet to ask, for a snapshot that was read or made from bytes.

    Raises
    ------
    SnapshotError
        When there is no fleet to ask.
    """
    return snapshot.with_exposed_ports(containers, fleet=fleet)
