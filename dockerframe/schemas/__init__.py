"""The columns of every table, their types and meanings; kinds of errors and changes.

An empty fleet has the columns and types of a full one. Times are UTC, sizes are bytes, durations are Polars durations.
The key of a table comes first.
"""

from dockerframe.schemas.audit_tables import DIFFERENCES, FINDINGS, INSPECTIONS, RULES
from dockerframe.schemas.columns import (
    CONTAINER_KEY,
    DURATION,
    HIGHEST_PORT,
    HOST,
    LABELS,
    MOUNT_FIELDS,
    MOUNTS,
    NETWORK_FIELDS,
    NETWORKS,
    PORT_FIELDS,
    PORTS,
    TIME,
    Column,
    FrameT,
    Precedence,
    TableSchema,
    completed,
)
from dockerframe.schemas.kinds import CHANGES, ERROR_KINDS, LABEL_ERROR_KINDS, SEVERITIES
from dockerframe.schemas.snapshot_tables import (
    CONTAINERS,
    DEPENDENCIES,
    ERRORS,
    HOSTS,
    LABELS_TABLE,
    MOUNTS_TABLE,
    NETWORKS_TABLE,
    PORTS_TABLE,
    ROUTE_FIELDS,
    ROUTES,
    SUMMARIES,
)

__all__ = [
    "CHANGES",
    "CONTAINERS",
    "CONTAINER_KEY",
    "DEPENDENCIES",
    "DIFFERENCES",
    "DURATION",
    "ERRORS",
    "ERROR_KINDS",
    "FINDINGS",
    "HIGHEST_PORT",
    "HOST",
    "HOSTS",
    "INSPECTIONS",
    "LABELS",
    "LABELS_TABLE",
    "LABEL_ERROR_KINDS",
    "MOUNTS",
    "MOUNTS_TABLE",
    "MOUNT_FIELDS",
    "NETWORKS",
    "NETWORKS_TABLE",
    "NETWORK_FIELDS",
    "PORTS",
    "PORTS_TABLE",
    "PORT_FIELDS",
    "ROUTES",
    "ROUTE_FIELDS",
    "RULES",
    "SEVERITIES",
    "SUMMARIES",
    "TIME",
    "Column",
    "FrameT",
    "Precedence",
    "TableSchema",
    "completed",
]  # fmt: skip
