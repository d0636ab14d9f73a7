"""What is shown and written of a snapshot: the one door that secrets do not pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from dockerframe.tables import redact_tables

if TYPE_CHECKING:
    from collections.abc import Iterator


def shown_tables(tables: Mapping[str, pl.DataFrame], *, reveal: bool) -> Mapping[str, pl.DataFrame]:
    """Tables for people and files: without their secrets, unless `reveal` is true."""
    return tables if reveal else RedactedTables(tables)


class RedactedTables(Mapping[str, pl.DataFrame]):
    """Tables without their secrets, each redacted when it is first asked for."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self._tables = tables
        self._redacted: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._redacted:
            self._redacted |= redact_tables({name: self._tables[name]})
        return self._redacted[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)
