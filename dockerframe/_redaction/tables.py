"""Columns and tables without the secrets in them.

A table declares the columns that may hold secrets. A table that declares nothing is searched in full, so that a new
table is safe before anyone thinks of its secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from dockerframe._redaction.texts import redact_texts, redact_values

_LIST: Final = pl.List(pl.String())
_MAP: Final = pl.Map(pl.String(), pl.String())

_BETWEEN: Final = "\v"
"""What joins the arguments of a command while they are searched: white space that hardly any argument has."""


@dataclass(frozen=True, slots=True)
class SecretColumns:
    """The columns of a table that may hold secrets.

    Attributes
    ----------
    texts
        Columns of free text, or of lists of arguments.
    values
        Pairs of a column with names and a column with their values.
    maps
        Columns of type Map, from names to values.
    """

    texts: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    maps: tuple[str, ...] = ()


def every_column(schema: pl.Schema) -> SecretColumns:
    """All columns that could hold a secret: texts, lists of texts, and maps from texts to texts.

    Examples
    --------
    >>> import polars as pl
    >>> every_column(pl.Schema({"host": pl.String(), "created": pl.Date()})).texts
    ('host',)
    """
    texts = tuple(name for name, dtype in schema.items() if dtype in (pl.String(), _LIST))
    return SecretColumns(texts=texts, maps=tuple(name for name, dtype in schema.items() if dtype == _MAP))


def redacted_text(text: pl.Expr) -> pl.Expr:
    """As `redact_text`, over a column of texts."""
    return text.map_batches(redact_texts, return_dtype=pl.String(), is_elementwise=True)


def redacted_value(name: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The value of something by its name: replaced if the name is secret, else without the secrets in it.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"key": ["DB_PASSWORD", "url", "port"], "value": ["a", "http://u:p@x", "80"]})
    >>> frame.select(redacted_value(pl.col("key"), pl.col("value"))).to_series().to_list()
    ['‹redacted›', 'http://‹redacted›@x', '80']
    """
    return pl.map_batches(
        [name, value], lambda both: redact_values(*both), return_dtype=pl.String(), is_elementwise=True
    )


def redact_table(table: pl.DataFrame, secrets: SecretColumns | None = None) -> pl.DataFrame:
    """A table without the secrets in it; the same object if no column of it is searched.

    Parameters
    ----------
    table
        The table. Declared columns that it does not have are skipped.
    secrets
        The columns to search; None for every column that could hold a secret.

    Examples
    --------
    >>> import polars as pl
    >>> volumes = pl.DataFrame({"volume": ["media"], "mount": ["username=app,password=hunter2,vers=3.0"]})
    >>> redact_table(volumes)["mount"].item()
    'username=app,password=‹redacted›,vers=3.0'
    >>> redact_table(volumes, SecretColumns(texts=("volume",)))["mount"].item()
    'username=app,password=hunter2,vers=3.0'
    """
    searched = every_column(table.schema) if secrets is None else secrets
    redacted = [_redact_column(table[name]) for name in searched.texts if name in table.columns]
    for name, value in searched.values:
        if {name, value} <= set(table.columns):
            redacted.append(redact_values(table[name].fill_null(""), table[value]))
    redacted += [_redact_map(table[name]) for name in searched.maps if name in table.columns]
    return table.with_columns(redacted) if redacted else table


def _redact_column(column: pl.Series) -> pl.Series:
    if column.dtype != _LIST:
        return redact_texts(column)
    # An option and its value may be two arguments, so that the arguments are searched as one text.
    commands = column.list.join(_BETWEEN)
    redacted = redact_texts(commands)
    changed = (redacted != commands).fill_null(value=False)
    return column.zip_with(~changed, redacted.str.split(_BETWEEN)) if changed.any() else column


def _redact_map(column: pl.Series) -> pl.Series:
    """A Map column; most have no secrets and are not built again."""
    entries = column.to_frame("entry").with_row_index("row").with_columns(pl.col("entry").map.entries())
    flat = entries.explode("entry").select("row", pl.col("entry").struct.unnest())
    values = redact_values(flat["key"], flat["value"])
    changed = values.ne_missing(flat["value"])
    if not changed.any():
        return column
    built = flat.with_columns(values.alias("value"), changed.alias("changed")).filter(
        pl.col("changed").any().over("row")
    )
    maps = built.group_by("row").agg(pl.struct("key", "value").alias("redacted"))
    joined = entries.join(maps, on="row", how="left", maintain_order="left")
    return joined.select(pl.coalesce("redacted", "entry").cast(column.dtype).alias(column.name)).to_series()
