"""The view of a fleet: hosts and filters at the left, tables in tabs, and below them what is known of one row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.diff import differences, summary
from dockerframe._redaction import redact_tables
from dockerframe._storage.folders import write_file
from dockerframe._views.controls import Controls
from dockerframe._views.details import container_details, host_details
from dockerframe._views.filters import FACETS, HOST, Filters, counts, facet_values, passing
from dockerframe._views.listed import CONTAINER, KEY, ROW, SEARCHED, ListedFleet, container_key, split_key
from dockerframe._views.refreshing import Refreshing
from dockerframe._views.table_widget import PanelWidget, TableWidget
from dockerframe.errors import DockerframeError, SnapshotError
from dockerframe.tables import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerframe._views.viewable import Viewable

_FIRST_TAB: Final = "containers"
_FORMATS: Final = ("csv", "parquet")


class FleetView:
    """A snapshot to look into. Made by `Snapshot.view`; shows itself in a notebook.

    Attributes
    ----------
    snapshot
        The snapshot that is shown: a later one after a refresh.
    widget
        The ipywidgets box, to put into a layout of your own.

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
        self._marks: dict[str, str] = {}
        self._tabs = tuple(name for name in REGISTRY if name == "findings" or name in snapshot.tables)
        self._tables = {name: TableWidget(REGISTRY[name].title) for name in self._tabs}
        self._facets = {facet: TableWidget(f"Filter by {facet}", multiple=True, compact=True) for facet in FACETS}
        self._facets[HOST] = TableWidget("Hosts to show", multiple=True, compact=True)
        self._panel = PanelWidget(self._open)
        self._controls = Controls(self._tables, self._facets, self._panel)
        self._refreshing = Refreshing(self._take, self._controls.say)
        self.widget = self._controls.widget
        self._controls.tabs.selected_index = self._tabs.index(_FIRST_TAB)
        self._connect()
        self._set(snapshot)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the widget."""
        return self.widget._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        """Show what is looked at."""
        return f"FleetView({self._controls.summary.value})"

    @property
    def shown(self) -> pl.DataFrame:
        """The rows of the open tab that pass the filters and the search, in the order shown, with all columns."""
        return self._fleet.table(self._tab)[self._tables[self._tab].order]

    @property
    def _tab(self) -> str:
        return self._tabs[self._controls.tabs.selected_index or 0]

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Host and id of the container whose details are open; None without one."""
        host, container_id = split_key(next((key for table in self._tables.values() for key in table.chosen), ""))
        return (host, container_id) if container_id else None

    def set_filters(self, **values: Iterable[str] | None) -> None:
        """Filter by code as by hand: `host`, `state`, `project`, `image`, `blacklisted`, `excluded`.

        Each takes the values that may stay; None or none at all lets everything pass.

        Raises
        ------
        SnapshotError
            When there is no such filter.
        """
        unknown = sorted(set(values) - set(self._facets))
        if unknown:
            raise SnapshotError(f"There is no filter {unknown[0]!r}.", remedy=f"Use {', '.join(self._facets)}.")
        for facet, wanted in values.items():
            self._facets[facet].chosen = list(wanted or ())

    def show_tab(self, tab: str) -> None:
        """Open a tab by its name, such as `routes`.

        Raises
        ------
        SnapshotError
            When there is no such tab.
        """
        if tab not in self._tabs:
            raise SnapshotError(f"There is no tab {tab!r}.", remedy=f"Use {', '.join(self._tabs)}.")
        self._controls.tabs.selected_index = self._tabs.index(tab)

    def refresh(self) -> None:
        """Ask the fleet again, without blocking the kernel where it has an event loop; filters and choices stay."""
        self._refreshing.now(self.snapshot)

    def write(self, path: str | Path) -> Path:
        """Write what is selected into a file, CSV or Parquet by its ending; without secrets, unless they are revealed.

        Raises
        ------
        SnapshotError
            When the ending is another one, or the file can't be written.
        """
        target = Path(path)
        file_format = target.suffix.removeprefix(".")
        if file_format not in _FORMATS:
            raise SnapshotError(
                f"{target} ends in neither .csv nor .parquet.", remedy="Name a file with such an ending."
            )
        selected = self.shown
        shown = selected if self._reveal else redact_tables({self._tab: selected})[self._tab]
        write_file(shown, target, file_format)
        return target

    def close(self) -> None:
        """End refreshing, and take the widgets out of the notebook."""
        self._refreshing.stop()
        self.widget.close()

    def _connect(self) -> None:
        for facet, table in self._facets.items():
            table.observe(lambda change, facet=facet: self._choose(facet, change["new"]), names=["chosen"])
        for name, table in self._tables.items():
            table.observe(lambda change, name=name: self._row_chosen(name, change["new"]), names=["chosen"])
        controls = self._controls
        controls.tabs.observe(lambda _: self._show_tab(), names=["selected_index"])
        controls.clear.on_click(lambda _: self.set_filters(**dict.fromkeys(self._facets)))
        controls.refresh.on_click(lambda _: self.refresh())
        controls.every.observe(self._period_changed, names=["value"])
        controls.export.on_click(lambda _: self._export_clicked())

    def _set(self, snapshot: Viewable) -> None:
        self.snapshot = snapshot
        self._fleet = ListedFleet(snapshot, reveal=self._reveal)
        self._values = facet_values(snapshot.tables)
        self._controls.may_refresh(snapshot.source is not None)
        self._show()

    def _take(self, snapshot: Viewable) -> None:
        """Go over to a later snapshot, and tell what is new in it."""
        changes = differences(self.snapshot.tables, snapshot.tables)
        self._marks = _marks(changes)
        self._set(snapshot)
        self._controls.say(f"Refreshed: {summary(changes)}.")
        if self.chosen is not None:
            self._open(container_key(*self.chosen))

    def _choose(self, facet: str, values: list[str]) -> None:
        self._filters = self._filters.choosing(facet, frozenset(values))
        self._show()

    def _show(self) -> None:
        """Show what passes the filters: the open tab, the numbers beside the filters, the summary."""
        self._passing = passing(self._values, self._filters)
        for facet in FACETS:
            self._facets[facet].show(_listed(counts(self._values, self._filters, facet)))
        hosts = self._fleet.listed("hosts").select("host", "ok", "containers", "error", ROW, KEY, SEARCHED)
        self._facets[HOST].show(hosts)
        hosts_table = self.snapshot.tables["hosts"]
        failed = hosts_table.filter(~pl.col("ok")).height
        self._controls.summary.value = (
            f"{int(self._passing.sum()):,} of {self._passing.len():,} containers · {hosts_table.height:,} hosts"
            f"{f', {failed:,} failed' if failed else ''} · taken {self.snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        self._show_tab()

    def _show_tab(self) -> None:
        name = self._tab
        listed = self._fleet.listed(name)
        chosen_hosts = list(self._filters.chosen.get(HOST, ()))
        of_chosen_host = (
            listed["host"].is_in(chosen_hosts) if chosen_hosts else pl.repeat(value=True, n=listed.height, eager=True)
        )
        if name == "hosts":
            shown = of_chosen_host
        else:
            # What is about no container, such as a finding about a host, passes with its host alone.
            number = listed[CONTAINER]
            shown = self._passing.gather(number).fill_null(value=False) | (number.is_null() & of_chosen_host)
        self._tables[name].show(listed.filter(shown), self._marks)

    def _row_chosen(self, name: str, keys: list[str]) -> None:
        if not keys:
            return
        for other, table in self._tables.items():
            if other != name:
                table.chosen = []
        self._open(keys[0])

    def _open(self, key: str) -> None:
        """Show the details of a container, or of a host, by its key."""
        host, container_id = split_key(key)
        if container_id:
            self._panel.content = container_details(
                self.snapshot, self._fleet.table("findings"), host, container_id, reveal=self._reveal
            )
        else:
            self._panel.content = host_details(self._fleet.table("hosts"), host)

    def _period_changed(self, change: dict[str, Any]) -> None:
        self._refreshing.every(change["new"], lambda: self.snapshot)

    def _export_clicked(self) -> None:
        try:
            rows = self.shown.height
            self._controls.say(f"Wrote {rows:,} rows to {self.write(self._controls.file.value)}.")
        except DockerframeError as error:
            self._controls.say(str(error))


def _listed(counted: pl.DataFrame) -> pl.DataFrame:
    """Values and their numbers, ready for a table widget."""
    value = pl.col("value")
    return counted.with_columns(value.alias(KEY), value.str.to_lowercase().alias(SEARCHED)).with_row_index(ROW)


def _marks(changes: pl.DataFrame) -> dict[str, str]:
    """Which containers came, by key, and which changed otherwise."""
    is_new = pl.col("change").is_in(["added", "recreated"]).any().alias("is_new")
    changed = changes.drop_nulls("container_id").group_by(KEYS).agg(is_new)
    return {
        container_key(host, container_id): "added" if new else "changed"
        for host, container_id, new in changed.iter_rows()
    }
