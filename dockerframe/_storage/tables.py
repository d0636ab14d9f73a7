"""One table to one file or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import polars as pl

from dockerframe.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable

# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA: Final = r"^[=+\-@\t\r]"


def write_table(table: pl.DataFrame, stream: BinaryIO, file_format: str) -> None:
    """Write a table to a binary stream in one of `FORMATS`.

    Raises
    ------
    SnapshotError
        When the format is unknown.

    Examples
    --------
    >>> import io
    >>> import polars as pl
    >>> stream = io.BytesIO()
    >>> write_table(pl.DataFrame({"aliases": [["a", "b"]], "name": ["=1+1"]}), stream, "csv")
    >>> print(stream.getvalue().decode())
    aliases,name
    "[""a"",""b""]",'=1+1
    <BLANKLINE>
    """
    if file_format not in FORMATS:
        raise SnapshotError(f"There is no format {file_format!r}.", remedy=f"Use one of {', '.join(FORMATS)}.")
    FORMATS[file_format](table, stream)


def flat(table: pl.DataFrame) -> pl.DataFrame:
    """A table without nested columns: lists, structs and maps as JSON (null stays null), durations in seconds.

    Examples
    --------
    >>> import polars as pl
    >>> flat(pl.DataFrame({"aliases": [["a", None], None]})).to_series().to_list()
    ['["a",null]', None]
    """
    return table.select(_flat_column(name, dtype) for name, dtype in table.schema.items())


def _flat_column(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.List | pl.Struct | pl.Map):
        # Only structs can be encoded: one with a single field is taken off again.
        encoded = pl.struct(column.alias("_")).struct.json_encode().str.strip_prefix('{"_":').str.strip_suffix("}")
        return pl.when(column.is_not_null()).then(encoded).alias(name)
    if isinstance(dtype, pl.Duration):
        return _seconds(name)
    return column


def _seconds(name: str) -> pl.Expr:
    return (pl.col(name).dt.total_microseconds() / 1e6).alias(name)


def _write_csv(table: pl.DataFrame, stream: BinaryIO) -> None:
    texts = pl.selectors.string()
    guarded = pl.when(texts.str.contains(_FORMULA)).then(pl.lit("'") + texts).otherwise(texts)
    flat(table).with_columns(guarded.name.keep()).write_csv(stream)


def _write_json(table: pl.DataFrame, stream: BinaryIO) -> None:
    durations = [_seconds(name) for name, dtype in table.schema.items() if isinstance(dtype, pl.Duration)]
    table.with_columns(durations).write_ndjson(stream)


def _write_parquet(table: pl.DataFrame, stream: BinaryIO) -> None:
    # Level 1 takes three fifths of the time of what Polars does by itself, for files that are no larger.
    table.write_parquet(stream, compression="zstd", compression_level=1)


FORMATS: Final[dict[str, Callable[[pl.DataFrame, BinaryIO], None]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "json": _write_json,
}
"""The formats of a table, each with its writer."""
