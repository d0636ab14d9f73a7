"""Tables to files and folders, completely or not at all, and back."""

from dockerframe._storage.folders import (
    SNAPSHOT_FILE,
    read_tables,
    replaced_file,
    scan_tables,
    write_file,
    write_metrics,
    write_snapshot,
)
from dockerframe._storage.tables import FORMATS, write_table

__all__ = [
    "FORMATS",
    "SNAPSHOT_FILE",
    "read_tables",
    "replaced_file",
    "scan_tables",
    "write_file",
    "write_metrics",
    "write_snapshot",
    "write_table",
]
