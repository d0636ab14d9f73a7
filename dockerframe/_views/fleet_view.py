"""The view of a fleet: filters on the left, a table per tab, and the details of a row next to it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.diff import differences, summary
from dockerframe._report.html import overview_html
from dockerframe._storage.folders import write_file
from dockerframe._storage.tables import write_table
from dockerframe._views.details import container_details, host_details
from dockerframe._views.filters import FACETS, Facets, Filters
from dockerframe._views.refreshing import Refreshing
from dockerframe._views.rows import Order, Rows, choices, container_key, facets_of, split_key
from dockerframe._views.widget import ViewWidget
from dockerframe.errors import DockerframeError, SnapshotError
from dockerframe.tables import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerframe._views.viewable import Viewable

PAGE_SIZE: Final = 100
_FIRST_TAB: Final = "containers"
_MOST_CHOICES: Final = 200
_MOST_COPIED: Final = 10_000
_MEDIA_TYPES: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


class FleetView:
    """A snapshot to explore in a notebook, as `Snapshot.view` returns it.

    Attributes
    ----------
    snapshot
        The snapshot that is shown; a later one after a refresh.
    widget
        The widget, to put into a layout of other ipywidgets.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> view = dkf.Fleet.demo().snapshot(progress=False).view()
    >>> view.set_filters(state=["exited"])
    >>> view.shown.select("host", "container_name", "state").row(0)
    ('edge', 'shop-migrate-1', 'exited')
    """

    def __init__(self, snapshot: Viewable, *, reveal: bool = False) -> None:
        self._reveal = reveal
        self._filters = Filters()
        self._search = ""
        self._tab = _FIRST_TAB
        self._page = 0
        self._orders: dict[str, Order] = {}
        self._selected: dict[str, None] = {}
        self._opened = ""
        self._expanded: set[str] = {"host", "state"}
        self._marks: dict[str, str] = {}
        self._note = ""
        self._every = 0.0
        self.widget = ViewWidget(self._act)
        self._refreshing = Refreshing(self._take, self._show_note)
        self._actions = {
            "tab": lambda message: self.show_tab(message["tab"]),
            "search": lambda message: self.set_search(message["text"]),
            "facet": lambda message: self.set_filters(**{message["facet"]: message["values"]}),
            "clear": lambda _message: self._clear(),
            "expand": self._expand,
            "sort": self._sort,
            "page": self._turn,
            "open": lambda message: self._open(message["key"]),
            "close_details": lambda _message: self._open(""),
            "select": self._select,
            "copy": lambda _message: self.widget.send_text(self._copied()),
            "download": lambda message: self._download(message["format"]),
            "refresh": lambda _message: self.refresh(),
            "every": self._set_period,
        }
        self._set(snapshot)

    def __repr__(self) -> str:
        """Show what is looked at."""
        return f"FleetView({self._summary()})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the widget; an overview and the first rows where there are no widgets, such as in an exported page."""
        bundle = self.widget._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/html": self._fallback(), "text/plain": repr(self)}, metadata

    @property
    def shown(self) -> pl.DataFrame:
        """The rows of the open tab that pass the filters and the search, in the order shown, with all columns."""
        return self._rows.table(self._tab)[self._positions]

    @property
    def selection(self) -> pl.DataFrame:
        """The selected rows of the open tab, in the order shown, with all columns."""
        keys = self._rows.keys(self._tab, self._positions)
        chosen = [position for position, key in zip(self._positions, keys, strict=True) if key in self._selected]
        return self._rows.table(self._tab)[chosen]

    @property
    def opened(self) -> tuple[str, str] | None:
        """Host and id of the container whose details are open; None without one."""
        host, container_id = split_key(self._opened)
        return (host, container_id) if container_id else None

    def set_filters(self, **values: Iterable[str] | None) -> None:
        """Choose the values of facets: the others are hidden.

        Parameters
        ----------
        **values
            For each facet (`host`, `state`, `health`, `project`, `image`, `excluded`, `blacklisted`, `severity`,
            `rule`) the values to show; None or an empty list shows all.

        Raises
        ------
        SnapshotError
            When there is no such facet.
        """
        unknown = sorted(set(values) - set(FACETS))
        if unknown:
            raise SnapshotError(f"There is no filter {unknown[0]!r}.", remedy=f"Use {', '.join(FACETS)}.")
        for facet, chosen in values.items():
            self._filters = self._filters.with_values(facet, frozenset(chosen or ()))
        self._page = 0
        self._show()

    def set_search(self, text: str) -> None:
        """Search the rows: every word must match; `key:value` narrows (`label:owner`, `image:postgres`, `port:443`).

        Parameters
        ----------
        text
            The words; empty to show everything.
        """
        self._search = text.strip()
        self._page = 0
        self._show()

    def show_tab(self, tab: str) -> None:
        """Open a tab.

        Parameters
        ----------
        tab
            The name of a table, such as `routes`, or `findings`.

        Raises
        ------
        SnapshotError
            When there is no such tab.
        """
        if tab not in self._tabs:
            raise SnapshotError(f"There is no tab {tab!r}.", remedy=f"Use {', '.join(self._tabs)}.")
        if tab != self._tab:
            self._tab, self._page = tab, 0
            self._selected = {}
        self._show()

    def refresh(self) -> None:
        """Ask the fleet again; filters, search and tab stay. Does not block a kernel that has an event loop."""
        self._refreshing.now(self.snapshot)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the rows that are shown into a file on the kernel's machine, without secrets unless they are revealed.

        Parameters
        ----------
        path
            A file that ends in `.csv` or `.parquet`.
        overwrite
            Whether to replace an existing file.

        Raises
        ------
        SnapshotError
            When the ending is another one, the file exists, or it cannot be written.
        """
        target = Path(path)
        file_format = target.suffix.removeprefix(".")
        if file_format not in _MEDIA_TYPES:
            raise SnapshotError(
                f"{target} ends in neither .csv nor .parquet.", remedy="Name a file with one of these endings."
            )
        if target.exists() and not overwrite:
            raise SnapshotError(f"{target} exists.", remedy="Name another file, or give overwrite=True.")
        write_file(self.shown, target, file_format)
        return target

    def close(self) -> None:
        """Stop refreshing, and remove the widget from the notebook."""
        self._refreshing.stop()
        self.widget.close()

    def _act(self, action: str, message: Mapping[str, Any]) -> None:
        """Do what the user asked for in the browser; errors are shown there."""
        if action not in self._actions:
            return
        try:
            self._actions[action](message)
        except DockerframeError as error:
            self._show_note(str(error))

    def _set(self, snapshot: Viewable) -> None:
        self.snapshot = snapshot
        self._rows = Rows(snapshot, reveal=self._reveal)
        self._facets = Facets(self._shown_tables(snapshot), snapshot.findings)
        self._tabs = tuple(name for name in REGISTRY if name == "findings" or name in snapshot.tables)
        self._show()

    def _shown_tables(self, snapshot: Viewable) -> Mapping[str, pl.DataFrame]:
        return {name: snapshot.tables[name] for name in ("hosts", "containers", "routes")}

    def _take(self, snapshot: Viewable) -> None:
        """Show a later snapshot, and mark what changed."""
        changes = differences(self.snapshot.tables, snapshot.tables)
        self._marks = _marks(changes)
        self._note = f"Refreshed: {summary(changes)}."
        self._set(snapshot)

    def _show_note(self, text: str) -> None:
        self._note = text
        self._show()

    def _show(self) -> None:
        """Send the browser what it has to draw."""
        self._passing = self._facets.passing(self._filters)
        order = self._orders.get(self._tab, Order())
        self._positions = self._rows.shown(self._tab, self._passing, self._filters, self._search, order)
        pages = max(1, -(-len(self._positions) // PAGE_SIZE))
        self._page = min(self._page, pages - 1)
        page = self._positions.slice(self._page * PAGE_SIZE, PAGE_SIZE)
        keys = self._rows.keys(self._tab, page)
        texts = self._rows.texts(self._tab, page)
        self.widget.state = {
            "summary": self._summary(),
            "note": self._note,
            "can_refresh": self.snapshot.source is not None,
            "every": self._every,
            "search": self._search,
            "chips": facets_of(self._filters),
            "facets": [self._facet(facet) for facet in FACETS],
            "tabs": [{"name": name, "title": REGISTRY[name].title} for name in self._tabs],
            "tab": self._tab,
            "columns": self._rows.columns(self._tab),
            "sort": {"heading": order.heading, "descending": order.descending},
            "total": len(self._positions),
            "all": self._rows.table(self._tab).height,
            "page": self._page,
            "pages": pages,
            "page_size": PAGE_SIZE,
            "rows": [
                {"key": key, "cells": cells, "mark": self._marks.get(key, ""), "selected": key in self._selected}
                for key, cells in zip(keys, texts, strict=True)
            ],
            "selected": len(self._selected),
            "opened": self._opened,
            "details": self._details(),
        }

    def _facet(self, facet: str) -> dict[str, Any]:
        chosen = self._filters.chosen.get(facet, frozenset())
        is_open = facet in self._expanded
        # Counting takes time, and the audit of a large fleet takes longer: only open facets are counted.
        counted = self._facets.counts(self._filters, facet) if is_open else pl.DataFrame(schema=["value", "containers"])
        return {
            "facet": facet,
            "title": facet.capitalize(),
            "open": is_open,
            "chosen": len(chosen),
            "values": choices(counted.head(_MOST_CHOICES), chosen),
            "left_out": max(0, counted.height - _MOST_CHOICES),
        }

    def _details(self) -> dict[str, Any]:
        host, container_id = split_key(self._opened)
        if not self._opened:
            return {}
        if container_id:
            return container_details(self.snapshot, host, container_id, reveal=self._reveal)
        return host_details(self._rows.table("hosts"), host)

    def _summary(self) -> str:
        hosts = self.snapshot.tables["hosts"]
        failed = hosts.filter(~pl.col("ok")).height
        down = f", {failed:,} failed" if failed else ""
        return (
            f"{int(self._passing.sum()):,} of {len(self._passing):,} containers · {hosts.height:,} hosts{down}"
            f" · taken {self.snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        )

    def _clear(self) -> None:
        self._search = ""
        self.set_filters(**dict.fromkeys(FACETS))

    def _expand(self, message: Mapping[str, Any]) -> None:
        facet = message["facet"]
        (self._expanded.add if message["open"] else self._expanded.discard)(facet)
        self._show()

    def _sort(self, message: Mapping[str, Any]) -> None:
        """Ascending, then descending, then the table's own order again."""
        heading = message["heading"]
        match self._orders.get(self._tab, Order()):
            case Order(heading=current, descending=False) if current == heading:
                self._orders[self._tab] = Order(heading, descending=True)
            case Order(heading=current) if current == heading:
                del self._orders[self._tab]
            case _:
                self._orders[self._tab] = Order(heading)
        self._page = 0
        self._show()

    def _turn(self, message: Mapping[str, Any]) -> None:
        self._page = max(0, int(message["page"]))
        self._show()

    def _open(self, key: str) -> None:
        self._opened = key
        self._show()

    def _select(self, message: Mapping[str, Any]) -> None:
        """Select rows: `one`, `toggle` one, a `range` up to one, `all` that pass the filters, or `none`."""
        keys = self._rows.keys(self._tab, self._positions)
        key = message.get("key", "")
        match message["mode"]:
            case "one":
                self._selected = {key: None}
            case "toggle" if key in self._selected:
                del self._selected[key]
            case "toggle":
                self._selected[key] = None
            case "range":
                anchor = next(reversed(self._selected), key)
                first, last = sorted((keys.index(anchor) if anchor in keys else 0, keys.index(key)))
                self._selected = dict.fromkeys([*keys[first : last + 1], key])
            case "all":
                self._selected = dict.fromkeys(keys)
            case _:
                self._selected = {}
        self._show()

    def _copied(self) -> str:
        """The selected rows as people see them, all that are shown without a selection, with tabs between cells."""
        keys = self._rows.keys(self._tab, self._positions)
        chosen = [position for position, key in zip(self._positions, keys, strict=True) if key in self._selected]
        positions = pl.Series(chosen, dtype=pl.UInt32) if chosen else self._positions
        headings = [column["name"] for column in self._rows.columns(self._tab)]
        rows = self._rows.texts(self._tab, positions.head(_MOST_COPIED))
        return "\n".join("\t".join(cells) for cells in [headings, *rows])

    def _download(self, file_format: str) -> None:
        chosen = self.selection
        stream = io.BytesIO()
        write_table(chosen if chosen.height else self.shown, stream, file_format)
        self.widget.send_file(f"{self._tab}.{file_format}", _MEDIA_TYPES[file_format], stream.getvalue())

    def _set_period(self, message: Mapping[str, Any]) -> None:
        self._every = max(0.0, float(message["seconds"]))
        self._refreshing.every(self._every, lambda: self.snapshot)
        self._show()

    def _fallback(self) -> str:
        tables = {**self.snapshot.tables, "hosts": self._rows.table("hosts")}
        return overview_html(tables, self.snapshot.findings(), self.snapshot.taken_at)


def _marks(changes: pl.DataFrame) -> dict[str, str]:
    """Which containers are new, by key, and which changed otherwise."""
    is_new = pl.col("change").is_in(["added", "recreated"]).any().alias("is_new")
    changed = changes.drop_nulls("container_id").group_by(KEYS).agg(is_new)
    return {
        container_key(host, container_id): "added" if new else "changed"
        for host, container_id, new in changed.iter_rows()
    }
