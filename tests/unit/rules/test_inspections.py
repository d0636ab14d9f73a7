"""How containers were created: one row per alternative of each rule, and near misses."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.unit.rules.fleets import evidence, found, inspected

ROOTLESS = {"url": "unix:///run/user/1000/podman/podman.sock"}

# Rule, columns of the inspection, severity and evidence of the finding.
FIRES: list[tuple[str, dict[str, Any], str, str]] = [
    ("privileged", {"privileged": True}, "critical", "inspections.privileged: true"),
    *(
        ("strong-capabilities", {"cap_add": [name]}, "high", f"inspections.cap_add: {name}")
        for name in (
            "ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "DAC_READ_SEARCH", "BPF",
            "PERFMON", "SYSLOG", "MAC_ADMIN", "MAC_OVERRIDE",
        )
    ),
    ("strong-capabilities", {"cap_add": ["NET_ADMIN", "CHOWN"]}, "low", "inspections.cap_add: NET_ADMIN, CHOWN"),
    ("strong-capabilities", {"cap_add": ["NET_ADMIN", "SYS_ADMIN"]}, "high", "inspections.cap_add: NET_ADMIN, SYS_ADMIN"),
    ("runs-as-root", {"user": ""}, "medium", "inspections.user: not set"),
    *(("runs-as-root", {"user": user}, "medium", f"inspections.user: {user}") for user in ("root", "0", "0:0", "root:root", ":1000")),
    ("runs-as-root", {"user": "", **ROOTLESS}, "info", "inspections.user: not set"),
    ("writable-root", {"read_only_root": False}, "low", "inspections.read_only_root: false"),
    ("no-memory-limit", {"memory_limit": None}, "low", "inspections.memory_limit: not set"),
    ("no-cpu-limit", {"cpu_shares": None}, "info", "inspections.nano_cpus, cpu_shares: not set"),
    ("no-process-limit", {"pids_limit": None}, "low", "inspections.pids_limit: not set"),
    ("new-privileges", {"security_opt": []}, "low", "inspections.security_opt: not set"),
    ("new-privileges", {"security_opt": ["no-new-privileges:false"]}, "low", "inspections.security_opt: no-new-privileges:false"),
    *(
        ("security-profile-off", {"security_opt": [option]}, "high", f"inspections.security_opt: {option}")
        for option in ("seccomp=unconfined", "seccomp:unconfined", "apparmor=unconfined", "apparmor:unconfined", "label=disable", "label:disable")
    ),
    ("security-profile-off", {"security_opt": ["label=disable", "seccomp=unconfined"], "privileged": True}, "high", "inspections.security_opt: label=disable, seccomp=unconfined"),
    *(("unlimited-restarts", {"restart_policy": policy}, "info", f"inspections.restart_policy: {policy}") for policy in ("always", "unless-stopped")),
    ("unlimited-restarts", {"restart_retries": 0}, "info", "inspections.restart_policy: on-failure"),
    ("restarted-often", {"restart_count": 5}, "medium", "inspections.restart_count: 5"),
    ("oom-killed", {"oom_killed": True}, "high", "inspections.oom_killed: true"),
    *(
        ("shares-host-namespace", {column: "host"}, "high", f"inspections: {name} of the host")
        for column, name in (("pid_mode", "pid"), ("ipc_mode", "ipc"), ("uts_mode", "uts"))
    ),
    ("shares-host-namespace", {"userns_mode": "host"}, "info", "inspections: user of the host"),
    ("shares-host-namespace", {"userns_mode": "host", "pid_mode": "host"}, "high", "inspections: pid, user of the host"),
    *(
        ("host-devices", {"devices": [device]}, "high", f"inspections.devices: {device}")
        for device in ("/dev/sda", "/dev/sdb1", "/dev/nvme0n1", "/dev/nvme0n1p1", "/dev/vda", "/dev/xvda", "/dev/hda", "/dev/mmcblk0",
                       "/dev/mmcblk0p1", "/dev/dm-0", "/dev/md0", "/dev/mapper/vg-root", "/dev/disk/by-id/ata-x", "/dev/mem", "/dev/kmem", "/dev/port", "/dev", "/dev/")
    ),
    *(
        ("host-devices", {"devices": [device]}, "low", f"inspections.devices: {device}")
        for device in ("/dev/null", "/dev/fuse", "/dev/net/tun", "/dev/dri", "/dev/dri/renderD128", "/dev/snd", "/dev/ttyUSB0", "/dev/ttyACM0",
                       "/dev/ttyAMA0", "/dev/serial/by-id/usb-x", "/dev/video0", "/dev/bus/usb", "/dev/bus/usb/001/002", "/dev/hidraw0",
                       "/dev/input/event0", "/dev/rtc", "/dev/nvidia0", "/dev/nvidiactl", "/dev/apex_0", "/dev/kfd", "/dev/i2c-1", "/dev/sr0", "/dev/watchdog")
    ),
    ("host-devices", {"devices": ["/dev/dri", "/dev/kvm"]}, "medium", "inspections.devices: /dev/dri, /dev/kvm"),
    ("host-devices", {"devices": ["/dev/dri", "/dev/sda"]}, "high", "inspections.devices: /dev/dri, /dev/sda"),
    ("host-devices", {"device_requests": ["cdi: vendor.example/dev=one"]}, "low", "inspections.devices: cdi: vendor.example/dev=one"),
    ("host-devices", {"device_requests": ["gpu: all"]}, "low", "inspections.devices: gpu: all"),
    *(("custom-cgroup-parent", {"cgroup_parent": parent}, "medium", f"inspections.cgroup_parent: {parent}") for parent in ("/mine", "my.slice", "docker2")),
    ("custom-ulimits", {"ulimits": ["nofile"]}, "info", "inspections.ulimits: nofile"),
    ("custom-ulimits", {"ulimits": ["RLIMIT_NOFILE", "RLIMIT_CORE"], "engine": "podman"}, "info", "inspections.ulimits: RLIMIT_NOFILE, RLIMIT_CORE"),
]  # fmt: skip

SPARES: list[tuple[str, dict[str, Any]]] = [
    ("privileged", {"cap_add": ["SYS_ADMIN"]}),
    *(("strong-capabilities", {"cap_add": [name]}) for name in ("CHOWN", "NET_BIND_SERVICE", "NET_RAW", "SYS_NICE", "IPC_LOCK", "SYS_ADMINISTRATOR")),
    *(("runs-as-root", {"user": user}) for user in ("1000", "rooter", "1000:0", "00", "app:root")),
    *(("runs-as-root", {"user": "", "userns_mode": mode}) for mode in ("auto", "keep-id", "keep-id:uid=1000", "nomap", "private")),
    ("no-cpu-limit", {"cpu_shares": None, "nano_cpus": 10**9}),
    ("no-cpu-limit", {"nano_cpus": None}),
    *(("new-privileges", {"security_opt": [option, "seccomp=p.json"]}) for option in ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")),
    *(("security-profile-off", {"security_opt": [option]}) for option in ("seccomp=/p.json", "apparmor=my-profile", "label=type:t", "no-new-privileges")),
    *(("security-profile-off", {"security_opt": ["label=disable"], **why}) for why in ({"privileged": True}, {"pid_mode": "host"}, {"ipc_mode": "host"})),
    ("unlimited-restarts", {"restart_policy": "no", "restart_retries": 0}),
    ("unlimited-restarts", {"restart_retries": 5}),
    ("restarted-often", {"restart_count": 4}),
    ("restarted-often", {"restart_count": 9, "summary": {"State": "restarting"}}),
    ("oom-killed", {"exit_code": 137}),
    *(("shares-host-namespace", {column: mode}) for column in ("pid_mode", "ipc_mode") for mode in ("container:abc", "shareable", "private", "hosted")),
    ("host-devices", {"devices": ["/dev/sda"], "privileged": True}),
    *(("custom-cgroup-parent", {"cgroup_parent": parent}) for parent in ("", "/", "docker", "/docker", "system.slice", "user.slice", "/user.slice", "machine.slice")),
    ("custom-ulimits", {"ulimits": ["RLIMIT_NOFILE", "RLIMIT_NPROC"], "engine": "podman"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "columns", "severity", "shown"), FIRES)
def test_a_rule_fires(rule: str, columns: dict[str, Any], severity: str, shown: str) -> None:
    assert found(inspected(**columns), rule) == [(severity, shown)]


@pytest.mark.parametrize(("rule", "columns"), SPARES)
def test_a_rule_spares_the_near_miss(rule: str, columns: dict[str, Any]) -> None:
    assert evidence(inspected(**columns), rule) == []


def test_a_container_as_the_benchmark_wants_it_has_no_finding() -> None:
    rules = sorted({rule for rule, *_ in FIRES})
    assert len(rules) == 16
    assert [rule for rule in rules if evidence(inspected(), rule)] == []


def test_the_engine_fills_in_the_limits_of_podman_only() -> None:
    filled_in = {"ulimits": ["RLIMIT_NOFILE", "RLIMIT_NPROC"]}
    assert len(evidence(inspected(**filled_in, engine="docker"), "custom-ulimits")) == 1
    assert len(evidence(inspected(**filled_in, engine=None), "custom-ulimits")) == 1


def test_rootless_is_read_from_the_hosts_column_where_it_is_known() -> None:
    snap = inspected(user="")
    for rootless, severity in ((True, "info"), (False, "medium"), (None, "medium")):
        hosts = snap.hosts.with_columns(rootless=pl.lit(rootless, pl.Boolean))
        assert [one for one, _ in found(snap.with_tables({"hosts": hosts}), "runs-as-root")] == [severity]
