"""From the bytes of `GET /containers/json` to rows, without a Python object a container."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.decode.salvage import Salvaged, salvage
from dockerframe.decode.wire import empty_wire_frame, named, parse_array
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Every engine sends the id first. Outside a string these bytes can only be where one element ends and the next
# begins; inside one they can't be, since a quote there is escaped.
_BOUNDARY: Final = b'},{"Id":"'
_PIECE_BYTES: Final = 2**20


class Decoded(NamedTuple):
    """Rows of the table `summaries`, rows of `errors` for what could not be read, and hosts that failed whole."""

    summaries: pl.DataFrame
    errors: pl.DataFrame
    failures: dict[str, HostError]

    def counts(self) -> dict[str, int]:
        """How many containers each host has."""
        return dict(self.summaries.group_by("host").len().rows())


def decode_bodies(bodies: Mapping[str, bytes]) -> Decoded:
    """Decode the answers of many hosts at once, on as many threads as there are processors.

    A summary that can't be read, has no id, or repeats the id of another on its host costs itself alone: it is
    an error of kind `invalid_summary`. A body that is no JSON array at all makes its host a failure of kind
    `invalid_answer`.

    Examples
    --------
    >>> decoded = decode_bodies({"local": b'[{"Id": "abc", "Names": ["/web"], "State": "running"}]'})
    >>> decoded.summaries.select("host", "container_id", "names", "state").rows()
    [('local', 'abc', ['/web'], 'running')]
    """
    failures: dict[str, HostError] = {}
    salvaged: list[Salvaged] = []
    arrays = {host: body for host, body in bodies.items() if _is_array(body)}
    pieces = [piece for host, body in arrays.items() for piece in _pieces(host, body)]
    parsed = list(zip(pieces, _parse_all(pieces), strict=True))
    broken = {piece.host for piece, rows in parsed if rows is None} | (bodies.keys() - arrays.keys())
    whole = [rows for piece, rows in parsed if rows is not None and piece.host not in broken]
    for host in (host for host in bodies if host in broken):
        try:
            salvaged.append(salvage(bodies[host], host))
        except HostError as error:
            failures[host] = error
    rows = pl.concat([empty_wire_frame(), *whole, *(part.rows for part in salvaged)], rechunk=False)
    errors = pl.concat([ERRORS.empty(), *(part.errors for part in salvaged)])
    if salvaged:
        order = pl.DataFrame({"host": list(bodies)}, schema={"host": pl.String()})
        rows = order.join(rows, on="host", maintain_order="left_right").select(rows.columns)
    summaries, unusable = _without_unusable_ids(named(rows))
    return Decoded(summaries, pl.concat([errors, unusable]), failures)


def encode_summaries(summaries: Sequence[Mapping[str, object]]) -> bytes:
    """The list that docker-py's `APIClient.containers` returns, as the body it came from."""
    return json.dumps(list(summaries)).encode()


def _is_array(body: bytes) -> bool:
    return body[:64].lstrip(b" \t\r\n").startswith(b"[")


class _Piece(NamedTuple):
    """Some elements of a host's answer: where they start and stop in its body."""

    host: str
    body: bytes
    start: int
    stop: int

    def array(self) -> bytes:
        """These elements as an array of their own. It is made when it is parsed, so that few are there at a time."""
        if self.start == 0 and self.stop == len(self.body):
            return self.body
        start = b"" if self.start == 0 else b"["
        stop = b"" if self.stop == len(self.body) else b"]"
        return b"".join((start, memoryview(self.body)[self.start : self.stop], stop))


def _pieces(host: str, body: bytes) -> Iterator[_Piece]:
    """The body in pieces of about the same size, so that one large body is parsed on all processors."""
    start = 0
    while (boundary := body.find(_BOUNDARY, start + _PIECE_BYTES)) >= 0:
        yield _Piece(host, body, start, boundary + 1)
        start = boundary + 2
    yield _Piece(host, body, start, len(body))


def _parse_all(pieces: list[_Piece]) -> list[pl.DataFrame | None]:
    # Polars parses one piece on one thread and lets go of the interpreter's lock meanwhile.
    if len(pieces) < 2:
        return [parse_array(piece.host, piece.array()) for piece in pieces]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda piece: parse_array(piece.host, piece.array()), pieces))


def _without_unusable_ids(summaries: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The summaries that have an id of their own, and errors for the others."""
    has_id = (pl.col("container_id") != "").fill_null(value=False)
    is_first = pl.struct("host", "container_id").is_first_distinct()
    usable = summaries.lazy().select(has_id.alias("has_id"), (has_id & is_first).alias("usable")).collect()
    if usable["usable"].all():
        return summaries, ERRORS.empty()
    names = pl.col("names").list.join(", ")
    message = (
        pl.when(has_id)
        .then(pl.lit("Its id was sent before, for another container: "))
        .otherwise(pl.lit("It has no Id: "))
    )
    unusable = summaries.filter(~usable["usable"]).select(
        "host",
        "container_id",
        pl.lit("invalid_summary").alias("kind"),
        pl.lit(None, pl.String()).alias("label"),
        (message + names + ". The engine should send each container once.").alias("message"),
    )
    return summaries.filter(usable["usable"]), unusable
