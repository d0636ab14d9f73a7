"""The Compose projects of a fleet, and whether all of their services run."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOST, Column
from dockerframe.tables._table import Listed, Table


def _projects(containers: pl.DataFrame) -> pl.DataFrame:
    """One row per host and Compose project, without one-off containers.

    A service is up when one of its containers runs or, for a job, exited with status 0.
    """
    is_running = pl.col("running").fill_null(value=False)
    is_up = is_running | pl.col("status").str.starts_with("Exited (0)").fill_null(value=False)
    is_oneoff = pl.col("labels").map.get("com.docker.compose.oneoff").fill_null("").str.to_lowercase() == "true"
    service = pl.col("compose_service")
    return (
        containers.filter(pl.col("compose_project").is_not_null() & ~is_oneoff)
        .group_by("host", "compose_project")
        .agg(
            pl.len().alias("containers"),
            is_running.sum().alias("running"),
            service.n_unique().alias("services"),
            service.filter(~service.is_in(service.filter(is_up).implode())).unique().sort().alias("stopped_services"),
            (pl.col("health") == "unhealthy").sum().alias("unhealthy"),
            pl.col("created").max().alias("last_created"),
        )
        .with_columns(
            (pl.col("stopped_services").list.len() == 0).alias("is_up"),
            (pl.col("services") - pl.col("stopped_services").list.len()).alias("services_up"),
        )
        .sort("host", "compose_project")
    )


TABLE: Final = Table(
    name="projects",
    description="One row per Compose project and host, with stopped services.",
    row="a Compose project on a host",
    key=("host", "compose_project"),
    columns=(
        HOST,
        Column("compose_project", pl.String(), "name of the project"),
        Column("is_up", pl.Boolean(), "whether all services are up: running, or a job that exited with status 0"),
        Column("services", pl.UInt32(), "number of services that have containers"),
        Column("services_up", pl.UInt32(), "number of services that are up"),
        Column("stopped_services", pl.List(pl.String()), "services that are not up, by name"),
        Column("containers", pl.UInt32(), "number of containers"),
        Column("running", pl.UInt32(), "number of running containers"),
        Column("unhealthy", pl.UInt32(), "number of containers whose health check fails"),
        Column("last_created", pl.Datetime("us", "UTC"), "when its newest container was created"),
    ),
    order=25,
    source="containers",
    derive=lambda derivation: _projects(derivation.containers),
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("project", "compose_project", priority=1),
        Listed("up", "is_up", priority=1),
        Listed("services", pl.format("{}/{}", "services_up", "services"), priority=1),
        Listed("not up", pl.col("stopped_services").list.join(", "), priority=1, wraps=True),
        Listed("containers", pl.format("{}/{}", "running", "containers")),
        Listed("unhealthy", "unhealthy"),
        Listed("last created", "last_created", priority=3),
    ),
)
