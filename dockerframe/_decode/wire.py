"""Container summaries in the form in which engines send them, and under the names of our tables."""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._decode.times import time_of_seconds
from dockerframe._foreign import POLARS_ERRORS
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

_WIRE_PLATFORM: Final = ("os", "architecture", "variant")


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
        "Health": pl.Struct({"Status": pl.String(), "FailingStreak": pl.Int64()}),
        "Labels": pl.Map(pl.String(), pl.String()),
        # Wide enough for a number of 38 digits: `dockerframe._decode.ports` reports what is not a port.
        "Ports": pl.List(
            _wire_struct({**PORT_FIELDS, "private_port": pl.Int128(), "public_port": pl.Int128()}, _WIRE_PORT)
        ),
        "Mounts": pl.List(_wire_struct(MOUNT_FIELDS, _WIRE_MOUNT)),
        "NetworkSettings": pl.Struct({"Networks": pl.Map(pl.String(), _wire_struct(NETWORK_FIELDS, _WIRE_NETWORK))}),
        "HostConfig": pl.Struct({"NetworkMode": pl.String()}),
        "ImageManifestDescriptor": pl.Struct({"platform": pl.Struct(dict.fromkeys(_WIRE_PLATFORM, pl.String()))}),
        "SizeRw": pl.Int64(),
        "SizeRootFs": pl.Int64(),
    }
)

_MARK: Final = secrets.token_hex(8)
_MARKED_SCHEMA: Final = pl.Schema({_MARK: pl.UInt32(), **WIRE_SCHEMA})


class WireRows(NamedTuple):
    """Rows as on the wire, without the column `host`, and how many belong to each host."""

    rows: pl.DataFrame
    counts: list[int]


def parse_elements(elements: Sequence[bytes | memoryview]) -> WireRows | None:
    """The summaries of several hosts as rows on the wire; None if Polars refuses those of some host.

    `elements` has the text between the brackets of each host's array. A marker element before those of each host, and
    after the last one, shows where they begin and end. Its only key is random, so no engine can guess it. If a host
    closes or opens too many brackets, a marker is not found in its place.
    """
    if len(elements) == 1:
        # Most of what large fleets send takes this way: it is copied once, and has no markers to remove.
        rows = _read((b"[", elements[0], b"]"), WIRE_SCHEMA)
        return None if rows is None else WireRows(rows, [rows.height])
    text: list[bytes | memoryview] = [b"["]
    for position, inside in enumerate(elements):
        text += [_mark(position), b",", inside, b","] if len(inside) else [_mark(position), b","]
    rows = _read([*text, _mark(len(elements)), b"]"], _MARKED_SCHEMA)
    if rows is None:
        return None
    marks = rows.get_column(_MARK)
    if marks.drop_nulls().to_list() != list(range(len(elements) + 1)) or marks[-1] != len(elements):
        return None
    counts = (marks.is_not_null().arg_true().diff(null_behavior="drop") - 1).to_list()
    return WireRows(rows.filter(marks.is_null()).drop(_MARK), counts)


def _mark(position: int) -> bytes:
    return b'{"%b":%d}' % (_MARK.encode(), position)


def _read(text: Sequence[bytes | memoryview], schema: pl.Schema) -> pl.DataFrame | None:
    try:
        return pl.read_json(io.BytesIO(b"".join(text)), schema=schema)
    except POLARS_ERRORS:
        return None


def empty_wire_frame() -> pl.DataFrame:
    """A frame as on the wire, without rows."""
    return pl.DataFrame(schema={"host": pl.String(), **WIRE_SCHEMA})


def named(wire: pl.DataFrame) -> pl.DataFrame:
    """The columns under the names of our tables; empty lists and maps instead of nulls."""
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
            pl.col("Health").struct.field("FailingStreak").alias("failing_streak"),
            pl.col("Labels").fill_null(pl.lit([]).cast(WIRE_SCHEMA["Labels"])).alias("labels"),
            _renamed_list("Ports", list(PORT_FIELDS)).cast(PORTS).alias("ports"),
            _renamed_list("Mounts", list(MOUNT_FIELDS)).cast(MOUNTS).alias("mounts"),
            networks.list.eval(pl.struct(pl.element().struct.field("key"), network.alias("value")))
            .fill_null([])
            .cast(NETWORKS)
            .alias("networks"),
            pl.col("HostConfig").struct.field("NetworkMode").alias("network_mode"),
            _platform(),
            pl.col("SizeRw").alias("size_rw"),
            pl.col("SizeRootFs").alias("size_root_fs"),
        )
        .collect(engine="in-memory")
        # Each host adds two chunks; many chunks make every rule slower and take more memory.
        .rechunk()
    )
    return SUMMARIES.conform(renamed)


def _platform() -> pl.Expr:
    """The platform of the image as `os/arch[/variant]`; null where the engine does not send both parts."""
    platform = pl.col("ImageManifestDescriptor").struct.field("platform").struct
    system, processor, variant = (platform.field(name) for name in _WIRE_PLATFORM)
    behind = pl.when(variant != "").then(pl.lit("/") + variant).otherwise(pl.lit(""))
    is_sent = (system != "") & (processor != "")
    return pl.when(is_sent).then(system + "/" + processor + behind).alias("platform")


def _renamed_list(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.rename_fields(names)).fill_null([])
