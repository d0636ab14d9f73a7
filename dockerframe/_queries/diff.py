"""Differences between two snapshots: containers added, removed or recreated, and each field that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._derive.routes.effective import route_target
from dockerframe._redaction import REDACTED
from dockerframe.tables.differences import TABLE as DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    Tables = Mapping[str, pl.DataFrame]

_FACTS: Final = {
    "image": ("image", "image_id"),
    "state": ("state",),
    "health": ("health",),
    "config": ("command", "network_mode", "compose_project", "compose_service"),
}
# Reported as `routes`, but compared separately: the alias `a.port` is not the port of the alias `a`.
_ROUTE_FIELDS: Final = "route_fields"
_COMPARED: Final = ("containers", "labels", "ports", "mounts", "networks", "routes", "route_fields")
_FACT: Final = ("number", "change", "field")


def differences(before: Tables, after: Tables) -> pl.DataFrame:
    """The differences between two sets of tables.

    Containers are compared on hosts that answered both times; a host that did not is a row, because its containers are
    unknown. A removed and an added container count as recreated when they have the same host and name, or else the
    same host, Compose project and service; then their fields are compared too.

    Parameters
    ----------
    before, after
        The tables of the earlier and the later snapshot.

    Returns
    -------
    polars.DataFrame
        The table `differences`, ordered by host, container and kind of change.
    """
    answered = _answered(before, after)
    old, new = (
        tables["containers"]
        .lazy()
        .join(answered, on="host", how="semi", maintain_order="left")
        .select(*KEYS, "container_name", "compose_project", "compose_service")
        .collect()
        for tables in (before, after)
    )
    removed = old.join(new, on=KEYS, how="anti", maintain_order="left")
    added = new.join(old, on=KEYS, how="anti", maintain_order="left")
    recreated = _recreated(removed, added)
    gone = removed.join(recreated.select("host", container_id="before"), on=KEYS, how="anti")
    fresh = added.join(recreated, on=KEYS, how="anti")
    pairs = pl.concat(
        [old.join(new, on=KEYS, how="semi").with_columns(before="container_id").select(*KEYS, "before"), recreated]
    )
    rows = pl.concat(
        [
            _host_rows(before, after),
            _container_rows("removed", gone.with_columns(before="container_id", after=pl.lit(None, pl.String))),
            _container_rows("added", fresh.with_columns(before=pl.lit(None, pl.String), after="container_id")),
            _container_rows("recreated", recreated.with_columns(after="container_id")),
            _changed_facts(before, after, pairs),
        ]
    )
    names = pl.concat([new, gone]).select(*KEYS, "container_name")
    named = rows.join(names, on=KEYS, how="left")
    return DIFFERENCES.conform(
        named.sort("host", "container_name", "container_id", "change", "field", nulls_last=False)
    )


def summary(found: pl.DataFrame) -> str:
    """The number of changed containers and hosts as text.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> before = dkf.from_summaries([{"Id": "1", "Names": ["/a"]}])
    >>> after = dkf.from_summaries([{"Id": "2", "Names": ["/b"]}, {"Id": "3", "Names": ["/c"]}])
    >>> summary(dkf.diff(before, after))
    '2 added, 1 removed'
    """
    lifecycle = {kind: found.filter(pl.col("change") == kind) for kind in ("added", "removed", "recreated")}
    others = found.filter(pl.col("container_id").is_not_null()).join(pl.concat(lifecycle.values()), on=KEYS, how="anti")
    numbers = {kind: rows.height for kind, rows in lifecycle.items()} | {"changed": others.select(KEYS).n_unique()}
    hosts = found.filter(pl.col("container_id").is_null())["change"].value_counts(sort=True)
    numbers |= {change.replace("_", " "): number for change, number in hosts.sort("change").iter_rows()}
    return ", ".join(f"{number:,} {kind}" for kind, number in numbers.items() if number) or "nothing changed"


def _answered(before: Tables, after: Tables) -> pl.LazyFrame:
    """The hosts that answered both times."""
    old, new = (tables["hosts"].lazy().filter("ok").select("host") for tables in (before, after))
    return old.join(new, on="host")


def _recreated(removed: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """Recreated containers: `host`, `container_id` (the new one), `before` (the old one)."""
    by_name = _paired(removed, added, ["host", "container_name"])
    rest_removed = removed.join(
        by_name.select("host", container_id="before"), on=KEYS, how="anti", maintain_order="left"
    )
    rest_added = added.join(by_name, on=KEYS, how="anti", maintain_order="left")
    return pl.concat([by_name, _paired(rest_removed, rest_added, ["host", "compose_project", "compose_service"])])


def _paired(removed: pl.DataFrame, added: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Pairs with equal values in all columns of `on`, several of a kind in the order of their names."""
    place = pl.int_range(pl.len()).over(on).alias("place")
    is_named = pl.all_horizontal(pl.col(on).is_not_null(), pl.col(on[1]) != "")
    old, new = (frame.filter(is_named).sort("container_name").with_columns(place) for frame in (removed, added))
    pairs = new.join(old.rename({"container_id": "before"}), on=[*on, "place"], how="inner")
    return pairs.select(*KEYS, "before")


def _container_rows(change: str, containers: pl.DataFrame) -> pl.DataFrame:
    field = pl.lit(None, pl.String).alias("field")
    return containers.select(*KEYS, pl.lit(change).alias("change"), field, "before", "after")


def _host_rows(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per host whose state changed."""
    old, new = (tables["hosts"].select("host", "ok", "error_kind") for tables in (before, after))
    both = old.join(new, on="host", how="full", coalesce=True, suffix="_after")
    change = (
        pl.when(pl.col("ok").is_null())
        .then(pl.lit("host_added"))
        .when(pl.col("ok_after").is_null())
        .then(pl.lit("host_removed"))
        .when(pl.col("ok") & ~pl.col("ok_after"))
        .then(pl.lit("host_failed"))
        .when(~pl.col("ok") & pl.col("ok_after"))
        .then(pl.lit("host_recovered"))
    )
    nothing = pl.lit(None, pl.String)
    return both.select(
        "host",
        nothing.alias("container_id"),
        change.alias("change"),
        nothing.alias("field"),
        pl.when("ok").then(pl.lit("ok")).otherwise("error_kind").alias("before"),
        pl.when("ok_after").then(pl.lit("ok")).otherwise("error_kind_after").alias("after"),
    ).filter(pl.col("change").is_not_null())


def _changed_facts(before: Tables, after: Tables, pairs: pl.DataFrame) -> pl.DataFrame:
    """Every changed fact of containers that exist in both snapshots: `change`, `field`, `before`, `after`."""
    # Containers are numbered: comparing two long ids for each fact would take three times as long.
    once = pairs.unique(KEYS, keep="first", maintain_order=True).unique(["host", "before"], keep="first")
    known = once.with_row_index("number")
    old = _facts(before, known.select("number", "host", pl.col("before").alias("container_id")))
    new = _facts(after, known.select("number", *KEYS))
    both = old.join(new, on=_FACT, how="full", coalesce=True, suffix="_after", nulls_equal=True)
    # A value that was redacted in one of them is unknown: it counts as unchanged.
    is_redacted = pl.col("value", "value_after").str.contains(REDACTED, literal=True).fill_null(value=False)
    is_known = ~pl.any_horizontal(is_redacted)
    differs = pl.col("value").ne_missing(pl.col("value_after")) & is_known
    change = pl.col("change").replace(_ROUTE_FIELDS, "routes")
    return (
        both.filter(differs)
        .join(known.lazy(), on="number")
        .select(*KEYS, change, "field", pl.col("value").alias("before"), pl.col("value_after").alias("after"))
        .collect()
    )


def _facts(tables: Tables, numbers: pl.DataFrame) -> pl.LazyFrame:
    """The compared facts of numbered containers, one row per fact: `number`, `change`, `field`, `value` (String)."""
    numbered = {name: _numbered(tables[name], numbers) for name in _COMPARED}
    own = [
        _fact_rows(numbered["containers"], change, pl.lit(column), pl.col(column))
        for change, columns in _FACTS.items()
        for column in columns
    ]
    reached = pl.coalesce(pl.format("excluded: {}", "excluded_reason"), route_target())
    return pl.concat(
        [
            *own,
            _fact_rows(numbered["labels"], "labels", pl.col("key"), pl.col("value")),
            _fact_rows(_bindings(numbered["ports"]), "ports", pl.col("port"), pl.col("bound")),
            _fact_rows(_mounted(numbered["mounts"]), "mounts", pl.col("destination"), pl.col("mounted")),
            _fact_rows(numbered["networks"], "networks", pl.col("network"), pl.lit("attached")),
            _fact_rows(numbered["routes"], "routes", pl.col("alias"), reached),
            _fact_rows(numbered["route_fields"], _ROUTE_FIELDS, pl.format("{}.{}", "alias", "field"), pl.col("value")),
        ]
    )


def _numbered(table: pl.DataFrame, numbers: pl.DataFrame) -> pl.LazyFrame:
    """The rows of numbered containers with their numbers. Rows of one container are mostly adjacent."""
    keys = table.select(*KEYS, pl.struct(KEYS).rle_id().alias("run"))
    each = keys.unique("run", maintain_order=True).join(numbers, on=KEYS, how="left", maintain_order="left")["number"]
    number = each.gather(keys["run"]).alias("number")
    return table.lazy().with_columns(number).filter(pl.col("number").is_not_null())


def _fact_rows(table: pl.LazyFrame, change: str, field: pl.Expr, value: pl.Expr) -> pl.LazyFrame:
    """The facts of one table."""
    return table.select("number", pl.lit(change).alias("change"), field.alias("field"), value.alias("value"))


def _bindings(ports: pl.LazyFrame) -> pl.LazyFrame:
    """Where each port is published, several addresses joined: `port`, `bound`."""
    bound = pl.concat_str(pl.col("ip").fill_null("*"), "public_port", separator=":")
    port = pl.format("{}/{}", "private_port", "type").alias("port")
    return ports.group_by("number", port).agg(bound.drop_nulls().sort().str.join(", ").alias("bound"))


def _mounted(mounts: pl.LazyFrame) -> pl.LazyFrame:
    """What is mounted at each destination, several mounts joined: `destination`, `mounted`."""
    access = pl.when("rw").then(pl.lit("rw")).otherwise(pl.lit("ro"))
    mount = pl.concat_str(pl.coalesce("name", "source"), access, separator=" ", ignore_nulls=True)
    return mounts.group_by("number", "destination").agg(mount.sort().str.join(", ").alias("mounted"))
