"""Rules about what containers depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.dependencies import cycles
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_MAY_END: Final = "service_completed_successfully"


@rules.rule(
    severity="medium",
    source="labels.md, section 8",
    remedy="Create what it depends on, or correct the name in the label.",
)
def dependency_missing(fleet: FleetTables) -> pl.LazyFrame:
    """A container depends on something that does not exist on its host.

    It does not fire for one-off containers (`docker compose run`), which may start without what they depend on, and
    for dependencies that have only to complete: their containers may have been removed since.
    """
    has_to_run = pl.col("condition").fill_null("") != _MAY_END
    one_off = fleet.compose.filter("is_oneoff").select(KEYS)
    missing = fleet.dependencies.filter(pl.col("resolved_id").is_null() & has_to_run)
    return missing.join(one_off, on=KEYS, how="anti").select(
        *KEYS,
        message=pl.format("It depends on {}, which does not exist on its host.", "dependency"),
        evidence=pl.format("dependencies.source_label: {}", "source_label"),
    )


@rules.rule(
    severity="high",
    source="labels.md, section 8",
    remedy="Start what it depends on; see the end of its log for why it stopped.",
)
def dependency_stopped(fleet: FleetTables) -> pl.LazyFrame:
    """A running container depends on one that does not run.

    It works only in part, or fails with the next request that needs the other one.

    It does not fire for dependencies that have only to complete (`service_completed_successfully`), while one of
    several replicas runs, and for dependencies that a proxy or a scheduler starts when they are needed.
    """
    running = fleet.containers.filter("running").select(KEYS)
    resolved = fleet.containers.select("host", "running", "status", pl.col("container_id").alias("resolved_id"))
    asleep = fleet.asleep.rename({"container_id": "resolved_id"})
    edges = fleet.dependencies.filter(
        (pl.col("condition").fill_null("") != _MAY_END) & pl.col("resolved_id").is_not_null()
    )
    stopped = resolved.filter(~pl.col("running")).join(asleep, on=["host", "resolved_id"], how="anti")
    suspects = edges.join(stopped.drop("running"), on=["host", "resolved_id"]).join(running, on=KEYS, how="semi")
    # Of several replicas one that runs, or that may be started, is enough.
    unmet = [*KEYS, "dependency"]
    fine = (
        edges.join(suspects, on=unmet, how="semi").join(stopped, on=["host", "resolved_id"], how="anti").select(unmet)
    )
    return (
        suspects.join(fine, on=unmet, how="anti")
        .group_by(unmet)
        .agg(pl.col("status").first())
        .select(
            *KEYS,
            message=pl.format("It depends on {}, which does not run.", "dependency"),
            evidence=pl.format(
                "dependencies.dependency: {}; its status: {}", "dependency", pl.col("status").fill_null("not sent")
            ),
        )
    )


@rules.rule(
    severity="medium",
    source="labels.md, section 8: nothing can start first in a cycle",
    remedy="Remove one of the dependencies.",
)
def dependency_cycle(fleet: FleetTables) -> pl.LazyFrame:
    """A container depends on itself, directly or through others.

    None of them can start first. It does not fire for containers that depend on a cycle without being part of it.
    """
    in_cycles = cycles(fleet.frames["containers"], fleet.frames["dependencies"])
    return in_cycles.lazy().select(
        *KEYS,
        message=pl.lit("It depends on itself through others."),
        evidence=pl.format("dependencies: {}", pl.col("cycle").list.join(" → ")),
    )
