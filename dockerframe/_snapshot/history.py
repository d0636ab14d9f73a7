"""Histories: the snapshots of a store at a time, or between two times."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dockerframe._snapshot.snapshot import Snapshot
from dockerframe.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from dockerframe._storage.delta import StoredSnapshots

_KEEP_FILES: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class History:
    """The snapshots of a store, as `dockerframe.read_history` returns them.

    Examples
    --------
    >>> import tempfile
    >>> import dockerframe as dkf
    >>> with tempfile.TemporaryDirectory() as store:
    ...     snapshot_id = dkf.from_summaries([{"Id": "1", "Names": ["/web"]}]).append_history(store)
    ...     dkf.read_history(store).scan("containers").select("container_name").collect().rows()
    [('web',)]
    """

    _stored: StoredSnapshots

    def __repr__(self) -> str:
        """Show the store and the number of snapshots."""
        return f"History({self._stored.store}, {self.snapshots().height} snapshots)"

    def snapshots(self) -> pl.DataFrame:
        """The snapshots, oldest first.

        Returns
        -------
        polars.DataFrame
            `snapshot_id`, `taken_at`, `precedence`, `explicit_only`, `inspected`, and the numbers of `hosts` and
            `containers`.

        Raises
        ------
        HistoryError
            When the store is not a history.
        """
        return self._stored.snapshots()

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows of one table in all snapshots, lazily.

        Parameters
        ----------
        table
            The name of a table, such as `containers`.

        Returns
        -------
        polars.LazyFrame
            `snapshot_id`, `taken_at`, then the columns of the table.

        Raises
        ------
        HistoryError
            When there is no such table, or the store is not a history.
        """
        return self._stored.scan(table)

    def between(self, since: datetime | None = None, until: datetime | None = None) -> History:
        """The snapshots from one time to another, both included.

        Parameters
        ----------
        since, until
            Times with a time zone; None for an open end.

        Raises
        ------
        HistoryError
            When a time has no time zone.
        """
        return History(self._stored.within(_in_utc(since), _in_utc(until)))

    def at(self, time: datetime) -> Snapshot:
        """The latest snapshot that was taken at a time or before it.

        Parameters
        ----------
        time
            A time with a time zone.

        Raises
        ------
        HistoryError
            When no snapshot is old enough, or the time has no time zone.
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
            When the history has no snapshot.
        """
        found = self.snapshots()
        if not found.height:
            raise HistoryError(f"{self._stored.store} has no snapshot of that time.", remedy="Name another time.")
        return self._snapshot(found.row(-1, named=True))

    def expire(self, older_than: timedelta, *, now: datetime | None = None, keep_files: timedelta = _KEEP_FILES) -> int:
        """Delete the snapshots that are older than a duration.

        Parameters
        ----------
        older_than
            The age from which snapshots are deleted.
        now
            The time to count from; the clock's when None.
        keep_files
            How long files that no version needs are kept, so that readers are not cut off.

        Returns
        -------
        int
            The number of deleted snapshots.

        Raises
        ------
        HistoryError
            When the store is not a history, or cannot be written.
        """
        from dockerframe._storage.delta import expire  # noqa: PLC0415 - an extra

        return expire(self._stored, (_in_utc(now) or datetime.now(UTC)) - older_than, keep_files)

    def _snapshot(self, row: Mapping[str, Any]) -> Snapshot:
        names = self._stored.recorded(row)
        tables = {name: self._stored.table(name, row["snapshot_id"], row["taken_at"]) for name in names}
        return Snapshot(
            tables,
            taken_at=row["taken_at"],
            precedence=row["precedence"],
            explicit_only=frozenset(row["explicit_only"]),
        )


def read_history(store: str | os.PathLike[str], *, storage_options: Mapping[str, str] | None = None) -> History:
    """The history that `Snapshot.append_history` wrote (extra `history`).

    Parameters
    ----------
    store
        A folder, or a URL in an object store.
    storage_options
        The options of the object store, as Polars and delta-rs take them.

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
