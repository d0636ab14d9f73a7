"""From assignments to fields: which of several labels wins, and where labels overlap (labels.md, section 6).

Most labels of a fleet set fields that stand side by side: those are settled by comparing columns. Where a field
of an alias stands below another one, or meets an empty mapping, the labels of that alias are merged as trees,
once for each distinct set of labels.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe._derive.routes.merge import Assignment, merge

_ROUTE: Final = ["row", "alias", "route"]
_FIELD: Final = ["route", "field"]
_RESULT: Final = ("row", "alias", "route", "field", "value", "source_label", "origin")
_PLACE: Final = ["fields", "values", "objects", "layers"]


class MergedFields(NamedTuple):
    """`fields`: `row`, `alias`, `route`, `field`, `value`, `source_label`, `origin`, by route and field; `errors`."""

    fields: pl.DataFrame
    errors: pl.DataFrame


def merge_fields(assignments: pl.DataFrame, entries: pl.DataFrame) -> MergedFields:
    """Settle which assignment sets each field of each alias.

    `assignments` has `row`, `alias`, `route` (a number for both), `field` (null for an object), `value`, `label`,
    `origin`, `is_object` and `layer` (a lower one wins); `entries` are the fields that they would set.
    """
    overlapping = _overlapping_routes(entries)
    if not len(overlapping):
        return MergedFields(_winners(entries), pl.DataFrame(schema=ROUTE_ERROR))
    apart = _winners(entries.join(overlapping, on="route", how="anti", maintain_order="left"))
    together = _merge_trees(assignments.join(overlapping, on="route", how="semi"))
    # No route is in both.
    fields = pl.concat([apart, together.fields.sort("route", "field")]).sort("route", maintain_order=True)
    return MergedFields(fields, together.errors)


def flatten_assignments(assignments: pl.DataFrame, leaves: pl.DataFrame) -> pl.DataFrame:
    """One row for each field that each assignment would set; `value` is null for an empty mapping.

    `leaves` has the fields of each object by its `value`.
    """
    columns = (*_ROUTE, "field", "value", "label", "origin", "layer", "is_object")
    texts = assignments.filter(~pl.col("is_object")).select(columns)
    inside = assignments.filter("is_object").join(leaves, on="value", maintain_order="left_right")
    fields = inside.with_columns(pl.col("path").alias("field"), pl.col("text").alias("value")).select(columns)
    # In one piece: to gather rows from several takes ten times as long.
    return pl.concat([texts, fields], rechunk=True)


def _winners(entries: pl.DataFrame) -> pl.DataFrame:
    """Of the entries for one field, the one that wins: by layer, a text over an object, then by the label's name.

    In the order of the routes and fields.
    """
    placed = _by_place(entries)
    place = placed["place"]
    # Duplicates stand side by side: to compare neighbours is faster than to look for them.
    is_alone = place.ne_missing(place.shift(1)) & place.ne_missing(place.shift(-1))
    few = placed.with_row_index("rank").filter(~is_alone)
    contested = few.hstack(entries.select(pl.col("label", "layer", "is_object").gather(few["position"]))).with_columns(
        pl.col("label").str.count_matches(".", literal=True).alias("dots")
    )
    # Of texts the label that sorts last wins; of objects the one that is applied first stays.
    texts = contested.filter(~pl.col("is_object")).reverse().sort("label", descending=True, maintain_order=True)
    objects = contested.filter("is_object").sort("dots", "label", maintain_order=True)
    ranked = pl.concat([texts, objects]).sort("layer", "is_object", maintain_order=True)
    settled = ranked.unique("place", keep="first", maintain_order=True)
    wins = is_alone.clone().scatter(settled["rank"], True)  # noqa: FBT003 - a value like any other
    winners = placed["position"].filter(wins)
    return entries.rename({"label": "source_label"}).select(pl.col(_RESULT).gather(winners))


def _by_place(entries: pl.DataFrame) -> pl.DataFrame:
    """The `position` of each entry with a value, by its `place`: a number (UInt64) that sorts as route and field."""
    names = pl.Enum(entries["field"].unique().sort())
    number = pl.col("field").cast(names).to_physical()
    place = pl.col("route").cast(pl.UInt64) * 2**32 + number
    positions = entries.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("position"), place.alias("place"))
    return positions.filter(entries["value"].is_not_null()).sort("place", maintain_order=True)


def _overlapping_routes(entries: pl.DataFrame) -> pl.DataFrame:
    """The `route` of those in which a field stands below another, or an empty mapping meets a field."""
    empty = entries.filter(pl.col("value").is_null()).select(_FIELD).unique()
    met = entries.select(_FIELD).join(empty, on=_FIELD).group_by(_FIELD).len().filter(pl.col("len") > 1)
    paths = entries.select("field").unique()
    parents = _parents(paths).join(paths, left_on="parent", right_on="field", how="semi")
    if not len(parents):
        return met.select("route").unique()
    below = entries.select(_FIELD).join(parents, on="field")
    above = entries.select("route", pl.col("field").alias("parent")).unique()
    return pl.concat(
        [met.select("route"), below.join(above, on=["route", "parent"], how="semi").select("route")]
    ).unique()


def _parents(paths: pl.DataFrame) -> pl.DataFrame:
    """Every path above each path: `field`, `parent`."""
    parts = pl.col("field").str.split(".")
    return (
        paths.filter(pl.col("field").str.contains(".", literal=True))
        .with_columns(parts.alias("parts"))
        .with_columns(pl.int_ranges(1, pl.col("parts").list.len()).alias("depth"))
        .explode("depth", empty_as_null=False, keep_nulls=False)
        .select("field", pl.col("parts").list.head(pl.col("depth")).list.join(".").alias("parent"))
    )


def _merge_trees(assignments: pl.DataFrame) -> MergedFields:
    """Merge the labels of each route as trees; routes whose labels say the same share one merge."""
    dots = pl.col("label").str.count_matches(".", literal=True).alias("dots")
    routes = (
        assignments.with_columns(dots, pl.col("field").fill_null(""))
        .sort("route", "layer", "dots", "label", maintain_order=True)
        .group_by(_ROUTE, maintain_order=True)
        .agg(
            pl.col("field").alias("fields"),
            pl.col("value").alias("values"),
            pl.col("is_object").alias("objects"),
            pl.col("layer").alias("layers"),
            "label",
            "origin",
        )
    )
    distinct = routes.select(_PLACE).unique().with_row_index("place")
    found: list[tuple[int, str, str, int]] = []
    refused: list[tuple[int, int]] = []
    for place, fields, values, objects, layers in distinct.iter_rows():
        merged = merge([Assignment(*one) for one in zip(fields, values, objects, layers, strict=True)])
        found.extend((place, *one) for one in merged.fields)
        refused.extend((place, index) for index in merged.conflicts)
    placed = routes.join(distinct, on=_PLACE)
    fields = pl.DataFrame(
        found, {"place": pl.UInt32, "field": pl.String, "value": pl.String, "source": pl.UInt32}, orient="row"
    )
    conflicts = pl.DataFrame(refused, {"place": pl.UInt32, "source": pl.UInt32}, orient="row")
    label, origin = pl.col("label").list.get(pl.col("source")), pl.col("origin").list.get(pl.col("source"))
    message = pl.lit(
        "It needs a mapping where another label has set a text, or the other way round; the other label stays."
    )
    return MergedFields(
        placed.join(fields, on="place")
        .with_columns(label.alias("source_label"), origin.alias("origin"))
        .select(_RESULT),
        placed.join(conflicts, on="place")
        .select("row", "alias", pl.lit("label_conflict").alias("kind"), label.alias("label"), message.alias("message"))
        .unique()
        .cast(ROUTE_ERROR),
    )
