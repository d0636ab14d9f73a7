"""What only an inspection of a container shows: limits, privileges, health log, exit code."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import INSPECTIONS
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="inspections",
    description="One row per container: limits, privileges, exit code.",
    row=INSPECTIONS.row,
    key=INSPECTIONS.key,
    columns=INSPECTIONS.columns,
    order=110,
    source="GET /containers/{id}/json",
    scope="optional",
    option="inspect",
    secrets=SecretColumns(texts=("healthcheck", "health_output", "state_error")),
    listing=(
        Listed("host", "host", priority=1),
        Listed("container", "container_name", priority=1),
        Listed("user", "user", priority=1),
        Listed("privileged", "privileged", priority=1),
        Listed("memory limit", "memory_limit", priority=1),
        Listed("restart policy", "restart_policy"),
        Listed("restarts", "restart_count"),
        Listed("exit code", "exit_code"),
        Listed("OOM killed", "oom_killed"),
        Listed("capabilities", pl.col("cap_add").list.join(", "), priority=3),
        Listed("started", "started_at", priority=3),
        Listed("finished", "finished_at", priority=3),
    ),
)
