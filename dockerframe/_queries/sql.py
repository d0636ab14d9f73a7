"""SQL over the tables of a fleet: queries, and conditions of rows. Nothing is written: no statement reaches a host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._text import shown_text
from dockerframe.errors import SnapshotError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_READING: Final = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:select|with|explain|\()", re.IGNORECASE | re.DOTALL)
_READS_FILES: Final = re.compile(r"\b(?:read|scan)_\w+\s*\(", re.IGNORECASE)
_MISSING_NAME: Final = re.compile(r"unable to find column \"([^\"]*)\"|relation '([^']*)' was not found")
_SHOWN: Final = 240


def run_query(
    query: str, tables: Mapping[str, pl.DataFrame], results: Mapping[str, Callable[[], pl.DataFrame]]
) -> pl.DataFrame:
    """The result of a SQL query over tables.

    Only the tables that the query names are derived.

    Parameters
    ----------
    query
        A query in the SQL of Polars.
    tables
        Tables by name.
    results
        Functions that compute further tables, by the name of the table.

    Raises
    ------
    SnapshotError
        When the query is not a SELECT, is not valid, or names a table or column that does not exist.

    Examples
    --------
    >>> import polars as pl
    >>> tables = {"hosts": pl.DataFrame({"host": ["edge", "lab"], "ok": [True, False]})}
    >>> run_query("select host from hosts where not ok", tables, {}).item()
    'lab'
    """
    if not _READING.match(query) or _READS_FILES.search(query):
        raise SnapshotError(
            "Only queries over the tables of the fleet can be run.",
            remedy=f"Begin with SELECT. The tables are {', '.join([*tables, *results])}.",
        )
    words = {word.lower() for word in re.findall(r"\w+", query)}
    named = {name: tables[name] for name in tables if name in words}
    named |= {name: compute() for name, compute in results.items() if name in words}
    try:
        return pl.SQLContext(named).execute(query, eager=True)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        known = sorted({*tables, *results, *(column for table in named.values() for column in table.columns)})
        raise _invalid("query", error, known) from error


def filtered(table: pl.DataFrame, condition: str) -> pl.DataFrame:
    """The rows of a table that meet a condition in SQL, such as `state = 'exited' and image like 'nginx%'`.

    Raises
    ------
    SnapshotError
        When the condition is not valid, or names a column that does not exist.

    Examples
    --------
    >>> import polars as pl
    >>> filtered(pl.DataFrame({"state": ["running", "exited"]}), "state = 'exited'").height
    1
    """
    try:
        return table.filter(pl.sql_expr(condition))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise _invalid("condition", error, table.columns) from error


def _invalid(what: str, error: Exception, known: Iterable[str]) -> SnapshotError:
    """The error for SQL that Polars does not take; for a name that does not exist, with similar ones."""
    reason = str(error).strip().partition("\n")[0].partition("; valid columns")[0]
    missing = _MISSING_NAME.search(reason)
    if missing is None:
        remedy = "See the SQL reference of Polars."
    else:
        otherwise = f"There are {', '.join(known)}; texts are in single quotes."
        remedy = did_you_mean(missing[1] or missing[2] or "", known, otherwise)
    return SnapshotError(f"The {what} is not valid: {shown_text(reason)[:_SHOWN].rstrip('.')}.", remedy=remedy)
