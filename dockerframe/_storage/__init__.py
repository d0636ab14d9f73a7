"""Tables to files, whole or not at all, and back."""

from dockerframe._report.metrics import metrics_text, write_metrics
from dockerframe._storage.folders import SNAPSHOT_FILE, read_tables, replaced_file, write_file, write_snapshot
from dockerframe._storage.tables import FORMATS, write_table
from dockerframe.audit.formats import junit, sarif

__all__ = [
    "FORMATS",
    "SNAPSHOT_FILE",
    "junit",
    "metrics_text",
    "read_tables",
    "replaced_file",
    "sarif",
    "write_file",
    "write_metrics",
    "write_snapshot",
    "write_table",
]
