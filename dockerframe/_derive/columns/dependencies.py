"""What containers depend on (labels.md, section 8)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.evaluation import once_per_distinct
from dockerframe._derive.labels import KEYS, boolean, non_empty, non_empty_label
from dockerframe.schemas import DEPENDENCIES, FrameT

DEPENDS_ON_LABEL: Final = "proxy.depends_on"
COMPOSE_DEPENDS_ON_LABEL: Final = "com.docker.compose.depends_on"


def dependencies() -> pl.Expr:
    """The names a container depends on, in the order given, without Compose's conditions.

    Reads `labels` (Map), gives `dependencies` (List of String, empty without a label): from `proxy.depends_on`
    when it is there and not empty, else from Compose's label. Source: labels.md, section 8.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> rows = [{"com.docker.compose.depends_on": "db:service_healthy:true, cache"}, {}]
    >>> pl.DataFrame({"labels": rows}, schema=schema).select(dependencies()).to_series().to_list()
    [['db', 'cache'], []]
    """
    names = _items().list.eval(_item(pl.element()).field("name"))
    named = names.list.eval(pl.element().filter(pl.element() != "")).alias("dependencies")
    found = once_per_distinct(_text(), [named], pl.Struct({"dependencies": pl.List(pl.String())}))
    return found.struct.field("dependencies").fill_null([]).alias("dependencies")


def dependency_edges(containers: FrameT) -> FrameT:
    """One row a dependency, resolved to the container that is meant.

    Reads `host`, `container_id`, `container_name`, `compose_project`, `compose_service` and `labels`; gives
    `host`, `container_id`, `dependency`, `condition` (String), `restart` (Boolean), `resolved_id` (String, null
    when no container on the host is meant) and `source_label`. A name means a container of that name on the same
    host, else one of that service in the same project (of several, the first by name). Source: labels.md,
    section 8.
    """
    edges = _edges(containers)
    wanted = edges.select("host", "dependency").unique()
    by_name = _first_of(_meant(containers, wanted, "container_name"), "container_name")
    by_service = _first_of(_meant(containers, wanted, "compose_service"), "compose_project", "compose_service")
    edges = edges.join(
        by_name.rename({"container_name": "dependency", "target_id": "named_id"}),
        on=["host", "dependency"],
        how="left",
        maintain_order="left",
    ).join(
        by_service.rename({"compose_service": "dependency", "target_id": "service_id"}),
        on=["host", "compose_project", "dependency"],
        how="left",
        maintain_order="left",
    )
    resolved = pl.coalesce("named_id", "service_id").alias("resolved_id")
    return edges.with_columns(resolved).select(DEPENDENCIES.schema.names())


def _edges(containers: FrameT) -> FrameT:
    source = pl.when(non_empty_label(DEPENDS_ON_LABEL).is_not_null()).then(pl.lit(DEPENDS_ON_LABEL))
    texts = containers.select(
        *KEYS, "compose_project", _text(), source.otherwise(pl.lit(COMPOSE_DEPENDS_ON_LABEL)).alias("source_label")
    ).filter(pl.col("text").is_not_null())
    # Containers of one Compose file say the same: what they say is read once.
    item = _item(pl.col("item"))
    items = (
        texts.select("text")
        .unique()
        .with_columns(_items().alias("item"))
        .explode("item", empty_as_null=False, keep_nulls=False)
        .select(
            "text",
            item.field("name").alias("dependency"),
            non_empty(item.field("condition")).alias("condition"),
            boolean(item.field("restart")).alias("restart"),
        )
        .filter(pl.col("dependency") != "")
    )
    return texts.join(items, on="text", maintain_order="left_right").drop("text")


def _text() -> pl.Expr:
    text = pl.coalesce(non_empty_label(DEPENDS_ON_LABEL), non_empty_label(COMPOSE_DEPENDS_ON_LABEL))
    return text.alias("text")


def _items() -> pl.Expr:
    """Reads `text`."""
    return pl.col("text").str.split(",").list.eval(pl.element().str.strip_chars())


def _item(text: pl.Expr) -> pl.expr.struct.ExprStructNameSpace:
    parts = text.str.splitn(":", 3).struct.rename_fields(["name", "condition", "restart"])
    return parts.struct


def _meant(containers: FrameT, wanted: FrameT, column: str) -> FrameT:
    """The few columns of those containers whose name or service is wanted on their host: most are not."""
    few = containers.select(*KEYS, "container_name", "compose_project", "compose_service")
    return few.join(wanted, left_on=["host", column], right_on=["host", "dependency"], how="semi")


def _first_of(containers: FrameT, *columns: str) -> FrameT:
    """The first container by name for each value of some columns, on each host, as `target_id`."""
    named = containers.filter(pl.all_horizontal(pl.col(*columns).is_not_null()))
    first = pl.col("container_id").sort_by("container_name", "container_id").first().alias("target_id")
    return named.group_by("host", *columns).agg(first)
