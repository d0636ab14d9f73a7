"""Ports as engines send them: numbers of any size, which Polars would turn into nulls without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.schemas import ERRORS, HIGHEST_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS: Final = ("PrivatePort", "PublicPort")


class CheckedPorts(NamedTuple):
    """Rows as on the wire whose ports are ports, and errors for the bindings that were left out."""

    rows: pl.DataFrame
    errors: pl.DataFrame


def check_ports(wire: pl.DataFrame) -> CheckedPorts:
    """Leave out the bindings whose ports are none: beside them, a null would say that nothing is published.

    A port of 0 is one that is not there: it becomes null. Reads and gives rows as on the wire.
    """
    bindings = wire.select(pl.col("Ports").explode(empty_as_null=False, keep_nulls=False)).unnest("Ports")
    whole = bindings.select(valid=_all(pl.col, _is_valid), told=_all(pl.col, lambda port: port.is_null() | (port != 0)))
    if not whole["told"].all():
        wire = wire.with_columns(pl.col("Ports").list.eval(_without_zeros()))
    if whole["valid"].all():
        return CheckedPorts(wire, ERRORS.empty())
    is_valid = _all(pl.element().struct.field, _is_valid)
    numbers = [pl.element().struct.field(name).cast(pl.String) for name in _NUMBERS]
    shown = pl.concat_str(*numbers, separator=" published at ", ignore_nulls=True)
    text = pl.col("Ports").list.eval(pl.element().filter(~is_valid)).list.eval(shown).list.join(", ")
    errors = (
        wire.select("host", pl.col("Id").alias("container_id"), text.alias("text"))
        .filter(pl.col("text") != "")
        .select(
            "host",
            "container_id",
            pl.lit("invalid_summary").alias("kind"),
            pl.lit(None, pl.String()).alias("label"),
            pl.format("It has ports that are none, which are left out: {}. Ports are 1 to 65535.", "text").alias(
                "message"
            ),
        )
    )
    return CheckedPorts(wire.with_columns(pl.col("Ports").list.eval(pl.element().filter(is_valid))), errors)


def _all(field: Callable[[str], pl.Expr], holds: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Whether something holds for all ports of a binding."""
    return pl.all_horizontal(holds(field(name)) for name in _NUMBERS)


def _is_valid(port: pl.Expr) -> pl.Expr:
    return port.is_null() | port.is_between(0, HIGHEST_PORT)


def _without_zeros() -> pl.Expr:
    ports = {name: pl.element().struct.field(name) for name in _NUMBERS}
    return pl.element().struct.with_fields(pl.when(port != 0).then(port).alias(name) for name, port in ports.items())
