"""A chart of ports."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from dockerframe._derive.columns.ports import on_every_address
from dockerframe.plots.offline import Chart, colours, styled

_MOST_HOSTS: Final = 40
_MOST_PORTS: Final = 40
_REACH: Final = {"every address": "#c62828", "some addresses": "#e09000", "loopback only": "#2e7d32"}


def port_map(ports: pl.DataFrame) -> alt.Chart:
    """Published ports by host, and the addresses that they are published on.

    Shows the 40 ports that are published on the most hosts, and the 40 hosts with the most ports.

    Parameters
    ----------
    ports
        A frame with `host`, `ip` and `public_port`, such as the table `ports`.

    Returns
    -------
    altair.Chart
        A grid with one square per port and host.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> from dockerframe import plots
    >>> plots.svg(plots.port_map(dkf.from_summaries(b"[]").ports)).startswith("<svg")
    True
    """
    reach = (
        pl.when(on_every_address())
        .then(pl.lit("every address"))
        .when(pl.col("ip").str.contains(r"^(127\.|::1$)"))
        .then(pl.lit("loopback only"))
        .otherwise(pl.lit("some addresses"))
    )
    published = ports.filter(pl.col("public_port").is_not_null()).select("host", "public_port", reach.alias("reach"))
    furthest = pl.col("reach").sort_by(pl.col("reach").replace_strict(list(_REACH), range(len(_REACH)))).first()
    squares = published.group_by("host", "public_port").agg(furthest)
    used = squares.group_by("public_port").len().sort("len", "public_port", descending=[True, False])
    hosts = squares.group_by("host").len().sort("len", "host", descending=[True, False])
    shown_ports = used.head(_MOST_PORTS)["public_port"].sort().to_list()
    shown_hosts = hosts.head(_MOST_HOSTS)["host"].to_list()
    data = squares.filter(pl.col("public_port").is_in(shown_ports) & pl.col("host").is_in(shown_hosts))
    subtitle = f"{len(shown_ports)} of {used.height:,} ports" if used.height > len(shown_ports) else ""
    chart = Chart(data.sort("host", "public_port"), title=alt.Title("Published ports", subtitle=subtitle))
    marks = chart.mark_rect(stroke="white").encode(
        alt.X("public_port:O", sort=shown_ports, title="port", axis=alt.Axis(labelAngle=-60)),
        alt.Y("host:N", sort=shown_hosts, title=None),
        alt.Color("reach:N", scale=colours(_REACH, data["reach"].unique().sort().to_list()), title=None),
    )
    return styled(marks)
