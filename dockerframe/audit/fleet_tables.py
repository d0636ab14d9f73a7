"""What rules see of a fleet: its tables, lazy, and what several rules need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.ports import on_every_address
from dockerframe._derive.labels import KEYS
from dockerframe.audit.asleep import asleep
from dockerframe.schemas import completed
from dockerframe.tables import STORED_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPOSE: Final = "com.docker.compose."
_COMPOSE_LABELS: Final = {
    f"{_COMPOSE}config-hash": "config_hash",
    f"{_COMPOSE}oneoff": "oneoff",
    f"{_COMPOSE}project.config_files": "config_files",
    f"{_COMPOSE}project.working_dir": "working_dir",
}
_READ_WHERE_PRESENT: Final = {
    "containers": {"swarm_service": pl.String(), "platform": pl.String(), "failing_streak": pl.Int64()},
    "hosts": {"rootless": pl.Boolean(), "image_store": pl.String()},
}
"""Columns that rules read and that tables of an earlier version, or from another source, may lack: null there."""
_IMAGES: Final = {"host": pl.String(), "image_id": pl.String(), "repo_digests": pl.List(pl.String())}
_ROOTLESS_URL: Final = r"^unix://(/run/user/\d+/|/home/)"


class FleetTables:
    """The tables of a snapshot as LazyFrames, each under its name, such as `fleet.containers`.

    Optional tables that were not gathered (`inspections`, `images`) are empty; `gathered` names those that were.
    """

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self.frames = tables
        self.gathered = frozenset(tables)

    def __getattr__(self, name: str) -> pl.LazyFrame:
        """A table by its name; empty where it was not gathered."""
        if name in self.frames:
            later = _READ_WHERE_PRESENT.get(name, {})
            return completed(self.frames[name].lazy(), pl.Schema(later)) if later else self.frames[name].lazy()
        if name in STORED_TABLES:
            return STORED_TABLES[name].empty().lazy()
        if name == "images":
            return pl.LazyFrame(schema=_IMAGES)
        raise AttributeError(f"There is no table {name!r}; use one of {', '.join(STORED_TABLES)}.")

    @cached_property
    def compose(self) -> pl.LazyFrame:
        """Containers of Compose projects, with more of Compose's labels.

        `host`, `container_id`, `container_name`, `compose_project`, `compose_service`, `state`, `status`, `created`,
        and `config_hash`, `config_files`, `working_dir` (String, null without the label), `is_oneoff` (Boolean).
        """
        columns = ["container_name", "compose_project", "compose_service", "state", "status", "created"]
        members = self.containers.filter(pl.col("compose_project").is_not_null())
        read = [pl.col("labels").map.get(key).alias(name) for key, name in _COMPOSE_LABELS.items()]
        is_oneoff = pl.col("oneoff").fill_null("").str.to_lowercase() == "true"
        with_labels = members.select(*KEYS, *columns, *read).with_columns(is_oneoff.alias("is_oneoff")).drop("oneoff")
        return with_labels.collect(engine="in-memory").lazy()

    @cached_property
    def published(self) -> pl.LazyFrame:
        """Ports published on every address of the host, one row per container and port.

        `host`, `container_id`, `public_port`, `private_port`, `type`. A binding counts when its address is `0.0.0.0`,
        `::`, empty or missing.
        """
        found = self.ports.filter(pl.col("public_port").is_not_null() & on_every_address())
        return found.select(*KEYS, "public_port", "private_port", "type").unique(maintain_order=True)

    @cached_property
    def asleep(self) -> pl.LazyFrame:
        """Containers that do not run because a proxy or a scheduler may have stopped them: `host`, `container_id`."""
        return asleep(self.containers, self.dependencies).lazy()

    @cached_property
    def rootless_hosts(self) -> pl.LazyFrame:
        """Hosts whose engine does not run as root: `host`. Known from `/info`, else from the path of its socket."""
        by_url = pl.col("url").str.contains(_ROOTLESS_URL)
        return self.hosts.filter(pl.coalesce("rootless", by_url)).select("host")
