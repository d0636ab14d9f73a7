"""Rules that need inspections: what the CIS Docker Benchmark asks of how a container was created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe.audit.fleet_tables import FleetTables
    from dockerframe.audit.rule import Check, Severity

rules: Final = Registry()

_STRONG_CAPABILITIES: Final = (
    "ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_ADMIN", "DAC_READ_SEARCH",
    "BPF", "PERFMON", "SYSLOG", "MAC_ADMIN", "MAC_OVERRIDE",
)  # fmt: skip
_MANY_RESTARTS: Final = 5
_DISK: Final = (
    r"^/dev/?(?:$|(?:[hsv]d[a-z]+\d*|xvd[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|mmcblk\d+(?:p\d+)?|dm-\d+|md\d+|mem|kmem|port)$"
    r"|(?:mapper|disk)/)"
)
_USUAL_DEVICE: Final = (
    r"^/dev/(?:null|zero|full|random|urandom|tty|fuse|net/tun|dri(?:/.*)?|snd(?:/.*)?|ttyUSB\d+|ttyACM\d+|ttyAMA\d+"
    r"|serial/.+|video\d+|v4l/.+|dvb(?:/.*)?|bus/usb(?:/.*)?|usb/.*|hidraw\d+|input(?:/.*)?|rtc\d*|nvidia.*|apex_\d+"
    r"|kfd|vchiq|vcsm.*|i2c-\d+|spidev.*|gpio.*|sr\d+|cdrom|sg\d+|tpm.*|watchdog\d*)$"
)
_DEFAULT_CGROUP: Final = r"^/?(?:docker|system\.slice|user\.slice|machine\.slice|libpod_parent)?/?$"
_PODMAN_ULIMITS: Final = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "NOFILE", "NPROC")
"""Podman fills these in for every container."""


def _rule(severity: Severity, remedy: str, *cis: str, source: str = "CIS Docker Benchmark") -> Callable[[Check], Check]:
    """A rule that needs inspections; the source names the checks of the benchmark."""
    named = f"{source} {' and '.join(cis)}" if cis else source
    return rules.rule(severity=severity, source=named, remedy=remedy, needs=("inspections",), cis=cis)


def _found(
    inspections: pl.LazyFrame, wanted: pl.Expr, message: str | pl.Expr, evidence: str | pl.Expr, *more: pl.Expr
) -> pl.LazyFrame:
    texts = {"message": message, "evidence": evidence}
    shown = {name: pl.lit(text) if isinstance(text, str) else text for name, text in texts.items()}
    return inspections.filter(wanted).select(*KEYS, *more, **shown)


def _joined(column: str) -> pl.Expr:
    return pl.col(column).list.join(", ")


@_rule("critical", "Run it without --privileged; add the capability or the device that it needs.", "5.5")
def privileged(fleet: FleetTables) -> pl.LazyFrame:
    """A container is privileged.

    It has all capabilities and all devices of the host: a process in it that is root controls the host. It does not
    fire for containers with single capabilities or devices (`strong-capabilities`, `host-devices`).
    """
    return _found(fleet.inspections, pl.col("privileged"), "It is privileged.", "inspections.privileged: true")


@_rule("high", "Remove the capability, or add only the narrow one that is needed.", "5.4")
def strong_capabilities(fleet: FleetTables) -> pl.LazyFrame:
    """A container has a capability that is as good as controlling the host or its network.

    It does not fire for capabilities within the container (`CHOWN`, `NET_BIND_SERVICE`, `NET_RAW`, `SYS_NICE`,
    `IPC_LOCK`), and reports `NET_ADMIN`, which a VPN or a firewall needs for a network of its own, as low.
    """
    strong = pl.col("cap_add").list.eval(pl.element().filter(pl.element().is_in(_STRONG_CAPABILITIES)))
    is_only_network = (strong.list.len() == 1) & (strong.list.first() == "NET_ADMIN")
    severity = pl.when(is_only_network).then(pl.lit("low")).otherwise(pl.lit("high")).alias("severity")
    return _found(
        fleet.inspections,
        strong.list.len() > 0,
        pl.format("It has the capabilities {}.", strong.list.join(", ")),
        pl.format("inspections.cap_add: {}", _joined("cap_add")),
        severity,
    )


@_rule("medium", "Name a user in the image (USER) or with --user.", "4.1")
def runs_as_root(fleet: FleetTables) -> pl.LazyFrame:
    """The processes of a container run as root.

    A flaw in the application or the kernel then reaches further. An engine sends the user of the image here too, so
    that an empty one means root.

    On a rootless engine root in the container is the user who runs the engine: reported as info. It does not fire for
    containers in a user namespace of their own, and not for users whose name only begins like root.
    """
    is_root = pl.col("user").str.contains(r"^(root|0)?(:.*)?$")
    is_mapped = pl.col("userns_mode").str.contains(r"^(auto|keep-id|nomap|private)")
    rootless = fleet.rootless_hosts.with_columns(is_rootless=pl.lit(value=True))
    inspections = fleet.inspections.join(rootless, on="host", how="left")
    is_rootless = pl.col("is_rootless").is_not_null()
    return _found(
        inspections,
        is_root & ~is_mapped,
        pl.when(is_rootless)
        .then(pl.lit("It runs as root of a rootless engine, which is the user who runs the engine."))
        .otherwise(pl.lit("It runs as root.")),
        pl.format("inspections.user: {}", pl.col("user").replace("", "not set")),
        pl.when(is_rootless).then(pl.lit("info")).otherwise(pl.lit("medium")).alias("severity"),
    )


@_rule("low", "Run it with --read-only, and give it a tmpfs or a volume where it writes.", "5.13")
def writable_root(fleet: FleetTables) -> pl.LazyFrame:
    """A container can write to its root file system.

    An intruder can replace its programs. It does not fire for volumes and tmpfs mounts that can be written.
    """
    wanted = ~pl.col("read_only_root")
    evidence = "inspections.read_only_root: false"
    return _found(fleet.inspections, wanted, "It can write to its root file system.", evidence)


@_rule("low", "Set --memory, so that one container can't take the memory of all.", "5.11")
def no_memory_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container has no memory limit.

    It can take all memory of its host, and the kernel then kills other processes. It does not fire for a limit of any
    size.
    """
    wanted = pl.col("memory_limit").is_null()
    evidence = "inspections.memory_limit: not set"
    return _found(fleet.inspections, wanted, "It has no memory limit.", evidence)


@_rule("info", "Set --cpus or --cpu-shares.", "5.12")
def no_cpu_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container has neither a limit nor a share of the processors.

    It can take all processors of its host. It does not fire for a quota (`--cpus`, `--cpu-quota`) or shares.
    """
    wanted = pl.col("nano_cpus").is_null() & pl.col("cpu_shares").is_null()
    evidence = "inspections.nano_cpus, cpu_shares: not set"
    return _found(fleet.inspections, wanted, "It has no CPU limit.", evidence)


@_rule("low", "Set --pids-limit, such as 200.", "5.29")
def no_process_limit(fleet: FleetTables) -> pl.LazyFrame:
    """A container has no limit of processes.

    A fork bomb in it stops the host. It does not fire for the default limit of an engine (2048 on Podman), which it
    sends.
    """
    wanted = pl.col("pids_limit").is_null()
    return _found(fleet.inspections, wanted, "It has no limit of processes.", "inspections.pids_limit: not set")


@_rule("low", "Run it with --security-opt no-new-privileges.", "5.26")
def new_privileges(fleet: FleetTables) -> pl.LazyFrame:
    """The processes of a container may gain privileges, by setuid programs for instance.

    It does not fire for `no-new-privileges` in any of its spellings (`:true`, `=true`).
    """
    barred = pl.col("security_opt").list.eval(pl.element().str.contains(r"^no-new-privileges([:=]true)?$")).list.any()
    return _found(
        fleet.inspections,
        ~barred.fill_null(value=False),
        "Its processes may gain privileges.",
        pl.format("inspections.security_opt: {}", _joined("security_opt").replace("", "not set")),
    )


@_rule("high", "Remove the option, so that the engine's own seccomp and AppArmor profiles apply.", "5.2", "5.22")
def security_profile_off(fleet: FleetTables) -> pl.LazyFrame:
    """The seccomp, AppArmor or SELinux profile of a container is switched off.

    It can use system calls and files that profiles close. It does not fire for a profile of your own
    (`seccomp=profile.json`), and not for `label=disable` where the engine adds it: privileged containers, and those in
    the host's PID or IPC namespace.
    """
    off = pl.element().filter(pl.element().str.contains(r"^(seccomp|apparmor|label)[:=](unconfined|disable)$"))
    options = pl.col("security_opt").list.eval(off)
    is_added = pl.col("privileged") | (pl.col("pid_mode") == "host") | (pl.col("ipc_mode") == "host")
    asked = pl.when(is_added).then(options.list.set_difference(pl.lit(["label=disable"]))).otherwise(options)
    return _found(
        fleet.inspections,
        asked.list.len() > 0,
        pl.format("Security profiles are switched off: {}.", asked.list.join(", ")),
        pl.format("inspections.security_opt: {}", _joined("security_opt")),
    )


@_rule("info", "Use --restart on-failure:5, and monitor what stays down.", "5.15")
def unlimited_restarts(fleet: FleetTables) -> pl.LazyFrame:
    """A container is restarted however often it fails.

    A container that fails at its start uses processors and fills the log without end. It does not fire for
    `on-failure` with a number.
    """
    policy = pl.col("restart_policy")
    is_unlimited = policy.is_in(["always", "unless-stopped"]) | (
        (policy == "on-failure") & (pl.col("restart_retries") == 0)
    )
    evidence = pl.format("inspections.restart_policy: {}", policy)
    return _found(fleet.inspections, is_unlimited, "It is restarted however often it fails.", evidence)


@_rule(
    "medium",
    "See the end of its log (`docker logs --tail 50`) for why it ends.",
    source="the engine's count of restarts",
)
def restarted_often(fleet: FleetTables) -> pl.LazyFrame:
    """The engine restarted a container five times or more.

    It fails again and again. It does not fire for containers that restart now (`restarting`); restarts by people don't
    count.
    """
    now = fleet.containers.filter(pl.col("state") == "restarting").select(KEYS)
    return _found(
        fleet.inspections.join(now, on=KEYS, how="anti"),
        pl.col("restart_count") >= _MANY_RESTARTS,
        pl.format("The engine restarted it {} times.", "restart_count"),
        pl.format("inspections.restart_count: {}", "restart_count"),
    )


@_rule("high", "Raise its memory limit, or find what uses the memory.", source="the engine's record of the last run")
def oom_killed(fleet: FleetTables) -> pl.LazyFrame:
    """A container was killed because memory ran out.

    The last run ended so. It does not fire for a container that was killed by a signal (status 137) with memory left.
    """
    evidence = "inspections.oom_killed: true"
    return _found(fleet.inspections, pl.col("oom_killed"), "It was killed because memory ran out.", evidence)


@_rule("high", "Give it namespaces of its own.", "5.16", "5.17", "5.21", "5.31")
def shares_host_namespace(fleet: FleetTables) -> pl.LazyFrame:
    """A container shares the PID, IPC, UTS or user namespace of its host.

    It sees, and as root controls, the processes of the host. It does not fire for the namespace of another container
    (`container:…`, `shareable`), and reports the host's user namespace alone as info: that is the default unless the
    engine remaps users.
    """
    modes = {"pid": "pid_mode", "ipc": "ipc_mode", "uts": "uts_mode", "user": "userns_mode"}
    shared = pl.concat_list(pl.when(pl.col(column) == "host").then(pl.lit(name)) for name, column in modes.items())
    names = shared.list.drop_nulls()
    is_only_user = (names.list.len() == 1) & (names.list.first() == "user")
    return _found(
        fleet.inspections,
        names.list.len() > 0,
        pl.format("It shares namespaces of its host: {}.", names.list.join(", ")),
        pl.format("inspections: {} of the host", names.list.join(", ")),
        pl.when(is_only_user).then(pl.lit("info")).otherwise(pl.lit("high")).alias("severity"),
    )


@_rule("high", "Remove the device unless the container is for it.", "5.18")
def host_devices(fleet: FleetTables) -> pl.LazyFrame:
    """A container has devices of its host.

    Disks and the host's memory (`/dev/sda`, `/dev/mem`) are high: the container reads and writes what it likes. Devices
    for sound, video, graphics, serial lines, USB and tunnels, and those given by `--gpus` or CDI, are low. Others are
    medium.

    It does not fire for privileged containers, which have all devices and a rule of their own.
    """
    devices = pl.col("devices")
    has_disk = devices.list.eval(pl.element().str.contains(_DISK)).list.any().fill_null(value=False)
    all_usual = devices.list.eval(pl.element().str.contains(_USUAL_DEVICE)).list.all()
    names = pl.concat_list(devices, pl.col("device_requests").fill_null([]))
    severity = pl.when(has_disk).then(pl.lit("high")).when(all_usual).then(pl.lit("low")).otherwise(pl.lit("medium"))
    return _found(
        fleet.inspections,
        (names.list.len() > 0) & ~pl.col("privileged"),
        pl.format("It has devices of its host: {}.", names.list.join(", ")),
        pl.format("inspections.devices: {}", names.list.join(", ")),
        severity.alias("severity"),
    )


@_rule("medium", "Remove --cgroup-parent.", "5.25")
def custom_cgroup_parent(fleet: FleetTables) -> pl.LazyFrame:
    """A container is in another control group than the engine's own.

    The limits of the engine's group do not apply to it. It does not fire for the defaults of Docker and Podman
    (`docker`, `system.slice`, `machine.slice`, and `user.slice` of a rootless engine).
    """
    return _found(
        fleet.inspections,
        ~pl.col("cgroup_parent").str.contains(_DEFAULT_CGROUP),
        pl.format("It is in the control group {}.", "cgroup_parent"),
        pl.format("inspections.cgroup_parent: {}", "cgroup_parent"),
    )


@_rule("info", "Use the engine's limits unless the application needs others.", "5.19")
def custom_ulimits(fleet: FleetTables) -> pl.LazyFrame:
    """A container has resource limits (ulimits) of its own.

    It does not fire for the limits that Podman fills in for every container (open files and processes).
    """
    podman = fleet.hosts.filter(pl.col("engine") == "podman").select("host").with_columns(is_podman=pl.lit(value=True))
    names = pl.col("ulimits").list.eval(pl.element().str.to_uppercase())
    own = names.list.set_difference(pl.lit(list(_PODMAN_ULIMITS)))
    is_filled_in = pl.col("is_podman").is_not_null() & (own.list.len() == 0)
    return _found(
        fleet.inspections.join(podman, on="host", how="left"),
        (pl.col("ulimits").list.len() > 0) & ~is_filled_in,
        pl.format("It has resource limits of its own: {}.", _joined("ulimits")),
        pl.format("inspections.ulimits: {}", _joined("ulimits")),
    )


def _of_running(fleet: FleetTables) -> pl.LazyFrame:
    return fleet.inspections.join(fleet.containers.filter("running").select(KEYS), on=KEYS, how="semi")
