"""A snapshot: the tables of a fleet at one moment."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from dockerframe.audit import BUILTIN_RULES, run_rules
from dockerframe.derive.dependency_graph import cycles, dependents, start_order
from dockerframe.derive.labels import KEYS
from dockerframe.derive.redaction import redact_differences, redact_tables
from dockerframe.differences import differences
from dockerframe.errors import SnapshotError, needs_extra
from dockerframe.explanation import Explanation, explain
from dockerframe.export import metrics_text, write_snapshot
from dockerframe.hosts.audit_settings import AuditSettings
from dockerframe.locating import locate
from dockerframe.report import overview_html, report_html
from dockerframe.schemas import INSPECTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dockerframe.audit import Audit, Registry
    from dockerframe.clients.pool import ClientPool
    from dockerframe.hosts.host import Host
    from dockerframe.schemas import Precedence
    from dockerframe.views.fleet_view import FleetView


class Source(Protocol):
    """Where the hosts of a snapshot can be asked again: a fleet."""

    hosts: tuple[Host, ...]
    pool: ClientPool
    audit: AuditSettings

    def snapshot(self, *, size: bool, inspect: bool, precedence: Precedence, progress: bool | None) -> Snapshot:
        """Ask all hosts."""
        ...


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Snapshot:
    """The tables of a fleet at one moment, each a `polars.DataFrame` with the schema of `dockerframe.schemas`.

    Attributes
    ----------
    hosts
        One row a host, reachable or not.
    containers
        One row a container, what the engine sent and what is derived from it.
    routes, route_fields
        One row an alias, and one row a field that a label set for it.
    ports, mounts, networks, labels, dependencies
        One row each for what a container has several of.
    errors
        What is wrong with labels and summaries.
    inspections
        One row a container that was inspected; None unless the snapshot was taken with `inspect=True`.
    taken_at
        When it was taken (UTC).
    precedence
        Who wins where an alias and a wildcard set one field.
    explicit_only
        The hosts on which only containers with `proxy.` labels have routes.
    received_bytes
        How large the list of containers was that each host sent; empty when it was not gathered.
    source
        The fleet it was taken of; None when there was none to ask, or it was read back.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.Fleet.demo().snapshot(progress=False)
    >>> snap.hosts.columns[:4]
    ['host', 'url', 'ok', 'error_kind']
    """

    hosts: pl.DataFrame
    containers: pl.DataFrame
    routes: pl.DataFrame
    route_fields: pl.DataFrame
    ports: pl.DataFrame
    mounts: pl.DataFrame
    networks: pl.DataFrame
    labels: pl.DataFrame
    dependencies: pl.DataFrame
    errors: pl.DataFrame
    taken_at: datetime
    precedence: Precedence = "explicit"
    explicit_only: frozenset[str] = frozenset()
    source: Source | None = None
    inspections: pl.DataFrame | None = None
    received_bytes: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show how large the fleet is and how it fares."""
        failed = self.hosts.height - int(self.hosts["ok"].sum())
        down = f", {failed} of them failed" if failed else ""
        return (
            f"Snapshot({self.hosts.height} hosts{down}, {self.containers.height} containers,"
            f" {self.routes.height} routes, {self.errors.height} errors, taken {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    def _repr_html_(self) -> str:
        """Show an overview in a notebook."""
        shown = self.redacted("hosts")
        return overview_html(shown, shown.findings())

    def redacted(self, *names: str) -> Snapshot:
        """A copy without secrets: in all tables, or in those that are named.

        What has a secret name (`DB_PASSWORD`, `….client_secret`, …) is taken out of labels and route fields, and so are
        the passwords in URLs and commands; `‹redacted›` stands there instead.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "Labels": {"api.token": "t0p"}, "Command": "run --password=x"}])
        >>> snap.redacted().containers.select("command").item(), snap.redacted().labels["value"].item()
        ('run --password=‹redacted›', '‹redacted›')
        """
        return self.with_tables(redact_tables({name: self.tables[name] for name in names or self.tables}))

    def html(self, since: Snapshot | None = None, *, reveal: bool = False) -> str:
        """The report for people as one HTML page; with what changed since another snapshot, where one is given.

        It opens without a network and runs no script. Pictures are in it with the extra `plots`. Secrets are left out
        unless `reveal` is true.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.from_summaries(b"[]").html().startswith("<!doctype html>")
        True
        """
        differing = None if since is None else diff(since, self)
        findings = self.findings()
        if reveal:
            return report_html(self, findings, differing)
        differing = None if differing is None else redact_differences(differing)
        shown = self.redacted("hosts", "errors")
        return report_html(shown, redact_tables({"findings": findings})["findings"], differing)

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name, in the order of `dockerframe.schemas.TABLES`; `inspections` last, where it is there."""
        tables = {name: getattr(self, name) for name in TABLES}
        return tables if self.inspections is None else {**tables, INSPECTIONS.name: self.inspections}

    def equals(self, other: Snapshot) -> bool:
        """Whether every table has the same rows in the same order.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries(b"[]")
        >>> snap.equals(dkf.from_summaries(b"[]"))
        True
        """
        mine, others = self.tables, other.tables
        return mine.keys() == others.keys() and all(table.equals(others[name]) for name, table in mine.items())

    def write(
        self,
        folder: str | os.PathLike[str],
        formats: Sequence[str] = ("parquet",),
        *,
        since: Snapshot | None = None,
        reveal: bool = False,
        name: str | None = None,
    ) -> Path:
        """Write every table, and the findings, into a new folder, named by the UTC time or `name`; return that folder.

        The folder appears whole or not at all. `formats` are of `parquet` (which `dockerframe.read_snapshot` reads
        back, equal frame by frame), `csv` (nested values as JSON), `json` (one row a line) and `html` (`report.html`,
        one page for people). With `since` the table `differences` is written too. Secrets are left out (see `redacted`)
        unless `reveal` is true.

        Raises
        ------
        SnapshotError
            When a format is unknown, or the folder can't be written.
        """
        described = {
            "taken_at": self.taken_at.isoformat(),
            "precedence": self.precedence,
            "explicit_only": sorted(self.explicit_only),
        }
        beside = {"findings": self.findings()}
        tables = self.tables
        if since is not None:
            beside["differences"] = diff(since, self)
        if not reveal:
            tables, beside = redact_tables(tables), redact_tables(beside)
            if since is not None:
                beside["differences"] = redact_differences(beside["differences"])
        return write_snapshot(
            tables,
            described,
            folder,
            formats,
            name or f"{self.taken_at:%Y-%m-%dT%H%M%SZ}",
            page=lambda: self.html(since, reveal=reveal),
            beside=beside,
        )

    def metrics(self) -> str:
        """Figures of this snapshot in the text format of Prometheus: hosts up, seconds, bytes, containers, findings.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> print(dkf.from_summaries(b"[]").metrics().splitlines()[2])
        dockerframe_host_up{host="local"} 1
        """
        return metrics_text(self.tables, self.findings(), self.received_bytes, self.taken_at)

    def save(
        self,
        store: str | os.PathLike[str],
        *,
        storage_options: Mapping[str, str] | None = None,
        reveal: bool = False,
    ) -> str:
        """Append this snapshot to a history (extra `history`), which is made if it is not there; gives its id.

        `store` is a folder or the URL of one in an object store, whose `storage_options` are those of Polars and
        delta-rs. Any number of writers may append at the same time. `dockerframe.history` reads it. Secrets are left
        out (see `redacted`) unless `reveal` is true.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        HistoryError
            When the store can't be written.
        """
        from dockerframe.store import save_tables  # noqa: PLC0415 - an extra

        described = {
            "precedence": self.precedence,
            "explicit_only": sorted(self.explicit_only),
            "inspected": self.inspections is not None,
            "hosts": self.hosts.height,
            "containers": self.containers.height,
        }
        tables = self.tables if reveal else redact_tables(self.tables)
        return save_tables(tables, described, os.fspath(store), self.taken_at, storage_options)

    def locate(self, database: str | os.PathLike[str]) -> Snapshot:
        """Find the country, city, time zone and position of hosts in a MaxMind database (extra `geo`): a new snapshot.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        SnapshotError
            When the database can't be read.
        """
        return self.with_tables({"hosts": locate(self.hosts, database)})

    def explain(self, alias: str, *, reveal: bool = False) -> Explanation:
        """Why an alias reaches what it reaches: each field, its value, the label that set it, and those that lost.

        Secrets are left out (see `redacted`) unless `reveal` is true.

        Raises
        ------
        SnapshotError
            When no container has the alias; names those that are nearly it.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> labels = {"proxy.app.port": "80", "proxy.*.port": "81"}
        >>> dkf.from_summaries([{"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels}]).explain("app")
        app (container app on local)
          reaches http://127.0.0.1:80
          port = 80  [proxy.app.port, alias]
              lost: port = 81  [proxy.*.port, wildcard]
        """
        return explain(self, alias, reveal=reveal)

    def findings(self, rules: Registry = BUILTIN_RULES, *, suppressed: bool = False) -> pl.DataFrame:
        """The audit: what the rules find, worst first, with the columns of `dockerframe.schemas.FINDINGS`.

        Rules that need inspections run when the snapshot was taken with `inspect=True`; `rules` tells which did not.
        What the fleet file suppresses is left out unless `suppressed` is true.

        Raises
        ------
        AuditError
            When a rule fails, or the fleet file names one that there is not.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.findings().select("host", "rule", "severity").row(0)
        ('apps', 'docker-socket-writable', 'critical')
        """
        found = self._audit(rules).findings
        return found if suppressed else found.filter(pl.col("suppressed").is_null())

    def start_order(self, project: str, host: str | None = None) -> pl.DataFrame:
        """In which steps the containers of a Compose project can start, as their dependencies allow.

        `step` (from 1), `host`, `container_id`, `container_name`; those of one step can start together.

        Raises
        ------
        SnapshotError
            When there is no such project.
        AuditError
            When the containers depend on each other in a cycle; names them.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.start_order("auth").select("step", "container_name").rows()
        [(1, 'auth-postgresql-1'), (1, 'auth-redis-1'), (2, 'auth-server-1'), (2, 'auth-worker-1')]
        """
        of_host = pl.lit(value=True) if host is None else pl.col("host") == host
        members = self.containers.filter((pl.col("compose_project") == project) & of_host)
        if not members.height:
            raise _unknown("project", project, self.containers["compose_project"])
        return start_order(members, self.dependencies)

    def dependents(self, container: str, host: str | None = None) -> pl.DataFrame:
        """The containers that depend on one directly: `distance` (1), `host`, `container_id`, `container_name`.

        `container` is a name or the start of an id; `host` is needed where several hosts have such a container.

        Raises
        ------
        SnapshotError
            When there is no such container, or several.
        """
        return dependents(self.containers, self.dependencies, *self._container(container, host), direct=True)

    def blast_radius(self, container: str, host: str | None = None) -> pl.DataFrame:
        """All that is hit when a container fails: as `dependents`, with those that depend on it by way of others.

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
        return dependents(self.containers, self.dependencies, *self._container(container, host))

    def dependency_cycles(self) -> pl.DataFrame:
        """The containers that depend on themselves, directly or by way of others: `host`, `container_id`, `cycle`.

        `cycle` has the names on a way round, the first one again at its end.
        """
        return cycles(self.containers, self.dependencies)

    def _container(self, container: str, host: str | None) -> tuple[str, str]:
        of_host = pl.lit(value=True) if host is None else pl.col("host") == host
        is_meant = (pl.col("container_name") == container) | pl.col("container_id").str.starts_with(container)
        found = self.containers.filter(is_meant & of_host).select(KEYS)
        if found.height > 1:
            raise SnapshotError(
                f"{found.height} containers are meant by {container!r}, on {', '.join(found['host'].unique().sort())}.",
                remedy="Name the host, or more of the id.",
            )
        if not found.height:
            raise _unknown("container", container, self.containers["container_name"])
        host_name, container_id = found.row(0)
        return host_name, container_id

    def rules(self, rules: Registry = BUILTIN_RULES) -> pl.DataFrame:
        """The rules of the audit, whether each ran, why not, and how much it found (`dockerframe.schemas.RULES`).

        Raises
        ------
        AuditError
            As `findings`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.rules().filter(~pl.col("ran")).select("rule", "reason").row(0)
        ('privileged', 'it needs inspections: take the snapshot with inspect=True')
        """
        return self._audit(rules).rules

    def _audit(self, rules: Registry) -> Audit:
        settings = AuditSettings() if self.source is None else self.source.audit
        return run_rules(self.tables, rules, settings, self.taken_at)

    def again(self) -> Snapshot:
        """A new snapshot of the same fleet, taken with the same options, without a progress bar.

        Raises
        ------
        SnapshotError
            When there is no fleet to ask: the snapshot was read back, joined or made of bytes.
        """
        if self.source is None:
            raise SnapshotError(
                "This snapshot comes from no fleet that could be asked again.", remedy="Take one with Fleet.snapshot."
            )
        size = self.containers["size_rw"].count() > 0
        inspect = self.inspections is not None
        return self.source.snapshot(size=size, inspect=inspect, precedence=self.precedence, progress=False)

    def view(self, *, reveal: bool = False) -> FleetView:
        """An interactive view for a notebook: hosts, filters, tables, details, export, refresh (extra `notebook`).

        Secrets are not shown (see `redacted`) unless `reveal` is true.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "State": "running"}])
        >>> snap.view().selection["container_name"].to_list()
        ['db']
        """
        with needs_extra("notebook"):
            from dockerframe.views.fleet_view import FleetView  # noqa: PLC0415 - widgets only for who looks at them
        return FleetView(self, reveal=reveal)

    def with_tables(self, tables: Mapping[str, Any]) -> Snapshot:
        """A copy with some tables replaced, by name."""
        return replace(self, **tables)


def _unknown(what: str, name: str, known: pl.Series) -> SnapshotError:
    near = difflib.get_close_matches(name, known.drop_nulls().unique().to_list(), n=3)
    remedy = f"Did you mean {', '.join(near)}?" if near else "Look into snap.containers for those that there are."
    return SnapshotError(f"There is no {what} {name!r}.", remedy=remedy)


def diff(before: Snapshot, after: Snapshot) -> pl.DataFrame:
    """What differs between two snapshots: containers that came, went or were recreated, and each field that changed.

    One row a difference: `host`, `container_id` (of a recreated container the new one), `container_name`, `change` (one
    of `dockerframe.schemas.CHANGES`), `field`, `before` and `after` (String; null where there was, or is, nothing).
    Containers are compared on hosts that answered both times; a host that did not is a row of its own. A value that was
    left out as a secret, when one of them was written or saved, differs from nothing.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> before = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> after = dkf.from_summaries([{"Id": "2", "Names": ["/web"], "Image": "nginx:1.28", "State": "running"}])
    >>> dkf.diff(before, after).select("container_name", "change", "field", "before", "after").rows()
    [('web', 'image', 'image', 'nginx:1.27', 'nginx:1.28'), ('web', 'recreated', None, '1', '2')]
    """
    return differences(before.tables, after.tables)
