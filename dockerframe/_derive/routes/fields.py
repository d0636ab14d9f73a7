"""Route fields: from labels to (alias, field, value), with the label that set each (labels.md, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._budget import WILDCARD_FIELDS
from dockerframe._derive.labels import KEYS, proxy_labels
from dockerframe._derive.routes.aliases import KnownAliases, ListedAliases
from dockerframe._derive.routes.labels import (
    ROUTE_ERROR,
    PlacedLabels,
    SortedLabels,
    at_nth_alias,
    resolve_shortcuts,
    route_labels,
    sort_labels,
)
from dockerframe._derive.routes.objects import parse_objects
from dockerframe._derive.routes.overlaps import flatten_assignments, merge_fields
from dockerframe.schemas import ERRORS, ROUTE_FIELDS, FrameT, Precedence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerframe._derive.routes.objects import Mappings

MAX_WILDCARD_FIELDS: Final = WILDCARD_FIELDS
"""How many fields the wildcards of one container may set: its aliases times its wildcard labels."""

_LAYERS: Final = {
    "alias": {"alias": 0, "reference": 1, "shortcut": 1, "wildcard": 2},
    "wildcard": {"alias": 2, "reference": 3, "shortcut": 3, "wildcard": 0},
}
_ASSIGNMENT: Final = ("row", "alias", "route", "field", "value", "label", "origin", "is_object")


class ResolvedRoutes(NamedTuple):
    """What the labels of some containers mean for routes; `row` is a container's position (UInt32).

    `fields` has `row`, `route`, the columns of the table `route_fields` after its keys, and `plain` (whether the value
    is a YAML scalar whose text decides its type); `aliases` has `row`, `alias` and `route` (UInt32, the position when
    sorted by both); `errors` has the columns of `dockerframe._derive.routes.labels.ROUTE_ERROR`; `entries` has every
    field that each label would set, the ones that lost included; `emptied` has `row`, `alias` and `label` of objects
    without any text.
    """

    fields: pl.DataFrame
    aliases: pl.DataFrame
    errors: pl.DataFrame
    entries: pl.DataFrame
    emptied: pl.DataFrame
    precedence: Precedence


def route_fields(containers: FrameT, precedence: Precedence = "alias") -> FrameT:
    """The fields that labels set, one row for each alias and field.

    Reads `host`, `container_id`, `labels` and `aliases`; gives the columns of
    `dockerframe.schemas.ROUTE_FIELDS`, in the order of the containers, then by alias and field. Where an alias
    and a wildcard set one field the alias wins, or the wildcard with `precedence="wildcard"`. Source: labels.md,
    section 6.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"host": pl.String(), "container_id": pl.String(), "aliases": pl.List(pl.String()),
    ...           "labels": pl.Map(pl.String(), pl.String())}
    >>> labels = {"proxy.#1.port": "80", "proxy.*.scheme": "http"}
    >>> frame = pl.DataFrame({"host": ["a"], "container_id": ["1"], "aliases": [["app"]], "labels": [labels]}, schema)
    >>> for row in route_fields(frame).select("alias", "field", "value", "source_label", "origin").rows():
    ...     print(row)
    ('app', 'port', '80', 'proxy.#1.port', 'reference')
    ('app', 'scheme', 'http', 'proxy.*.scheme', 'wildcard')
    """

    def table(frame: pl.DataFrame) -> pl.DataFrame:
        return fields_table(frame, resolve_routes(frame, precedence))

    if isinstance(containers, pl.LazyFrame):
        return containers.map_batches(table, schema=ROUTE_FIELDS.schema)
    return table(containers)


def fields_table(containers: pl.DataFrame, resolved: ResolvedRoutes) -> pl.DataFrame:
    """The table `route_fields` of containers whose routes are resolved."""
    return with_keys(containers, resolved.fields, ROUTE_FIELDS.schema.names())


def route_errors(containers: pl.DataFrame, resolved: ResolvedRoutes) -> pl.DataFrame:
    """The rows of the table `errors` that the labels of routes cause, in the order of the containers."""
    errors = resolved.errors.sort("row", "kind", "label", "message")
    return with_keys(containers, errors, ERRORS.schema.names())


def with_keys(containers: pl.DataFrame, rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Rows that know their container by its position, with its keys instead."""
    keys = containers.select(KEYS).select(pl.all().gather(rows["row"]))
    return rows.drop(KEYS, strict=False).hstack(keys).select(columns)


def resolve_routes(
    containers: pl.DataFrame, precedence: Precedence = "alias", *, labels: SortedLabels | None = None
) -> ResolvedRoutes:
    """Resolve the labels of containers to fields of aliases.

    Reads `labels` and `aliases` (in order). `labels` are those of them that set fields, where they are sorted already.
    """
    listed = ListedAliases.of(containers)
    if labels is None:
        labels = sort_labels(route_labels(proxy_labels(containers)))
    referring = at_nth_alias(labels.references, listed)
    named, references, wildcards, refused = (
        frame.with_columns(_is_object(frame))
        for frame in (labels.named, referring.rows, labels.wildcards, referring.missing)
    )
    objects = parse_objects(named, references, wildcards, refused)
    named, references, wildcards = (objects.without_bad(frame) for frame in (named, references, wildcards))
    shortcuts = _shortcuts(labels.shortcuts, (named, references, wildcards, refused), objects.mappings, listed)
    known = KnownAliases.of(listed, named)
    spread = _spread_wildcards(wildcards, known.rows)
    by_shortcut = shortcuts.rows.with_columns(pl.lit(value=False).alias("is_object"))
    by_number = [frame.with_columns(known.of_listed.gather(frame["place"])) for frame in (references, by_shortcut)]
    placed = [named.with_columns(known.of_labels), *by_number, spread.rows]
    ranked = pl.concat([frame.select(_ASSIGNMENT) for frame in placed]).with_columns(_layer(precedence))
    entries = flatten_assignments(ranked, objects.mappings)
    merged = merge_fields(ranked, entries)
    errors = (labels.errors, referring.errors, objects.errors, shortcuts.errors, spread.errors, merged.errors)
    aliases = known.rows.drop("has_field")
    return ResolvedRoutes(merged.fields, aliases, pl.concat(errors), entries, objects.emptied, precedence)


def _layer(precedence: Precedence) -> pl.Expr:
    """Which labels win over which: a lower number does."""
    by_origin = pl.col("origin").replace_strict(_LAYERS[precedence], return_dtype=pl.UInt8)
    # Among wildcards GoDoxy lets the object win, though a text wins over the object of an alias.
    is_wildcard_text = (pl.col("origin") == "wildcard") & ~pl.col("is_object")
    return (by_origin + is_wildcard_text.cast(pl.UInt8)).alias("layer")


def _is_object(labels: pl.DataFrame) -> pl.Expr:
    """Whether a label holds a whole mapping: it names no field, or is a wildcard of more than two lines."""
    is_object = pl.col("field").is_null() if "alias" in labels.columns else wildcard_is_object()
    return is_object.alias("is_object")


def wildcard_is_object() -> pl.Expr:
    """Whether a wildcard label holds a whole mapping (Boolean). Reads `field` and `value`."""
    return pl.col("field").is_null() | (pl.col("value").str.count_matches("\n", literal=True) > 1)


def _shortcuts(
    shortcuts: pl.DataFrame, full_labels: Iterable[pl.DataFrame], mappings: Mappings, listed: ListedAliases
) -> PlacedLabels:
    if shortcuts.is_empty():
        # Most fleets have none, and to look for nothing takes as long as to look for a hundred.
        return PlacedLabels.none()
    few = shortcuts.select("row").unique()
    full = [labels.join(few, on="row", how="semi") for labels in full_labels]
    return resolve_shortcuts(shortcuts, pl.concat([_fields_set_by(labels, mappings) for labels in full]), listed)


def _fields_set_by(labels: pl.DataFrame, mappings: Mappings) -> pl.DataFrame:
    """`row`, `field`, `label` of every field that these labels set, inside objects too."""
    texts = labels.filter(~pl.col("is_object")).select("row", "field", "label")
    objects = mappings.open(labels.filter("is_object")).select("row", pl.col("path").alias("field"), "label")
    return pl.concat([texts, objects])


class _Spread(NamedTuple):
    rows: pl.DataFrame
    errors: pl.DataFrame


def _spread_wildcards(wildcards: pl.DataFrame, known: pl.DataFrame) -> _Spread:
    """Each wildcard label once for each alias it applies to."""
    targets = known.filter("has_field").select("row", "alias", "route")
    counts = (
        wildcards.group_by("row").agg(pl.len().alias("labels")).join(targets.group_by("row").len("aliases"), on="row")
    )
    too_many = counts.filter(pl.col("labels").cast(pl.UInt64) * pl.col("aliases") > MAX_WILDCARD_FIELDS)
    message = pl.format(
        "{} wildcard labels for {} aliases set more than {} fields; none of them is applied.",
        "labels",
        "aliases",
        pl.lit(MAX_WILDCARD_FIELDS),
    )
    nobody = pl.lit(None, pl.String()).alias("alias")
    errors = too_many.select(
        "row",
        nobody,
        pl.lit("too_many_fields").alias("kind"),
        pl.lit("proxy.*").alias("label"),
        message.alias("message"),
    )
    rows = wildcards.join(too_many, on="row", how="anti").join(targets, on="row")
    return _Spread(rows.with_columns(pl.lit("wildcard").alias("origin")), errors.cast(ROUTE_ERROR))
