"""Finding a container by what an operator types."""

from __future__ import annotations

import polars as pl

from dockerframe._derive.labels import KEYS, on_host
from dockerframe.errors import SnapshotError, did_you_mean


def find_container(containers: pl.DataFrame, name: str, host: str | None = None) -> tuple[str, str]:
    """The host and id of the only container with this name, or whose id begins with it.

    Raises
    ------
    SnapshotError
        When no container or several match.
    """
    matches = (pl.col("container_name") == name) | pl.col("container_id").str.starts_with(name)
    found = containers.filter(matches & on_host(host)).select(KEYS)
    if found.height > 1:
        raise SnapshotError(
            f"{found.height} containers match {name!r}, on {', '.join(found['host'].unique().sort())}.",
            remedy="Give the host, or more characters of the id.",
        )
    if not found.height:
        raise unknown_name("container", name, containers["container_name"])
    host_name, container_id = found.row(0)
    return host_name, container_id


def unknown_name(what: str, name: str, known: pl.Series) -> SnapshotError:
    """The error for a name that does not exist, with similar ones."""
    remedy = did_you_mean(name, known.drop_nulls().unique(), "snap.containers lists the existing ones.")
    return SnapshotError(f"There is no {what} {name!r}.", remedy=remedy)
