"""Durations in Go's notation: `1h30m`, `500ms`, `1.5s`."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas import DURATION

_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_UNIT: Final = r"(?:ns|us|µs|μs|ms|s|m|h)"
_WHOLE: Final = rf"^[-+]?(?:0|(?:{_NUMBER}{_UNIT})+)$"
_MICROSECONDS: Final = {
    "ns": 1e-3,
    "us": 1.0,
    "µs": 1.0,
    "μs": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 6e7,
    "h": 3.6e9,
}
# Go counts nanoseconds in 64 bits with a sign; what does not fit there is no duration.
_LONGEST_MICROSECONDS: Final = (2**63 - 1) / 1_000


def go_duration(text: pl.Expr) -> pl.Expr:
    """What a text means as a duration; null where it is none.

    The expression must give String; the result is Duration in microseconds, what is finer is cut off.
    Source: the function ParseDuration of Go's package time.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"text": ["1h30m", "500ms", "5"]})
    >>> frame.select(go_duration(pl.col("text"))).to_series().to_list()
    [datetime.timedelta(seconds=5400), datetime.timedelta(microseconds=500000), None]
    """
    parts = text.str.extract_all(_NUMBER + _UNIT)
    number = pl.element().str.extract(f"^({_NUMBER})").cast(pl.Float64, strict=False)
    unit = pl.element().str.extract(f"({_UNIT})$").replace_strict(_MICROSECONDS, return_dtype=pl.Float64, default=None)
    total = parts.list.eval(number * unit).list.sum()
    signed = pl.when(text.str.starts_with("-")).then(-total).otherwise(total)
    fits = total <= _LONGEST_MICROSECONDS
    return pl.when(text.str.contains(_WHOLE) & fits).then(signed.cast(pl.Int64, strict=False)).cast(DURATION)


def whole_seconds(text: pl.Expr) -> pl.Expr:
    """What a text of digits means in seconds, as a Duration; null where it is no such text."""
    seconds = pl.when(text.str.contains(r"^[0-9]{1,12}$")).then(text.cast(pl.Int64, strict=False))
    return (seconds * 1_000_000).cast(DURATION)
