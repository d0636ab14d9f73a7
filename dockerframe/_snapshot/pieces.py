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

from dockerframe._snapshot.build import concat, read_snapshot
from dockerframe._storage.folders import scan_tables
from dockerframe.errors import SnapshotError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import polars as pl

    from dockerframe._snapshot.snapshot import Snapshot


PIECES_FILE: Final = "pieces.json"


@dataclass(frozen=True, slots=True)
class Pieces:
    """A fleet on disk in pieces, as `Fleet.write_pieces` and `dockerframe.scan_pieces` return it.

    Attributes
    ----------
    folder
        The folder of the pieces.
    taken_at
        When the last piece was taken (UTC).
    """

    folder: Path
    taken_at: datetime
    _names: tuple[str, ...]

    def scan(self, table: str) -> pl.LazyFrame:
        """A table of the whole fleet, lazily.

        Parameters
        ----------
        table
            The name of a table, such as `containers`.

        Raises
        ------
        SnapshotError
            When there is no such table, or a piece has no complete file for it.
        """
        return scan_tables([self.folder / name for name in self._names], table)

    @property
    def hosts(self) -> pl.DataFrame:
        """The table `hosts` of the whole fleet."""
        return self.scan("hosts").collect()

    def snapshots(self) -> Iterator[Snapshot]:
        """The pieces one after the other, each a snapshot, for questions that need complete tables."""
        return (read_snapshot(self.folder / name) for name in self._names)

    def snapshot(self) -> Snapshot:
        """The whole fleet in memory.

        Raises
        ------
        SnapshotError
            When a piece cannot be read.
        """
        return concat(self.snapshots())


def scan_pieces(folder: str | os.PathLike[str]) -> Pieces:
    """A fleet that `Fleet.write_pieces` wrote, to be scanned lazily.

    Parameters
    ----------
    folder
        The folder that was given to `Fleet.write_pieces`.

    Raises
    ------
    SnapshotError
        When the folder has no pieces, or was not written to its end.
    """
    path = Path(folder)
    try:
        described = json.loads((path / PIECES_FILE).read_text(encoding="utf-8"))
        return Pieces(path, datetime.fromisoformat(described["taken_at"]), tuple(described["pieces"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{path} has no complete pieces of a fleet: {error}."
        raise SnapshotError(problem, remedy="Name a folder that Fleet.write_pieces has finished.") from error
