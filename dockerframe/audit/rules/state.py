"""Rules about the state of containers and what the engine could tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS, first_characters
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_PROJECT: Final = ("host", "compose_project")
_ENDED: Final = ("exited", "stopped")
"""`stopped` is Podman's word. `stopping` and `removing` pass, `dead` has a rule of its own."""
_SIGNALS: Final = (129, 130, 131, 137, 143)
"""128 and the number of a signal that people and tools stop containers with: HUP, INT, QUIT, KILL, TERM."""
_LEFT_OVER: Final = r"^[0-9a-f]{12}_"
_NOT_SENT: Final = "not sent"


def _in_state(fleet: FleetTables, wanted: pl.Expr, message: str) -> pl.LazyFrame:
    status = pl.col("status").fill_null(_NOT_SENT)
    return fleet.containers.filter(wanted).select(
        *KEYS, message=pl.lit(message), evidence=pl.format("containers.status: {}", status)
    )


@rules.rule(
    severity="high",
    source="Docker's health checks",
    remedy="See the output of the last health check (`docker inspect`, State.Health) and the container's log.",
)
def unhealthy(fleet: FleetTables) -> pl.LazyFrame:
    """A running container fails its health check.

    Proxies and dependent containers treat it as down. It does not fire while the check is starting, and not for
    containers that do not run: engines from API 1.52 send `unhealthy` for these as well.
    """
    found = fleet.containers.filter(pl.col("running") & (pl.col("health") == "unhealthy"))
    output = first_characters(pl.col("health_output").str.strip_chars(), 200)
    checks = fleet.inspections.select(*KEYS, output.replace("", None).alias("output"))
    return found.join(checks, on=KEYS, how="left").select(
        *KEYS,
        message=pl.when(pl.col("output").is_not_null())
        .then(pl.format("The health check fails: {}", "output"))
        .otherwise(pl.lit("The health check fails.")),
        evidence=pl.lit("containers.health: unhealthy"),
    )


@rules.rule(
    severity="high",
    source="Docker's container states",
    remedy="See the end of its log (`docker logs --tail 50`) for why it ends.",
)
def restarting(fleet: FleetTables) -> pl.LazyFrame:
    """A container keeps restarting.

    Its process ends, and the engine starts it again with growing pauses. It does not fire for a container that was
    restarted and runs: see `restarted-often`.
    """
    return _in_state(fleet, pl.col("state") == "restarting", "It keeps restarting.")


@rules.rule(
    severity="high",
    source="Docker's container states",
    remedy="See the engine's log for the file system that is still in use, free it, then run `docker rm --force`, which"
    " deletes the container and its writable layer.",
)
def dead_container(fleet: FleetTables) -> pl.LazyFrame:
    """The engine could remove a container only in part.

    It cannot be started again, and its files may still be held by a process. It does not fire while a container is
    being removed.
    """
    return _in_state(fleet, pl.col("state") == "dead", "The engine could remove it only in part.")


@rules.rule(
    severity="info",
    source="CIS Docker Benchmark 5.27",
    remedy="Add a health check to the image (HEALTHCHECK) or to the service (healthcheck).",
    cis=("5.27",),
)
def no_health_check(fleet: FleetTables) -> pl.LazyFrame:
    """A running container has no health check.

    Nothing notices when it hangs. It does not fire for containers that do not run, of which the engine sends no health.
    """
    return _in_state(fleet, pl.col("running") & pl.col("health").is_null(), "It has no health check.")


@rules.rule(
    severity="high",
    source="Compose: the services of a project run together",
    remedy="See the end of its log (`docker logs --tail 50`), then run `docker compose up -d` in its project.",
)
def exited_service(fleet: FleetTables) -> pl.LazyFrame:
    """A Compose service has ended while others of its project run.

    High when it failed (exit status 1, 139, 255, …), medium when other replicas of it run or its exit status is not
    known, low when it was stopped by a signal (129, 130, 131, 137, 143): that is what `docker stop` does.

    It does not fire for a service that ended with status 0, for one-off containers (`docker compose run`), for
    containers that a proxy puts to sleep or a scheduler starts (`proxy.idle_timeout`, Sablier, Ofelia, swarm-cronjob,
    …) and what only they depend on, for the container that an interrupted recreate left over, and for dead containers,
    which have a rule of their own.
    """
    code = pl.col("status").str.extract(r"^Exited \((\d+)\)").cast(pl.Int64)
    running = fleet.compose.filter(pl.col("state") == "running")
    services = running.select(*_PROJECT, "compose_service").unique().with_columns(others_run=pl.lit(value=True))
    ended = fleet.compose.filter(
        pl.col("state").is_in(_ENDED) & ~pl.col("is_oneoff") & ~pl.col("container_name").str.contains(_LEFT_OVER)
    )
    failed = (
        ended.join(running.select(_PROJECT).unique(), on=_PROJECT, how="semi")
        .join(fleet.asleep, on=KEYS, how="anti")
        .join(fleet.inspections.select(*KEYS, "exit_code"), on=KEYS, how="left")
        .with_columns(pl.coalesce(code, "exit_code").alias("exit_code"))
        .filter(pl.col("exit_code").ne_missing(0))
        .join(services, on=[*_PROJECT, "compose_service"], how="left")
    )
    was_stopped, is_unknown = pl.col("exit_code").is_in(_SIGNALS), pl.col("exit_code").is_null()
    severity = (
        pl.when(was_stopped)
        .then(pl.lit("low"))
        .when(is_unknown | pl.col("others_run").is_not_null())
        .then(pl.lit("medium"))
        .otherwise(pl.lit("high"))
    )
    how = (
        pl.when(was_stopped)
        .then(pl.lit("was stopped"))
        .when(is_unknown)
        .then(pl.lit("has ended"))
        .otherwise(pl.format("failed with exit status {}", "exit_code"))
    )
    return failed.select(
        *KEYS,
        severity.alias("severity"),
        message=pl.format("The service {} of {} {}.", "compose_service", "compose_project", how),
        evidence=pl.format("containers.status: {}", pl.col("status").fill_null(_NOT_SENT)),
    )


@rules.rule(
    severity="info",
    source="the table errors",
    remedy="Take a new snapshot; if it stays, see the engine's log.",
)
def unreadable_container(fleet: FleetTables) -> pl.LazyFrame:
    """What an engine sent of a container could not be read in full.

    It disappeared before it could be inspected, or a part of the answer has another form than expected: rules may miss
    something about it. It does not fire for mistakes in labels (`label-error`).
    """
    found = fleet.errors.filter(pl.col("label").is_null() & (pl.col("kind") != "no_network"))
    return found.select(*KEYS, "message", evidence=pl.format("errors.kind: {}", "kind"))
