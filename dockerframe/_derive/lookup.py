"""Bringing rows to the numbers that ask for them, where numbers are positions: what joins would hash for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def at_numbers(numbers: pl.Series, rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """The row for each of some numbers, in their order, without the column `by` that has its number; else nulls.

    What a left join on `by` would give. All numbers are UInt32, and no two rows have the same.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"route": [2, 0], "port": [80, 443]}, schema_overrides={"route": pl.UInt32()})
    >>> at_numbers(pl.Series([0, 1, 2], dtype=pl.UInt32()), rows, "route")["port"].to_list()
    [443, None, 80]
    """
    return rows.drop(by).select(pl.all().gather(_positions(rows[by], numbers)))


def lists_at_numbers(numbers: pl.Series, rows: pl.DataFrame, by: str, element: Sequence[str]) -> pl.Series:
    """The rows for each of some numbers, as a list of structs of some columns, in their order; empty without any.

    All numbers are UInt32, and `rows` are sorted by theirs. The lists are cut from the rows in the requested order:
    grouping rows, or moving lists, takes Polars three times as long.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"route": [0, 2, 2], "port": [443, 80, 81]}, schema_overrides={"route": pl.UInt32()})
    >>> lists_at_numbers(pl.Series([2, 1, 0], dtype=pl.UInt32()), rows, "route", ["port"]).to_list()
    [[{'port': 80}, {'port': 81}], [], [{'port': 443}]]
    """
    counts = rows.select(pl.col(by).set_sorted()).group_by(by, maintain_order=True).len("count")
    starts = counts.with_columns((pl.col("count").cum_sum() - pl.col("count")).alias("start"))
    positions = pl.int_ranges("start", pl.col("start") + pl.col("count"), dtype=pl.UInt32)
    elements = rows.select(pl.struct(element)).to_series()
    at = pl.element().map_batches(elements.gather, return_dtype=elements.dtype, is_elementwise=True)
    found = at_numbers(numbers, starts, by).fill_null(0)
    return found.select(positions.list.eval(at).alias("rows")).to_series()


def _positions(numbers: pl.Series, wanted: pl.Series) -> pl.Series:
    """At which position of `numbers` each wanted one is; null where it is not there."""
    highest = pl.concat([numbers.alias("number"), wanted.alias("number")]).to_frame().select(pl.max("number")).item()
    places = pl.Series([None], dtype=pl.UInt32()).new_from_index(0, 0 if highest is None else highest + 1)
    return places.scatter(numbers, pl.int_range(len(numbers), dtype=pl.UInt32, eager=True)).gather(wanted)
