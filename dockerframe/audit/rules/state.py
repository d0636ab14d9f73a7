"""Rules about the state of containers, their dependencies and their Compose projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS, first_characters
from dockerframe._queries.dependencies import cycles
from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

_SERVICE: Final = ("host", "compose_project", "compose_service")
_PROJECT: Final = ("host", "compose_project")
_MAY_END: Final = "service_completed_successfully"


def _in_state(fleet: FleetTables, wanted: pl.Expr, message: str) -> pl.LazyFrame:
    return fleet.containers.filter(wanted).select(
        *KEYS, message=pl.lit(message), evidence=pl.format("containers.status: {}", pl.col("status").fill_null("none"))
    )


@rule(severity="high", source="Docker's health checks", remedy="Look at its health check's output and its log.")
def unhealthy(fleet: FleetTables) -> pl.LazyFrame:
    """A container whose health check fails."""
    return _in_state(fleet, pl.col("health") == "unhealthy", "Its health check fails.")


@rule(severity="high", source="Docker's container states", remedy="Look at its log for why it ends.")
def restarting(fleet: FleetTables) -> pl.LazyFrame:
    """A container that ends and is started again."""
    return _in_state(fleet, pl.col("state") == "restarting", "It ends and is started again.")


@rule(severity="high", source="Docker's container states", remedy="Remove it; look for what held its files.")
def dead(fleet: FleetTables) -> pl.LazyFrame:
    """A container that could only be removed in part."""
    return _in_state(fleet, pl.col("state") == "dead", "The engine could remove it only in part.")


@rule(severity="info", source="CIS Docker Benchmark 5.27", remedy="Give the image or the service a health check.")
def no_health_check(fleet: FleetTables) -> pl.LazyFrame:
    """A running container without a health check."""
    return _in_state(fleet, pl.col("running") & pl.col("health").is_null(), "Nothing checks whether it works.")


@rule(
    severity="high",
    source="Compose: what `up` started should run",
    remedy="Look at its log, then `docker compose up -d` in its project.",
)
def ended_service(fleet: FleetTables) -> pl.LazyFrame:
    """A Compose service that has ended, while others of its project run.

    One-off containers (`docker compose run`) are left out, and those that ended well: status 0, on which others wait
    with `service_completed_successfully`, or a task that is done.
    """
    runs = (pl.col("state") == "running").any().over(_PROJECT)
    ended_well = pl.col("status").str.starts_with("Exited (0)")
    found = fleet.compose.filter(runs & pl.col("state").is_in(["exited", "dead"]) & ~pl.col("is_oneoff") & ~ended_well)
    return found.select(
        *KEYS,
        message=pl.format("The service {} of {} has ended.", "compose_service", "compose_project"),
        evidence=pl.format("containers.status: {}", "status"),
    )


@rule(
    severity="medium",
    source="labels.md, section 8",
    remedy="Create what it depends on, or correct the name.",
)
def dependency_missing(fleet: FleetTables) -> pl.LazyFrame:
    """A container that depends on something which is not on its host."""
    return fleet.dependencies.filter(pl.col("resolved_id").is_null()).select(
        *KEYS,
        message=pl.format("It depends on {}, which is not on its host.", "dependency"),
        evidence=pl.format("dependencies.source_label: {}", "source_label"),
    )


@rule(
    severity="high",
    source="labels.md, section 8",
    remedy="Start what it depends on.",
)
def dependency_stopped(fleet: FleetTables) -> pl.LazyFrame:
    """A running container that depends on one which does not run.

    A dependency that has only to be completed (`service_completed_successfully`) may have ended.
    """
    running = fleet.containers.filter("running").select(KEYS)
    needed = fleet.containers.filter(~pl.col("running")).select(
        "host", pl.col("container_id").alias("resolved_id"), "status"
    )
    edges = fleet.dependencies.filter(pl.col("condition").fill_null("") != _MAY_END)
    return (
        edges.join(running, on=KEYS, how="semi")
        .join(needed, on=["host", "resolved_id"])
        .select(
            *KEYS,
            message=pl.format("It runs, and what it depends on does not: {}.", "dependency"),
            evidence=pl.format("dependencies.dependency: {}; its status: {}", "dependency", "status"),
        )
    )


@rule(
    severity="medium",
    source="labels.md, section 8: nothing can start first in a cycle",
    remedy="Take one of the dependencies out.",
)
def dependency_cycle(fleet: FleetTables) -> pl.LazyFrame:
    """A container that depends on itself, by way of others or not."""
    in_cycles = cycles(fleet.frames["containers"], fleet.frames["dependencies"])
    return in_cycles.lazy().select(
        *KEYS,
        message=pl.lit("It depends on itself by way of others."),
        evidence=pl.format("dependencies: {}", pl.col("cycle").list.join(" → ")),
    )


@rule(
    severity="low",
    source="Compose: a project belongs to the files that it was last started from",
    remedy="Remove it with `docker compose up --remove-orphans`, or give one of the projects another name.",
)
def orphan_of_project(fleet: FleetTables) -> pl.LazyFrame:
    """A container of a Compose project that was started from other files than the rest of it.

    Compose sees it as an orphan: either two projects share a name, or its service has moved to other files. The files
    of the container that was created last count.
    """
    files = pl.concat_str(pl.col("working_dir").fill_null(""), pl.col("config_files").fill_null(""), separator=" ")
    known = fleet.compose.filter(pl.col("config_files").is_not_null()).with_columns(files.alias("files"))
    latest = pl.col("files").sort_by("created", "container_id").last().over(_PROJECT)
    return (
        known.with_columns(latest.alias("latest"))
        .filter(pl.col("files") != pl.col("latest"))
        .select(
            *KEYS,
            message=pl.format("The project {} was last started from other files.", "compose_project"),
            evidence=pl.format("labels.com.docker.compose.project.config_files: {}", "config_files"),
        )
    )


@rule(
    severity="medium",
    source="Compose: com.docker.compose.config-hash",
    remedy="Run `docker compose up -d` in its project, so that all of the service have one configuration.",
)
def config_drift(fleet: FleetTables) -> pl.LazyFrame:
    """Containers of one Compose service with different configurations.

    One-off containers are left out, as they are started with options of their own.
    """
    services = fleet.compose.filter(~pl.col("is_oneoff") & pl.col("config_hash").is_not_null())
    shown = first_characters(pl.col("config_hash"), 12)
    hashes = pl.col("config_hash").n_unique().over(_SERVICE)
    return (
        services.with_columns(hashes.alias("hashes"))
        .filter(pl.col("hashes") > 1)
        .select(
            *KEYS,
            message=pl.format("The service {} runs with {} different configurations.", "compose_service", "hashes"),
            evidence=pl.format("labels.com.docker.compose.config-hash: {}", shown),
        )
    )
