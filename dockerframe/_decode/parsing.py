"""Parsing the bodies of many hosts on all processors: large ones in pieces, small ones together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._decode.wire import empty_wire_frame, parse_elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Every engine sends the id first. Outside a string these bytes can only be where one element ends and the next
# begins; inside one they can't be, since a quote there is escaped.
_BOUNDARY: Final = b'},{"Id":"'
_PIECE_BYTES: Final = 2**20


class ParsedBodies(NamedTuple):
    """Rows as on the wire, of the hosts in the order of the bodies, and the hosts whose body could not be read."""

    rows: pl.DataFrame
    broken: frozenset[str]


class _Elements(NamedTuple):
    """Some elements of a body, without the brackets of the array: where they start and stop in it."""

    body: bytes
    start: int
    stop: int

    def text(self) -> memoryview:
        """What is parsed."""
        return memoryview(self.body)[self.start : self.stop]

    def size(self) -> int:
        return self.stop - self.start


class _Parsed(NamedTuple):
    """Rows in frames, how many are of each host, one host after the other, and the hosts that could not be read."""

    frames: list[pl.DataFrame]
    counts: list[tuple[str, int]]
    broken: frozenset[str]

    @classmethod
    def all_of(cls, parts: Iterable[_Parsed]) -> _Parsed:
        each = list(parts)
        frames, counts = [one for part in each for one in part.frames], [one for part in each for one in part.counts]
        return cls(frames, counts, frozenset[str]().union(*(part.broken for part in each)))


def parse_bodies(bodies: Mapping[str, bytes]) -> ParsedBodies:
    """Parse bodies that begin and end as arrays. A host is in `rows` whole, or in `broken`."""
    parts = list(_parts({host: _inside(body) for host, body in bodies.items()}))
    # Polars parses one part on one thread and lets go of the interpreter's lock meanwhile.
    if len(parts) < 2:
        parsed = _Parsed.all_of(map(_parse, parts))
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            parsed = _Parsed.all_of(threads.map(_parse, parts))
    hosts = pl.DataFrame(parsed.counts, schema={"host": pl.String(), "count": pl.UInt32()}, orient="row")
    host = hosts.select(pl.col("host").repeat_by("count").explode(empty_as_null=False, keep_nulls=False))
    # Of all frames at once: for each it would cost as much as parsing ten containers.
    without_host = pl.concat([empty_wire_frame().drop("host"), *parsed.frames], rechunk=False)
    rows = without_host.insert_column(0, host.to_series())
    # Other pieces of a broken body may have been read.
    return ParsedBodies(rows.filter(~pl.col("host").is_in(parsed.broken)) if parsed.broken else rows, parsed.broken)


def _parse(part: Mapping[str, _Elements]) -> _Parsed:
    """Elements of some hosts, parsed at once; where that fails, those of each host alone."""
    found = parse_elements([elements.text() for elements in part.values()])
    if found is not None:
        return _Parsed([found.rows], list(zip(part, found.counts, strict=True)), frozenset())
    if len(part) == 1:
        return _Parsed([], [], frozenset(part))
    return _Parsed.all_of(_parse({host: elements}) for host, elements in part.items())


def _inside(body: bytes) -> _Elements:
    """What stands between the brackets."""
    return _Elements(body, body.index(b"[") + 1, body.rindex(b"]"))


def _parts(bodies: Mapping[str, _Elements]) -> Iterator[Mapping[str, _Elements]]:
    """The elements in parts of about the same size, in their order: each call costs as much as tens of containers."""
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
