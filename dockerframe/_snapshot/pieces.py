"""Fleets on disk in pieces, some hosts in each.

A folder of pieces has a folder for each, which is a snapshot of its own, and `pieces.json`, which is written last. Its
tables are scanned lazily, so that no memory has to hold the whole fleet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._snapshot.build import concat, read_snapshot
from dockerframe.errors import SnapshotError
from dockerframe.schemas import completed
from dockerframe.tables import STORED_TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from dockerframe._snapshot.snapshot import Snapshot


PIECES_FILE: Final = "pieces.json"


@dataclass(frozen=True, slots=True)
class Pieces:
    """A fleet on disk, in pieces. Made by `Fleet.write_pieces` and `dockerframe.scan_pieces`.

    Attributes
    ----------
    folder
        Where it lies.
    taken_at
        When the last piece was taken (UTC).
    """

    folder: Path
    taken_at: datetime
    _names: tuple[str, ...]

    def scan(self, table: str) -> pl.LazyFrame:
        """A table of the whole fleet, lazily.

        Raises
        ------
        SnapshotError
            When there is no such table.
        """
        if table not in STORED_TABLES:
            raise SnapshotError(f"There is no table {table!r}.", remedy=f"Use one of {', '.join(STORED_TABLES)}.")
        files = [file for name in self._names if (file := self.folder / name / f"{table}.parquet").is_file()]
        schema = STORED_TABLES[table].schema
        return completed(pl.scan_parquet(files), schema) if files else pl.LazyFrame(schema=schema)

    @property
    def hosts(self) -> pl.DataFrame:
        """The table `hosts`."""
        return self.scan("hosts").collect()

    def snapshots(self) -> Iterator[Snapshot]:
        """The pieces one after the other, each a snapshot: for what needs whole tables, such as the audit of hosts."""
        return (read_snapshot(self.folder / name) for name in self._names)

    def snapshot(self) -> Snapshot:
        """The whole fleet in memory.

        Raises
        ------
        SnapshotError
            When a piece can't be read.
        """
        return concat(self.snapshots())


def scan_pieces(folder: str | os.PathLike[str]) -> Pieces:
    """A fleet that `Fleet.write_pieces` wrote, to be scanned lazily.

    Raises
    ------
    SnapshotError
        When it is no such folder, or one that was not written to its end.
    """
    path = Path(folder)
    try:
        described = json.loads((path / PIECES_FILE).read_text(encoding="utf-8"))
        return Pieces(path, datetime.fromisoformat(described["taken_at"]), tuple(described["pieces"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{path} has no whole pieces of a fleet: {error}."
        raise SnapshotError(problem, remedy="Name a folder that Fleet.write_pieces has finished.") from error
