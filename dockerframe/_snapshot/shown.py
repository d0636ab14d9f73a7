"""What is shown and written of a snapshot: the one door that secrets do not pass."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from dockerframe._queries.diff import differences
from dockerframe._redaction import redact_differences, redact_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._snapshot.snapshot import Snapshot


class Shown:
    """A snapshot without its secrets, unless `reveal` is true. Each part is made once, when it is asked for."""

    def __init__(self, snapshot: Snapshot, since: Snapshot | pl.DataFrame | None, *, reveal: bool) -> None:
        self._snapshot = snapshot
        self._since = since
        self._reveal = reveal
        self.tables: Mapping[str, pl.DataFrame] = snapshot.tables if reveal else RedactedTables(snapshot.tables)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """The findings that are not suppressed."""
        found = self._snapshot.audit().active
        return found if self._reveal else redact_tables({"findings": found})["findings"]

    @cached_property
    def differences(self) -> pl.DataFrame | None:
        """What changed since the earlier snapshot; None without one."""
        since = self._since
        if since is None:
            return None
        found = since if isinstance(since, pl.DataFrame) else differences(since.tables, self._snapshot.tables)
        return found if self._reveal else redact_differences(found)

    def results(self) -> dict[str, pl.DataFrame]:
        """The results that are written next to the tables."""
        changed = {} if self.differences is None else {"differences": self.differences}
        return {"findings": self.findings, **changed}


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
