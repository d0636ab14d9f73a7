"""From assignments to fields: which of several labels wins, and where labels overlap (labels.md, section 6).

Most labels of a fleet set fields that do not overlap: those are settled by comparing columns. Where a field of an
alias is below another one, or meets an empty mapping, the labels of that alias are merged as trees, once for each
distinct set of labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe._derive.routes.merge import Assignment, merge

if TYPE_CHECKING:
    from dockerframe._derive.routes.objects import Mappings

_ROUTE: Final = ["row", "alias", "route"]
_FIELD: Final = ["route", "field"]
_RESULT: Final = ("row", "alias", "route", "field", "value", "plain", "source_label", "origin")
_PLACE: Final = ["fields", "values", "objects", "layers"]


class MergedFields(NamedTuple):
    """`fields`: `row`, `alias`, `route`, `field`, `value`, `plain`, `source_label`, `origin`, by route and field."""

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


def flatten_assignments(assignments: pl.DataFrame, mappings: Mappings) -> pl.DataFrame:
    """One row for each field that each assignment would set; `value` is null for an empty mapping."""
    columns = (*_ROUTE, "field", "value", "plain", "label", "origin", "layer", "is_object")
    texts = assignments.filter(~pl.col("is_object")).with_columns(plain=pl.lit(value=False)).select(columns)
    inside = mappings.open(assignments.filter("is_object"))
    fields = inside.with_columns(field=pl.col("path"), value=pl.col("text")).select(columns)
    # In one piece: to gather rows from several takes ten times as long.
    return pl.concat([texts, fields], rechunk=True)


def _winners(entries: pl.DataFrame) -> pl.DataFrame:
    """Of the entries for one field, the one that wins: by layer, a text over an object, then by the label's name.

    In the order of the routes and fields.
    """
    placed = _by_place(entries)
    place = placed["place"]
    # Duplicates are neighbours: to compare neighbours is faster than to look for them.
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
    """The `route` of those in which a field is below another, or an empty mapping meets a field."""
    empty = entries.filter(pl.col("value").is_null()).select(_FIELD).unique()
    met = entries.select(_FIELD).join(empty, on=_FIELD).group_by(_FIELD).len().filter(pl.col("len") > 1)
    paths = entries["field"].unique()
    above = _above_next(paths.to_frame().sort(_sortable()))
    if above.is_empty():
        return met.select("route").unique()
    # Few routes have a field that is above another one somewhere in the fleet.
    candidates = entries.select(_FIELD).join(above.select("field"), on="field", how="semi").select("route").unique()
    fields = entries.select(_FIELD).join(candidates, on="route", how="semi").unique().sort("route", _sortable())
    return pl.concat([met.select("route"), _above_next(fields).select("route")]).unique()


def _sortable() -> pl.Expr:
    """A field so that what is below it follows it immediately: nothing sorts before the character for a dot."""
    free = pl.col("field").str.replace_all("\x01", "\x01\x02", literal=True)
    return free.str.replace_all("\x00", "\x01\x01", literal=True).str.replace_all(".", "\x00", literal=True)


def _above_next(fields: pl.DataFrame) -> pl.DataFrame:
    """The rows whose `field` is above that of the next row, of the same `route` where there is one.

    The rows are sorted by `_sortable`, so that a field is above some other exactly when it is above the next one:
    one comparison for each row, whatever the number of dots.
    """
    is_above = pl.col("field").shift(-1).str.starts_with(pl.col("field") + ".")
    if "route" in fields.columns:
        is_above &= pl.col("route") == pl.col("route").shift(-1)
    return fields.filter(is_above.fill_null(value=False))


def _merge_trees(assignments: pl.DataFrame) -> MergedFields:
    """Merge the labels of each route as trees; routes whose labels are the same share one merge."""
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
    found: list[tuple[int, str, str, bool, int]] = []
    refused: list[tuple[int, int]] = []
    for place, fields, values, objects, layers in distinct.iter_rows():
        merged = merge([Assignment(*one) for one in zip(fields, values, objects, layers, strict=True)])
        found.extend((place, *one) for one in merged.fields)
        refused.extend((place, index) for index in merged.conflicts)
    placed = routes.join(distinct, on=_PLACE)
    schema = {"place": pl.UInt32, "field": pl.String, "value": pl.String, "plain": pl.Boolean, "source": pl.UInt32}
    fields = pl.DataFrame(found, schema, orient="row")
    conflicts = pl.DataFrame(refused, {"place": pl.UInt32, "source": pl.UInt32}, orient="row")
    label, origin = pl.col("label").list.get(pl.col("source")), pl.col("origin").list.get(pl.col("source"))
    message = pl.lit(
        "It needs a mapping where another label has set a text, or the other way round; the other label stays."
    )
    return MergedFields(
        placed.join(fields, on="place").with_columns(source_label=label, origin=origin).select(_RESULT),
        placed.join(conflicts, on="place")
        .select("row", "alias", kind=pl.lit("label_conflict"), label=label, message=message)
        .unique()
        .cast(ROUTE_ERROR),
    )
