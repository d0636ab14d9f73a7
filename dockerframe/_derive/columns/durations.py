"""Durations in Go's notation with `d`, `w` and `M` as further units: `1h30m`, `500ms`, `2d`."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas import DURATION

_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_UNIT: Final = r"(?:ns|us|µs|μs|ms|s|m|h|d|w|M)"
_FORM: Final = rf"^[-+]?(?:0|(?:{_NUMBER}{_UNIT})+)$"
_MICROSECONDS: Final = {
    "ns": 1e-3,
    "us": 1.0,
    "µs": 1.0,
    "μs": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 6e7,
    "h": 3.6e9,
    "d": 8.64e10,
    "w": 6.048e11,
    "M": 2.592e12,
}
# Go counts nanoseconds in 64 bits with a sign; what does not fit there is not a duration.
_LONGEST_MICROSECONDS: Final = (2**63 - 1) / 1_000


def go_duration(text: pl.Expr) -> pl.Expr:
    """A text as a duration; null where it is not one. A number without a unit is not one, except 0.

    The expression must give String; the result is Duration in microseconds, finer parts are cut off. A day (`d`) has
    24 hours, a week (`w`) 7 days, a month (`M`) 30 days. Source: labels.md, section 11.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"text": ["1h30m", "2d", "5"]})
    >>> frame.select(go_duration(pl.col("text"))).to_series().to_list()
    [datetime.timedelta(seconds=5400), datetime.timedelta(days=2), None]
    """
    parts = text.str.extract_all(_NUMBER + _UNIT)
    number = pl.element().str.extract(f"^({_NUMBER})").cast(pl.Float64, strict=False)
    unit = pl.element().str.extract(f"({_UNIT})$").replace_strict(_MICROSECONDS, return_dtype=pl.Float64, default=None)
    total = parts.list.eval(number * unit).list.sum()
    signed = pl.when(text.str.starts_with("-")).then(-total).otherwise(total)
    fits = total <= _LONGEST_MICROSECONDS
    return pl.when(text.str.contains(_FORM) & fits).then(signed.cast(pl.Int64, strict=False)).cast(DURATION)
