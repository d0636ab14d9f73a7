"""One order for what an engine lists in any order: ports, mounts, networks and labels (labels.md, section 3).

Engines keep ports and mounts in Go maps, and send them in another order with each answer. The same container must give
the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe.schemas import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence


def sorted_lists(lists: pl.Series, keys: Sequence[pl.Expr]) -> pl.Series:
    """Lists of structs, each sorted by keys that read the fields; the same Series where they are sorted already.

    Examples
    --------
    >>> import polars as pl
    >>> lists = pl.Series([[{"port": 81}, {"port": 80}], [], [{"port": 1}]])
    >>> sorted_lists(lists, [pl.col("port")]).to_list()
    [[{'port': 80}, {'port': 81}], [], [{'port': 1}]]
    """
    counts = lists.list.len().fill_null(0)
    several = counts > 1
    # Most lists have one element.
    if not several.any():
        return lists
    rows = pl.int_range(len(lists), dtype=pl.UInt32, eager=True)
    row = rows.filter(several).repeat_by(counts.filter(several)).explode(empty_as_null=False, keep_nulls=False)
    few = (
        lists.filter(several)
        .explode(empty_as_null=False, keep_nulls=False)
        .struct.unnest()
        .with_columns(row.alias("row"))
    )
    first = few.select(keys[0]).to_series()
    is_next = row != row.shift(1)
    # Where the first key decides, comparing neighbours is enough.
    if (is_next | (first > first.shift(1))).fill_null(value=False)[1:].all():
        return lists
    order = few.select(pl.arg_sort_by("row", *keys)).to_series()
    if order.is_sorted():
        return lists
    elements = lists.explode(empty_as_null=False, keep_nulls=False)
    position = pl.int_range(len(elements), dtype=pl.UInt32, eager=True)
    moving = position.filter(several.gather(rows.repeat_by(counts).explode(empty_as_null=False, keep_nulls=False)))
    places = position.scatter(moving, moving.gather(order))
    ends = counts.cum_sum()
    positions = pl.select(pl.int_ranges(ends - counts, ends, dtype=pl.UInt32)).to_series()
    moved = pl.element().map_batches(
        lambda at: elements.gather(places.gather(at)), return_dtype=elements.dtype, is_elementwise=True
    )
    return positions.to_frame("at").select(pl.col("at").list.eval(moved).alias(lists.name)).to_series()


def sorted_networks(networks: pl.Series) -> pl.Series:
    """Maps of networks, each sorted by name; the same Series where they are sorted already."""
    entries = networks.to_frame().select(pl.col(networks.name).map.entries()).to_series()
    found = sorted_lists(entries, [pl.col("key")])
    return networks if found is entries else found.cast(NETWORKS)


def sorted_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """The table `labels`, whose rows are by container, by name within each container.

    Examples
    --------
    >>> rows = {"host": ["a"] * 3, "container_id": ["2", "2", "1"], "key": ["y", "x", "z"], "value": ["", "", ""]}
    >>> sorted_labels(pl.DataFrame(rows)).select("container_id", "key").rows()
    [('2', 'x'), ('2', 'y'), ('1', 'z')]
    """
    key, container = labels["key"], labels["container_id"]
    falls = (key < key.shift(1)).arg_true()
    if (container.gather(falls) != container.gather(falls - 1)).all():
        return labels
    # Few names are on many containers: numbers sort faster.
    number = key.cast(pl.Enum(key.unique().sort())).to_physical()
    place = (container != container.shift(1)).fill_null(value=True).cum_sum().cast(pl.UInt64) * 2**32 + number
    order = place.arg_sort()
    return labels.with_columns(pl.col("key", "value").gather(order))
