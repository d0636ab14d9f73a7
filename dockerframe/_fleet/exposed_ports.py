"""Ports that the summary does not tell: those a container in host network mode exposes (labels.md, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.columns.ports import first_per_port
from dockerframe._derive.container_errors import OWN_ERROR_KINDS
from dockerframe._derive.labels import KEYS
from dockerframe._derive.tables import route_tables
from dockerframe._gather.inspect import inspect_containers
from dockerframe.errors import SnapshotError
from dockerframe.schemas import CONTAINERS, PORT_FIELDS, PORTS

if TYPE_CHECKING:
    from dockerframe._snapshot import Snapshot, Source


def update_ports(
    snapshot: Snapshot, containers: pl.DataFrame | None = None, *, fleet: Source | None = None
) -> Snapshot:
    """A copy of a snapshot that knows the exposed ports of some containers, as public ports of the same number.

    A container that has gone since is an error of kind `container_gone` on its row; what can't be inspected
    otherwise is one of kind `inspect_failed`. Routes are derived anew. Source: labels.md, section 3.

    Parameters
    ----------
    snapshot
        The snapshot; the hosts that it was taken of are asked to inspect the containers.
    containers
        Which containers: a frame with `host` and `container_id`. By default those in host network mode.
    fleet
        The fleet to ask, where the snapshot was read back or made from summaries.

    Raises
    ------
    SnapshotError
        When there is no fleet to ask.
    """
    source = fleet or snapshot.source
    if source is None:
        raise SnapshotError("The snapshot was not taken of a fleet that could be asked.", remedy="Give fleet=.")
    wanted = snapshot.containers.filter("is_host_network_mode") if containers is None else containers
    asked = inspect_containers(wanted, source.hosts, source.pool)
    updated = _with_public_ports(snapshot.containers, _exposed(asked.inspections))
    own_errors = snapshot.errors.filter(pl.col("kind").is_in(OWN_ERROR_KINDS))
    agents = snapshot.hosts.filter(pl.col("url").str.starts_with("agent://"))["host"].to_list()
    parts = route_tables(
        updated, own_errors, precedence=snapshot.precedence, explicit_only=snapshot.explicit_only, agents=agents
    )
    return snapshot.with_tables(
        {"containers": updated, "routes": parts["routes"], "errors": pl.concat([snapshot.errors, asked.errors])}
    )


def _exposed(inspections: pl.DataFrame) -> pl.DataFrame:
    """The exposed ports of containers, a row each, as if they were published: `host`, `container_id`, a port."""
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
