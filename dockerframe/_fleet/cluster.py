"""Writing a fleet in pieces, on this machine or on the workers of a Dask cluster."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from dockerframe._snapshot.pieces import PIECES_FILE, Pieces
from dockerframe._storage.folders import replaced_file
from dockerframe.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from dockerframe._config.host import Host
    from dockerframe._snapshot.snapshot import Snapshot

    # Yields a snapshot of each group of hosts, one after the other.
    SnapshotGroups: TypeAlias = Callable[[Sequence[Sequence[Host]]], Generator[Snapshot]]

ResultT = TypeVar("ResultT")
ItemT = TypeVar("ItemT")

HOSTS_PER_PIECE: Final = 100
_RETRIES: Final = 3
_MOST_PER_BATCH: Final = 10
_BATCHES_PER_THREAD: Final = 4


def in_groups(hosts: Sequence[Host], hosts_per_piece: int) -> list[Sequence[Host]]:
    """The hosts of each piece, in order.

    Raises
    ------
    SnapshotError
        When `hosts_per_piece` is not positive.
    """
    if hosts_per_piece < 1:
        raise SnapshotError(f"A piece cannot have {hosts_per_piece} hosts.", remedy="Use hosts_per_piece=1 or more.")
    return _slices(hosts, hosts_per_piece)


def _slices(items: Sequence[ItemT], size: int) -> list[Sequence[ItemT]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def write_pieces(groups: Sequence[Sequence[Host]], snapshots: SnapshotGroups, folder: Path, *, reveal: bool) -> Pieces:
    """Write one piece per group of hosts, each before the next is taken.

    Parameters
    ----------
    groups
        The hosts of each piece.
    snapshots
        Yields a snapshot of each group.
    folder
        A new folder.
    reveal
        Whether to write secrets.

    Raises
    ------
    SnapshotError
        When the folder already has pieces, or cannot be written.
    """
    _check_is_new(folder)
    pieces = _named(groups)
    _Writer(snapshots, folder, reveal)(pieces)
    return _finished(folder, pieces)


def write_pieces_on_cluster(
    engine: Any,
    groups: Sequence[Sequence[Host]],
    snapshots: SnapshotGroups,
    folder: Path,
    *,
    reveal: bool,
    on_host: Callable[[Host], object],
) -> Pieces:
    """Let workers take and write pieces, each worker several in turn.

    Parameters
    ----------
    engine
        The client of a Dask cluster.
    groups
        The hosts of each piece.
    snapshots
        Yields a snapshot of each group; runs on the workers.
    folder
        A new folder that all workers share.
    reveal
        Whether to write secrets.
    on_host
        Called with each host of the pieces that are written.

    Raises
    ------
    SnapshotError
        When the folder already has pieces, or cannot be written.
    """
    _check_is_new(folder)
    pieces = _named(groups)
    for batch, _ in on_cluster(engine, _Writer(snapshots, folder, reveal), in_batches(engine, pieces)):
        for host in chain.from_iterable(piece.hosts for piece in batch):
            on_host(host)
    return _finished(folder, pieces)


def on_cluster(
    engine: Any, task: Callable[[ItemT], ResultT], items: Sequence[ItemT]
) -> Generator[tuple[ItemT, ResultT]]:
    """Each item with the result of `task`, in order, computed on a Dask cluster. The work of a lost worker is retried.

    Parameters
    ----------
    engine
        The client of the cluster.
    task
        The function to run on the workers.
    items
        Its arguments.
    """
    # The result of a task depends on when it runs: Dask must not reuse an earlier one.
    futures = engine.map(task, items, pure=False, retries=_RETRIES)
    try:
        for item, future in zip(items, futures, strict=True):
            result = future.result()
            future.release()
            yield item, result
    finally:
        engine.cancel(futures)


def in_batches(engine: Any, groups: Sequence[ItemT]) -> list[Sequence[ItemT]]:
    """The groups of hosts that a worker takes in turn, so that it waits for their slow hosts together.

    Batches are small enough that every thread gets several: the last ones should end at about the same time.
    """
    threads = max(1, sum(engine.nthreads().values()))
    return _slices(groups, max(1, min(_MOST_PER_BATCH, len(groups) // (_BATCHES_PER_THREAD * threads))))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Takes pieces in turn and writes each one under its name, on the machine where it runs."""

    snapshots: SnapshotGroups
    folder: Path
    reveal: bool

    def __call__(self, pieces: Sequence[_NamedPiece]) -> None:
        # Some exist if the worker that wrote them was lost before it reported them.
        missing = [piece for piece in pieces if not (self.folder / piece.name).exists()]
        with closing(self.snapshots([piece.hosts for piece in missing])) as snapshots:
            for piece in missing:
                # No variable holds the snapshot: its memory is freed before the next one is taken.
                next(snapshots).write(self.folder, reveal=self.reveal, name=piece.name)


class _NamedPiece(NamedTuple):
    name: str
    hosts: Sequence[Host]


def _named(groups: Sequence[Sequence[Host]]) -> list[_NamedPiece]:
    return [_NamedPiece(f"piece-{number:06}", hosts) for number, hosts in enumerate(groups)]


def _check_is_new(folder: Path) -> None:
    if (folder / PIECES_FILE).exists() or any(folder.glob("piece-*")):
        raise SnapshotError(f"{folder} already has the pieces of a fleet.", remedy="Use a new folder.")


def _finished(folder: Path, pieces: Sequence[_NamedPiece]) -> Pieces:
    """The folder, marked as complete."""
    taken_at = datetime.now(UTC)
    names = tuple(piece.name for piece in pieces)
    folder.mkdir(parents=True, exist_ok=True)
    with replaced_file(folder / PIECES_FILE) as making:
        making.write_text(json.dumps({"taken_at": taken_at.isoformat(), "pieces": names}, indent=1), encoding="utf-8")
    return Pieces(folder, taken_at, names)
