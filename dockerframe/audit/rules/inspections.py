"""Rules that need inspections: what the CIS Docker Benchmark asks of how a container was created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

_STRONG_CAPABILITIES: Final = (
    "ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_ADMIN", "DAC_READ_SEARCH",
    "BPF", "PERFMON", "SYSLOG", "MAC_ADMIN", "MAC_OVERRIDE",
)  # fmt: skip
_MANY_RESTARTS: Final = 5


def _found(fleet: FleetTables, wanted: pl.Expr, message: str | pl.Expr, evidence: str | pl.Expr) -> pl.LazyFrame:
    texts = {"message": message, "evidence": evidence}
    shown = {name: pl.lit(text) if isinstance(text, str) else text for name, text in texts.items()}
    return fleet.inspections.filter(wanted).select(*KEYS, **shown)


def _joined(column: str) -> pl.Expr:
    return pl.col(column).list.join(", ")


@rule(
    severity="critical",
    source="CIS Docker Benchmark 5.5",
    remedy="Run it without --privileged; add the capability or the device that it needs.",
    needs_inspections=True,
)
def privileged(fleet: FleetTables) -> pl.LazyFrame:
    """A privileged container: it has the host's devices and all capabilities."""
    return _found(fleet, pl.col("privileged"), "It runs privileged.", "inspections.privileged: true")


@rule(
    severity="high",
    source="CIS Docker Benchmark 5.4",
    remedy="Take the capability away, or add only the narrow one that is needed.",
    needs_inspections=True,
)
def strong_capabilities(fleet: FleetTables) -> pl.LazyFrame:
    """A container with a capability that amounts to having the host."""
    strong = pl.col("cap_add").list.eval(pl.element().filter(pl.element().is_in(_STRONG_CAPABILITIES)))
    return _found(
        fleet,
        strong.list.len() > 0,
        pl.format("It has the capabilities {}.", strong.list.join(", ")),
        pl.format("inspections.cap_add: {}", _joined("cap_add")),
    )


@rule(
    severity="medium",
    source="CIS Docker Benchmark 4.1",
    remedy="Name a user in the image or with --user.",
    needs_inspections=True,
)
def runs_as_root(fleet: FleetTables) -> pl.LazyFrame:
    """A container whose processes are root, unless its image names another user.

    The engine tells the user of the image here too, so that an empty one means root.
    """
    is_root = pl.col("user").str.contains(r"^(root|0)?(:.*)?$")
    return _found(
        fleet, is_root, "It runs as root.", pl.format("inspections.user: {}", pl.col("user").replace("", "none"))
    )


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.13",
    remedy="Run it with --read-only, and give it a tmpfs or a volume where it writes.",
    needs_inspections=True,
)
def writable_root(fleet: FleetTables) -> pl.LazyFrame:
    """A container that can write to its root file system."""
    wanted = ~pl.col("read_only_root")
    return _found(fleet, wanted, "It can write to its root file system.", "inspections.read_only_root: false")


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.11",
    remedy="Set --memory, so that one container can't take the memory of all.",
    needs_inspections=True,
)
def no_memory_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container that may use all memory of its host."""
    wanted = pl.col("memory_limit").is_null()
    return _found(fleet, wanted, "It may use all memory of its host.", "inspections.memory_limit: none")


@rule(
    severity="info",
    source="CIS Docker Benchmark 5.12",
    remedy="Set --cpus or --cpu-shares.",
    needs_inspections=True,
)
def no_cpu_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container without a limit or a share of the processors."""
    wanted = pl.col("nano_cpus").is_null() & pl.col("cpu_shares").is_null()
    return _found(fleet, wanted, "It may use all processors.", "inspections.nano_cpus, cpu_shares: none")


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.29",
    remedy="Set --pids-limit, such as 200.",
    needs_inspections=True,
)
def no_process_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container that may start any number of processes."""
    return _found(
        fleet, pl.col("pids_limit").is_null(), "It may start any number of processes.", "inspections.pids_limit: none"
    )


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.26",
    remedy="Run it with --security-opt no-new-privileges.",
    needs_inspections=True,
)
def new_privileges(fleet: FleetTables) -> pl.LazyFrame:
    """A container whose processes may gain privileges, by setuid programs for instance."""
    barred = pl.col("security_opt").list.eval(pl.element().str.contains(r"^no-new-privileges([:=]true)?$")).list.any()
    return _found(
        fleet,
        ~barred.fill_null(value=False),
        "Its processes may gain privileges.",
        pl.format("inspections.security_opt: {}", pl.col("security_opt").list.join(", ").replace("", "none")),
    )


@rule(
    severity="high",
    source="CIS Docker Benchmark 5.2 and 5.22",
    remedy="Leave the engine's own seccomp and AppArmor profiles on.",
    needs_inspections=True,
)
def security_profile_off(fleet: FleetTables) -> pl.LazyFrame:
    """A container with its seccomp or AppArmor profile switched off."""
    is_off = (
        pl.col("security_opt")
        .list.eval(pl.element().str.contains(r"^(seccomp|apparmor|label)[:=](unconfined|disable)"))
        .list.any()
    )
    return _found(
        fleet,
        is_off.fill_null(value=False),
        "A security profile is switched off.",
        pl.format("inspections.security_opt: {}", _joined("security_opt")),
    )


@rule(
    severity="info",
    source="CIS Docker Benchmark 5.15",
    remedy="Use --restart on-failure:5, and have something watch for what stays down.",
    needs_inspections=True,
)
def restarts_for_ever(fleet: FleetTables) -> pl.LazyFrame:
    """A container that is started again however often it fails."""
    policy = pl.col("restart_policy")
    for_ever = policy.is_in(["always", "unless-stopped"]) | (
        (policy == "on-failure") & (pl.col("restart_retries") == 0)
    )
    return _found(
        fleet,
        for_ever,
        "It is started again however often it fails.",
        pl.format("inspections.restart_policy: {}", policy),
    )


@rule(
    severity="medium",
    source="the engine's count of restarts",
    remedy="Look at its log for why it ends.",
    needs_inspections=True,
)
def restarted_often(fleet: FleetTables) -> pl.LazyFrame:
    """A container that the engine has had to start again five times or more."""
    often = pl.col("restart_count") >= _MANY_RESTARTS
    return _found(
        fleet,
        often,
        pl.format("The engine started it again {} times.", "restart_count"),
        pl.format("inspections.restart_count: {}", "restart_count"),
    )


@rule(
    severity="high",
    source="the engine's record of the last run",
    remedy="Give it more memory, or find what takes it.",
    needs_inspections=True,
)
def killed_for_memory(fleet: FleetTables) -> pl.LazyFrame:
    """A container that was killed because memory ran out."""
    return _found(fleet, pl.col("oom_killed"), "It was killed for want of memory.", "inspections.oom_killed: true")


@rule(
    severity="high",
    source="CIS Docker Benchmark 5.16, 5.17, 5.21 and 5.31",
    remedy="Give it namespaces of its own.",
    needs_inspections=True,
)
def shares_host_namespace(fleet: FleetTables) -> pl.LazyFrame:
    """A container that shares the PID, IPC, UTS or user namespace of its host."""
    modes = {"pid": "pid_mode", "ipc": "ipc_mode", "uts": "uts_mode", "user": "userns_mode"}
    shared = pl.concat_list(pl.when(pl.col(column) == "host").then(pl.lit(name)) for name, column in modes.items())
    names = shared.list.drop_nulls()
    return _found(
        fleet,
        names.list.len() > 0,
        pl.format("It shares namespaces of its host: {}.", names.list.join(", ")),
        pl.format("inspections: {} of the host", names.list.join(", ")),
    )


@rule(
    severity="medium",
    source="CIS Docker Benchmark 5.18",
    remedy="Take the device away unless it is what the container is for.",
    needs_inspections=True,
)
def host_devices(fleet: FleetTables) -> pl.LazyFrame:
    """A container with devices of its host."""
    return _found(
        fleet,
        pl.col("devices").list.len() > 0,
        pl.format("It has devices of its host: {}.", _joined("devices")),
        pl.format("inspections.devices: {}", _joined("devices")),
    )


@rule(
    severity="medium",
    source="CIS Docker Benchmark 5.25",
    remedy="Leave the engine's control group.",
    needs_inspections=True,
)
def other_cgroup(fleet: FleetTables) -> pl.LazyFrame:
    """A container in another control group than the engine's own."""
    return _found(
        fleet,
        pl.col("cgroup_parent") != "",
        pl.format("It is in the control group {}.", "cgroup_parent"),
        pl.format("inspections.cgroup_parent: {}", "cgroup_parent"),
    )


@rule(
    severity="info",
    source="CIS Docker Benchmark 5.19",
    remedy="Use the engine's limits unless it needs others.",
    needs_inspections=True,
)
def own_ulimits(fleet: FleetTables) -> pl.LazyFrame:
    """A container with resource limits of its own."""
    return _found(
        fleet,
        pl.col("ulimits").list.len() > 0,
        "It has resource limits of its own.",
        pl.format("inspections.ulimits: {}", _joined("ulimits")),
    )
