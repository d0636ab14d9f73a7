"""The types of columns, columns, and schemas of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

import polars as pl

Precedence: TypeAlias = Literal["alias", "wildcard"]
"""Which label wins where an alias and a wildcard set the same field (labels.md, section 6.5)."""

FrameT = TypeVar("FrameT", pl.DataFrame, pl.LazyFrame)
"""An eager or a lazy frame; a function returns the kind that it was given."""

TIME: Final = pl.Datetime("us", "UTC")

DURATION: Final = pl.Duration("us")

LABELS: Final = pl.Map(pl.String(), pl.String())

HIGHEST_PORT: Final = 2**16 - 1

PORT_FIELDS: Final = {
    "ip": pl.String(),
    "private_port": pl.UInt16(),
    "public_port": pl.UInt16(),
    "type": pl.String(),
}

MOUNT_FIELDS: Final = {
    "type": pl.String(),
    "name": pl.String(),
    "source": pl.String(),
    "destination": pl.String(),
    "driver": pl.String(),
    "mode": pl.String(),
    "rw": pl.Boolean(),
    "propagation": pl.String(),
}

NETWORK_FIELDS: Final = {
    "ip_address": pl.String(),
    "ip_prefix_len": pl.Int64(),
    "gateway": pl.String(),
    "endpoint_id": pl.String(),
    "ipv6_gateway": pl.String(),
    "global_ipv6_address": pl.String(),
    "global_ipv6_prefix_len": pl.Int64(),
    "mac_address": pl.String(),
    "network_id": pl.String(),
    "aliases": pl.List(pl.String()),
}

PORTS: Final = pl.List(pl.Struct(PORT_FIELDS))

MOUNTS: Final = pl.List(pl.Struct(MOUNT_FIELDS))

NETWORKS: Final = pl.Map(pl.String(), pl.Struct(NETWORK_FIELDS))


class Column(NamedTuple):
    """A column of a table: its name, type and meaning."""

    name: str
    dtype: pl.DataType
    meaning: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The rows and columns of a table: what a row is, which columns identify it, and all its columns in order."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    schema: pl.Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the names and types as Polars takes them: building a schema takes 0.1 ms, and each table is checked."""
        object.__setattr__(self, "schema", pl.Schema({column.name: column.dtype for column in self.columns}))

    def empty(self) -> pl.DataFrame:
        """The table without rows."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of this table from a frame that has them, in order and with their types."""
        wanted = self.schema
        if frame.schema == wanted:
            return frame
        ordered = frame.select(wanted.names())
        # Casting a nested column is slow in Polars, even to the type that it already has.
        present = ordered.schema
        casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if present[name] != dtype]
        return ordered.with_columns(casts) if casts else ordered


def completed(frame: FrameT, wanted: pl.Schema) -> FrameT:
    """A frame of an earlier version, with nulls in the columns that did not exist yet."""
    present = frame.collect_schema().names()
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in wanted.items() if name not in present]
    others = [name for name in present if name not in wanted]
    return frame.with_columns(missing).select(*wanted, *others) if missing else frame


HOST = Column("host", pl.String(), "name of the host in the fleet")

CONTAINER_ID = Column("container_id", pl.String(), "full id of the container")

CONTAINER_KEY = (HOST, CONTAINER_ID)
