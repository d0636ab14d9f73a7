"""Charts that show themselves as SVG: everywhere, without a network, and without running anything in the page."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import vl_convert

from dockerframe._text import shown_lines

# Texts are measured in a font with these widths; a wider one would be cut off.
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
    """A chart as the text of an SVG picture. Texts in it are texts, whatever they hold."""
    return str(vl_convert.vegalite_to_svg(_drawable(chart.to_dict()), vl_version=_VERSION))


def _drawable(described: Any) -> Any:
    """The description of a chart with visible texts only: at a character that XML can't hold, drawing aborts Python."""
    if isinstance(described, str):
        return shown_lines(described)
    if isinstance(described, dict):
        return {key: _drawable(value) for key, value in described.items()}
    return [_drawable(value) for value in described] if isinstance(described, list) else described


class _Offline:
    """Shows a chart as SVG, where Altair would fetch what draws it from outside."""

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """What describes the chart, for all that draws or saves it."""
        return _drawable(super().to_dict(*args, **options))  # type: ignore[misc]

    def _repr_mimebundle_(self, *_args: Any, **_options: Any) -> dict[str, str]:
        return {"image/svg+xml": svg(self), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"dockerframe picture ({type(self).__name__})"


class Chart(_Offline, alt.Chart):  # type: ignore[misc]
    """An `altair.Chart` that shows itself as SVG."""


class LayerChart(_Offline, alt.LayerChart):  # type: ignore[misc]
    """An `altair.LayerChart` that shows itself as SVG."""


def colours(of: dict[str, str], present: list[str]) -> alt.Scale:
    """The colours of what is there, in the order in which they are given."""
    shown = [name for name in of if name in present]
    others = [name for name in present if name not in of]
    return alt.Scale(domain=[*shown, *others], range=[*(of[name] for name in shown), *("#607d8b" for _ in others)])


def styled(chart: Any) -> Any:
    """A chart in the style of all of them."""
    return (
        chart.configure(font=FONT, padding={"left": 25, "top": 5, "right": 30, "bottom": 5})
        .configure_view(stroke=None)
        .configure_axis(grid=False, domainColor="#999", tickColor="#999", labelLimit=240)
        .configure_title(anchor="start", subtitleColor="#666")
    )
