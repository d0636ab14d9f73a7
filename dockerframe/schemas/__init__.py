"""The columns of every table, their types and meanings; kinds of errors and changes.

An empty fleet has the columns and types of a full one. Times are UTC, sizes are bytes, durations are Polars durations.
The key of a table comes first.
"""

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
from dockerframe.schemas.inspections import INSPECTIONS
from dockerframe.schemas.kinds import CHANGES, ERROR_KINDS, LABEL_ERROR_KINDS, SEVERITIES
from dockerframe.schemas.rows import (
    DEPENDENCIES,
    ERRORS,
    ROUTE_FIELDS,
    ROUTES,
    SUMMARIES,
)

__all__ = [
    "CHANGES",
    "CONTAINER_KEY",
    "DEPENDENCIES",
    "DURATION",
    "ERRORS",
    "ERROR_KINDS",
    "HIGHEST_PORT",
    "HOST",
    "INSPECTIONS",
    "LABELS",
    "LABEL_ERROR_KINDS",
    "MOUNTS",
    "MOUNT_FIELDS",
    "NETWORKS",
    "NETWORK_FIELDS",
    "PORTS",
    "PORT_FIELDS",
    "ROUTES",
    "ROUTE_FIELDS",
    "SEVERITIES",
    "SUMMARIES",
    "TIME",
    "Column",
    "FrameT",
    "Precedence",
    "TableSchema",
    "completed",
]  # fmt: skip
