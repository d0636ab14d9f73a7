"""What is mounted into containers: folders of the host, volumes, tmpfs."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._redaction import SecretColumns
from dockerframe.schemas import CONTAINER_KEY, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="mounts",
    description="One row per mount: folders of the host, volumes, tmpfs.",
    row="a mount of a container",
    key=("host", "container_id", "destination"),
    columns=(
        *CONTAINER_KEY,
        Column("type", pl.String(), "`bind`, `volume`, `tmpfs`, …"),
        Column("name", pl.String(), "name of the volume; null for other mounts"),
        Column("source", pl.String(), "path on the host"),
        Column("destination", pl.String(), "path inside the container"),
        Column("driver", pl.String(), "volume driver"),
        Column("mode", pl.String(), "mount options"),
        Column("rw", pl.Boolean(), "whether it can be written"),
        Column("propagation", pl.String(), "mount propagation"),
    ),
    order=60,
    source="containers",
    derive=lambda derivation: (
        derivation.summaries.select(*KEYS, "mounts")
        .explode("mounts", empty_as_null=False, keep_nulls=False)
        .unnest("mounts")
    ),
    in_report=False,
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("source", pl.coalesce("name", "source"), priority=1, wraps=True),
        Listed("destination", "destination", priority=1, wraps=True),
        Listed("access", pl.when("rw").then(pl.lit("read-write")).otherwise(pl.lit("read-only")), priority=1),
        Listed("type", "type"),
        Listed("driver", "driver", priority=3),
        Listed("mode", "mode", priority=3),
    ),
)
