"""The hosts of a fleet, reachable or not."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOSTS
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="hosts",
    description="One row per host: whether it answers, engine, containers.",
    row=HOSTS.row,
    key=HOSTS.key,
    columns=HOSTS.columns,
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
