"""Where data of other people goes through Polars: what goes wrong stays with the host or the container it came from.

Polars reports most problems as a `PolarsError`. Some inputs make it panic, and that exception is not an `Exception`,
so `except Exception` lets it through and one host would end the whole program.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLARS_ERRORS: Final[tuple[type[BaseException], ...]] = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What Polars raises at data that it can't process."""


def is_panic(error: BaseException) -> bool:
    """Whether an engine written in Rust panicked: each of them has an own class of this name.

    Examples
    --------
    >>> is_panic(pl.exceptions.PanicException()), is_panic(KeyboardInterrupt())
    (True, False)
    """
    return type(error).__name__ == "PanicException"


# Tries for the rows of one key: enough to find several broken rows among a million by halving.
_MOST_FAILURES: Final = 64


@contextmanager
def polars_errors_as(make: Callable[[str], Exception]) -> Iterator[None]:
    """Raise what `make` makes of the message where Polars fails or panics.

    Examples
    --------
    >>> with polars_errors_as(ValueError):
    ...     pl.DataFrame({"a": [1]}).select("b")
    Traceback (most recent call last):
    ValueError: unable to find column "b"; valid columns: ["a"]
    """
    try:
        yield
    except POLARS_ERRORS as error:
        raise make(str(error).partition("\n")[0]) from error


class Broken(NamedTuple):
    """Rows at which Polars fails, and its message."""

    rows: pl.DataFrame
    message: str


def process_apart(
    rows: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame], by: str = "host"
) -> tuple[list[pl.DataFrame], list[Broken]]:
    """What `work` makes of rows that belong to many hosts, and the rows at which Polars fails.

    All rows are processed together. Only where that fails are those of each host processed on their own, and only
    where that fails are they halved until the broken ones are found.

    Examples
    --------
    >>> frame = pl.DataFrame({"host": ["a", "b"], "time": ["2026-01-01", "soon"]})
    >>> done, broken = process_apart(frame, lambda rows: rows.with_columns(pl.col("time").str.to_date()))
    >>> [part["host"].item() for part in done], [part.rows["host"].item() for part in broken]
    (['a'], ['b'])
    """
    try:
        return [work(rows)], []
    except POLARS_ERRORS:
        pass
    done: list[pl.DataFrame] = []
    broken: list[Broken] = []
    for part in rows.partition_by(by, maintain_order=True):
        _halve(part, work, done, broken, len(broken) + _MOST_FAILURES)
    return done, broken


def _halve(
    rows: pl.DataFrame,
    work: Callable[[pl.DataFrame], pl.DataFrame],
    done: list[pl.DataFrame],
    broken: list[Broken],
    most: int,
) -> None:
    try:
        done.append(work(rows))
    except POLARS_ERRORS as error:
        if rows.height <= 1 or len(broken) >= most:
            broken.append(Broken(rows, str(error).partition("\n")[0]))
            return
        middle = rows.height // 2
        _halve(rows[:middle], work, done, broken, most)
        _halve(rows[middle:], work, done, broken, most)
