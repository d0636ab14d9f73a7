"""What containers depend on (labels.md, section 8)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.evaluation import once_per_distinct
from dockerframe._derive.labels import KEYS, TRUE_TEXTS, boolean, label, non_empty, non_empty_label
from dockerframe.schemas import DEPENDENCIES, FrameT

DEPENDS_ON_LABEL: Final = "proxy.depends_on"
COMPOSE_DEPENDS_ON_LABEL: Final = "com.docker.compose.depends_on"
ONEOFF_LABEL: Final = "com.docker.compose.oneoff"

_LEFT_OVER: Final = r"^[0-9a-f]{12}_"
_SERVICE: Final = ("host", "compose_project", "compose_service")


def dependencies() -> pl.Expr:
    """The names a container depends on, in the order given, without Compose's conditions.

    Reads `labels` (Map), gives `dependencies` (List of String, empty without a label): from `proxy.depends_on`
    when it is present and not empty, else from Compose's label. Commas and line breaks separate items, and a YAML
    list gives its items. Source: labels.md, section 8.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> rows = [{"com.docker.compose.depends_on": "db:service_healthy:true, cache"}, {"proxy.depends_on": "[a, b]"}, {}]
    >>> pl.DataFrame({"labels": rows}, schema=schema).select(dependencies()).to_series().to_list()
    [['db', 'cache'], ['a', 'b'], []]
    """
    names = _items().list.eval(_item(pl.element()).field("name"))
    named = names.list.eval(pl.element().filter(pl.element() != "")).alias("dependencies")
    found = once_per_distinct(_text(), [named], pl.Struct({"dependencies": pl.List(pl.String())}))
    return found.struct.field("dependencies").fill_null([]).alias("dependencies")


def dependency_edges(containers: FrameT) -> FrameT:
    """One row per dependency and container that it means.

    Reads `host`, `container_id`, `container_name`, `compose_project`, `compose_service`, `created` and `labels`; gives
    `host`, `container_id`, `dependency`, `condition` (String), `restart` (Boolean), `resolved_id` (String, null
    when no container on the host is meant) and `source_label`. A name of Compose's label means every container of
    that service in the same project. A name of `proxy.depends_on` means the container of that name on the same host,
    else every container of that service in the same project. One-off containers and what an interrupted recreate left
    behind are never meant. Source: labels.md, section 8.
    """
    edges = _edges(containers)
    wanted = edges.select("host", "dependency").unique()
    few = _targets(containers)
    by_name = (
        _meant(few, wanted, "container_name")
        .group_by("host", "container_name")
        .agg(pl.col("container_id").min().alias("named_id"))
        .rename({"container_name": "dependency"})
    )
    by_service = (
        _meant(few, wanted, "compose_service")
        .filter(pl.all_horizontal(pl.col(_SERVICE).is_not_null()))
        .sort("container_name", "container_id")
        .select(*_SERVICE, pl.col("container_id").alias("service_id"))
        .rename({"compose_service": "dependency"})
    )
    named = edges.join(by_name, on=["host", "dependency"], how="left", maintain_order="left").with_columns(
        pl.when(pl.col("source_label") == DEPENDS_ON_LABEL).then("named_id").alias("named_id")
    )
    # A name of a container is meant, so that no service is looked for.
    project = pl.when(pl.col("named_id").is_null()).then("compose_project").alias("compose_project")
    resolved = named.with_columns(project).join(
        by_service, on=["host", "compose_project", "dependency"], how="left", maintain_order="left_right"
    )
    return resolved.with_columns(pl.coalesce("named_id", "service_id").alias("resolved_id")).select(
        DEPENDENCIES.schema.names()
    )


def _edges(containers: FrameT) -> FrameT:
    source = pl.when(non_empty_label(DEPENDS_ON_LABEL).is_not_null()).then(pl.lit(DEPENDS_ON_LABEL))
    texts = containers.select(
        *KEYS, "compose_project", _text(), source.otherwise(pl.lit(COMPOSE_DEPENDS_ON_LABEL)).alias("source_label")
    ).filter(pl.col("text").is_not_null())
    # Containers of one Compose file have the same text, which is read once.
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
    """The items of a list: by commas or line breaks, in YAML's brackets or behind its dashes. Reads `text`."""
    text = pl.col("text").str.strip_chars()
    inside = text.str.extract(r"(?s)^\[(.*)\]$")
    item = pl.element().str.strip_chars().str.replace(r"^-(?:\s+|$)", "")
    return pl.coalesce(inside, text).str.extract_all(r"[^,\r\n]+").list.eval(item.str.strip_chars(" \t\"'"))


def _item(text: pl.Expr) -> pl.expr.struct.ExprStructNameSpace:
    parts = text.str.splitn(":", 3).struct.rename_fields(["name", "condition", "restart"])
    return parts.struct


def _targets(containers: FrameT) -> FrameT:
    """The containers that can be meant, with few columns: not one-off, and not left by an interrupted recreate."""
    is_oneoff = label(ONEOFF_LABEL).is_in(TRUE_TEXTS).fill_null(value=False)
    few = containers.filter(~is_oneoff).select(*KEYS, "container_name", "compose_project", "compose_service", "created")
    is_old_name = pl.col("container_name").str.contains(_LEFT_OVER)
    if isinstance(few, pl.DataFrame) and not few.select(is_old_name.any()).item():
        return few
    newest = few.filter(~is_old_name).group_by(_SERVICE).agg(pl.col("created").max().alias("newest"))
    left_over = few.filter(is_old_name).join(newest, on=_SERVICE).filter(pl.col("newest") > pl.col("created"))
    return few.join(left_over, on=KEYS, how="anti")


def _meant(few: FrameT, wanted: FrameT, column: str) -> FrameT:
    """Those whose name or service is wanted on their host: most are not."""
    return few.join(wanted, left_on=["host", column], right_on=["host", "dependency"], how="semi")
