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
    rows = pl.int_range(len(lists), dtype=pl.UInt32, eager=True)
    position = pl.int_range(int(counts.sum()), dtype=pl.UInt32, eager=True)
    row = rows.repeat_by(counts).explode(empty_as_null=False, keep_nulls=False)
    # Most lists have one element.
    several = (counts > 1).gather(row)
    if not several.any():
        return lists
    elements = lists.explode(empty_as_null=False, keep_nulls=False)
    few = pl.DataFrame({"row": row, "position": position}).filter(several)
    order = few.hstack(elements.filter(several).struct.unnest()).select(pl.arg_sort_by("row", *keys)).to_series()
    if order.is_sorted():
        return lists
    places = position.scatter(few["position"], few["position"].gather(order))
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
    is_next = container != container.shift(1)
    if ((key >= key.shift(1)) | is_next).fill_null(value=True).all():
        return labels
    # Few names are on many containers: numbers sort faster.
    number = key.cast(pl.Enum(key.unique().sort())).to_physical()
    place = is_next.fill_null(value=True).cum_sum().cast(pl.UInt64) * 2**32 + number
    order = place.arg_sort()
    return labels.with_columns(pl.col("key", "value").gather(order))
