"""From the bytes of `GET /containers/json` to rows, without a Python object a container."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.errors import HostError
from dockerframe.schemas import (
    ERRORS,
    MOUNT_FIELDS,
    MOUNTS,
    NETWORK_FIELDS,
    NETWORKS,
    PORT_FIELDS,
    PORTS,
    SUMMARIES,
    TIME,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIRE_PORT: Final = {"ip": "IP", "private_port": "PrivatePort", "public_port": "PublicPort", "type": "Type"}
_WIRE_MOUNT: Final = {
    "type": "Type",
    "name": "Name",
    "source": "Source",
    "destination": "Destination",
    "driver": "Driver",
    "mode": "Mode",
    "rw": "RW",
    "propagation": "Propagation",
}
_WIRE_NETWORK: Final = {
    "ip_address": "IPAddress",
    "ip_prefix_len": "IPPrefixLen",
    "gateway": "Gateway",
    "endpoint_id": "EndpointID",
    "ipv6_gateway": "IPv6Gateway",
    "global_ipv6_address": "GlobalIPv6Address",
    "global_ipv6_prefix_len": "GlobalIPv6PrefixLen",
    "mac_address": "MacAddress",
    "network_id": "NetworkID",
    "aliases": "Aliases",
}


def _wire_struct(fields: Mapping[str, pl.DataType], names: Mapping[str, str]) -> pl.Struct:
    return pl.Struct({names[name]: dtype for name, dtype in fields.items()})


_WIRE_SCHEMA: Final = pl.Schema(
    {
        "Id": pl.String(),
        "Names": pl.List(pl.String()),
        "Image": pl.String(),
        "ImageID": pl.String(),
        "Command": pl.String(),
        "Created": pl.Int64(),
        "State": pl.String(),
        "Status": pl.String(),
        "Health": pl.Struct({"Status": pl.String()}),
        "Labels": pl.Map(pl.String(), pl.String()),
        "Ports": pl.List(_wire_struct(PORT_FIELDS, _WIRE_PORT)),
        "Mounts": pl.List(_wire_struct(MOUNT_FIELDS, _WIRE_MOUNT)),
        "NetworkSettings": pl.Struct({"Networks": pl.Map(pl.String(), _wire_struct(NETWORK_FIELDS, _WIRE_NETWORK))}),
        "HostConfig": pl.Struct({"NetworkMode": pl.String()}),
        "SizeRw": pl.Int64(),
        "SizeRootFs": pl.Int64(),
    }
)

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
    salvaged: list[_Salvaged] = []
    arrays = {host: body for host, body in bodies.items() if _is_array(body)}
    pieces = [piece for host, body in arrays.items() for piece in _pieces(host, body)]
    parsed = list(zip(pieces, _parse_all(pieces), strict=True))
    broken = {piece.host for piece, rows in parsed if rows is None} | (bodies.keys() - arrays.keys())
    whole = [rows for piece, rows in parsed if rows is not None and piece.host not in broken]
    for host in (host for host in bodies if host in broken):
        try:
            salvaged.append(_salvage(bodies[host], host))
        except HostError as error:
            failures[host] = error
    rows = pl.concat([_wire_frame(), *whole, *(part.rows for part in salvaged)], rechunk=False)
    errors = pl.concat([ERRORS.empty(), *(part.errors for part in salvaged)])
    if salvaged:
        order = pl.DataFrame({"host": list(bodies)}, schema={"host": pl.String()})
        rows = order.join(rows, on="host", maintain_order="left_right").select(rows.columns)
    summaries, unusable = _without_unusable_ids(_named(rows))
    return Decoded(summaries, pl.concat([errors, unusable]), failures)


def encode_summaries(summaries: Sequence[Mapping[str, object]]) -> bytes:
    """The list that docker-py's `APIClient.containers` returns, as the body it came from."""
    return json.dumps(list(summaries)).encode()


class _Salvaged(NamedTuple):
    rows: pl.DataFrame
    errors: pl.DataFrame


def _is_array(body: bytes) -> bool:
    return body[:64].lstrip(b" \t\r\n").startswith(b"[")


def _json(body: bytes, host: str, path: str) -> object:
    try:
        return json.loads(body.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise _not_an_engine(host, f"{path} is no JSON ({error})") from error


def _not_an_engine(host: str, message: str) -> HostError:
    remedy = "Check that the URL is that of a Docker engine and that nothing between cuts its answers short."
    return HostError("invalid_answer", f"Host {host}: {message}.", remedy=remedy, host=host)


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
        return [_parse(piece.host, piece.array()) for piece in pieces]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda piece: _parse(piece.host, piece.array()), pieces))


def _parse(host: str, array: bytes) -> pl.DataFrame | None:
    """Rows as on the wire; None where Polars can't read the array as one of summaries."""
    try:
        rows = pl.read_json(io.BytesIO(array), schema=_WIRE_SCHEMA)
    except pl.exceptions.PolarsError:
        return None
    return rows.select(pl.lit(host).alias("host"), pl.all())


def _wire_frame() -> pl.DataFrame:
    return pl.DataFrame(schema={"host": pl.String(), **_WIRE_SCHEMA})


def _salvage(body: bytes, host: str) -> _Salvaged:
    """Read a body that Polars refused: whatever summary can be read by itself is, and the others are errors."""
    elements = _json(body, host, "/containers/json")
    if not isinstance(elements, list):
        said = f": {elements['message']}" if isinstance(elements, dict) and "message" in elements else ""
        raise _not_an_engine(host, f"/containers/json is no JSON array{said}")
    frames: list[pl.DataFrame] = []
    bad: list[object] = []
    _bisect(elements, host, frames, bad)
    errors = pl.DataFrame(
        {
            "host": host,
            "container_id": [_id_of(element) for element in bad],
            "kind": "invalid_summary",
            "label": None,
            "message": [f"The summary has a value of the wrong type: {_excerpt(element)}" for element in bad],
        },
        schema=ERRORS.schema,
    )
    return _Salvaged(pl.concat([_wire_frame(), *frames]), errors)


def _bisect(elements: list[object], host: str, frames: list[pl.DataFrame], bad: list[object]) -> None:
    """Halve what can't be read until only the bad elements are left, so that few of them cost few attempts."""
    rows = _parse(host, json.dumps(elements).encode()) if all(isinstance(one, dict) for one in elements) else None
    if rows is not None:
        frames.append(rows)
    elif len(elements) == 1:
        bad.append(elements[0])
    else:
        middle = len(elements) // 2
        _bisect(elements[:middle], host, frames, bad)
        _bisect(elements[middle:], host, frames, bad)


def _id_of(element: object) -> str | None:
    found = element.get("Id") if isinstance(element, dict) else None
    return found if isinstance(found, str) else None


def _excerpt(element: object) -> str:
    """The keys of a summary whose values are at fault, never the values: they may hold secrets."""
    if not isinstance(element, dict):
        return f"it is a {type(element).__name__}, not an object."
    wrong = [
        key
        for key, value in element.items()
        if key in _WIRE_SCHEMA and _parse("", json.dumps([{key: value}]).encode()) is None
    ]
    return f"{', '.join(wrong)}."


def _named(wire: pl.DataFrame) -> pl.DataFrame:
    """The columns under their names here, with no null where an empty list or map says the same."""
    network = pl.element().struct.field("value").struct.rename_fields(list(NETWORK_FIELDS))
    networks = pl.col("NetworkSettings").struct.field("Networks").map.entries()
    named = (
        wire.rechunk()
        .lazy()
        .select(
            "host",
            pl.col("Id").alias("container_id"),
            pl.col("Names").fill_null([]).alias("names"),
            pl.col("Image").alias("image"),
            pl.col("ImageID").alias("image_id"),
            pl.col("Command").alias("command"),
            pl.from_epoch("Created", time_unit="s").cast(TIME).alias("created"),
            pl.col("State").alias("state"),
            pl.col("Status").alias("status"),
            pl.col("Health").struct.field("Status").alias("health"),
            pl.col("Labels").fill_null(pl.lit([]).cast(_WIRE_SCHEMA["Labels"])).alias("labels"),
            _renamed_list("Ports", list(PORT_FIELDS)).cast(PORTS).alias("ports"),
            _renamed_list("Mounts", list(MOUNT_FIELDS)).cast(MOUNTS).alias("mounts"),
            networks.list.eval(pl.struct(pl.element().struct.field("key"), network.alias("value")))
            .fill_null([])
            .cast(NETWORKS)
            .alias("networks"),
            pl.col("HostConfig").struct.field("NetworkMode").alias("network_mode"),
            pl.col("SizeRw").alias("size_rw"),
            pl.col("SizeRootFs").alias("size_root_fs"),
        )
        .collect()
    )
    return SUMMARIES.conform(named)


def _renamed_list(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.rename_fields(names)).fill_null([])


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
