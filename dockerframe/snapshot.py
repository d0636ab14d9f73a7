"""A snapshot: the tables of a fleet at one moment."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import polars as pl

from dockerframe.audit import BUILTIN_RULES, run_rules
from dockerframe.decode import decode_bodies, encode_summaries
from dockerframe.derive.tables import derive_tables
from dockerframe.differences import differences
from dockerframe.errors import SnapshotError, needs_extra
from dockerframe.explanation import Explanation, explain
from dockerframe.export import read_tables, write_snapshot
from dockerframe.hosts.audit_settings import AuditSettings
from dockerframe.hosts_table import bare_hosts_table, hosts_table
from dockerframe.schemas import INSPECTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from dockerframe.audit import Audit, Registry
    from dockerframe.clients.pool import ClientPool
    from dockerframe.decode import Decoded
    from dockerframe.errors import HostError
    from dockerframe.gather import HostAnswer
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


LOCAL_URL: Final = "unix:///var/run/docker.sock"


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

    def __repr__(self) -> str:
        """Show how large the fleet is and how it fares."""
        failed = self.hosts.height - int(self.hosts["ok"].sum())
        down = f", {failed} of them failed" if failed else ""
        return (
            f"Snapshot({self.hosts.height} hosts{down}, {self.containers.height} containers,"
            f" {self.routes.height} routes, {self.errors.height} errors, taken {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

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

    def write(self, folder: str | os.PathLike[str], formats: Sequence[str] = ("parquet",)) -> Path:
        """Write every table into a new folder named by the UTC time, and return that folder.

        The folder appears whole or not at all. `formats` are of `parquet` (which `dockerframe.read_snapshot` reads
        back, equal frame by frame), `csv` (nested values as JSON) and `json` (one row a line).

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
        return write_snapshot(self.tables, described, folder, formats, self.taken_at)

    def explain(self, alias: str) -> Explanation:
        """Why an alias reaches what it reaches: each field, its value, the label that set it, and those that lost.

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
        return explain(self, alias)

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
        ('backup', 'engine-over-plain-tcp', 'critical')
        """
        found = self._audit(rules).findings
        return found if suppressed else found.filter(pl.col("suppressed").is_null())

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

    def view(self) -> FleetView:
        """An interactive view for a notebook: hosts, filters, tables, details, export, refresh (extra `notebook`).

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
        return FleetView(self)

    def with_tables(self, tables: Mapping[str, Any]) -> Snapshot:
        """A copy with some tables replaced, by name."""
        return replace(self, **tables)


def from_summaries(
    body: bytes | Sequence[Mapping[str, object]],
    host: str = "local",
    url: str = LOCAL_URL,
    precedence: Precedence = "explicit",
) -> Snapshot:
    """A snapshot of one host, from the answer to `GET /containers/json?all=1`: its bytes, or docker-py's list.

    Raises
    ------
    HostError
        When the answer is no JSON array.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "abc", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> snap.containers.select("container_name", "image_name", "image_tag").row(0)
    ('web', 'nginx', '1.27')
    """
    encoded = bytes(body) if isinstance(body, bytes | bytearray | memoryview) else encode_summaries(body)
    decoded = decode_bodies({host: encoded})
    if host in decoded.failures:
        raise decoded.failures[host]
    return _from_decoded(decoded, {host: url}, precedence)


def from_bodies(
    bodies: Mapping[str, bytes],
    urls: Mapping[str, str] | None = None,
    precedence: Precedence = "explicit",
) -> Snapshot:
    """A snapshot of many hosts, from the bytes of their answers to `GET /containers/json?all=1`, in parallel.

    `urls` gives each host's URL; a host without one counts as local. A body that is no JSON array makes its host a
    row with `ok=False`.

    Raises
    ------
    SnapshotError
        When `urls` names a host that has no body.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_bodies({"a": b'[{"Id": "1"}]', "b": b"<html>"}, urls={"a": "tcp://a:2375"})
    >>> snap.hosts.select("host", "ok", "error_kind", "containers").rows()
    [('a', True, None, 1), ('b', False, 'invalid_answer', None)]
    """
    unknown = sorted(set(urls or {}) - set(bodies))
    if unknown:
        raise SnapshotError(
            f"urls names hosts without a body: {', '.join(unknown)}.", remedy="Give both the same hosts."
        )
    named = {host: (urls or {}).get(host, LOCAL_URL) for host in bodies}
    return _from_decoded(decode_bodies(bodies), named, precedence)


def from_answers(
    answers: Sequence[HostAnswer], *, precedence: Precedence = "explicit", source: Source | None = None
) -> tuple[Snapshot, dict[str, HostError]]:
    """A snapshot of what a fleet answered, and the errors of the hosts that failed."""
    decoded = decode_bodies({answer.host.name: answer.body for answer in answers if answer.error is None})
    errors = decoded.failures | {answer.host.name: answer.error for answer in answers if answer.error is not None}
    hosts = hosts_table(answers, errors, decoded.counts())
    explicit_only = frozenset(answer.host.name for answer in answers if answer.host.explicit_only)
    return replace(_snapshot(decoded, hosts, precedence, explicit_only), source=source), errors


def diff(before: Snapshot, after: Snapshot) -> pl.DataFrame:
    """What differs between two snapshots: containers that came, went or were recreated, and each field that changed.

    One row a difference: `host`, `container_id` (of a recreated container the new one), `container_name`, `change` (one
    of `dockerframe.schemas.CHANGES`), `field`, `before` and `after` (String; null where there was, or is, nothing).
    Containers are compared on hosts that answered both times; a host that did not is a row of its own.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> before = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> after = dkf.from_summaries([{"Id": "2", "Names": ["/web"], "Image": "nginx:1.28", "State": "running"}])
    >>> dkf.diff(before, after).select("container_name", "change", "field", "before", "after").rows()
    [('web', 'image', 'image', 'nginx:1.27', 'nginx:1.28'), ('web', 'recreated', None, '1', '2')]
    """
    return differences(before.tables, after.tables)


def concat(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Snapshots of different hosts as one.

    Raises
    ------
    SnapshotError
        When there are none, when two have a host of the same name, or when they differ in precedence.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> both = dkf.concat([dkf.from_summaries(b"[]", host="a"), dkf.from_summaries(b"[]", host="b")])
    >>> both.hosts["host"].to_list()
    ['a', 'b']
    """
    parts = list(snapshots)
    if not parts:
        raise SnapshotError("There is no snapshot to join.", remedy="Give at least one.")
    tables: dict[str, Any] = {name: pl.concat([getattr(part, name) for part in parts]) for name in TABLES}
    if all(part.inspections is not None for part in parts):
        tables[INSPECTIONS.name] = pl.concat([part.tables[INSPECTIONS.name] for part in parts])
    twice = tables["hosts"].filter(pl.col("host").is_duplicated())["host"].unique().sort().to_list()
    if twice:
        raise SnapshotError(f"Several snapshots have a host called {', '.join(twice)}.", remedy="Rename one of them.")
    if len({part.precedence for part in parts}) > 1:
        raise SnapshotError("The snapshots differ in precedence.", remedy="Take them with the same precedence.")
    explicit_only = frozenset[str]().union(*(part.explicit_only for part in parts))
    latest = max(part.taken_at for part in parts)
    return Snapshot(**tables, taken_at=latest, precedence=parts[0].precedence, explicit_only=explicit_only)


def read_snapshot(folder: str | os.PathLike[str]) -> Snapshot:
    """Read back what `Snapshot.write` wrote as Parquet.

    Raises
    ------
    SnapshotError
        When it is no folder of a snapshot, or has no Parquet tables.
    """
    tables, described = read_tables(folder)
    frames: dict[str, Any] = dict(tables)
    return Snapshot(
        **frames,
        taken_at=datetime.fromisoformat(described["taken_at"]),
        precedence=described["precedence"],
        explicit_only=frozenset(described["explicit_only"]),
    )


def _from_decoded(decoded: Decoded, urls: Mapping[str, str], precedence: Precedence) -> Snapshot:
    hosts = bare_hosts_table(urls, decoded.failures, decoded.counts())
    return _snapshot(decoded, hosts, precedence, frozenset())


def _snapshot(
    decoded: Decoded, hosts: pl.DataFrame, precedence: Precedence, explicit_only: Collection[str]
) -> Snapshot:
    tables: dict[str, Any] = derive_tables(
        decoded.summaries,
        hosts,
        decoded.errors,
        precedence=precedence,
        docker_host=os.environ.get("DOCKER_HOST"),
        explicit_only=explicit_only,
    )
    return Snapshot(**tables, taken_at=datetime.now(UTC), precedence=precedence, explicit_only=frozenset(explicit_only))
