"""Expressions that do their work once where plain ones would repeat it: per distinct value, or only where needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def once_per_distinct(values: pl.Expr, expressions: Sequence[pl.Expr], dtype: pl.Struct) -> pl.Expr:
    """Expressions that read only `values`, evaluated once for each of its distinct values, as a struct.

    A fleet has few images and many containers. `expressions` read `values` as a column, by its name. The result is
    what `pl.struct(*expressions)` would be.

    Examples
    --------
    >>> import polars as pl
    >>> length = pl.col("image").str.len_bytes().alias("length")
    >>> once = once_per_distinct(pl.col("image"), [length], pl.Struct({"length": pl.UInt32()}))
    >>> pl.DataFrame({"image": ["a", "bcd", "a"]}).select(once.struct.unnest()).to_series().to_list()
    [1, 3, 1]
    """

    def evaluate(found: pl.Series) -> pl.Series:
        named = found.to_frame().lazy()
        distinct = named.unique().with_columns(pl.struct(*expressions).alias("result"))
        looked_up = named.join(distinct, on=found.name, how="left", nulls_equal=True, maintain_order="left")
        return looked_up.select("result").collect(engine="in-memory").to_series()

    return values.map_batches(evaluate, return_dtype=dtype)


def only_where(columns: Sequence[str], mask: pl.Expr, expressions: Sequence[pl.Expr], dtype: pl.Struct) -> pl.Expr:
    """Expressions over some columns, evaluated on the rows of a mask alone and null elsewhere, as a struct.

    Examples
    --------
    >>> import polars as pl
    >>> half = (pl.col("size") // 2).alias("half")
    >>> result = only_where(["size"], pl.col("size") > 2, [half], pl.Struct({"half": pl.Int64()}))
    >>> pl.DataFrame({"size": [1, 8]}).select(result.struct.unnest()).to_series().to_list()
    [None, 4]
    """

    def evaluate(values: pl.Series) -> pl.Series:
        rows = values.struct.unnest()
        chosen = rows.select(mask.fill_null(value=False)).to_series()
        if not chosen.any():
            return pl.repeat(None, values.len(), dtype=dtype, eager=True)
        found = rows.filter(chosen).select(pl.struct(*expressions)).to_series()
        position = pl.when(chosen).then(chosen.cast(pl.UInt32).cum_sum() - 1)
        return found.gather(pl.select(position).to_series())

    return pl.struct(*columns).map_batches(evaluate, return_dtype=dtype)
