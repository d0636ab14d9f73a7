"""The tables of the audit and of comparing snapshots."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas.columns import CONTAINER_KEY, HOST, TIME, Column, TableSchema
from dockerframe.schemas.kinds import SEVERITIES

INSPECTIONS: Final = TableSchema(
    "inspections",
    "a container that was inspected",
    ("host", "container_id"),
    (
        *CONTAINER_KEY,
        Column("user", pl.String(), "user it runs as; empty for the user of the image"),
        Column("privileged", pl.Boolean(), "whether it runs privileged"),
        Column("cap_add", pl.List(pl.String()), "capabilities added, without `CAP_`"),
        Column("cap_drop", pl.List(pl.String()), "capabilities dropped, without `CAP_`"),
        Column("security_opt", pl.List(pl.String()), "security options"),
        Column("apparmor_profile", pl.String(), "AppArmor profile; empty without one"),
        Column("read_only_root", pl.Boolean(), "whether its root file system is read-only"),
        Column("memory_limit", pl.Int64(), "memory it may use in bytes; null without a limit"),
        Column("cpu_shares", pl.Int64(), "CPU shares; null when not set"),
        Column("nano_cpus", pl.Int64(), "CPU quota in billionths of a CPU; null without one"),
        Column("pids_limit", pl.Int64(), "processes it may have; null without a limit"),
        Column("restart_policy", pl.String(), "`no`, `always`, `unless-stopped` or `on-failure`"),
        Column("restart_retries", pl.Int64(), "how often `on-failure` retries; 0 without a limit"),
        Column("restart_count", pl.Int64(), "how often the engine restarted it"),
        Column("pid_mode", pl.String(), "PID namespace; empty for a private one"),
        Column("ipc_mode", pl.String(), "IPC namespace"),
        Column("uts_mode", pl.String(), "UTS namespace; empty for a private one"),
        Column("userns_mode", pl.String(), "user namespace; empty for the engine's default"),
        Column("cgroup_parent", pl.String(), "parent of its control group; empty for the engine's default"),
        Column("devices", pl.List(pl.String()), "devices of the host, by path"),
        Column("device_requests", pl.List(pl.String()), "devices asked for by `--gpus` or CDI, as driver and devices"),
        Column("runtime", pl.String(), "OCI runtime; empty for the engine's default"),
        Column("log_driver", pl.String(), "logging driver; empty for the engine's default"),
        Column("ulimits", pl.List(pl.String()), "resource limits set, by name"),
        Column("environment", pl.List(pl.String()), "names of its environment variables; never their values"),
        Column("healthcheck", pl.List(pl.String()), "command of its health check; null without one"),
        Column("exposed_ports", pl.List(pl.String()), "ports exposed, as `80/tcp`"),
        Column("exit_code", pl.Int64(), "exit code of the last run"),
        Column("oom_killed", pl.Boolean(), "whether it was killed because memory ran out"),
        Column("state_error", pl.String(), "why the engine could not start or remove it; null without an error"),
        Column("health_exit_code", pl.Int64(), "exit code of the last health check; null without one"),
        Column("health_output", pl.String(), "output of the last health check; null without one"),
        Column("failing_streak", pl.Int64(), "how many health checks failed in a row; null without a health check"),
        Column("started_at", TIME, "when it was last started; null when never"),
        Column("finished_at", TIME, "when it last ended; null when never"),
    ),
)

FINDINGS: Final = TableSchema(
    "findings",
    "a finding of the audit",
    ("host", "container_id", "rule", "evidence"),
    (
        HOST,
        Column("container_id", pl.String(), "full id of the container; null when the finding is about a host"),
        Column("container_name", pl.String(), "name of the container; null when the finding is about a host"),
        Column("rule", pl.String(), "id of the rule"),
        Column("severity", pl.Enum(SEVERITIES), "how severe it is (see the severities)"),
        Column("message", pl.String(), "what was found"),
        Column("evidence", pl.String(), "the columns or labels that show it, with their values"),
        Column("remedy", pl.String(), "how to fix it"),
        Column("suppressed", pl.String(), "why it is suppressed; null if it is not"),
    ),
)

RULES: Final = TableSchema(
    "rules",
    "a rule of the audit",
    ("rule",),
    (
        Column("rule", pl.String(), "id"),
        Column("severity", pl.Enum(SEVERITIES), "how bad its worst finding is"),
        Column("title", pl.String(), "what it looks for"),
        Column("source", pl.String(), "where the rule comes from"),
        Column("cis", pl.List(pl.String()), "checks of the CIS Docker Benchmark that it covers"),
        Column("ran", pl.Boolean(), "whether it ran"),
        Column("reason", pl.String(), "why it did not run; null when it did"),
        Column("findings", pl.UInt32(), "number of findings that are not suppressed; null when it did not run"),
        Column("unknown_hosts", pl.UInt32(), "number of hosts for which the result is unknown, in full or in part"),
    ),
)

UNKNOWN: Final = TableSchema(
    "unknown",
    "a rule whose evidence was not gathered for a host: neither a finding nor a pass",
    ("host", "rule"),
    (
        HOST,
        Column("rule", pl.String(), "id of the rule"),
        Column("containers", pl.UInt32(), "number of the host's containers it concerns; null for the whole host"),
        Column("reason", pl.String(), "why the result is unknown"),
    ),
)

SCORES: Final = TableSchema(
    "scores",
    "the score of the fleet, of a host, or of a Compose project on a host",
    ("scope", "host", "project"),
    (
        Column("scope", pl.Enum(("fleet", "host", "project")), "what the score is about"),
        Column("host", pl.String(), "name of the host; null for the fleet"),
        Column("project", pl.String(), "Compose project; null for the fleet and for hosts"),
        Column("score", pl.Float64(), "0 to 100; null when nothing is known"),
        Column("letter", pl.String(), "`A` from 90, `B` from 80, `C` from 70, `D` from 60, else `F`"),
        *(Column(one, pl.UInt32(), f"findings of severity {one} that count") for one in reversed(SEVERITIES)),
        Column("unknown", pl.UInt32(), "rules whose result is unknown, in full or in part; they do not count"),
    ),
)

DIFFERENCES: Final = TableSchema(
    "differences",
    "a difference between two snapshots",
    ("host", "container_id", "change", "field"),
    (
        HOST,
        Column(
            "container_id", pl.String(), "full id of the container, the new one if it was recreated; null for hosts"
        ),
        Column("container_name", pl.String(), "name of the container; null for hosts"),
        Column("change", pl.String(), "what kind of change (see the kinds of changes)"),
        Column("field", pl.String(), "what changed: a column, label, port, path or alias; null for whole containers"),
        Column("before", pl.String(), "the value before; null if it did not exist"),
        Column("after", pl.String(), "the value after; null if it no longer exists"),
    ),
)
