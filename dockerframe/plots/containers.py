"""Charts of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt
import polars as pl

from dockerframe.plots.offline import STATE_COLOURS, Chart, LayerChart, colours, styled

if TYPE_CHECKING:
    from datetime import datetime

_MOST_HOSTS: Final = 60
_AGES: Final = {1: "under a day", 7: "a day to a week", 30: "a week to a month", 182: "a month to half a year"}
_OLDEST: Final = "older"


def containers_by_host(containers: pl.DataFrame) -> alt.Chart:
    """The number of containers of each host by state, for the 60 hosts with the most containers.

    Parameters
    ----------
    containers
        A frame with `host` and `state`, such as the table `containers`.

    Returns
    -------
    altair.Chart
        A bar chart with one bar per host.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> from dockerframe import plots
    >>> chart = plots.containers_by_host(dkf.Fleet.demo().snapshot(progress=False).containers)
    >>> plots.svg(chart).startswith("<svg")
    True
    """
    counted = containers.group_by("host", pl.col("state").fill_null("unknown")).len("containers")
    hosts = (
        counted.group_by("host").agg(pl.col("containers").sum()).sort("containers", "host", descending=[True, False])
    )
    shown = hosts.head(_MOST_HOSTS)["host"].to_list()
    data = counted.filter(pl.col("host").is_in(shown)).sort("host", "state")
    scale = colours(STATE_COLOURS, data["state"].unique().sort().to_list())
    title = alt.Title("Containers by host and state", subtitle=_left_out(hosts.height, len(shown), "hosts"))
    bars = Chart(data, title=title, width=520).mark_bar()
    encoded = bars.encode(
        alt.Y("host:N", sort=shown, title=None),
        alt.X("containers:Q", title="containers", axis=alt.Axis(tickMinStep=1)),
        alt.Color("state:N", scale=scale, title=None),
        alt.Order("state:N"),
    )
    return styled(encoded)


def container_ages(containers: pl.DataFrame, now: datetime) -> alt.LayerChart:
    """The age of containers by state.

    Parameters
    ----------
    containers
        A frame with `created` and `state`, such as the table `containers`.
    now
        The time that ages are relative to, such as `snapshot.taken_at`.

    Returns
    -------
    altair.LayerChart
        A bar chart with one bar per age group.
    """
    days = (pl.lit(now) - pl.col("created")).dt.total_days()
    age = pl.lit(_OLDEST)
    for limit, name in reversed(_AGES.items()):
        age = pl.when(days < limit).then(pl.lit(name)).otherwise(age)
    known = containers.filter(pl.col("created").is_not_null())
    data = known.group_by(age.alias("age"), "state").len("containers").sort("age", "state")
    totals = data.group_by("age").agg(pl.col("containers").sum()).sort("age")
    scale = colours(STATE_COLOURS, data["state"].unique().sort().to_list())
    order = [*_AGES.values(), _OLDEST]
    vertical = alt.Y("age:N", sort=order, title=None, scale=alt.Scale(domain=order))
    bars = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            vertical,
            alt.X("containers:Q", title="containers", axis=alt.Axis(tickMinStep=1)),
            alt.Color("state:N", scale=scale, title=None),
            alt.Order("state:N"),
        )
    )
    numbers = alt.Chart(totals).mark_text(align="left", dx=4).encode(vertical, x="containers:Q", text="containers:Q")
    return styled(LayerChart(layer=[bars, numbers], title="Age of containers", width=520))


def _left_out(total: int, shown: int, what: str) -> str:
    return "" if total <= shown else f"{shown} of {total:,} {what}"
