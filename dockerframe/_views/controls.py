"""The widgets of the view and where each stands. What they do is said elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from dockerframe._views.filters import FACETS, HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockerframe._views.table_widget import PanelWidget, TableWidget

_LONGEST_PERIOD_SECONDS = 86_400


class Controls:
    """The widgets of a view: `summary`, `tabs`, `refresh`, `every`, `clear`, `file`, `export`; `widget` holds all."""

    def __init__(
        self, tables: Mapping[str, TableWidget], facets: Mapping[str, TableWidget], panel: PanelWidget
    ) -> None:
        self.summary = ipywidgets.Label()
        self.tabs = ipywidgets.Tab(children=list(tables.values()), titles=[table.heading for table in tables.values()])
        self.refresh = ipywidgets.Button(description="Refresh", icon="refresh", tooltip="Ask all hosts again")
        self.every = ipywidgets.BoundedIntText(
            value=0,
            min=0,
            max=_LONGEST_PERIOD_SECONDS,
            description="every (s)",
            tooltip="Seconds between refreshes; 0 for none",
            continuous_update=False,
            layout=ipywidgets.Layout(width="170px"),
        )
        self.clear = ipywidgets.Button(description="Clear filters", icon="times")
        self.file = ipywidgets.Text(
            value="selection.csv",
            description="Export to",
            tooltip="A file that ends in .csv or .parquet",
            layout=ipywidgets.Layout(width="270px"),
        )
        self.export = ipywidgets.Button(description="Export", icon="download", tooltip="Write the rows that are shown")
        self._note = ipywidgets.Label()
        self.widget = self._arrange(facets, panel)

    def say(self, text: str) -> None:
        """Tell the user something, in the line below the summary."""
        self._note.value = text

    def may_refresh(self, possible: bool) -> None:  # noqa: FBT001 - its only argument
        """Whether there is a fleet to ask again."""
        self.refresh.disabled = self.every.disabled = not possible

    def _arrange(self, facets: Mapping[str, TableWidget], panel: PanelWidget) -> Any:
        layout = ipywidgets.Layout
        filters = ipywidgets.Accordion(
            children=[facets[facet] for facet in FACETS], titles=[facet.capitalize() for facet in FACETS]
        )
        bar = ipywidgets.Box(
            [self.refresh, self.every, self.clear, self.file, self.export],
            layout=layout(flex_flow="row wrap", align_items="center"),
        )
        left = ipywidgets.VBox([facets[HOST], filters], layout=layout(width="340px", flex="0 0 auto"))
        right = ipywidgets.VBox([self.tabs, panel], layout=layout(flex="1 1 420px", min_width="0"))
        both = ipywidgets.Box([left, right], layout=layout(flex_flow="row wrap", grid_gap="10px"))
        for label in (self.summary, self._note):
            label.add_class("dkf-note")
        whole = ipywidgets.VBox([self.summary, bar, self._note, both])
        whole.add_class("dkf-view")
        return whole
