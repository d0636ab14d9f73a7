"""Summaries as they stand on the wire, and under the names they have here."""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe.decode.times import time_of_seconds
from dockerframe.schemas import (
    MOUNT_FIELDS,
    MOUNTS,
    NETWORK_FIELDS,
    NETWORKS,
    PORT_FIELDS,
    PORTS,
    SUMMARIES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


WIRE_SCHEMA: Final = pl.Schema(
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
        # Wide enough for a number of 38 digits: what is no port is told in `dockerframe.decode.ports`.
        "Ports": pl.List(
            _wire_struct({**PORT_FIELDS, "private_port": pl.Int128(), "public_port": pl.Int128()}, _WIRE_PORT)
        ),
        "Mounts": pl.List(_wire_struct(MOUNT_FIELDS, _WIRE_MOUNT)),
        "NetworkSettings": pl.Struct({"Networks": pl.Map(pl.String(), _wire_struct(NETWORK_FIELDS, _WIRE_NETWORK))}),
        "HostConfig": pl.Struct({"NetworkMode": pl.String()}),
        "SizeRw": pl.Int64(),
        "SizeRootFs": pl.Int64(),
    }
)

_MARK: Final = secrets.token_hex(8)
_MARKED_SCHEMA: Final = pl.Schema({_MARK: pl.UInt32(), **WIRE_SCHEMA})


def parse_elements(elements: Mapping[str, bytes]) -> pl.DataFrame | None:
    """Rows as on the wire of several hosts; None where the elements of some host can't be read as summaries.

    `elements` is what stands between the brackets of an array, by host. An element of our own before those of each
    host and after the last tells where they begin and end. Its only key is one that no engine can guess; were some
    host to close or to open more than it should, a mark would not be found in its place.
    """
    parts: list[bytes] = []
    for position, inside in enumerate(elements.values()):
        parts.append(_mark(position))
        if inside:
            parts.append(inside)
    rows = _read([*parts, _mark(len(elements))])
    if rows is None:
        return None
    marks = rows.get_column(_MARK)
    last = len(elements)
    if marks.drop_nulls().to_list() != list(range(last + 1)) or marks[-1] != last:
        return None
    if last == 1:
        # A slice, where a filter would copy every column.
        return rows.slice(1, rows.height - 2).select(pl.lit(next(iter(elements))).alias("host"), pl.exclude(_MARK))
    hosts = pl.Series([*elements, None], dtype=pl.String())
    host = hosts.gather(marks.forward_fill()).alias("host")
    return rows.select(host, pl.exclude(_MARK)).filter(marks.is_null())


def _mark(position: int) -> bytes:
    return b'{"%b":%d}' % (_MARK.encode(), position)


def _read(elements: Sequence[bytes]) -> pl.DataFrame | None:
    try:
        return pl.read_json(io.BytesIO(b"".join((b"[", b",".join(elements), b"]"))), schema=_MARKED_SCHEMA)
    except pl.exceptions.PolarsError:
        return None


def empty_wire_frame() -> pl.DataFrame:
    """No rows, as on the wire."""
    return pl.DataFrame(schema={"host": pl.String(), **WIRE_SCHEMA})


def named(wire: pl.DataFrame) -> pl.DataFrame:
    """The columns under their names here, with no null where an empty list or map says the same."""
    network = pl.element().struct.field("value").struct.rename_fields(list(NETWORK_FIELDS))
    networks = pl.col("NetworkSettings").struct.field("Networks").map.entries()
    renamed = (
        wire.lazy()
        .select(
            "host",
            pl.col("Id").alias("container_id"),
            pl.col("Names").fill_null([]).alias("names"),
            pl.col("Image").alias("image"),
            pl.col("ImageID").alias("image_id"),
            pl.col("Command").alias("command"),
            time_of_seconds("Created").alias("created"),
            pl.col("State").alias("state"),
            pl.col("Status").alias("status"),
            pl.col("Health").struct.field("Status").alias("health"),
            pl.col("Labels").fill_null(pl.lit([]).cast(WIRE_SCHEMA["Labels"])).alias("labels"),
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
        .collect(engine="in-memory")
        # They come in two pieces a host, over which every rule would be slower, and take more memory.
        .rechunk()
    )
    return SUMMARIES.conform(renamed)


def _renamed_list(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.rename_fields(names)).fill_null([])
