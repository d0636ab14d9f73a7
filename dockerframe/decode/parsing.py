"""Parsing the bodies of many hosts on all processors: large ones in pieces, small ones together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.decode.wire import parse_elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Every engine sends the id first. Outside a string these bytes can only be where one element ends and the next
# begins; inside one they can't be, since a quote there is escaped.
_BOUNDARY: Final = b'},{"Id":"'
_PIECE_BYTES: Final = 2**20


class ParsedBodies(NamedTuple):
    """Rows as on the wire, by host in the order of the bodies, and the hosts whose body could not be read."""

    rows: list[pl.DataFrame]
    broken: frozenset[str]


class _Elements(NamedTuple):
    """Some elements of a body, without the brackets of the array: where they start and stop in it."""

    body: bytes
    start: int
    stop: int

    def text(self) -> bytes:
        """What is parsed. It is cut out when that is done, so that few pieces are there twice at a time."""
        return self.body[self.start : self.stop].strip()

    def size(self) -> int:
        return self.stop - self.start


def parse_bodies(bodies: Mapping[str, bytes]) -> ParsedBodies:
    """Parse bodies that begin and end as arrays. A host is in `rows` whole, or in `broken`."""
    parts = list(_parts({host: _inside(body) for host, body in bodies.items()}))
    # Polars parses one part on one thread and lets go of the interpreter's lock meanwhile.
    if len(parts) < 2:
        parsed = [_parse(part) for part in parts]
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            parsed = list(threads.map(_parse, parts))
    broken = frozenset[str]().union(*(part.broken for part in parsed))
    rows = [frame for part in parsed for frame in part.rows]
    # Other pieces of a broken body may have been read.
    return ParsedBodies([frame.filter(~pl.col("host").is_in(broken)) for frame in rows] if broken else rows, broken)


def _parse(part: Mapping[str, _Elements]) -> ParsedBodies:
    """Elements of some hosts, parsed at once; where that fails, those of each host alone."""
    rows = parse_elements({host: elements.text() for host, elements in part.items()})
    if rows is not None:
        return ParsedBodies([rows], frozenset())
    if len(part) == 1:
        return ParsedBodies([], frozenset(part))
    alone = [_parse({host: elements}) for host, elements in part.items()]
    return ParsedBodies([rows for one in alone for rows in one.rows], frozenset().union(*(one.broken for one in alone)))


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
