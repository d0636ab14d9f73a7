"""The rows that the view shows of each table: which ones, in which order, and as which texts."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._report.listings import listing, named
from dockerframe._text import shown_text
from dockerframe._views.filters import FINDING_FACETS
from dockerframe._views.search import container_matches, matches, search_terms, searched_text
from dockerframe.tables import REGISTRY, redact_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockerframe._views.filters import Filters
    from dockerframe._views.viewable import Viewable
    from dockerframe.tables import Listed

KEY_SEPARATOR: Final = "\x1f"
"""Between the host and the id of a container in a row's key: in neither of them."""
_LONGEST_CELL: Final = 500
_PARTS: Final = re.compile(r"(\d+)")


def container_key(host: str, container_id: str | None) -> str:
    """The key of a container, or of a host where there is no container.

    Examples
    --------
    >>> split_key(container_key("edge", "c0ffee"))
    ('edge', 'c0ffee')
    """
    return f"{host}{KEY_SEPARATOR}{container_id}" if container_id else host


def split_key(key: str) -> tuple[str, str]:
    """The host and the id of a key; the id is empty for a host."""
    host, _, container_id = key.partition(KEY_SEPARATOR)
    return host, container_id


class Order(NamedTuple):
    """What a table is sorted by: a heading, or nothing for the table's own order."""

    heading: str = ""
    descending: bool = False


class Rows:
    """The tables of a snapshot and its findings, each prepared when it is first shown."""

    def __init__(self, snapshot: Viewable, *, reveal: bool = False) -> None:
        self._snapshot = snapshot
        self._reveal = reveal
        self._tables: dict[str, pl.DataFrame] = {}
        self._listed: dict[str, pl.DataFrame] = {}

    def table(self, name: str) -> pl.DataFrame:
        """A table as it may be shown: without secrets, unless they are revealed."""
        if name not in self._tables:
            whole = self._snapshot.findings() if name == "findings" else self._snapshot.tables[name]
            self._tables[name] = whole if self._reveal else redact_tables({name: whole})[name]
        return self._tables[name]

    def listed(self, name: str) -> pl.DataFrame:
        """The columns that people see of a table."""
        if name not in self._listed:
            tables = {"containers": self.table("containers"), name: self.table(name)}
            self._listed[name] = listing(tables, name)
        return self._listed[name]

    def columns(self, name: str) -> list[dict[str, Any]]:
        """The columns of a table for the browser."""
        schema = self.listed(name).schema
        return [
            {
                "name": column.heading,
                "numeric": schema[column.heading].is_numeric(),
                "wraps": column.wraps,
                "wide": column.priority > 2,
            }
            for column in REGISTRY[name].listing
        ]

    def shown(self, name: str, passing: pl.Series, filters: Filters, search: str, order: Order) -> pl.Series:
        """The positions of the rows that pass the filters and the search, in order (UInt32)."""
        passes = self._passes_filters(name, passing, filters)
        for term in search_terms(search):
            passes &= self._matches(name, term)
        positions = pl.int_range(len(passes), dtype=pl.UInt32, eager=True).filter(passes)
        if not order.heading:
            return positions
        rank = self._rank(name, order.heading).gather(positions)
        ranked = pl.DataFrame({"position": positions, "rank": rank})
        sorted_rows = ranked.sort("rank", descending=order.descending, nulls_last=True, maintain_order=True)
        return sorted_rows["position"]

    def texts(self, name: str, positions: pl.Series) -> list[list[str]]:
        """The texts of some rows, as people read them."""
        rows = self.listed(name)[positions]
        return [[shown_text(value)[:_LONGEST_CELL] for value in row] for row in rows.iter_rows()]

    def keys(self, name: str, positions: pl.Series) -> list[str]:
        """What a click on each of some rows opens: a container, or a host."""
        table = self.table(name)
        columns = [one for one in KEYS if one in table.columns]
        return [container_key(*(*row, None)[:2]) for row in table[positions].select(columns).iter_rows()]

    def _passes_filters(self, name: str, passing: pl.Series, filters: Filters) -> pl.Series:
        table = self.table(name)
        active = filters.active()
        hosts = list(active.get("host", ()))
        is_of_host = table.select(
            (pl.col("host").is_in(hosts) if hosts else pl.repeat(value=True, n=pl.len())).alias("passes")
        ).to_series()
        if "container_id" not in table.columns:
            return is_of_host
        number = self._container_numbers(name)
        # Rows about no container, such as a finding about a host, are filtered by host alone.
        passes = passing.gather(number).fill_null(value=False) | (number.is_null() & is_of_host)
        if name == "findings":
            for facet in FINDING_FACETS:
                if values := active.get(facet):
                    passes &= table[facet].cast(pl.String).is_in(list(values))
        return passes

    def _container_numbers(self, name: str) -> pl.Series:
        table = self.table(name)
        if name == "containers":
            return pl.int_range(table.height, dtype=pl.UInt32, eager=True)
        return table.select(KEYS).join(self._numbers, on=KEYS, how="left", maintain_order="left")["number"]

    @cached_property
    def _numbers(self) -> pl.DataFrame:
        return self.table("containers").select(KEYS).with_row_index("number")

    def _matches(self, name: str, term: str) -> pl.Series:
        table = self.table(name)
        own = matches(term, table.schema)
        if own is not None:
            return table.select(own.alias("matches")).to_series()
        if (of_container := container_matches(term)) is not None and "container_id" in table.columns:
            found = self.table("containers").select(of_container.fill_null(value=False).alias("matches")).to_series()
            return found.gather(self._container_numbers(name)).fill_null(value=False)
        word = term.lower()
        seen = self._seen_texts(name).str.contains(word, literal=True)
        return seen | self._hidden_texts.str.contains(word, literal=True) if name == "containers" else seen

    def _seen_texts(self, name: str) -> pl.Series:
        listed = self.listed(name)
        texts = [pl.col(heading).cast(pl.String, strict=False).fill_null("") for heading in listed.columns]
        return listed.select(pl.concat_str(texts, separator="\n").str.to_lowercase().alias("text")).to_series()

    @cached_property
    def _hidden_texts(self) -> pl.Series:
        return self.table("containers").select(searched_text().alias("text")).to_series().fill_null("")

    def _rank(self, name: str, heading: str) -> pl.Series:
        """What a column sorts by: text in natural order and blanks last, everything else by its value."""
        column = next(column for column in REGISTRY[name].listing if column.heading == heading)
        values = self._sort_values(name, column)
        if values.dtype != pl.String:
            return values
        # Natural order is not one of Polars': Python ranks the distinct texts, which are few.
        distinct = sorted((text for text in values.unique() if text), key=_natural)
        ranks = {text: rank for rank, text in enumerate(distinct)}
        return values.replace_strict(ranks, default=None, return_dtype=pl.UInt32)

    def _sort_values(self, name: str, column: Listed) -> pl.Series:
        if column.sort_by is None:
            return self.listed(name)[column.heading]
        table = named(self.table(name), self.table("containers"))
        return table.select(column.sort_by.alias("value")).to_series()


def _natural(text: str) -> list[tuple[int, int | str]]:
    """A key by which `app-2` comes before `app-10`."""
    return [(0, int(part)) if part.isdecimal() and part.isascii() else (1, part.lower()) for part in _PARTS.split(text)]


def choices(counted: pl.DataFrame, chosen: frozenset[str]) -> list[dict[str, Any]]:
    """The values of a facet for the browser."""
    return [
        {"value": value, "text": shown_text(value), "count": number, "chosen": value in chosen}
        for value, number in counted.iter_rows()
    ]


def facets_of(filters: Filters) -> list[Mapping[str, str]]:
    """The active filters as chips."""
    return [
        {"facet": facet, "value": value, "text": f"{facet}: {shown_text(value)}"}
        for facet, values in filters.active().items()
        for value in sorted(values)
    ]
