"""Fleets in pieces: some hosts at a time, here or on the workers of a Dask cluster, in memory or on disk.

A folder of pieces has a folder for each, which is a snapshot of its own, and `pieces.json`, which is written last. Its
tables are scanned lazily, so that no memory has to hold the whole fleet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe.errors import SnapshotError
from dockerframe.export import replaced_file
from dockerframe.schemas import KEPT_TABLES, completed
from dockerframe.taking import concat, read_snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from dockerframe.hosts.host import Host
    from dockerframe.snapshot import Snapshot

PIECES_FILE: Final = "pieces.json"
HOSTS_PER_PIECE: Final = 100
_RETRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Pieces:
    """A fleet on disk, in pieces. Made by `Fleet.write_pieces` and `dockerframe.scan`.

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
        if table not in KEPT_TABLES:
            raise SnapshotError(f"There is no table {table!r}.", remedy=f"Use one of {', '.join(KEPT_TABLES)}.")
        files = [file for name in self._names if (file := self.folder / name / f"{table}.parquet").is_file()]
        schema = KEPT_TABLES[table].schema
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


def scan(folder: str | os.PathLike[str]) -> Pieces:
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


def take_pieces(
    hosts: Sequence[Host], take: Callable[[Sequence[Host]], Snapshot], hosts_per_piece: int, engine: Any
) -> Iterator[Snapshot]:
    """Snapshots of some hosts each, in the order of the hosts; on a Dask cluster if `engine` is a client of one.

    `take` makes the snapshot of some hosts, wherever it runs. A worker that is lost costs another try.
    """
    groups = _groups(hosts, hosts_per_piece)
    if engine is None:
        yield from map(take, groups)
        return
    # What a task gives depends on when it runs: it is never the same as one that ran before.
    futures = engine.map(take, groups, pure=False, retries=_RETRIES)
    try:
        for future in futures:
            yield future.result()
            future.release()
    finally:
        engine.cancel(futures)


def write_pieces(
    hosts: Sequence[Host],
    take: Callable[[Sequence[Host]], Snapshot],
    folder: str | os.PathLike[str],
    hosts_per_piece: int,
    engine: Any,
    *,
    reveal: bool,
) -> Pieces:
    """Take a fleet in pieces, each written where it was taken; the folder must be new, and reached by all workers.

    Raises
    ------
    SnapshotError
        When the folder has pieces already, or can't be written.
    """
    target = Path(folder).absolute()
    if (target / PIECES_FILE).exists():
        raise SnapshotError(f"{target} has the pieces of a fleet already.", remedy="Name a new folder.")
    groups = _groups(hosts, hosts_per_piece)
    writers = [_Writer(take, target, f"piece-{number:06}", reveal) for number in range(len(groups))]
    if engine is None:
        names = [writer(group) for writer, group in zip(writers, groups, strict=True)]
    else:
        futures = engine.map(_Writer.__call__, writers, groups, pure=False, retries=_RETRIES)
        try:
            names = engine.gather(futures)
        finally:
            engine.cancel(futures)
    taken_at = datetime.now(UTC)
    target.mkdir(parents=True, exist_ok=True)
    with replaced_file(target / PIECES_FILE) as making:
        making.write_text(json.dumps({"taken_at": taken_at.isoformat(), "pieces": names}, indent=1), encoding="utf-8")
    return Pieces(target, taken_at, tuple(names))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Takes a piece and writes it under its name, on whatever machine this runs."""

    take: Callable[[Sequence[Host]], Snapshot]
    folder: Path
    name: str
    reveal: bool

    def __call__(self, hosts: Sequence[Host]) -> str:
        if not (self.folder / self.name).exists():
            # It is there if the worker that wrote it was lost before it could say so.
            self.take(hosts).write(self.folder, reveal=self.reveal, name=self.name)
        return self.name


def _groups(hosts: Sequence[Host], hosts_per_piece: int) -> list[Sequence[Host]]:
    if hosts_per_piece < 1:
        raise SnapshotError(f"A piece can't have {hosts_per_piece} hosts.", remedy="Give at least 1.")
    return [hosts[start : start + hosts_per_piece] for start in range(0, len(hosts), hosts_per_piece)]
