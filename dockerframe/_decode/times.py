"""Times as engines send them. A year past 9999 becomes null: it can't be printed, and Polars panics at some of them."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas import TIME

# The first and the last second of the years 1 to 9999, counted from 1970.
_SECONDS: Final = (-62_135_596_800, 253_402_300_799)
_YEARS: Final = (1, 9999)
_NEVER: Final = "0001-01-01T00:00:00Z"


def time_of_seconds(column: str) -> pl.Expr:
    """The time of a column (Int64) of seconds since 1970, in UTC; null outside the years 1 to 9999.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"Created": [0, 2**62]}).select(time_of_seconds("Created").dt.year()).to_series().to_list()
    [1970, None]
    """
    known = pl.when(pl.col(column).is_between(*_SECONDS)).then(column)
    return pl.from_epoch(known, time_unit="s").cast(TIME)


def time_of_text(text: pl.Expr) -> pl.Expr:
    """The time in a text such as `2026-06-01T12:00:00.123456789Z`, in UTC; null if the text is not a time.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"at": ["2026-06-01T12:00:00.123456789Z", "0001-01-01T00:00:00Z", "soon"]})
    >>> frame.select(time_of_text(pl.col("at")).dt.microsecond()).to_series().to_list()
    [123456, None, None]
    """
    known = pl.when(text != _NEVER).then(text.str.replace(r"(\.[0-9]{1,6})[0-9]*", "$1"))
    time = known.str.to_datetime(time_unit="us", time_zone="UTC", strict=False).cast(TIME)
    return pl.when(time.dt.year().is_between(*_YEARS)).then(time)
