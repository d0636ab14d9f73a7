"""Appending to a history."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from deltalake import CommitProperties, write_deltalake
from deltalake.exceptions import DeltaError

from dockerframe._storage.layout import MARKS, SNAPSHOTS, SNAPSHOTS_SCHEMA, location, to_stored
from dockerframe.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Others may append at the same time: each try takes the next version, whichever that is by then.
_TRIES: Final = 1_000


def save_tables(
    tables: Mapping[str, pl.DataFrame],
    described: Mapping[str, object],
    store: str,
    taken_at: datetime,
    storage_options: Mapping[str, str] | None = None,
) -> str:
    """Append the tables of a snapshot to a history, which is made if it is not there; gives the snapshot's id.

    `described` fills the other columns of the table `snapshots`, whose row is written last: a snapshot that is cut off
    while it is saved is not seen.

    Raises
    ------
    HistoryError
        When the store can't be written.
    """
    snapshot_id = uuid.uuid4().hex
    marks = [pl.lit(snapshot_id).alias("snapshot_id"), pl.lit(taken_at).cast(MARKS["taken_at"]).alias("taken_at")]
    row = {"snapshot_id": snapshot_id, "taken_at": taken_at, **described}
    options = dict(storage_options) if storage_options else None
    try:
        for name, table in tables.items():
            _append(location(store, name), to_stored(table).select(*marks, pl.all()), options)
        _append(location(store, SNAPSHOTS), pl.DataFrame([row], schema=SNAPSHOTS_SCHEMA), options)
    except (DeltaError, OSError) as error:
        raise HistoryError(
            f"{store}: the snapshot was not saved: {error}.",
            remedy="Name a folder or an object store that can be written, and the storage options that it needs.",
        ) from error
    return snapshot_id


def _append(where: str, table: pl.DataFrame, storage_options: dict[str, Any] | None) -> None:
    write_deltalake(
        where,
        table,
        mode="append",
        schema_mode="merge",
        storage_options=storage_options,
        commit_properties=CommitProperties(max_commit_retries=_TRIES),
    )
