"""Sorting `proxy.*` labels by what they set: the first steps of labels.md, section 6."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from dockerframe.derive.labels import PREFIX, RESERVED, split_list

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

_FORM: Final = "write proxy.<alias>.<field>."


class SortedLabels(NamedTuple):
    """Labels by what they do. Every frame has `row` (UInt32: the container's position) and `label`.

    `named` and `references` have `alias`, `field` (null for an object), `value` and `origin`; `wildcards` have
    `field` and `value`; `shortcuts` have `field` and `value`; `errors` has the columns of `ROUTE_ERROR`.
    """

    named: pl.DataFrame
    references: pl.DataFrame
    wildcards: pl.DataFrame
    shortcuts: pl.DataFrame
    errors: pl.DataFrame


def route_labels(containers: pl.DataFrame) -> pl.DataFrame:
    """The labels that may set route fields, one row each: `row`, `label`, `value`, `name`, `field`.

    `name` is what stands after `proxy.` up to the next dot, `field` what stands behind that dot (null without).
    """
    key = pl.col("labels").struct.field("key")
    rest = pl.col("label").str.strip_prefix(PREFIX).str.splitn(".", 2).struct
    return (
        containers.lazy()
        .select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.col("labels").map.entries())
        .explode("labels", empty_as_null=False, keep_nulls=False)
        .filter(key.str.starts_with(PREFIX) | (key == PREFIX.rstrip(".")))
        .select("row", key.alias("label"), pl.col("labels").struct.field("value").fill_null("").alias("value"))
        .filter(~pl.col("label").is_in(RESERVED))
        .with_columns(rest.field("field_0").fill_null("").alias("name"), rest.field("field_1").alias("field"))
        .collect()
    )


def sort_labels(labels: pl.DataFrame, aliases: pl.DataFrame) -> SortedLabels:
    """Tell the labels of `route_labels` apart.

    `aliases` has `row` and `aliases` (List of String, in order).
    """
    name, field, label = pl.col("name"), pl.col("field"), pl.col("label")
    is_invalid = (label.str.len_bytes() <= len(PREFIX)) | ((name != "") & _has_empty_part(field).fill_null(value=False))
    kind = (
        pl.when(is_invalid)
        .then(pl.lit("invalid"))
        .when(name == "")
        .then(pl.lit("empty_alias"))
        .when(field.is_null() & name.is_in(list(SHORTCUTS)))
        .then(pl.lit("shortcut"))
        .when(name == "*")
        .then(pl.lit("wildcard"))
        .when(name.str.starts_with("#") | name.str.starts_with("$"))
        .then(pl.lit("reference"))
        .otherwise(pl.lit("named"))
    )
    parts = labels.with_columns(kind.alias("kind")).partition_by("kind", as_dict=True, include_key=False)
    nothing = labels.clear()
    references = _resolve_references(parts.get(("reference",), nothing), aliases)
    named = parts.get(("named",), nothing).with_columns(name.alias("alias"), pl.lit("alias").alias("origin"))
    shortcuts = parts.get(("shortcut",), nothing).with_columns(
        name.replace_strict(SHORTCUTS, return_dtype=pl.String).alias("field")
    )
    errors = (
        _errors(parts.get(("invalid",), nothing), "invalid_label", pl.lit(f"It names no alias and field; {_FORM}")),
        _errors(parts.get(("empty_alias",), nothing), "empty_alias", pl.lit(f"Its alias is empty; {_FORM}")),
        references.errors,
    )
    return SortedLabels(
        named.drop("name"),
        references.rows,
        parts.get(("wildcard",), nothing).drop("name"),
        shortcuts.drop("name"),
        pl.concat(errors),
    )


def _has_empty_part(path: pl.Expr) -> pl.Expr:
    at_the_ends = (path == "") | path.str.starts_with(".") | path.str.ends_with(".")
    return at_the_ends | path.str.contains("..", literal=True)


class Shortcuts(NamedTuple):
    """The items of shortcuts, each at its alias, and what is wrong with some."""

    rows: pl.DataFrame
    errors: pl.DataFrame

    @classmethod
    def none(cls) -> Shortcuts:
        """What comes of no shortcuts."""
        texts = dict.fromkeys(("label", "value", "field", "origin", "alias"), pl.String())
        return cls(pl.DataFrame(schema={"row": pl.UInt32(), **texts}), pl.DataFrame(schema=ROUTE_ERROR))


def resolve_shortcuts(shortcuts: pl.DataFrame, full: pl.DataFrame, aliases: pl.DataFrame) -> Shortcuts:
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
    placed = _nth_alias(items.drop("full_label").with_columns(pl.lit("shortcut").alias("origin")), aliases)
    return Shortcuts(placed.rows, pl.concat([_errors(conflicts, "shortcut_conflict", conflict), placed.errors]))


class _References(NamedTuple):
    rows: pl.DataFrame
    errors: pl.DataFrame


def _resolve_references(references: pl.DataFrame, aliases: pl.DataFrame) -> _References:
    number = pl.col("name").str.extract(r"^[#$]\+?([0-9]{1,9})$").cast(pl.UInt32)
    numbered = references.with_columns(number.alias("number"), pl.lit("reference").alias("origin")).drop("name")
    return _nth_alias(numbered, aliases)


def _nth_alias(numbered: pl.DataFrame, aliases: pl.DataFrame) -> _References:
    """Rows with a `number` counted from 1, each with the `alias` it means."""
    position = pl.when(pl.col("number") > 0).then(pl.col("number").cast(pl.Int64) - 1)
    few = aliases.join(numbered.select("row").unique(), on="row", how="semi")
    placed = numbered.join(few, on="row", how="left").with_columns(
        pl.col("aliases").list.get(position, null_on_oob=True).alias("alias")
    )
    missing = placed.filter(pl.col("alias").is_null())
    message = pl.format(
        "It means alias number {} of {}; aliases count from 1.",
        pl.col("number").cast(pl.String).fill_null("?"),
        pl.col("aliases").list.len(),
    )
    errors = _errors(missing, "alias_ref_out_of_range", message)
    return _References(placed.filter(pl.col("alias").is_not_null()).drop("aliases", "number"), errors)


def _errors(rows: pl.DataFrame, kind: str, message: pl.Expr) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=ROUTE_ERROR)
    nobody = pl.lit(None, pl.String()).alias("alias")
    return rows.select("row", nobody, pl.lit(kind).alias("kind"), "label", message.alias("message")).cast(ROUTE_ERROR)
