"""Rules about Compose projects as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS, first_characters
from dockerframe.audit.paths import normal_path
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_SERVICE: Final = ("host", "compose_project", "compose_service")
_PROJECT: Final = ("host", "compose_project")
_VERSION_FOLDER: Final = r"/v\d+(/[^/]+)$"
"""Portainer keeps each version of a stack in a folder of its own: /data/compose/7/v3/docker-compose.yml."""


@rules.rule(
    severity="low",
    source="Compose: a project is what its current files describe",
    remedy="If two projects share the name by mistake, give one another name (`name:` or `-p`). If the service was"
    " dropped, remove its container with `docker compose rm --stop SERVICE`. `docker compose up --remove-orphans`"
    " deletes all containers of the project that its files do not describe, running ones included.",
)
def orphan_of_project(fleet: FleetTables) -> pl.LazyFrame:
    """A container belongs to no service of its project's current Compose files.

    Either two projects share a name, or the service was removed from the file. The files of the container that was
    created last are the current ones.

    It does not fire for override files (some files in common are enough), for a file that is named in another way
    (relative path, case of a drive letter, Portainer's folder per version), for services that the current files have
    as well, and for one-off containers.
    """
    all_files = pl.concat_str(pl.col("working_dir").fill_null(""), "config_files", separator="\n")
    known = fleet.compose.filter(pl.col("config_files").is_not_null() & ~pl.col("is_oneoff"))
    newest_id = pl.col("container_id").sort_by("created", "container_id").last().over(_PROJECT)
    suspects = known.filter(all_files.n_unique().over(_PROJECT) > 1).with_columns(newest_id.alias("newest_id"))
    files = (
        suspects.with_columns(pl.col("config_files").str.split(",").alias("file"))
        .explode("file", empty_as_null=False, keep_nulls=False)
        .with_columns(_file_path().alias("file"))
    )
    newest = files.filter(pl.col("container_id") == pl.col("newest_id")).select(*_PROJECT, "file").unique()
    current = files.join(newest, on=[*_PROJECT, "file"], how="semi")
    services = current.select(_SERVICE).unique()
    found = suspects.join(current, on=KEYS, how="anti").join(services, on=_SERVICE, how="anti", nulls_equal=True)
    return found.select(
        *KEYS,
        message=pl.format(
            "The service {} is in none of the current files of the project {}.", "compose_service", "compose_project"
        ),
        evidence=pl.format("labels.com.docker.compose.project.config_files: {}", "config_files"),
    )


def _file_path() -> pl.Expr:
    """The path of a Compose file, the same however it was given. Reads `file` and `working_dir`."""
    file = normal_path(pl.col("file").str.strip_chars())
    folder = normal_path(pl.col("working_dir").fill_null(""))
    is_absolute = file.str.contains(r"^(/|[a-z]:)")
    path = pl.when(is_absolute).then(file).otherwise(pl.concat_str(folder, pl.lit("/"), file.str.strip_prefix("./")))
    return path.str.replace(_VERSION_FOLDER, "${1}")


@rules.rule(
    severity="medium",
    source="Compose: com.docker.compose.config-hash",
    remedy="Run `docker compose up -d` in its project: it recreates the containers with the older configuration.",
)
def config_drift(fleet: FleetTables) -> pl.LazyFrame:
    """Containers of one Compose service have different configurations.

    Some were not recreated after the file changed. It does not fire for one-off containers (`docker compose run`),
    which are started with options of their own.
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
