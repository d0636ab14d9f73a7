"""Mounts, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerframe._derive.labels import KEYS

if TYPE_CHECKING:
    from dockerframe.schemas import FrameT


def mounts_table(containers: FrameT) -> FrameT:
    """One row a mount: `host`, `container_id` and what the engine tells of it.

    Reads `host`, `container_id` and `mounts` (List of Struct).
    """
    return containers.select(*KEYS, "mounts").explode("mounts", empty_as_null=False, keep_nulls=False).unnest("mounts")
