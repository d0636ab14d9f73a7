"""Charts that are displayed as SVG, without network access and without scripts in the page."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import vl_convert

from dockerframe._text import shown_lines

# Text is measured with this font; a wider one would be cut off.
FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
STATE_COLOURS: Final = {
    "running": "#2e7d32",
    "paused": "#6a8fb5",
    "created": "#9e9e9e",
    "exited": "#e09000",
    "restarting": "#c62828",
    "dead": "#6d1b1b",
    "removing": "#795548",
}
SEVERITY_COLOURS: Final = {
    "critical": "#7f0000",
    "high": "#c62828",
    "medium": "#e09000",
    "low": "#6a8fb5",
    "info": "#9e9e9e",
}


_VERSION: Final = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def svg(chart: Any) -> str:
    """A chart as SVG. Text in it is escaped.

    Parameters
    ----------
    chart
        An Altair chart.

    Returns
    -------
    str
        The SVG document.
    """
    return str(vl_convert.vegalite_to_svg(_drawable(chart.to_dict()), vl_version=_VERSION))


def _drawable(specification: Any) -> Any:
    """The specification of a chart with visible texts only: the renderer aborts Python at what XML cannot contain."""
    if isinstance(specification, str):
        return shown_lines(specification)
    if isinstance(specification, dict):
        return {key: _drawable(value) for key, value in specification.items()}
    return [_drawable(value) for value in specification] if isinstance(specification, list) else specification


class _Offline:
    """Displays a chart as SVG; Altair itself would load its renderer from the network."""

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """The specification of the chart, for display and for files."""
        return _drawable(super().to_dict(*args, **options))  # type: ignore[misc]

    def _repr_mimebundle_(self, *_args: Any, **_options: Any) -> dict[str, str]:
        return {"image/svg+xml": svg(self), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"dockerframe chart ({type(self).__name__})"


class Chart(_Offline, alt.Chart):  # type: ignore[misc]
    """An `altair.Chart` that is displayed as SVG."""


class LayerChart(_Offline, alt.LayerChart):  # type: ignore[misc]
    """An `altair.LayerChart` that is displayed as SVG."""


def colours(known: dict[str, str], present: list[str]) -> alt.Scale:
    """The colours of the values that are present: known ones first, in their order."""
    shown = [name for name in known if name in present]
    others = [name for name in present if name not in known]
    return alt.Scale(domain=[*shown, *others], range=[*(known[name] for name in shown), *("#607d8b" for _ in others)])


def styled(chart: Any) -> Any:
    """A chart in the common style."""
    return (
        chart.configure(font=FONT, padding={"left": 25, "top": 5, "right": 30, "bottom": 5})
        .configure_view(stroke=None)
        .configure_axis(grid=False, domainColor="#999", tickColor="#999", labelLimit=240)
        .configure_title(anchor="start", subtitleColor="#666")
    )
