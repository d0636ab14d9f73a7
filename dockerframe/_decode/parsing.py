"""Parsing the answers of many hosts on all processors: large ones in pieces, small ones together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._decode.wire import empty_wire_frame, parse_elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Every engine sends the id first. Outside a string, these bytes occur only between two elements; inside a string they
# can't occur, because quotes are escaped there.
_BOUNDARY: Final = b'},{"Id":"'
_PIECE_BYTES: Final = 2**20
# A larger piece without a boundary is not what an engine sends: it is read container by container instead.
_LARGEST_PIECE_BYTES: Final = 2**24


class ParsedBodies(NamedTuple):
    """Rows as on the wire, by host in the order of the bodies, and the hosts whose body Polars refuses."""

    rows: pl.DataFrame
    broken: frozenset[str]


class _Elements(NamedTuple):
    """Some elements of a body, without the brackets of the array: where they start and stop."""

    body: bytes
    start: int
    stop: int

    def text(self) -> memoryview:
        """The bytes to parse."""
        return memoryview(self.body)[self.start : self.stop]

    def size(self) -> int:
        return self.stop - self.start


class _Parsed(NamedTuple):
    """Rows in frames, how many belong to each host in turn, and the hosts whose body Polars refuses."""

    frames: list[pl.DataFrame]
    counts: list[tuple[str, int]]
    broken: frozenset[str]

    @classmethod
    def all_of(cls, parts: Iterable[_Parsed]) -> _Parsed:
        each = list(parts)
        frames = list(chain.from_iterable(part.frames for part in each))
        counts = list(chain.from_iterable(part.counts for part in each))
        return cls(frames, counts, frozenset[str]().union(*(part.broken for part in each)))


def parse_bodies(bodies: Mapping[str, bytes]) -> ParsedBodies:
    """Parse bodies that begin and end as arrays. A host has all its rows in `rows`, or is in `broken`."""
    parts = list(_parts({host: _inside(body) for host, body in bodies.items()}))
    # Polars parses one part on one thread, and releases the interpreter's lock meanwhile.
    if len(parts) < 2:
        parsed = _Parsed.all_of(map(_parse, parts))
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            parsed = _Parsed.all_of(threads.map(_parse, parts))
    hosts = pl.DataFrame(parsed.counts, schema={"host": pl.String(), "count": pl.UInt32()}, orient="row")
    host = hosts.select(pl.col("host").repeat_by("count").explode(empty_as_null=False, keep_nulls=False))
    # For all frames together: for each of them it would take as long as parsing ten containers.
    without_host = pl.concat([empty_wire_frame().drop("host"), *parsed.frames], rechunk=False)
    rows = without_host.insert_column(0, host.to_series())
    # Other pieces of a broken body may be among the rows.
    return ParsedBodies(rows.filter(~pl.col("host").is_in(parsed.broken)) if parsed.broken else rows, parsed.broken)


def _parse(part: Mapping[str, _Elements]) -> _Parsed:
    """Parse the elements of some hosts together; where that fails, those of each host alone."""
    if any(elements.size() > _LARGEST_PIECE_BYTES for elements in part.values()):
        return _Parsed([], [], frozenset(part))
    found = parse_elements([elements.text() for elements in part.values()])
    if found is not None:
        return _Parsed([found.rows], list(zip(part, found.counts, strict=True)), frozenset())
    if len(part) == 1:
        return _Parsed([], [], frozenset(part))
    return _Parsed.all_of(_parse({host: elements}) for host, elements in part.items())


def _inside(body: bytes) -> _Elements:
    """The elements between the brackets of an array."""
    return _Elements(body, body.index(b"[") + 1, body.rindex(b"]"))


def _parts(bodies: Mapping[str, _Elements]) -> Iterator[Mapping[str, _Elements]]:
    """The elements in parts of similar size, in order: each call takes as long as tens of containers."""
    small: dict[str, _Elements] = {}
    size = 0
    for host, elements in bodies.items():
        if small and size + elements.size() > _PIECE_BYTES:
            yield small
            small, size = {}, 0
        if elements.size() > _PIECE_BYTES:
            yield from ({host: piece} for piece in _pieces(elements))
        else:
            small[host] = elements
            size += elements.size()
    if small:
        yield small


def _pieces(elements: _Elements) -> Iterator[_Elements]:
    body, start, stop = elements
    while (boundary := body.find(_BOUNDARY, start + _PIECE_BYTES, stop)) >= 0:
        yield _Elements(body, start, boundary + 1)
        start = boundary + 2
    yield _Elements(body, start, stop)
