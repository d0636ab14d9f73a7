"""Histories: snapshots over time in Delta Lake tables, appended completely or not at all, read lazily.

A history is a folder (or its URL in an object store) with a Delta table for each table of a snapshot, whose rows are
marked with `snapshot_id` and `taken_at`, and the table `snapshots` with one row per snapshot. That row is written last:
a snapshot without it was interrupted while it was saved, and is ignored. It lists how many rows each table has, so
that rows which were lost are an error instead of a shorter table.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._foreign import is_panic
from dockerframe._storage.folders import FIRST_TABLES
from dockerframe.errors import HistoryError, needs_extra
from dockerframe.schemas import TIME, completed
from dockerframe.tables import STORED_TABLES

with needs_extra("history"):
    from deltalake import CommitProperties, DeltaTable, write_deltalake
    from deltalake.exceptions import TableNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

MARKS: Final = {"snapshot_id": pl.String(), "taken_at": TIME}
SNAPSHOTS: Final = "snapshots"
SNAPSHOTS_SCHEMA: Final = pl.Schema(
    {
        **MARKS,
        "precedence": pl.String(),
        "explicit_only": pl.List(pl.String()),
        "inspected": pl.Boolean(),
        "hosts": pl.Int64(),
        "containers": pl.Int64(),
        "tables": pl.List(pl.Struct({"table": pl.String(), "rows": pl.Int64()})),
    }
)
_REQUIRED: Final = ("snapshot_id", "taken_at", "precedence", "explicit_only", "inspected", "hosts", "containers")
# Other writers may append at the same time: each try takes the next version that is free.
_TRIES: Final = 1_000
_REMEDY: Final = "Check the folder or URL and its storage options, or restore it from a backup."


@dataclass(frozen=True, slots=True)
class StoredSnapshots:
    """The snapshots of a store that were taken between two times, both included; None for an open end."""

    store: str
    storage_options: Mapping[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def within(self, since: datetime | None, until: datetime | None) -> StoredSnapshots:
        """The snapshots of the same store between two other times."""
        return replace(self, since=since, until=until)

    def snapshots(self) -> pl.DataFrame:
        """One row per snapshot, by time: `snapshot_id`, `taken_at`, and what was kept with it.

        Raises
        ------
        HistoryError
            When there is no such history, or it is damaged.
        """
        table = self._open(SNAPSHOTS)
        if table is None:
            raise HistoryError(
                f"{self.store} is not a history.", remedy="Save a snapshot there first: snap.append_history(store)."
            )
        with _history_errors(_location(self.store, SNAPSHOTS)):
            rows = pl.scan_delta(table)
            _check_types(_location(self.store, SNAPSHOTS), rows.collect_schema(), SNAPSHOTS_SCHEMA)
            found = self._within(completed(rows, SNAPSHOTS_SCHEMA)).sort("taken_at", "snapshot_id")
            snapshots = found.select(*SNAPSHOTS_SCHEMA).collect()
        for name in _REQUIRED:
            if snapshots[name].has_nulls():
                raise HistoryError(f"{_location(self.store, SNAPSHOTS)} has rows without {name}.", remedy=_REMEDY)
        return snapshots

    def scan(self, name: str) -> pl.LazyFrame:
        """The rows of one table in all of these snapshots, lazily: `snapshot_id`, `taken_at`, then its columns.

        Raises
        ------
        HistoryError
            When there is no such table or history, or rows of it are missing.
        """
        if name not in STORED_TABLES:
            raise HistoryError(f"There is no table {name!r}.", remedy=f"Use one of {', '.join(STORED_TABLES)}.")
        wanted = pl.Schema({**MARKS, **STORED_TABLES[name].schema})
        expected = _expected_rows(self.snapshots(), name)
        table = self._open(name)
        place = _location(self.store, name)
        if table is None:
            if expected["required"].any():
                raise HistoryError(f"{place} is missing.", remedy=_REMEDY)
            return pl.LazyFrame(schema=wanted)
        with _history_errors(place):
            rows = self._within(pl.scan_delta(table))
            _check_types(place, rows.collect_schema(), wanted)
            _check_rows(place, rows, expected)
            ids = expected.lazy().select("snapshot_id")
            return _from_stored(rows.join(ids, on="snapshot_id", how="semi", maintain_order="left"), wanted)

    @staticmethod
    def recorded(row: Mapping[str, Any]) -> list[str]:
        """The tables that were saved with a snapshot, a row of `snapshots`; earlier versions saved fewer."""
        if row["tables"] is not None:
            saved = frozenset(table["table"] for table in row["tables"])
        else:
            saved = FIRST_TABLES | ({"inspections"} if row["inspected"] else frozenset())
        return [name for name in STORED_TABLES if name in saved]

    def table(self, name: str, snapshot_id: str, taken_at: datetime) -> pl.DataFrame:
        """A table of one snapshot.

        Raises
        ------
        HistoryError
            When it can't be read, or rows of it are missing.
        """
        rows = self.within(taken_at, taken_at).scan(name).filter(pl.col("snapshot_id") == snapshot_id)
        with _history_errors(_location(self.store, name)):
            return rows.drop(*MARKS).collect()

    def _within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        if self.since is not None:
            rows = rows.filter(pl.col("taken_at") >= self.since)
        if self.until is not None:
            rows = rows.filter(pl.col("taken_at") <= self.until)
        return rows

    def _open(self, name: str) -> DeltaTable | None:
        return _open(_location(self.store, name), _options(self.storage_options))


def save_tables(
    tables: Mapping[str, pl.DataFrame],
    described: Mapping[str, object],
    store: str,
    taken_at: datetime,
    storage_options: Mapping[str, str] | None = None,
) -> str:
    """Append the tables of a snapshot to a history, which is created if it does not exist; return the snapshot's id.

    `described` fills the other columns of the table `snapshots`, whose row is written last.

    Raises
    ------
    HistoryError
        When the store can't be written, or has tables of another type under the names of a history.
    """
    snapshot_id = uuid.uuid4().hex
    marks = [pl.lit(snapshot_id).alias("snapshot_id"), pl.lit(taken_at).cast(MARKS["taken_at"]).alias("taken_at")]
    counts = [{"table": name, "rows": table.height} for name, table in tables.items()]
    row = {"snapshot_id": snapshot_id, "taken_at": taken_at, **described, "tables": counts}
    stored = {name: _to_stored(table).select(*marks, pl.all()) for name, table in tables.items()}
    stored[SNAPSHOTS] = pl.DataFrame([row], schema=SNAPSHOTS_SCHEMA)
    options = _options(storage_options)
    targets = {name: _target(store, name, table.schema, options) for name, table in stored.items()}
    for name, table in stored.items():
        with _history_errors(_location(store, name), f"{store}: the snapshot was not saved"):
            write_deltalake(
                targets[name],
                table,
                mode="append",
                schema_mode="merge",
                storage_options=options,
                commit_properties=CommitProperties(max_commit_retries=_TRIES),
            )
    return snapshot_id


def expire(stored: StoredSnapshots, before: datetime, keep_files: timedelta) -> int:
    """Delete the snapshots taken before a time; return how many there were.

    Their rows are deleted, small files are joined, and files that no version has needed for `keep_files` are removed,
    so that other processes can finish reading.

    Raises
    ------
    HistoryError
        When there is no such history, or it can't be written.
    """
    old = stored.within(None, None).snapshots().filter(pl.col("taken_at") < before)
    options = _options(stored.storage_options)
    limit = f"taken_at < '{before:%Y-%m-%dT%H:%M:%S.%fZ}'"
    # The table that makes snapshots visible comes first: a reader never finds half of a snapshot.
    for name in (SNAPSHOTS, *STORED_TABLES):
        place = _location(stored.store, name)
        table = _open(place, options)
        if table is None:
            continue
        with _history_errors(place):
            table.delete(limit)
            table.optimize.compact()
            hours = int(keep_files.total_seconds() // 3600)
            table.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False)
    return old.height


@contextmanager
def _history_errors(place: str, problem: str | None = None) -> Iterator[None]:
    """Raise whatever goes wrong with a table as `HistoryError` with its name: Delta Lake and Polars have many kinds."""
    try:
        yield
    except HistoryError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        reason = str(error).partition("\n")[0].rstrip(".")
        where = place if problem is None else f"{problem}: {place}"
        raise HistoryError(f"{where}: {reason}.", remedy=_REMEDY) from error


def _location(store: str, table: str) -> str:
    """The folder or URL of a table of a history."""
    return f"{store.rstrip('/')}/{table}"


def _options(storage_options: Mapping[str, str] | None) -> dict[str, str] | None:
    return dict(storage_options) if storage_options else None


def _open(place: str, options: dict[str, str] | None) -> DeltaTable | None:
    """A table; None if it does not exist."""
    with _history_errors(place):
        try:
            return DeltaTable(place, storage_options=options)
        except TableNotFoundError:
            # A folder whose log is gone has files, but no table: to go on would hide its rows.
            if "://" not in place and _has_files(place):
                raise
            return None


def _has_files(place: str) -> bool:
    folder = Path(place)
    return folder.is_dir() and any(folder.iterdir())


def _target(store: str, name: str, schema: pl.Schema, options: dict[str, str] | None) -> DeltaTable | str:
    """The table to append to, or the place of a new one.

    Raises
    ------
    HistoryError
        When the existing table has columns of other types.
    """
    place = _location(store, name)
    with _history_errors(place, f"{store}: the snapshot was not saved"):
        table = _open(place, options)
        if table is None:
            return place
        _check_types(place, pl.scan_delta(table).collect_schema(), schema)
        return table


def _check_types(place: str, present: pl.Schema, wanted: pl.Schema) -> None:
    """Raise `HistoryError` where a table has not the columns of a history, or has them with other types."""
    for name in MARKS:
        if name not in present:
            raise HistoryError(f"{place} is not a table of a history: it has no column {name}.", remedy=_REMEDY)
    for name, dtype in wanted.items():
        if name in present and present[name] != (stored := _stored_type(dtype)):
            problem = f"{place}: the column {name} has the type {present[name]}, not {stored}."
            raise HistoryError(problem, remedy="Use another folder, or a version of dockerframe that knows this type.")


def _expected_rows(snapshots: pl.DataFrame, name: str) -> pl.DataFrame:
    """`snapshot_id`, `rows` of a table in each snapshot (null if it was not recorded), and whether it is `required`."""
    recorded = snapshots.select("snapshot_id", "tables").explode("tables").unnest("tables")
    own = recorded.filter(pl.col("table") == name).select("snapshot_id", pl.col("rows").alias("recorded"))
    counted = pl.col(name) if name in {"hosts", "containers"} else pl.lit(None, pl.Int64())
    first = pl.col("inspected") if name == "inspections" else pl.lit(name in FIRST_TABLES)
    # A table that is not among the recorded ones did not exist in the version that saved that snapshot.
    is_recorded = pl.col("tables").is_not_null()
    return snapshots.join(own, on="snapshot_id", how="left", maintain_order="left").select(
        "snapshot_id",
        pl.when(is_recorded).then(pl.col("recorded").fill_null(0)).otherwise(counted).alias("rows"),
        pl.when(is_recorded).then(pl.col("recorded").is_not_null()).otherwise(first).alias("required"),
    )


def _check_rows(place: str, rows: pl.LazyFrame, expected: pl.DataFrame) -> None:
    """Raise `HistoryError` where a snapshot has not as many rows as were saved."""
    counts = rows.group_by("snapshot_id").agg(pl.len().cast(pl.Int64).alias("found")).collect()
    compared = expected.join(counts, on="snapshot_id", how="left", maintain_order="left")
    wrong = compared.with_columns(pl.col("found").fill_null(0)).filter(pl.col("rows") != pl.col("found"))
    if wrong.height:
        snapshot_id, count, _, found = wrong.row(0)
        raise HistoryError(f"{place}: the snapshot {snapshot_id} has {found} rows of {count}.", remedy=_REMEDY)


def _stored_type(dtype: pl.DataType) -> pl.DataType:
    """The type that Delta Lake has for a type: it has no unsigned numbers, durations (microseconds here) and enums."""
    match dtype:
        case pl.UInt8() | pl.UInt16() | pl.UInt32() | pl.UInt64() | pl.Duration():
            return pl.Int64()
        case pl.List():
            return pl.List(_stored_type(_instance(dtype.inner)))
        case pl.Struct():
            return pl.Struct([pl.Field(one.name, _stored_type(_instance(one.dtype))) for one in dtype.fields])
        case pl.Enum():
            return pl.String()
    return dtype


def _to_stored(table: pl.DataFrame) -> pl.DataFrame:
    """A table with its columns as they are stored."""
    changed = {name: stored for name, dtype in table.schema.items() if (stored := _stored_type(dtype)) != dtype}
    return table.with_columns(_cast(name, table.schema[name], stored) for name, stored in changed.items())


def _from_stored(table: pl.LazyFrame, wanted: pl.Schema) -> pl.LazyFrame:
    """A stored table with the types of our tables; columns that an earlier version did not have are null."""
    complete = completed(table, wanted)
    present = complete.collect_schema()
    casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if present[name] != dtype]
    return complete.with_columns(casts).select(wanted.names())


def _cast(name: str, dtype: pl.DataType, stored: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Duration):
        return pl.col(name).dt.total_microseconds()
    return pl.col(name).cast(stored)


def _instance(dtype: Any) -> pl.DataType:
    made: pl.DataType = dtype if isinstance(dtype, pl.DataType) else dtype()
    return made
