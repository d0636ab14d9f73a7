"""What a snapshot holds: the tables of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self

from dockerframe._config.audit_settings import AuditSettings
from dockerframe._redaction import redact_tables
from dockerframe.schemas import INSPECTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import polars as pl

    from dockerframe._config.host import Host
    from dockerframe._snapshot.snapshot import Snapshot
    from dockerframe._transport.pool import ClientPool
    from dockerframe.audit import AuditResult, Rule
    from dockerframe.schemas import Precedence


class Source(Protocol):
    """Where the hosts of a snapshot can be asked again: a fleet."""

    hosts: tuple[Host, ...]
    pool: ClientPool
    audit: AuditSettings

    def snapshot(self, *, size: bool, inspect: bool, precedence: Precedence, progress: bool | None) -> Snapshot:
        """Ask all hosts."""
        ...


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class SnapshotTables:
    """The tables of a snapshot, and how it was taken; `Snapshot` tells what each attribute is."""

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
    precedence: Precedence = "alias"
    explicit_only: frozenset[str] = frozenset()
    source: Source | None = None
    inspections: pl.DataFrame | None = None
    received_bytes: Mapping[str, int] = field(default_factory=dict)
    audit_settings: AuditSettings = field(default_factory=AuditSettings)
    # What was found for some rules; nothing that an audit looks at can change.
    _audits: dict[tuple[Rule, ...], AuditResult] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Have each table in one piece: to take rows from several takes Polars up to forty times as long."""
        for name, table in self.tables.items():
            object.__setattr__(self, name, table.rechunk())

    def __repr__(self) -> str:
        """Show how large the fleet is and how it fares."""
        failed = self.hosts.height - int(self.hosts["ok"].sum())
        down = f", {failed} of them failed" if failed else ""
        return (
            f"Snapshot({self.hosts.height} hosts{down}, {self.containers.height} containers,"
            f" {self.routes.height} routes, {self.errors.height} errors, taken {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is pickled: without what was found, since rules may be functions that can't travel.

        Not by `__getstate__`, which Python before 3.11.4 replaces in dataclasses that are frozen and have slots.
        """
        return partial(type(self), **{one.name: getattr(self, one.name) for one in fields(self) if one.init}), ()

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name, in the order of `dockerframe.schemas.TABLES`; `inspections` last, where it is there."""
        tables = {name: getattr(self, name) for name in TABLES}
        return tables if self.inspections is None else {**tables, INSPECTIONS.name: self.inspections}

    def equals(self, other: SnapshotTables) -> bool:
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

    def redacted(self, *names: str) -> Self:
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

    def with_tables(self, tables: Mapping[str, Any]) -> Self:
        """A copy with some tables replaced, by name."""
        return replace(self, **tables)
