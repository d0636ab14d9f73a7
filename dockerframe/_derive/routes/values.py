"""From the texts of route fields to typed values, and what is wrong with some (labels.md, section 13, rules 1 to 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._bounded_yaml import typed_scalar
from dockerframe._derive.columns.durations import go_duration
from dockerframe._derive.evaluation import once_per_distinct
from dockerframe._derive.labels import boolean, first_characters, non_empty
from dockerframe._derive.lookup import at_numbers
from dockerframe._derive.routes import value_types as types
from dockerframe._derive.routes.known_fields import MAX_NEAREST, FieldGroup, FoundField, find_field, value_types
from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe._derive.routes.objects import Mappings
from dockerframe._derive.routes.value_types import PORT_FORM, VALUE, ValueType
from dockerframe.schemas import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockerframe._derive.routes.known_fields import Node
    from dockerframe.schemas import Precedence

_MIDDLEWARES: Final = "middlewares"
_ACCESS_LOG: Final = "access_log"
_SHOWN_ALIASES: Final = 3
_SPECIAL_SCALAR: Final = r"^(?:~|null|Null|NULL|0x[0-9a-fA-F]+|0o[0-7]+)$"
_TEXT: Final = non_empty(VALUE)

_COLUMNS: Final[Mapping[str, Mapping[str, pl.Expr]]] = {
    "port": {
        name: pl.when(number > 0).then(number)
        for name, number in (
            ("listening_port", VALUE.str.extract(PORT_FORM, 1).cast(pl.UInt16, strict=False)),
            ("labelled_port", VALUE.str.extract(PORT_FORM, 2).cast(pl.UInt16, strict=False)),
        )
    },
    "scheme": {"labelled_scheme": _TEXT},
    "host": {"labelled_host": non_empty(VALUE.str.strip_chars().str.to_lowercase())},
    "no_tls_verify": {"no_tls_verify": boolean(VALUE)},
    "disable_compression": {"disable_compression": boolean(VALUE)},
    "spa": {"spa": boolean(VALUE)},
    "relay_proxy_protocol_header": {"relay_proxy_protocol_header": boolean(VALUE)},
    "tls_termination": {"tls_termination": boolean(VALUE)},
    "response_header_timeout": {"response_header_timeout": go_duration(VALUE)},
    "max_conns_per_host": {"max_conns_per_host": VALUE.str.strip_prefix("+").cast(pl.Int64, strict=False)},
    "bind": {"bind": _TEXT},
    "root": {"root": _TEXT},
    "agent": {"agent": _TEXT},
    "inbound_mtls_profile": {"inbound_mtls_profile": _TEXT},
    "rules": {"rules": _TEXT},
    "rule_file": {"rule_file": _TEXT},
    "ssl_certificate": {"ssl_certificate": _TEXT},
    "ssl_certificate_key": {"ssl_certificate_key": _TEXT},
    "ssl_protocols": {"ssl_protocols": _TEXT},
    "healthcheck.disable": {"healthcheck_disabled": boolean(VALUE)},
    "load_balance.link": {"load_balance_link": _TEXT},
}
"""The columns that the text of a field gives, by the name of the field."""

_KEPT_WHEN_BAD: Final = frozenset({"bind"})
"""Fields whose text is used for the target's URL even where it does not fit: GoDoxy judges it after it is set."""

_TYPES: Final = {
    **dict.fromkeys((column for columns in _COLUMNS.values() for column in columns), pl.String()),
    **{name: dtype for name, dtype in ROUTES.schema.items() if name != "scheme"},
    "labelled_port": pl.UInt16(),
    "tls_termination": pl.Boolean(),
    "healthcheck_disabled": pl.Boolean(),
}
_NAMED: Final = ("row", "alias", "route", "field", "value", "source_label", "origin", "name")


class RouteValues(NamedTuple):
    """The values that labels set for some routes, and what is wrong with others.

    `columns` has one row for each route, in the order of the numbers that were asked for: `route` and the columns of
    `_COLUMNS`, each null where no label says anything usable. `labels` has `route`, `name` and `source_label` of the
    fields that are judged further. `middlewares` has `route`, `path` (below `middlewares`), `value` and
    `source_label`. `errors` has the columns of `dockerframe._derive.routes.labels.ROUTE_ERROR`.
    """

    columns: pl.DataFrame
    labels: pl.DataFrame
    middlewares: pl.DataFrame
    errors: pl.DataFrame


def route_values(routes: pl.Series, fields: pl.DataFrame, precedence: Precedence = "alias") -> RouteValues:
    """Read the fields of routes.

    `routes` has the numbers of the routes that are asked for, `fields` the columns of `ResolvedRoutes.fields`. Fields
    of which nothing depends, such as `homepage.name`, are only looked up by their names.
    """
    named, problems = _named_fields(fields)
    parts = {str(name): rows for (name,), rows in named.partition_by("name", as_dict=True).items()}
    columns = [routes.alias("route")]
    for name, expressions in _COLUMNS.items():
        rows = parts.get(name)
        if rows is None:
            # Not `pl.repeat`, which runs a query each time: 2 ms for the fields that no label sets.
            columns.extend(pl.Series(one, [None], _TYPES[one]).new_from_index(0, len(routes)) for one in expressions)
        else:
            read, bad = _read(rows, name, precedence)
            columns.extend(at_numbers(routes, read.select("route", *expressions), "route").get_columns())
            problems.append(bad)
    others = parts.keys() - _COLUMNS.keys()
    problems += [_bad_values(parts[name], name) for name in others & value_types().keys()]
    logs = [rows for name, rows in parts.items() if name.startswith(f"{_ACCESS_LOG}.")]
    problems.append(_access_logs(pl.concat([named.head(0), *logs])))
    options = [rows for name, rows in parts.items() if name.startswith(f"{_MIDDLEWARES}.")]
    return RouteValues(
        pl.DataFrame(columns),
        named.select("route", "name", "source_label"),
        _middlewares(pl.concat([named.head(0), *options])),
        _errors(pl.concat(problems)),
    )


def _named_fields(fields: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The fields that something depends on, each with its `name`; YAML mappings in texts are opened.

    And the problems of the others: `row`, `alias`, `source_label`, `kind`, `at`, `text`, `hint`.
    """
    rows = fields.select("row", "alias", "route", "field", "value", "plain", "source_label", "origin")
    named: list[pl.DataFrame] = []
    problems = [_problems(rows.head(0), "", pl.lit(""))]
    while rows.height:
        found = rows.join(_names(rows["field"]), on="field", maintain_order="left")
        wrong = found.filter(pl.col("problem").is_not_null())
        if wrong.height:
            problems += [_problems(wrong, pl.col("problem"), pl.col("hint"), at=pl.col("at"))]
        named.append(_plain_texts(found).select(_NAMED))
        groups = found.filter(pl.col("is_group") & (VALUE != "")).drop("problem")
        if groups.is_empty():
            break
        mappings = Mappings.read(groups["value"])
        bad = groups.join(mappings.texts.filter(pl.col("problem").is_not_null()), on="value", maintain_order="left")
        # GoDoxy ignores a text in place of middlewares, so that nothing of the route is unset.
        is_middleware = pl.col("name").cast(pl.String).str.starts_with(_MIDDLEWARES)
        kind = pl.when(is_middleware).then(pl.lit("invalid_yaml")).otherwise(pl.lit("invalid_value"))
        problems.append(_problems(bad, kind, pl.format("it must be a YAML mapping: {}.", "problem")))
        inside = mappings.open(groups)
        rows = inside.select(
            *(pl.col(one) for one in ("row", "alias", "route")),
            field=pl.format("{}.{}", "field", "path"),
            value=pl.col("text").fill_null(""),
            plain="plain",
            source_label="source_label",
            origin="origin",
        )
    return pl.concat(named) if named else rows.with_columns(name=pl.lit("").cast(pl.Categorical)).select(
        _NAMED
    ), problems


def _names(fields: pl.Series) -> pl.DataFrame:
    """What each distinct path means: `field`, `name`, `is_group`, and what is wrong with it.

    Paths that nothing depends on are left out.
    """
    rows: list[tuple[str | bool | None, ...]] = []
    unknown = 0
    for path in fields.unique().to_list():
        found = find_field(path, with_nearest=unknown < MAX_NEAREST)
        unknown += found.problem is not None
        if _matters(found):
            rows.append((path, *found, _is_group(value_types().get(found.name))))
    schema = dict.fromkeys(("field", "name", "problem", "at", "hint"), pl.String) | {"is_group": pl.Boolean}
    # Rows are distinguished by their names: numbers are faster than text.
    return pl.DataFrame(rows, schema, orient="row").with_columns(pl.col("name").cast(pl.Categorical))


def _matters(found: FoundField) -> bool:
    if found.problem is not None or found.name in _COLUMNS or found.name.startswith((_MIDDLEWARES, _ACCESS_LOG)):
        return True
    node = value_types()[found.name]
    return isinstance(node, FieldGroup) or node.is_bad is not None


def _is_group(node: Node | None) -> bool:
    return isinstance(node, FieldGroup) and node.text is None


def _plain_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Plain scalars of YAML objects by their YAML type: `0x50` is 80, and `null` is not set."""
    plain = rows.filter("plain").select(VALUE.unique())
    special = plain.filter(VALUE.str.contains(_SPECIAL_SCALAR)).to_series().to_list()
    if not special:
        return rows
    texts = {text: "" if (value := typed_scalar(text)) is None else str(value) for text in special}
    return rows.with_columns(pl.when("plain").then(VALUE.replace(texts)).otherwise(VALUE).alias("value"))


def _type_of(name: str) -> ValueType | None:
    node = value_types()[name]
    return node.text if isinstance(node, FieldGroup) else node


def _read(rows: pl.DataFrame, name: str, precedence: Precedence) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of one field with its columns, one for each route, and the problems of its texts.

    A fleet has few texts: each is read once.
    """
    kind = _type_of(name)
    is_bad = (VALUE != "") & kind.is_bad if kind is not None and kind.is_bad is not None else pl.lit(value=False)
    keep = pl.lit(name in _KEPT_WHEN_BAD)
    columns = [pl.when(~is_bad | keep).then(expression).alias(column) for column, expression in _COLUMNS[name].items()]
    dtype = pl.Struct({**{column: _TYPES[column] for column in _COLUMNS[name]}, "is_bad": pl.Boolean()})
    read = rows.with_columns(once_per_distinct(VALUE, [*columns, is_bad.alias("is_bad")], dtype).struct.unnest())
    bad = read.filter("is_bad")
    return _one_per_route(read, precedence), _invalid(bad, kind)


def _one_per_route(rows: pl.DataFrame, precedence: Precedence) -> pl.DataFrame:
    """One row for each route: a label may spell a field in another way, such as `Port`, and set it twice.

    What names the alias wins over the wildcard as for one spelling; of equals the spelling that sorts last.
    """
    if rows["route"].n_unique() == rows.height:
        return rows
    is_wildcard = pl.col("origin") == "wildcard"
    loses = is_wildcard if precedence == "alias" else ~is_wildcard
    return rows.sort("route", loses, "field", descending=[False, True, False]).unique(
        "route", keep="last", maintain_order=True
    )


def _bad_values(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The problems of the texts of one field that no column comes from."""
    kind = _type_of(name)
    if kind is None or kind.is_bad is None:
        return _invalid(rows.head(0), types.TEXT)
    distinct = rows.select("value").unique().filter((VALUE != "") & kind.is_bad)
    return _invalid(rows.join(distinct, on="value", how="semi", maintain_order="left"), kind)


def _access_logs(logs: pl.DataFrame) -> pl.DataFrame:
    """Access logs without a place to write to, neither `path` nor `stdout` (labels.md, section 13, rule 6)."""
    name = pl.col("name").cast(pl.String)
    written = (name == f"{_ACCESS_LOG}.path") & (VALUE != "")
    printed = (name == f"{_ACCESS_LOG}.stdout") & boolean(VALUE).fill_null(value=False)
    nowhere = logs.join(logs.filter(written | printed), on="route", how="anti", maintain_order="left")
    first = nowhere.unique("route", keep="first", maintain_order=True)
    return _problems(first, "invalid_value", pl.lit("it needs a path, or stdout: true."), at=pl.lit(_ACCESS_LOG))


def _middlewares(options: pl.DataFrame) -> pl.DataFrame:
    # A text that holds a mapping is there with its parts; the name alone means that the middleware is used.
    path = pl.col("field").str.splitn(".", 2).struct.field("field_1")
    return options.select("route", "value", "source_label", path=path)


def _invalid(bad: pl.DataFrame, kind: ValueType | None) -> pl.DataFrame:
    hint = f"it must be {kind.valid}." if kind is not None else ""
    return _problems(bad, "invalid_value", pl.lit(hint))


def _problems(rows: pl.DataFrame, kind: str | pl.Expr, hint: pl.Expr, at: pl.Expr | None = None) -> pl.DataFrame:
    return rows.select(
        "row",
        "alias",
        "source_label",
        kind=pl.lit(kind) if isinstance(kind, str) else kind,
        at=pl.col("field") if at is None else at,
        text=VALUE,
        hint=hint,
    )


def _errors(problems: pl.DataFrame) -> pl.DataFrame:
    """One error for each label, field and text, whatever the number of aliases: a wildcard has many."""
    if problems.is_empty():
        return pl.DataFrame(schema=ROUTE_ERROR)
    by = ["row", "source_label", "kind", "at", "text", "hint"]
    together = problems.unique().group_by(by).agg(pl.col("alias").sort()).sort(by)
    names, count = pl.col("alias"), pl.col("alias").list.len()
    shown = names.list.head(_SHOWN_ALIASES).list.join(", ")
    more = pl.when(count > _SHOWN_ALIASES).then(pl.format(" and {} more", count - _SHOWN_ALIASES)).otherwise(pl.lit(""))
    routes = pl.format("{} {}{}", pl.when(count > 1).then(pl.lit("routes")).otherwise(pl.lit("route")), shown, more)
    text = first_characters(pl.col("text"), 80)
    unknown = pl.format("{} of {} is not a field of a route; {}", "at", routes, "hint")
    invalid = pl.format("{} of {} is '{}' and counts as not set; {}", "at", routes, text, "hint")
    message = pl.when(pl.col("kind") == "unknown_field").then(unknown).otherwise(invalid)
    alias = pl.when(count == 1).then(names.list.first())
    return together.select("row", alias=alias, kind="kind", label="source_label", message=message).cast(ROUTE_ERROR)
