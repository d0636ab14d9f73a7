"""What rules see of a fleet: its tables, lazy, and what several of them need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.ports import on_every_address
from dockerframe._derive.labels import KEYS
from dockerframe.tables import OPTIONAL_TABLES, STORED_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPOSE: Final = "com.docker.compose."
_COMPOSE_LABELS: Final = {
    f"{_COMPOSE}config-hash": "config_hash",
    f"{_COMPOSE}oneoff": "oneoff",
    f"{_COMPOSE}project.config_files": "config_files",
    f"{_COMPOSE}project.working_dir": "working_dir",
}


class FleetTables:
    """The tables of a snapshot as LazyFrames, each under its name, such as `fleet.containers`.

    `inspections` is empty when nothing was inspected; rules that need it do not run then.
    """

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self.frames = tables

    def __getattr__(self, name: str) -> pl.LazyFrame:
        """A table by its name."""
        if name in self.frames:
            return self.frames[name].lazy()
        if name in OPTIONAL_TABLES:
            return OPTIONAL_TABLES[name].empty().lazy()
        raise AttributeError(f"There is no table {name!r}; use one of {', '.join(STORED_TABLES)}.")

    @property
    def is_inspected(self) -> bool:
        """Whether containers were inspected."""
        return "inspections" in self.frames

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
        """Ports published on every address of the host, one row a container and port.

        `host`, `container_id`, `public_port`, `private_port`, `type`. A binding counts when its address is `0.0.0.0`,
        `::` or none at all.
        """
        found = self.ports.filter(pl.col("public_port").is_not_null() & on_every_address())
        return found.select(*KEYS, "public_port", "private_port", "type").unique(maintain_order=True)
