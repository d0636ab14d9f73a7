"""How a history lies in its folder, and the types that Delta Lake has for those of the tables.

A history is a folder (or the URL of one in an object store) with a Delta table for each table of a snapshot, its rows
marked with `snapshot_id` and `taken_at`, and the table `snapshots`, with a row a snapshot. That row is written last: a
snapshot without it was cut off while it was saved, and is not seen.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from dockerframe.schemas import TIME, completed

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
    }
)


def location(store: str, table: str) -> str:
    """Where a table of a history lies."""
    return f"{store.rstrip('/')}/{table}"


def stored_type(dtype: pl.DataType) -> pl.DataType:
    """The type that Delta Lake has for one: it knows no unsigned numbers, durations (microseconds here) and enums."""
    match dtype:
        case pl.UInt8() | pl.UInt16() | pl.UInt32() | pl.UInt64() | pl.Duration():
            return pl.Int64()
        case pl.List():
            return pl.List(stored_type(_instance(dtype.inner)))
        case pl.Struct():
            return pl.Struct([pl.Field(one.name, stored_type(_instance(one.dtype))) for one in dtype.fields])
        case pl.Enum():
            return pl.String()
    return dtype


def to_stored(table: pl.DataFrame) -> pl.DataFrame:
    """A table with its columns as they are stored."""
    changed = {name: stored for name, dtype in table.schema.items() if (stored := stored_type(dtype)) != dtype}
    return table.with_columns(_cast(name, table.schema[name], stored) for name, stored in changed.items())


def from_stored(table: pl.LazyFrame, wanted: pl.Schema) -> pl.LazyFrame:
    """A stored table with its columns as they are here; columns that it does not have yet are null."""
    whole = completed(table, wanted)
    present = whole.collect_schema()
    casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if present[name] != dtype]
    return whole.with_columns(casts).select(wanted.names())


def _cast(name: str, dtype: pl.DataType, stored: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Duration):
        return pl.col(name).dt.total_microseconds()
    return pl.col(name).cast(stored)


def _instance(dtype: Any) -> pl.DataType:
    made: pl.DataType = dtype if isinstance(dtype, pl.DataType) else dtype()
    return made
