"""Sorting `proxy.*` labels by what they set: the first steps of labels.md, section 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._bounded_yaml import MAX_DEPTH
from dockerframe._budget import LABEL_NAME_BYTES
from dockerframe._derive.labels import PREFIX, RESERVED, first_characters, split_list

if TYPE_CHECKING:
    from dockerframe._derive.routes.aliases import ListedAliases

SHORTCUTS: Final = {
    "ports": "port",
    "protos": "scheme",
    "protocols": "scheme",
    "schemes": "scheme",
    "hosts": "host",
    "binds": "bind",
    "roots": "root",
    "spas": "spa",
    "indexes": "index",
    "no_tls_verifies": "no_tls_verify",
    "response_header_timeouts": "response_header_timeout",
    "tls_terminations": "tls_termination",
    "max_conns_per_hosts": "max_conns_per_host",
    "disable_compressions": "disable_compression",
    "ssl_server_names": "ssl_server_name",
    "ssl_trusted_certificates": "ssl_trusted_certificate",
    "ssl_certificates": "ssl_certificate",
    "ssl_certificate_keys": "ssl_certificate_key",
    "agents": "agent",
    "inbound_mtls_profiles": "inbound_mtls_profile",
    "rule_files": "rule_file",
    "proxy_protocol_headers": "relay_proxy_protocol_header",
}
"""Plural labels and the field each sets, item by item (labels.md, section 6.1)."""

ROUTE_ERROR: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "alias": pl.String(),
        "kind": pl.String(),
        "label": pl.String(),
        "message": pl.String(),
    }
)
"""An error of one container's route labels; `alias` is null where it concerns no single route."""

MAX_LABEL_BYTES: Final = LABEL_NAME_BYTES
"""How long the name of a route label may be: four times a domain name. A longer one would only cost memory."""

_SHORTEST_DEEP_NAME: Final = len("proxy") + 2 * MAX_DEPTH

_FORM: Final = "write proxy.<alias>.<field>."
_KINDS: Final = ("too_large", "invalid", "empty_alias", "shortcut", "wildcard", "reference", "named")


class SortedLabels(NamedTuple):
    """Labels by what they do. Every frame has `row` (UInt32: the container's position) and `label`.

    All but `errors` have `field` (null for an object) and `value`; `named` have `alias` and `origin`, `references` the
    `number` of their alias (null if it is not a number) and `origin`; `errors` has the columns of
    `ROUTE_ERROR`.
    """

    named: pl.DataFrame
    references: pl.DataFrame
    wildcards: pl.DataFrame
    shortcuts: pl.DataFrame
    errors: pl.DataFrame


def route_labels(proxied: pl.DataFrame) -> pl.DataFrame:
    """Of the `dockerframe._derive.labels.proxy_labels` those that may set route fields, with their `name` and `field`.

    `name` is the part after `proxy.` up to the next dot, `field` the part behind that dot (null without one).
    """
    # The first part is `proxy`.
    parts = pl.col("label").str.splitn(".", 3).struct.rename_fields(["namespace", "name", "field"])
    return (
        proxied.lazy()
        .filter(~pl.col("label").is_in(RESERVED))
        .with_columns(parts.alias("parts"))
        .unnest("parts")
        .select("row", "label", "value", pl.col("name").fill_null(""), "field")
        .collect()
    )


def sort_labels(labels: pl.DataFrame) -> SortedLabels:
    """Sort the labels of `route_labels` by what they do."""
    name = pl.col("name")
    # Before anything is split at every dot: a name of 32 KB would have 16,000 of them.
    has_large = (labels["label"].str.len_bytes() > _SHORTEST_DEEP_NAME).any()
    is_too_large = _is_too_large() if has_large else pl.lit(value=False)
    by_kind = labels.lazy().with_columns(_kind_of_label(is_too_large).alias("kind")).collect().rechunk()
    parts = {one: by_kind.filter(pl.col("kind") == _kind(one)).drop("kind") for one in _KINDS}
    number = name.str.extract(r"^[#$]\+?([0-9]{1,9})$").cast(pl.UInt32)
    too_large = f"Its name is longer than {MAX_LABEL_BYTES} bytes or deeper than {MAX_DEPTH} levels; {_FORM}"
    errors = (
        _errors(parts["too_large"].with_columns(_shortened()), "invalid_label", pl.lit(too_large)),
        _errors(parts["invalid"], "invalid_label", pl.lit(f"It names no alias and field; {_FORM}")),
        _errors(parts["empty_alias"], "empty_alias", pl.lit(f"Its alias is empty; {_FORM}")),
    )
    sorted_labels = SortedLabels(
        named=parts["named"].with_columns(name.alias("alias"), pl.lit("alias").alias("origin")),
        references=parts["reference"].with_columns(number.alias("number"), pl.lit("reference").alias("origin")),
        wildcards=parts["wildcard"],
        shortcuts=parts["shortcut"].with_columns(name.replace_strict(SHORTCUTS, return_dtype=pl.String).alias("field")),
        errors=pl.concat(errors),
    )
    return SortedLabels(*(frame.drop("name", strict=False) for frame in sorted_labels))


def _is_too_large() -> pl.Expr:
    label = pl.col("label")
    return (label.str.len_bytes() > MAX_LABEL_BYTES) | (label.str.count_matches(".", literal=True) > MAX_DEPTH)


def _kind_of_label(is_too_large: pl.Expr) -> pl.Expr:
    name, field, label = pl.col("name"), pl.col("field"), pl.col("label")
    is_invalid = (label.str.len_bytes() <= len(PREFIX)) | ((name != "") & _has_empty_part(field).fill_null(value=False))
    return (
        pl.when(is_too_large)
        .then(_kind("too_large"))
        .when(is_invalid)
        .then(_kind("invalid"))
        .when(name == "")
        .then(_kind("empty_alias"))
        .when(field.is_null() & name.is_in(list(SHORTCUTS)))
        .then(_kind("shortcut"))
        .when(name == "*")
        .then(_kind("wildcard"))
        .when(name.str.starts_with("#") | name.str.starts_with("$"))
        .then(_kind("reference"))
        .otherwise(_kind("named"))
    )


def _shortened() -> pl.Expr:
    return (first_characters(pl.col("label"), 80) + "…").alias("label")


def _kind(name: str) -> pl.Expr:
    """A number: comparing it takes a tenth of the time that comparing a text takes."""
    return pl.lit(_KINDS.index(name), pl.UInt8)


def _has_empty_part(path: pl.Expr) -> pl.Expr:
    at_the_ends = (path == "") | path.str.starts_with(".") | path.str.ends_with(".")
    return at_the_ends | path.str.contains("..", literal=True)


class PlacedLabels(NamedTuple):
    """Labels that mean an alias by its number, each with its `alias` and the `place` of that among the listed ones.

    `missing` are those that mean no alias, `errors` what is wrong with them.
    """

    rows: pl.DataFrame
    errors: pl.DataFrame
    missing: pl.DataFrame

    @classmethod
    def none(cls) -> PlacedLabels:
        """The result of no shortcuts."""
        texts = dict.fromkeys(("label", "value", "field", "origin", "alias"), pl.String())
        numbers = dict.fromkeys(("row", "place"), pl.UInt32())
        nothing = pl.DataFrame(schema={**numbers, **texts})
        return cls(nothing, pl.DataFrame(schema=ROUTE_ERROR), nothing)


def resolve_shortcuts(shortcuts: pl.DataFrame, full: pl.DataFrame, listed: ListedAliases) -> PlacedLabels:
    """Give the n-th item of each shortcut to the n-th alias, unless a full label sets that field already.

    `full` has `row`, `field` and `label` of every field that full labels set.
    """
    setters = full.lazy().group_by("row", "field").agg(pl.col("label").min().alias("full_label"))
    checked = shortcuts.lazy().join(setters, on=["row", "field"], how="left").collect()
    conflict = pl.format("It sets the field {} that {} sets already; remove one of them.", "field", "full_label")
    conflicts = checked.filter(pl.col("full_label").is_not_null())
    items = (
        checked.filter(pl.col("full_label").is_null())
        .with_columns(split_list(pl.col("value")).alias("value"))
        .with_columns(pl.int_ranges(1, pl.col("value").list.len() + 1, dtype=pl.UInt32).alias("number"))
        .explode("value", "number", empty_as_null=False, keep_nulls=False)
    )
    placed = at_nth_alias(items.drop("full_label").with_columns(pl.lit("shortcut").alias("origin")), listed)
    errors = pl.concat([_errors(conflicts, "shortcut_conflict", conflict), placed.errors])
    return placed._replace(errors=errors)


def at_nth_alias(numbered: pl.DataFrame, listed: ListedAliases) -> PlacedLabels:
    """Labels with a `number` counted from 1, each at the alias that it means."""
    place = listed.place(numbered["row"], numbered["number"])
    placed = numbered.with_columns(place.alias("place"), listed.rows["alias"].gather(place))
    missing = placed.filter(pl.col("alias").is_null())
    message = pl.format(
        "It means alias number {} of {}; aliases count from 1.",
        pl.col("number").cast(pl.String).fill_null("?"),
        pl.lit(listed.counts).gather("row"),
    )
    errors = _errors(missing, "alias_ref_out_of_range", message)
    return PlacedLabels(placed.filter(pl.col("alias").is_not_null()).drop("number"), errors, missing.drop("number"))


def _errors(rows: pl.DataFrame, kind: str, message: pl.Expr) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=ROUTE_ERROR)
    nobody = pl.lit(None, pl.String()).alias("alias")
    return rows.select("row", nobody, pl.lit(kind).alias("kind"), "label", message.alias("message")).cast(ROUTE_ERROR)
