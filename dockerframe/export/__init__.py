"""Tables to files, whole or not at all, and back."""

from dockerframe.export.checks import junit, sarif
from dockerframe.export.folders import SNAPSHOT_FILE, read_tables, replaced_file, write_file, write_snapshot
from dockerframe.export.metrics import metrics_text, write_metrics
from dockerframe.export.tables import FORMATS, write_table

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
