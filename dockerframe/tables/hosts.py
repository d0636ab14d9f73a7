"""The hosts of a fleet, reachable or not."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOST, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="hosts",
    description="One row per host: whether it answers, engine, containers.",
    row="a host, reachable or not",
    key=("host",),
    columns=(
        HOST,
        Column("url", pl.String(), "URL of the host"),
        Column("ok", pl.Boolean(), "whether its containers were gathered"),
        Column("error_kind", pl.String(), "kind of the failure (see the error kinds); null when ok"),
        Column("error", pl.String(), "what failed and how to fix it; null when ok"),
        Column("seconds", pl.Float64(), "how long the host took; null when it was not queried"),
        Column("containers", pl.UInt32(), "number of containers; null when it failed"),
        Column("engine_id", pl.String(), "id of the daemon; null when it does not send one"),
        Column("api_version", pl.String(), "API version used"),
        Column("engine", pl.String(), "`docker` or `podman`"),
        Column("engine_version", pl.String(), "the engine's version"),
        Column("os", pl.String(), "operating system, as the engine names it"),
        Column("arch", pl.String(), "processor architecture"),
        Column("cpus", pl.UInt32(), "number of processors"),
        Column("memory", pl.UInt64(), "memory in bytes"),
        Column("agent_name", pl.String(), "name of the GoDoxy agent; null without an agent"),
        Column("agent_version", pl.String(), "version of the GoDoxy agent; null without an agent"),
        Column("country", pl.String(), "country code of the host's address (extra `geo`); null when not located"),
        Column("city", pl.String(), "city of the host's address; null when not located"),
        Column("timezone", pl.String(), "time zone of the host's address; null when not located"),
        Column("latitude", pl.Float64(), "latitude in degrees; null when not located"),
        Column("longitude", pl.Float64(), "longitude in degrees; null when not located"),
    ),
    order=10,
    source="GET /version, GET /info",
    derive=lambda derivation: derivation.gathered.hosts,
    secrets=SecretColumns(texts=("url", "error")),
    listing=(
        Listed("host", "host", priority=1),
        Listed("ok", "ok", priority=1),
        Listed("error", "error_kind", priority=1),
        Listed("containers", "containers", priority=1),
        Listed("engine", pl.concat_str("engine", "engine_version", separator=" ")),
        Listed("os", "os"),
        Listed("url", "url"),
        Listed("api", "api_version", priority=3),
        Listed("cpus", "cpus", priority=3),
        Listed("seconds", "seconds", priority=3),
    ),
)
