"""Ports that summaries do not have: those that a container in host network mode exposes (labels.md, section 3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.columns.ports import first_per_port
from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._derive.labels import KEYS
from dockerframe._gather.inspect import inspect_containers
from dockerframe.schemas import PORT_FIELDS, PORTS
from dockerframe.tables import TABLES
from dockerframe.tables.containers import TABLE as CONTAINERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerframe._config.host import Host
    from dockerframe._transport.pool import ClientPool
    from dockerframe.schemas import Precedence


def with_exposed_ports(
    tables: Mapping[str, pl.DataFrame],
    containers: pl.DataFrame,
    hosts: Sequence[Host],
    pool: ClientPool,
    *,
    precedence: Precedence,
    explicit_only: frozenset[str],
) -> dict[str, pl.DataFrame]:
    """The tables `containers`, `routes` and `errors`, with the exposed ports of some containers as public ports.

    `containers` has the `host` and `container_id` of those to inspect.
    """
    asked = inspect_containers(containers, hosts, pool)
    updated = _with_public_ports(tables["containers"], _exposed(asked.inspections))
    gathered = Gathered(
        tables["containers"],
        tables["hosts"],
        asked.errors,
        precedence=precedence,
        docker_host=os.environ.get("DOCKER_HOST"),
        explicit_only=explicit_only,
    )
    routes = Derivation(gathered, containers=updated).routes.routes
    return {
        "containers": updated,
        "routes": TABLES["routes"].conform(routes),
        "errors": pl.concat([tables["errors"], asked.errors]),
    }


def _exposed(inspections: pl.DataFrame) -> pl.DataFrame:
    """The exposed ports of containers, one row each, as if they were published: `host`, `container_id`, a port."""
    parts = pl.col("exposed_ports").str.split_exact("/", 1).struct
    port = parts.field("field_0").cast(pl.UInt16, strict=False)
    listed = inspections.select(*KEYS, "exposed_ports").explode("exposed_ports", empty_as_null=False, keep_nulls=False)
    rows = listed.select(
        *KEYS,
        ip=pl.lit(None, pl.String),
        private_port=port,
        public_port=port,
        type=parts.field("field_1").fill_null("tcp"),
    )
    return rows.filter(pl.col("private_port") > 0)


def _with_public_ports(containers: pl.DataFrame, exposed: pl.DataFrame) -> pl.DataFrame:
    """Containers with more public ports; of several with one number the exposed one wins."""
    added = exposed.group_by(KEYS, maintain_order=True).agg(pl.struct(list(PORT_FIELDS)).alias("added"))
    joined = containers.join(added, on=KEYS, how="left", maintain_order="left")
    both = pl.concat_list(pl.col("added").fill_null([]).cast(PORTS), "public_ports")
    ports = first_per_port("public_port", both).alias("public_ports")
    return joined.with_columns(ports).select(CONTAINERS.schema.names())
