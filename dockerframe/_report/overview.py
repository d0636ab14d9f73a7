"""The figures of the overview of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe.schemas import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_HOSTS: Final = 20
_GROUPS: Final = ("running", "ended", "other")


class Tile(NamedTuple):
    """One figure: what it counts, the number, and a remark; `bad` if it needs attention."""

    title: str
    number: int
    remark: str
    bad: bool


class HostBar(NamedTuple):
    """A host: its containers that run, have ended or are in other states, and the kind of its error."""

    host: str
    containers: int
    running: int
    ended: int
    other: int
    error: str


class Overview(NamedTuple):
    """The contents of an overview; `left_out` counts the hosts without a bar."""

    tiles: list[Tile]
    bars: list[HostBar]
    longest: int
    left_out: int
    severities: list[tuple[str, int]]


def overview(tables: Mapping[str, pl.DataFrame], findings: pl.DataFrame) -> Overview:
    """The figures of a fleet, and its hosts: failed ones first, then those with the most containers.

    Parameters
    ----------
    tables
        The tables of a snapshot.
    findings
        The findings of its audit.
    """
    hosts, containers, routes = tables["hosts"], tables["containers"], tables["routes"]
    failed = hosts.filter(~pl.col("ok")).height
    running = int(containers["running"].sum())
    unhealthy = containers.filter(pl.col("health") == "unhealthy").height
    excluded = routes.filter(pl.col("excluded_reason").is_not_null()).height
    published = tables["ports"].filter(pl.col("public_port").is_not_null())
    severities = [(name, findings.filter(pl.col("severity") == name).height) for name in reversed(SEVERITIES)]
    worst = sum(number for name, number in severities if name in {"critical", "high"})
    tiles = [
        Tile("hosts", hosts.height, f"{failed} failed" if failed else "all answered", failed > 0),
        Tile("containers", containers.height, f"{running} running", bad=False),
        Tile("unhealthy", unhealthy, "by their health checks", unhealthy > 0),
        Tile("routes", routes.height, f"{excluded} excluded", bad=False),
        Tile("published ports", published.select("host", "public_port", "type").n_unique(), "on all hosts", bad=False),
        Tile("label errors", tables["errors"].height, "", tables["errors"].height > 0),
        Tile("findings", findings.height, f"{worst} high or critical", worst > 0),
    ]
    bars = _bars(hosts, containers)
    shown = bars[:_MOST_HOSTS]
    longest = max([bar.containers for bar in shown], default=0)
    return Overview(
        tiles, shown, max(1, longest), len(bars) - len(shown), [(name, number) for name, number in severities if number]
    )


def _bars(hosts: pl.DataFrame, containers: pl.DataFrame) -> list[HostBar]:
    group = (
        pl.when(pl.col("state") == "running")
        .then(pl.lit("running"))
        .when(pl.col("state").is_in(["exited", "dead", "restarting"]))
        .then(pl.lit("ended"))
        .otherwise(pl.lit("other"))
    )
    counted = containers.group_by("host").agg(
        pl.len().alias("containers"), *((group == name).sum().alias(name) for name in _GROUPS)
    )
    joined = (
        hosts.select("host", "ok", pl.col("error_kind").fill_null(""))
        .join(counted, on="host", how="left")
        .with_columns(pl.col("containers", *_GROUPS).fill_null(0))
        .sort("ok", "containers", "host", descending=[False, True, False])
    )
    return [HostBar(*row) for row in joined.select("host", "containers", *_GROUPS, "error_kind").iter_rows()]
