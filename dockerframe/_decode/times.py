"""Times as engines tell them. One of a year past 9999 is none: it can't be shown, and Polars panics at some."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas import TIME

# The first and the last second of the years 1 to 9999, from 1970 on.
_SECONDS: Final = (-62_135_596_800, 253_402_300_799)
_YEARS: Final = (1, 9999)
_NEVER: Final = "0001-01-01T00:00:00Z"


def time_of_seconds(column: str) -> pl.Expr:
    """The time of a column (Int64) of seconds from 1970 on, in UTC; null where there is none.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"Created": [0, 2**62]}).select(time_of_seconds("Created").dt.year()).to_series().to_list()
    [1970, None]
    """
    told = pl.when(pl.col(column).is_between(*_SECONDS)).then(column)
    return pl.from_epoch(told, time_unit="s").cast(TIME)


def time_of_text(text: pl.Expr) -> pl.Expr:
    """The time that a text such as `2026-06-01T12:00:00.123456789Z` tells, in UTC; null where there is none.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"at": ["2026-06-01T12:00:00.123456789Z", "0001-01-01T00:00:00Z", "soon"]})
    >>> frame.select(time_of_text(pl.col("at")).dt.microsecond()).to_series().to_list()
    [123456, None, None]
    """
    told = pl.when(text != _NEVER).then(text.str.replace(r"(\.[0-9]{1,6})[0-9]*", "$1"))
    time = told.str.to_datetime(time_unit="us", time_zone="UTC", strict=False).cast(TIME)
    return pl.when(time.dt.year().is_between(*_YEARS)).then(time)
