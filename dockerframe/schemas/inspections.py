"""The rows of inspections as the decoder makes them."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas.columns import CONTAINER_KEY, TIME, Column, TableSchema

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
