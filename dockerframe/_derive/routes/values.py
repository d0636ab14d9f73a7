"""The route fields that have a type: from texts to values, and what is wrong with some (labels.md, section 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.columns.durations import go_duration
from dockerframe._derive.evaluation import once_per_distinct
from dockerframe._derive.labels import boolean, first_characters, non_empty
from dockerframe._derive.lookup import at_numbers
from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe.schemas import HIGHEST_PORT, ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Not \d: that would be any digit of Unicode, of which numbers can't be made.
_PORT: Final = r"^(?:0*([0-9]{0,5}):)?0*([0-9]{0,5})$"
_VALUE: Final = pl.col("value")


class _TypedField(NamedTuple):
    """A field: the columns that its text (`value`) gives, which texts are bad, and what a good one is."""

    columns: Mapping[str, pl.Expr]
    is_bad: pl.Expr
    valid: str
    error_kind: str = "invalid_value"


def _typed(name: str, parse: Callable[[pl.Expr], pl.Expr], valid: str) -> _TypedField:
    """A field that fills the column of its name."""
    return _TypedField({name: parse(_VALUE)}, parse(_VALUE).is_null(), valid)


def _whole_number(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"^([0-9]+)$").cast(pl.Int64, strict=False)


def _port_number(part: int) -> pl.Expr:
    number = _VALUE.str.extract(_PORT, part).cast(pl.UInt16, strict=False)
    return pl.when(number > 0).then(number)


def _is_bad_port() -> pl.Expr:
    numbers = [_VALUE.str.extract(_PORT, part).cast(pl.UInt32, strict=False) for part in (1, 2)]
    too_large = [(number > HIGHEST_PORT).fill_null(value=False) for number in numbers]
    return ~_VALUE.str.contains(_PORT) | pl.any_horizontal(too_large)


_BOOLEANS: Final = ("no_tls_verify", "disable_compression", "spa", "relay_proxy_protocol_header")
_FIELDS: Final[Mapping[str, _TypedField]] = {
    "port": _TypedField(
        {"listening_port": _port_number(1), "labelled_port": _port_number(2)},
        _is_bad_port(),
        "a port, or listening:proxy, of 1 to 65535",
        "invalid_port",
    ),
    "scheme": _TypedField({"labelled_scheme": non_empty(_VALUE)}, pl.lit(value=False), "a scheme"),
    "host": _TypedField({"labelled_host": non_empty(_VALUE).str.to_lowercase()}, pl.lit(value=False), "a host"),
    **{name: _typed(name, boolean, "true or false") for name in _BOOLEANS},
    "response_header_timeout": _typed("response_header_timeout", go_duration, "a duration such as 30s or 1m"),
    "max_conns_per_host": _typed("max_conns_per_host", _whole_number, "a whole number"),
}
_TYPES: Final = {
    **ROUTES.schema,
    "labelled_port": pl.UInt16(),
    "labelled_scheme": pl.String(),
    "labelled_host": pl.String(),
}


class RouteValues(NamedTuple):
    """What labels say of some routes, one row each and in the same order, and what is wrong with it.

    `columns` has `listening_port`, `labelled_port`, `labelled_scheme`, `labelled_host` and the typed columns of the
    table `routes`, null where no label says anything usable; `errors` has the columns of
    `dockerframe._derive.routes.labels.ROUTE_ERROR`.
    """

    columns: pl.DataFrame
    errors: pl.DataFrame


def route_values(routes: pl.Series, fields: pl.DataFrame) -> RouteValues:
    """Read the fields that have a type.

    `routes` has the numbers of the routes that are asked for, `fields` has `row`, `alias`, `route`, `field`, `value`
    and `source_label`. Only the rows of a field are read, and no field that no label sets.
    """
    present = fields.filter(pl.col("field").is_in(list(_FIELDS))).partition_by("field", as_dict=True)
    columns: list[pl.Series] = []
    errors = [pl.DataFrame(schema=ROUTE_ERROR)]
    for name, typed in _FIELDS.items():
        rows = present.get((name,))
        if rows is None:
            columns.extend(
                pl.repeat(None, len(routes), dtype=_TYPES[one], eager=True).alias(one) for one in typed.columns
            )
        else:
            read = _read(rows, typed)
            columns.extend(at_numbers(routes, read.select("route", *typed.columns), "route").get_columns())
            if read["is_bad"].any():
                errors.append(_errors(name, typed, read.filter("is_bad")))
    return RouteValues(pl.DataFrame(columns), pl.concat(errors))


def _read(rows: pl.DataFrame, typed: _TypedField) -> pl.DataFrame:
    """Rows of one field with its columns, and whether the text `is_bad`. A fleet has few texts: each is read once."""
    is_bad = ((_VALUE != "") & typed.is_bad).alias("is_bad")
    columns = [expression.alias(name) for name, expression in typed.columns.items()]
    dtype = pl.Struct({**{name: _TYPES[name] for name in typed.columns}, "is_bad": pl.Boolean()})
    return rows.with_columns(once_per_distinct(_VALUE, [*columns, is_bad], dtype).struct.unnest())


def _errors(name: str, typed: _TypedField, bad: pl.DataFrame) -> pl.DataFrame:
    message = pl.format("{} is '{}'; it must be {}.", pl.lit(name), first_characters(_VALUE, 80), pl.lit(typed.valid))
    return bad.select(
        "row", "alias", kind=pl.lit(typed.error_kind), label=pl.col("source_label"), message=message
    ).cast(ROUTE_ERROR)
