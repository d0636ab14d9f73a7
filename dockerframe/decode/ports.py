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

    Reads and gives rows as on the wire.
    """
    bindings = wire.select(pl.col("Ports").explode(empty_as_null=False, keep_nulls=False)).unnest("Ports")
    if bindings.select(_is_valid(pl.col)).to_series().all():
        return CheckedPorts(wire, ERRORS.empty())
    valid = pl.element().filter(_is_valid(pl.element().struct.field))
    invalid = pl.element().filter(~_is_valid(pl.element().struct.field))
    numbers = [pl.element().struct.field(name).cast(pl.String) for name in _NUMBERS]
    shown = pl.concat_str(*numbers, separator=" published at ", ignore_nulls=True)
    text = pl.col("Ports").list.eval(invalid).list.eval(shown).list.join(", ")
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
    return CheckedPorts(wire.with_columns(pl.col("Ports").list.eval(valid)), errors)


def _is_valid(field: Callable[[str], pl.Expr]) -> pl.Expr:
    ports = [field(name) for name in _NUMBERS]
    return pl.all_horizontal(port.is_null() | port.is_between(0, HIGHEST_PORT) for port in ports)
