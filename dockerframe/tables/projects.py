"""The Compose projects of a fleet, and whether all of their services run."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas import HOST, Column
from dockerframe.tables._table import Listed, Table


def _projects(containers: pl.DataFrame) -> pl.DataFrame:
    """One row per host and Compose project; a service runs when one of its containers does."""
    is_running = pl.col("running").fill_null(value=False)
    service = pl.col("compose_service")
    running_services = service.filter(is_running).n_unique()
    return (
        containers.filter(pl.col("compose_project").is_not_null())
        .group_by("host", "compose_project")
        .agg(
            pl.len().alias("containers"),
            is_running.sum().alias("running"),
            service.n_unique().alias("services"),
            running_services.alias("running_services"),
            service.filter(~is_running & ~service.is_in(service.filter(is_running).implode()))
            .unique()
            .sort()
            .alias("stopped_services"),
            (pl.col("health") == "unhealthy").sum().alias("unhealthy"),
            pl.col("created").max().alias("last_created"),
        )
        .with_columns((pl.col("running_services") == pl.col("services")).alias("is_up"))
        .sort("host", "compose_project")
    )


TABLE: Final = Table(
    name="projects",
    row="a Compose project on a host",
    key=("host", "compose_project"),
    columns=(
        HOST,
        Column("compose_project", pl.String(), "name of the project"),
        Column("is_up", pl.Boolean(), "whether each of its services has a running container"),
        Column("services", pl.UInt32(), "number of services that have containers"),
        Column("running_services", pl.UInt32(), "number of services with a running container"),
        Column("stopped_services", pl.List(pl.String()), "services without a running container, by name"),
        Column("containers", pl.UInt32(), "number of containers"),
        Column("running", pl.UInt32(), "number of running containers"),
        Column("unhealthy", pl.UInt32(), "number of containers whose health check fails"),
        Column("last_created", pl.Datetime("us", "UTC"), "when its newest container was created"),
    ),
    order=25,
    source="containers",
    derive=lambda derivation: _projects(derivation.containers),
    listing=(
        Listed("host", "host", priority=1),
        Listed("project", "compose_project", priority=1),
        Listed("up", "is_up", priority=1),
        Listed("services", pl.format("{}/{}", "running_services", "services"), priority=1),
        Listed("stopped", pl.col("stopped_services").list.join(", "), priority=1, wraps=True),
        Listed("containers", pl.format("{}/{}", "running", "containers")),
        Listed("unhealthy", "unhealthy"),
        Listed("last created", "last_created", priority=3),
    ),
)
"""One row per Compose project and host."""
