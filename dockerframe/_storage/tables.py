"""One table to one file or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import polars as pl

from dockerframe.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable

# A spreadsheet runs a cell as a formula if it starts with one of these, also in full width, or after characters that it
# removes: blanks, line ends, and characters without a width.
_FORMULA: Final = (
    r"^[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"
    r"[=+\-@\u2212\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b]|^[\t\r\n]"
)


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
        # Only structs can be encoded: the column is wrapped in one, which is removed from the text.
        encoded = pl.struct(column.alias("_")).struct.json_encode().str.strip_prefix('{"_":').str.strip_suffix("}")
        return pl.when(column.is_not_null()).then(encoded).alias(name)
    if isinstance(dtype, pl.Duration):
        return _seconds(name)
    return column


def _seconds(name: str) -> pl.Expr:
    return (pl.col(name).dt.total_microseconds() / 1e6).alias(name)


def _write_csv(table: pl.DataFrame, stream: BinaryIO) -> None:
    cells = flat(table).with_columns(pl.selectors.by_dtype(pl.Enum, pl.Categorical).cast(pl.String))
    guarded = cells.with_columns(_guarded(pl.selectors.string()))
    headers = pl.Series(guarded.columns, dtype=pl.String).to_frame("header").select(_guarded(pl.col("header")))
    guarded.rename(dict(zip(guarded.columns, headers.to_series(), strict=True))).write_csv(stream)


def _guarded(texts: pl.Expr) -> pl.Expr:
    """Texts with a `'` before those that a spreadsheet would run as formulas."""
    return pl.when(texts.str.contains(_FORMULA)).then(pl.lit("'") + texts).otherwise(texts).name.keep()


def _write_json(table: pl.DataFrame, stream: BinaryIO) -> None:
    durations = [_seconds(name) for name, dtype in table.schema.items() if isinstance(dtype, pl.Duration)]
    table.with_columns(durations).write_ndjson(stream)


def _write_parquet(table: pl.DataFrame, stream: BinaryIO) -> None:
    # Level 1 takes three fifths of the time of the default level, for files of the same size.
    table.write_parquet(stream, compression="zstd", compression_level=1)


FORMATS: Final[dict[str, Callable[[pl.DataFrame, BinaryIO], None]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "json": _write_json,
}
"""The formats of a table, each with its writer."""
