"""What people are shown of each table: a few columns, with short headings. Programs get the whole tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._derive.routes.effective import route_target

if TYPE_CHECKING:
    from collections.abc import Mapping


def _joined(column: str) -> pl.Expr:
    """A list of texts as one text."""
    return pl.col(column).list.join(", ")


def _published(column: str = "public_ports") -> pl.Expr:
    """Port bindings as `docker ps` writes them, shorter."""
    port = pl.element().struct
    texts = pl.col(column).list.eval(
        pl.format("{}→{}/{}", port.field("public_port"), port.field("private_port"), port.field("type"))
    )
    return texts.list.join(", ")


LISTINGS: Final[Mapping[str, Mapping[str, pl.Expr]]] = {
    "hosts": {
        "host": pl.col("host"),
        "url": pl.col("url"),
        "ok": pl.col("ok"),
        "error": pl.col("error_kind"),
        "containers": pl.col("containers"),
        "engine": pl.concat_str("engine", "engine_version", separator=" "),
        "api": pl.col("api_version"),
        "os": pl.col("os"),
        "cpus": pl.col("cpus"),
        "seconds": pl.col("seconds"),
    },
    "containers": {
        "host": pl.col("host"),
        "name": pl.col("container_name"),
        "image": pl.col("image"),
        "state": pl.col("state"),
        "health": pl.col("health"),
        "project": pl.col("compose_project"),
        "aliases": _joined("aliases"),
        "published": _published(),
        "blacklisted": _joined("blacklist_reasons"),
    },
    "routes": {
        "host": pl.col("host"),
        "alias": pl.col("alias"),
        "container": pl.col("container_name"),
        "target": route_target(),
        "listening": pl.col("listening_port"),
        "excluded": pl.col("excluded_reason"),
    },
    "ports": {
        "host": pl.col("host"),
        "container": pl.col("container_name"),
        "ip": pl.col("ip"),
        "public": pl.col("public_port"),
        "private": pl.col("private_port"),
        "type": pl.col("type"),
    },
    "dependencies": {
        "host": pl.col("host"),
        "container": pl.col("container_name"),
        "depends on": pl.col("dependency"),
        "condition": pl.col("condition"),
        "found": pl.col("resolved_id").is_not_null(),
        "label": pl.col("source_label"),
    },
    "findings": {
        "severity": pl.col("severity").cast(pl.String),
        "rule": pl.col("rule"),
        "host": pl.col("host"),
        "container": pl.col("container_name"),
        "message": pl.col("message"),
        "evidence": pl.col("evidence"),
        "remedy": pl.col("remedy"),
    },
    "differences": {
        "host": pl.col("host"),
        "container": pl.col("container_name"),
        "change": pl.col("change"),
        "field": pl.col("field"),
        "before": pl.col("before"),
        "after": pl.col("after"),
    },
    "errors": {
        "host": pl.col("host"),
        "container": pl.col("container_name"),
        "kind": pl.col("kind"),
        "label": pl.col("label"),
        "message": pl.col("message"),
    },
}
"""For each table the columns that people see, by heading, as expressions over the table with `container_name`."""


def listing(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """What people are shown of a table: the columns of `LISTINGS`, a row for each row of the table, in its order.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "Image": "postgres:17", "State": "running"}])
    >>> listing(snap.tables, "containers").select("name", "image", "state").row(0)
    ('db', 'postgres:17', 'running')
    """
    table = named(tables[name], tables["containers"])
    return table.select(expression.alias(heading) for heading, expression in LISTINGS[name].items())


def named(table: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """A table with the name of each row's container behind its keys; null where the container is not there.

    A table that has the names already, or is about no containers, stays as it is.
    """
    if "container_name" in table.columns or "container_id" not in table.columns:
        return table
    names = containers.select(*KEYS, "container_name")
    joined = table.join(names, on=KEYS, how="left", maintain_order="left")
    return joined.select(*KEYS, "container_name", pl.exclude(*KEYS, "container_name"))
