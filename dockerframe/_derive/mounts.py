"""Mounts, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.schemas import MOUNT_FIELDS

if TYPE_CHECKING:
    from dockerframe.schemas import FrameT


def mounts_table(containers: FrameT) -> FrameT:
    """One row per mount: `host`, `container_id` and the fields that the engine sends.

    Reads `host`, `container_id` and `mounts` (List of Struct).
    """
    return containers.select(*KEYS, "mounts").explode("mounts", empty_as_null=False, keep_nulls=False).unnest("mounts")


def mount_order() -> list[pl.Expr]:
    """What the mounts of a container are sorted by. Reads the fields of a mount as columns."""
    return [pl.col("destination"), *(pl.col(name) for name in MOUNT_FIELDS if name != "destination")]
