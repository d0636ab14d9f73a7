"""A chart of the dependencies of a project."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from dockerframe._derive.labels import KEYS, on_host
from dockerframe._queries.dependencies import steps
from dockerframe.plots.offline import STATE_COLOURS, LayerChart, colours, styled

_STEP_WIDTH: Final = 190
_CONTAINER_HEIGHT: Final = 46


def dependency_graph(
    containers: pl.DataFrame, dependencies: pl.DataFrame, project: str, host: str | None = None
) -> alt.LayerChart:
    """The containers of a Compose project in their start order, with lines to their dependencies.

    Containers that depend on each other in a cycle share one column.

    Parameters
    ----------
    containers, dependencies
        The tables.
    project
        The Compose project.
    host
        Its host; None for all hosts.

    Returns
    -------
    altair.LayerChart
        Containers that start first are on the left.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> from dockerframe import plots
    >>> snap = dkf.Fleet.demo().snapshot(progress=False)
    >>> chart = plots.dependency_graph(snap.containers, snap.dependencies, "shop")
    >>> "shop-db-1" in plots.svg(chart)
    True
    """
    members = containers.filter((pl.col("compose_project") == project) & on_host(host))
    place = (pl.int_range(pl.len()) - (pl.len() - 1) / 2).over("step").alias("place")
    nodes = (
        steps(members, dependencies)
        .join(members.select(*KEYS, "state"), on=KEYS, maintain_order="left")
        .with_columns(place, pl.col("state").fill_null("unknown"))
    )
    ends = nodes.select("host", needed_step="step", needed_place="place", resolved_id="container_id")
    edges = (
        dependencies.join(nodes.select(*KEYS, "step", "place"), on=KEYS)
        .join(ends, on=["host", "resolved_id"])
        .select("step", "place", "needed_step", "needed_place")
        .unique(maintain_order=True)
    )
    across = alt.X("step:Q", axis=None, scale=alt.Scale(padding=60))
    down = alt.Y("place:Q", axis=None, scale=alt.Scale(padding=24))
    lines = alt.Chart(edges).mark_rule(color="#999").encode(across, down, x2="needed_step", y2="needed_place")
    scale = colours(STATE_COLOURS, nodes["state"].unique().sort().to_list())
    points = alt.Chart(nodes).mark_point(size=160, filled=True, opacity=1)
    dots = points.encode(across, down, alt.Color("state:N", scale=scale, title=None))
    names = alt.Chart(nodes).mark_text(dy=-13).encode(across, down, text="container_name:N")
    sizes = nodes["step"].value_counts()["count"].to_list() or [1]
    where = f" on {host}" if host is not None else ""
    title = alt.Title(f"Dependencies of {project}{where}", subtitle="containers on the left start first")
    chart = LayerChart(
        layer=[lines, dots, names],
        title=title,
        width=max(240, len(sizes) * _STEP_WIDTH),
        height=max(90, max(sizes) * _CONTAINER_HEIGHT),
    )
    return styled(chart)
