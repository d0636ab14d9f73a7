"""A chart of findings."""

from __future__ import annotations

import altair as alt
import polars as pl

from dockerframe.plots.offline import SEVERITY_COLOURS, Chart, colours, styled


def findings_by_rule(findings: pl.DataFrame) -> alt.Chart:
    """The number of findings of each rule, most severe first.

    Parameters
    ----------
    findings
        A frame with `rule` and `severity`, such as the table `findings`.

    Returns
    -------
    altair.Chart
        A bar chart with one bar per rule.
    """
    counted = findings.group_by("rule", "severity").len("findings")
    ordered = counted.sort("severity", "findings", "rule", descending=[True, True, False])
    data = ordered.with_columns(pl.col("severity").cast(pl.String))
    scale = colours(SEVERITY_COLOURS, data["severity"].unique().to_list())
    bars = Chart(data, title="Findings by rule", width=480).mark_bar()
    encoded = bars.encode(
        alt.Y("rule:N", sort=data["rule"].to_list(), title=None),
        alt.X("findings:Q", title="findings", axis=alt.Axis(tickMinStep=1)),
        alt.Color("severity:N", scale=scale, title=None),
    )
    return styled(encoded)
