"""Reading a history: which snapshots there are, their tables lazily, and letting go of old ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from dockerframe._storage.layout import (
    MARKS,
    SNAPSHOTS,
    SNAPSHOTS_SCHEMA,
    from_stored,
    location,
)
from dockerframe.errors import HistoryError
from dockerframe.tables import STORED_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class StoredSnapshots:
    """The snapshots of a store that were taken within a time; either end may be open, and both belong to it."""

    store: str
    storage_options: Mapping[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def within(self, since: datetime | None, until: datetime | None) -> StoredSnapshots:
        """These, of another time."""
        return replace(self, since=since, until=until)

    def snapshots(self) -> pl.DataFrame:
        """One row a snapshot, by time: `snapshot_id`, `taken_at`, and what was kept with it.

        Raises
        ------
        HistoryError
            When there is no such history.
        """
        table = self._open(SNAPSHOTS)
        if table is None:
            raise HistoryError(
                f"{self.store} is no history.", remedy="Save a snapshot there first: snap.append_history(store)."
            )
        return self._within(pl.scan_delta(table)).sort("taken_at", "snapshot_id").select(*SNAPSHOTS_SCHEMA).collect()

    def scan(self, name: str) -> pl.LazyFrame:
        """The rows of one table in all of these snapshots, lazily: `snapshot_id`, `taken_at`, then its columns.

        Raises
        ------
        HistoryError
            When there is no such table or history.
        """
        if name not in STORED_TABLES:
            raise HistoryError(f"There is no table {name!r}.", remedy=f"Use one of {', '.join(STORED_TABLES)}.")
        wanted = pl.Schema({**MARKS, **STORED_TABLES[name].schema})
        whole = self.snapshots().lazy().select("snapshot_id")
        table = self._open(name)
        if table is None:
            return pl.LazyFrame(schema=wanted)
        rows = self._within(pl.scan_delta(table)).join(whole, on="snapshot_id", how="semi", maintain_order="left")
        return from_stored(rows, wanted)

    def table(self, name: str, snapshot_id: str, taken_at: datetime) -> pl.DataFrame:
        """A table of one snapshot."""
        of_time = self.within(taken_at, taken_at)
        rows = of_time.scan(name).filter(pl.col("snapshot_id") == snapshot_id)
        return rows.drop(*MARKS).collect()

    def _within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        if self.since is not None:
            rows = rows.filter(pl.col("taken_at") >= self.since)
        if self.until is not None:
            rows = rows.filter(pl.col("taken_at") <= self.until)
        return rows

    def _open(self, name: str) -> DeltaTable | None:
        options = dict(self.storage_options) if self.storage_options else None
        try:
            return DeltaTable(location(self.store, name), storage_options=options)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise HistoryError(
                f"{self.store}: {error}.", remedy="Check the folder or URL, and the storage options that it needs."
            ) from error


def expire(stored: StoredSnapshots, before: datetime, keep_files: timedelta) -> int:
    """Let go of the snapshots taken before a time; gives how many there were.

    Their rows are deleted, small files are joined, and files that no version has needed for `keep_files` are removed,
    so that who reads meanwhile is not cut off.

    Raises
    ------
    HistoryError
        When there is no such history, or it can't be written.
    """
    old = stored.within(None, None).snapshots().filter(pl.col("taken_at") < before)
    options = dict(stored.storage_options) if stored.storage_options else None
    limit = f"taken_at < '{before:%Y-%m-%dT%H:%M:%S.%fZ}'"
    try:
        # First what makes them seen: a reader never finds half of a snapshot.
        for name in (SNAPSHOTS, *STORED_TABLES):
            where = location(stored.store, name)
            if not DeltaTable.is_deltatable(where, options):
                continue
            table = DeltaTable(where, storage_options=options)
            table.delete(limit)
            table.optimize.compact()
            hours = int(keep_files.total_seconds() // 3600)
            table.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False)
    except (DeltaError, OSError) as error:
        raise HistoryError(f"{stored.store}: {error}.", remedy="Try again; what is left is whole.") from error
    return old.height
