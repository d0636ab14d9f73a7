"""The aliases that have routes, and the number of each: the listed ones, and those that only labels name."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

_ROUTE: Final = ("row", "alias")


class ListedAliases(NamedTuple):
    """The aliases of containers, as listed, one row per alias: `row` (UInt32: the container's position) and `alias`.

    An alias may be listed twice. `starts` (UInt32) has the position at which the aliases of each container begin,
    `counts` (UInt32) their number.
    """

    rows: pl.DataFrame
    starts: pl.Series
    counts: pl.Series

    @classmethod
    def of(cls, containers: pl.DataFrame) -> ListedAliases:
        """The aliases of the column `aliases` (List of String)."""
        lists = containers.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.col("aliases").alias("alias")
        )
        counts = lists["alias"].list.len().fill_null(0)
        rows = lists.explode("alias", empty_as_null=False, keep_nulls=False)
        return cls(rows, counts.cum_sum().cast(pl.UInt32) - counts, counts)

    def place(self, rows: pl.Series, numbers: pl.Series) -> pl.Series:
        """The position of the n-th alias, counted from 1, of each of some containers; null where there are fewer."""
        asked = pl.DataFrame({"number": numbers, "count": self.counts.gather(rows), "start": self.starts.gather(rows)})
        is_there = pl.col("number").is_between(1, pl.col("count"))
        return asked.select(pl.when(is_there).then(pl.col("start") + pl.col("number") - 1)).to_series()


class KnownAliases(NamedTuple):
    """Every alias that has a route.

    `rows`, in order (the listed ones, then those that labels name, by name): `row`, `alias`, `has_field` (whether
    wildcards apply: it is listed, or a label sets a field of it), and `route` (UInt32, the position when sorted by
    both): one number joins and sorts faster than a number and a text. `of_listed` has the route of each alias as
    listed, `of_labels` the route of each label that names one.
    """

    rows: pl.DataFrame
    of_listed: pl.Series
    of_labels: pl.Series

    @classmethod
    def of(cls, listed: ListedAliases, labels: pl.DataFrame) -> KnownAliases:
        """The listed aliases, and those of labels, which have `row`, `alias` and `is_object`."""
        names = _numbered(listed.rows.with_columns(pl.lit(value=True).alias("has_field")))
        known = _each_once(names)
        of_labels = _routes_of(labels, known)
        if of_labels.has_nulls():
            unlisted = labels.filter(of_labels.is_null()).group_by(_ROUTE)
            others = unlisted.agg((~pl.col("is_object")).any().alias("has_field")).sort(_ROUTE)
            names = _numbered(pl.concat([names.drop("route"), others], rechunk=True))
            known = _each_once(names).sort("row", maintain_order=True)
            of_labels = _routes_of(labels, known)
        return cls(known, names["route"].head(listed.rows.height), of_labels)


def _numbered(names: pl.DataFrame) -> pl.DataFrame:
    """Names with the `route` of each."""
    by_name = names.select(*_ROUTE, pl.int_range(pl.len(), dtype=pl.UInt32).alias("position")).sort(_ROUTE)
    numbers = by_name.select("position", pl.struct(_ROUTE).rle_id().alias("route"))
    return names.with_columns(numbers.sort("position")["route"])


def _each_once(names: pl.DataFrame) -> pl.DataFrame:
    return names.filter(pl.col("route").is_first_distinct())


def _routes_of(labels: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """The route of each label; null where its alias is not known. Only the keys are joined: no text is copied."""
    keys = labels.select(_ROUTE)
    return keys.join(known.select(*_ROUTE, "route"), on=_ROUTE, how="left", maintain_order="left")["route"]
