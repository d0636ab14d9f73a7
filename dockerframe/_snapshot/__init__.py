"""Snapshots: what they hold, what can be asked of them, what can be made of them."""

from dockerframe._snapshot.snapshot import Snapshot, diff
from dockerframe._snapshot.tables import Source

__all__ = ["Snapshot", "Source", "diff"]
