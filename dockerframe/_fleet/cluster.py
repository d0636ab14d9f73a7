"""Taking a fleet in pieces, here or on the workers of a Dask cluster, and writing each piece where it is taken."""

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

    # Makes a snapshot of each group of hosts, one after the other.
    TakeInTurn: TypeAlias = Callable[[Sequence[Sequence[Host]]], Generator[Snapshot]]

ResultT = TypeVar("ResultT")
GivenT = TypeVar("GivenT")

HOSTS_PER_PIECE: Final = 100
_RETRIES: Final = 3
_MOST_IN_TURN: Final = 10
_TURNS_EACH: Final = 4


def in_groups(hosts: Sequence[Host], hosts_per_piece: int) -> list[Sequence[Host]]:
    """The hosts of each piece, in their order.

    Raises
    ------
    SnapshotError
        When a piece would have none.
    """
    if hosts_per_piece < 1:
        raise SnapshotError(f"A piece can't have {hosts_per_piece} hosts.", remedy="Give at least 1.")
    return _slices(hosts, hosts_per_piece)


def _slices(whole: Sequence[GivenT], size: int) -> list[Sequence[GivenT]]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def write_pieces(groups: Sequence[Sequence[Host]], take: TakeInTurn, folder: Path, *, reveal: bool) -> Pieces:
    """Take pieces, each of a group of hosts, and write each before the next is taken.

    Raises
    ------
    SnapshotError
        When the folder has pieces already, or can't be written.
    """
    _check_is_new(folder)
    pieces = _named(groups)
    _Writer(take, folder, reveal)(pieces)
    return _finished(folder, pieces)


def write_pieces_on_cluster(
    engine: Any,
    groups: Sequence[Sequence[Host]],
    take: TakeInTurn,
    folder: Path,
    *,
    reveal: bool,
    on_host: Callable[[Host], object],
) -> Pieces:
    """Have workers take pieces, some in turn, each written where it was taken, into a folder that they all reach.

    `on_host` is called with each host of pieces that are there.

    Raises
    ------
    SnapshotError
        When the folder has pieces already, or can't be written.
    """
    _check_is_new(folder)
    pieces = _named(groups)
    for turn, _ in on_cluster(engine, _Writer(take, folder, reveal), in_turns(engine, pieces)):
        for host in chain.from_iterable(piece.hosts for piece in turn):
            on_host(host)
    return _finished(folder, pieces)


def on_cluster(
    engine: Any, task: Callable[[GivenT], ResultT], given: Sequence[GivenT]
) -> Generator[tuple[GivenT, ResultT]]:
    """Each thing given with what `task` makes of it, in order, on the Dask cluster that `engine` is a client of.

    A worker that is lost costs another try.
    """
    # What a task gives depends on when it runs: it is never the same as one that ran before.
    futures = engine.map(task, given, pure=False, retries=_RETRIES)
    try:
        for one, future in zip(given, futures, strict=True):
            result = future.result()
            future.release()
            yield one, result
    finally:
        engine.cancel(futures)


def in_turns(engine: Any, groups: Sequence[GivenT]) -> list[Sequence[GivenT]]:
    """The groups of hosts that each worker takes in turn, so that their slow hosts are waited for together.

    No more than leaves every thread with several turns: the last ones should end at about the same time.
    """
    threads = max(1, sum(engine.nthreads().values()))
    return _slices(groups, max(1, min(_MOST_IN_TURN, len(groups) // (_TURNS_EACH * threads))))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Takes pieces in turn and writes each under its name, on whatever machine this runs."""

    take: TakeInTurn
    folder: Path
    reveal: bool

    def __call__(self, pieces: Sequence[_NamedPiece]) -> None:
        # Some are there if the worker that wrote them was lost before it could say so.
        missing = [piece for piece in pieces if not (self.folder / piece.name).exists()]
        with closing(self.take([piece.hosts for piece in missing])) as taken:
            for piece in missing:
                # No variable holds a snapshot, so that one that is written is forgotten before the next is made.
                next(taken).write(self.folder, reveal=self.reveal, name=piece.name)


class _NamedPiece(NamedTuple):
    name: str
    hosts: Sequence[Host]


def _named(groups: Sequence[Sequence[Host]]) -> list[_NamedPiece]:
    return [_NamedPiece(f"piece-{number:06}", hosts) for number, hosts in enumerate(groups)]


def _check_is_new(folder: Path) -> None:
    if (folder / PIECES_FILE).exists() or any(folder.glob("piece-*")):
        raise SnapshotError(f"{folder} has the pieces of a fleet already.", remedy="Name a new folder.")


def _finished(folder: Path, pieces: Sequence[_NamedPiece]) -> Pieces:
    """The folder, which is one of pieces from now on."""
    taken_at = datetime.now(UTC)
    names = tuple(piece.name for piece in pieces)
    folder.mkdir(parents=True, exist_ok=True)
    with replaced_file(folder / PIECES_FILE) as making:
        making.write_text(json.dumps({"taken_at": taken_at.isoformat(), "pieces": names}, indent=1), encoding="utf-8")
    return Pieces(folder, taken_at, names)
