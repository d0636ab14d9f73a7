"""Parsing the bodies of many hosts on all processors: large ones in pieces, small ones together."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import polars as pl

from dockerframe.decode.wire import parse_array, parse_marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Every engine sends the id first. Outside a string these bytes can only be where one element ends and the next
# begins; inside one they can't be, since a quote there is escaped.
_BOUNDARY: Final = b'},{"Id":"'
_PIECE_BYTES: Final = 2**20


class ParsedBodies(NamedTuple):
    """Rows as on the wire, by host in the order of the bodies, and the hosts whose body Polars refused."""

    rows: list[pl.DataFrame]
    broken: frozenset[str]


def parse_bodies(bodies: Mapping[str, bytes]) -> ParsedBodies:
    """Parse bodies that begin as arrays. A host is in `rows` whole, or in `broken`."""
    parts = list(_parts(bodies))
    # Polars parses one part on one thread and lets go of the interpreter's lock meanwhile.
    if len(parts) < 2:
        parsed = [part.parse() for part in parts]
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            parsed = list(threads.map(lambda part: part.parse(), parts))
    broken = frozenset[str]().union(*(part.broken for part in parsed))
    rows = [frame for part in parsed for frame in part.rows]
    # Other pieces of a broken body may have been read.
    return ParsedBodies([frame.filter(~pl.col("host").is_in(broken)) for frame in rows] if broken else rows, broken)


class _Part(Protocol):
    """What is parsed at a time."""

    def parse(self) -> ParsedBodies:
        """Parse it."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some elements of a large body: where they start and stop in it."""

    host: str
    body: bytes
    start: int
    stop: int

    def parse(self) -> ParsedBodies:
        rows = parse_array(self.host, self._array())
        return ParsedBodies([], frozenset({self.host})) if rows is None else ParsedBodies([rows], frozenset())

    def _array(self) -> bytes:
        """These elements as an array of their own. It is made when it is parsed, so that few are there at a time."""
        if self.start == 0 and self.stop == len(self.body):
            return self.body
        start = b"" if self.start == 0 else b"["
        stop = b"" if self.stop == len(self.body) else b"]"
        return b"".join((start, memoryview(self.body)[self.start : self.stop], stop))


@dataclass(frozen=True, slots=True)
class _SmallBodies:
    """Bodies that are parsed as one array, since each call of the parser costs as much as tens of containers.

    An element of its own before those of each host tells where they begin. Its only key is one that no engine can
    guess; were some body to close or to open more than it should, a mark would not be found in its place, and
    each body would be parsed alone.
    """

    bodies: Mapping[str, bytes]

    def parse(self) -> ParsedBodies:
        mark = secrets.token_hex(8)
        elements: list[bytes] = []
        for number, body in enumerate(self.bodies.values()):
            elements.append(b'{"%b":%d}' % (mark.encode(), number))
            if inside := body.strip()[1:-1].strip():
                elements.append(inside)
        are_arrays = all(body.rstrip().endswith(b"]") for body in self.bodies.values())
        rows = parse_marked(list(self.bodies), b"[" + b",".join(elements) + b"]", mark) if are_arrays else None
        return ParsedBodies([rows], frozenset()) if rows is not None else self._parse_alone()

    def _parse_alone(self) -> ParsedBodies:
        frames = {host: parse_array(host, body) for host, body in self.bodies.items()}
        broken = frozenset(host for host, rows in frames.items() if rows is None)
        return ParsedBodies([rows for rows in frames.values() if rows is not None], broken)


def _parts(bodies: Mapping[str, bytes]) -> Iterator[_Part]:
    """The bodies in parts of about the same size, in their order."""
    small: dict[str, bytes] = {}
    size = 0
    for host, body in bodies.items():
        if small and size + len(body) > _PIECE_BYTES:
            yield _SmallBodies(small)
            small, size = {}, 0
        if len(body) > _PIECE_BYTES:
            yield from _pieces(host, body)
        else:
            small[host] = body
            size += len(body)
    if small:
        yield _SmallBodies(small)


def _pieces(host: str, body: bytes) -> Iterator[_Piece]:
    start = 0
    while (boundary := body.find(_BOUNDARY, start + _PIECE_BYTES)) >= 0:
        yield _Piece(host, body, start, boundary + 1)
        start = boundary + 2
    yield _Piece(host, body, start, len(body))
