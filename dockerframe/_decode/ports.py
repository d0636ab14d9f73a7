"""Ports as engines send them: numbers of any size, which Polars would turn into nulls without a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.schemas import ERRORS, HIGHEST_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS: Final = ("PrivatePort", "PublicPort")
_SHOWN_PORTS: Final = 5


class CheckedPorts(NamedTuple):
    """Rows as on the wire with valid ports only, and errors for the bindings that were left out."""

    rows: pl.DataFrame
    errors: pl.DataFrame


def check_ports(wire: pl.DataFrame) -> CheckedPorts:
    """Leave out the bindings with an invalid port, because a null would look like a port that is not published.

    Port 0 stands for a missing port and becomes null. Rows are as on the wire, before and after.
    """
    bindings = wire.select(pl.col("Ports").explode(empty_as_null=False, keep_nulls=False)).unnest("Ports")
    complete = bindings.select(
        valid=_all(pl.col, _is_valid), set=_all(pl.col, lambda port: port.is_null() | (port != 0))
    )
    if not complete["set"].all():
        wire = wire.with_columns(pl.col("Ports").list.eval(_without_zeros()))
    if complete["valid"].all():
        return CheckedPorts(wire, ERRORS.empty())
    is_valid = _all(pl.element().struct.field, _is_valid)
    return CheckedPorts(
        wire.with_columns(pl.col("Ports").list.eval(pl.element().filter(is_valid))), _errors(wire, is_valid)
    )


def _errors(wire: pl.DataFrame, is_valid: pl.Expr) -> pl.DataFrame:
    """One error per container with invalid ports, which shows the first of them."""
    numbers = [pl.element().struct.field(name).cast(pl.String) for name in _NUMBERS]
    shown = pl.concat_str(*numbers, separator=" published at ", ignore_nulls=True)
    invalid = wire.select(
        "host",
        pl.col("Id").alias("container_id"),
        pl.col("Ports").list.eval(pl.element().filter(~is_valid)).list.eval(shown).alias("invalid"),
    ).filter(pl.col("invalid").list.len() > 0)
    count = pl.col("invalid").list.len()
    more = pl.when(count > _SHOWN_PORTS).then(pl.format(" and {} more", count - _SHOWN_PORTS)).otherwise(pl.lit(""))
    first = pl.col("invalid").list.head(_SHOWN_PORTS).list.join(", ")
    message = pl.format("It has invalid ports, which are left out: {}{}. Ports are 1 to 65535.", first, more)
    kind = pl.lit("invalid_summary").alias("kind")
    return invalid.select(
        "host", "container_id", kind, pl.lit(None, pl.String()).alias("label"), message.alias("message")
    )


def _all(field: Callable[[str], pl.Expr], holds: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Whether something holds for all ports of a binding."""
    return pl.all_horizontal(holds(field(name)) for name in _NUMBERS)


def _is_valid(port: pl.Expr) -> pl.Expr:
    return port.is_null() | port.is_between(0, HIGHEST_PORT)


def _without_zeros() -> pl.Expr:
    ports = {name: pl.element().struct.field(name) for name in _NUMBERS}
    return pl.element().struct.with_fields(pl.when(port != 0).then(port).alias(name) for name, port in ports.items())
