"""Snapshots over time, in Delta Lake tables: appended whole or not at all, read lazily. Needs the extra `history`."""

from dockerframe.errors import needs_extra

with needs_extra("history"):
    from dockerframe._storage.delta import StoredSnapshots, expire
    from dockerframe._storage.saving import save_tables

__all__ = ["StoredSnapshots", "expire", "save_tables"]
