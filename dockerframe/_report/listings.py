"""What people see of each table: a few columns with short headings. Programs get the complete tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.tables import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping


def listing(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """The columns of a table that people see, with one row per row of the table, in the same order.

    Parameters
    ----------
    tables
        The tables of a snapshot, and results such as `findings`.
    name
        The table.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "Image": "postgres:17", "State": "running"}])
    >>> listing(snap.tables, "containers").select("name", "image", "state").row(0)
    ('db', 'postgres:17', 'running')
    """
    table = named(tables[name], tables["containers"])
    return table.select(column.expression for column in REGISTRY[name].listing)


def named(table: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """A table with the names of containers after the keys; null if a container does not exist.

    A table that already has the names, or has no containers, is returned unchanged.
    """
    if "container_name" in table.columns or "container_id" not in table.columns:
        return table
    names = containers.select(*KEYS, "container_name")
    joined = table.join(names, on=KEYS, how="left", maintain_order="left")
    return joined.select(*KEYS, "container_name", pl.exclude(*KEYS, "container_name"))
