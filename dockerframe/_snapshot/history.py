"""Histories: the snapshots of a store as snapshots again, at a time or between two."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dockerframe._snapshot import Snapshot
from dockerframe.errors import HistoryError
from dockerframe.schemas import INSPECTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from dockerframe._storage.delta import StoredSnapshots

_KEEP_FILES: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class History:
    """The snapshots of a store. Made by `dockerframe.history`.

    Examples
    --------
    >>> import tempfile
    >>> import dockerframe as dkf
    >>> with tempfile.TemporaryDirectory() as store:
    ...     saved = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "State": "running"}]).save(store)
    ...     past = dkf.history(store)
    ...     past.scan("containers").select("container_name", "state").collect().rows()
    [('web', 'running')]
    """

    _stored: StoredSnapshots

    def __repr__(self) -> str:
        """Show the store and how many snapshots it has."""
        return f"History({self._stored.store}, {self.snapshots.height} snapshots)"

    @property
    def snapshots(self) -> pl.DataFrame:
        """One row a snapshot, by time: `snapshot_id`, `taken_at`, `precedence`, `explicit_only`, `inspected`, counts.

        Raises
        ------
        HistoryError
            When there is no such history.
        """
        return self._stored.snapshots()

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of one table over time, lazily: `snapshot_id` and `taken_at` before the table's columns.

        Raises
        ------
        HistoryError
            When there is no such table or history.
        """
        return self._stored.scan(table)

    def between(self, since: datetime | None = None, until: datetime | None = None) -> History:
        """The part of this history that was taken from `since` to `until`, both included; None for an open end.

        Raises
        ------
        HistoryError
            When a time has no time zone.
        """
        return History(self._stored.within(_in_utc(since), _in_utc(until)))

    def at(self, time: datetime) -> Snapshot:
        """The fleet as it was known at a time: the last snapshot taken by then.

        Raises
        ------
        HistoryError
            When there is none, or the time has no time zone.
        """
        found = self._stored.within(self._stored.since, _in_utc(time)).snapshots()
        if not found.height:
            raise HistoryError(
                f"{self._stored.store} has no snapshot of {time} or before.", remedy="Name a later time."
            )
        return self._snapshot(found.row(-1, named=True))

    def last(self) -> Snapshot:
        """The latest snapshot.

        Raises
        ------
        HistoryError
            When there is none.
        """
        found = self.snapshots
        if not found.height:
            raise HistoryError(f"{self._stored.store} has no snapshot of that time.", remedy="Name another time.")
        return self._snapshot(found.row(-1, named=True))

    def expire(self, older_than: timedelta, *, now: datetime | None = None, keep_files: timedelta = _KEEP_FILES) -> int:
        """Let go of the snapshots that are older than so much; gives how many there were.

        Files that no version has needed for `keep_files` (7 days) are removed, so that who reads meanwhile is not cut
        off. `now` is the time to count from; None for the clock's.

        Raises
        ------
        HistoryError
            When there is no such history, or it can't be written.
        """
        from dockerframe._storage.delta import expire  # noqa: PLC0415 - an extra

        return expire(self._stored, (_in_utc(now) or datetime.now(UTC)) - older_than, keep_files)

    def _snapshot(self, row: Mapping[str, Any]) -> Snapshot:
        names = [*TABLES, *([INSPECTIONS.name] if row["inspected"] else [])]
        tables: dict[str, Any] = {name: self._stored.table(name, row["snapshot_id"], row["taken_at"]) for name in names}
        return Snapshot(
            **tables,
            taken_at=row["taken_at"],
            precedence=row["precedence"],
            explicit_only=frozenset(row["explicit_only"]),
        )


def history(store: str | os.PathLike[str], *, storage_options: Mapping[str, str] | None = None) -> History:
    """The history in a folder or an object store, as `Snapshot.save` made it (extra `history`).

    Raises
    ------
    MissingExtraError
        When the extra is not installed.
    """
    from dockerframe._storage.delta import StoredSnapshots  # noqa: PLC0415 - an extra

    return History(StoredSnapshots(os.fspath(store), storage_options))


def _in_utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    if time.tzinfo is None:
        raise HistoryError(f"{time} has no time zone.", remedy="Give one, such as tzinfo=datetime.UTC.")
    return time.astimezone(UTC)
