"""A table of any length in a notebook: the kernel keeps the rows, the browser gets a page of texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import polars as pl
import traitlets

from dockerframe._text import shown_text
from dockerframe._views.listed import INTERNAL, KEY, ROW, SEARCHED

if TYPE_CHECKING:
    from collections.abc import Mapping

STATIC: Final = Path(__file__).parent / "static"
_PAGE_SIZE: Final = 50
_COMPACT_PAGE_SIZE: Final = 12
_LONGEST_CELL: Final = 500


class TableWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """Rows that can be searched, sorted, paged through and chosen, by mouse and by keyboard.

    `show` gives it its rows; `order` tells which of them are shown, in which order; `chosen` holds the keys of the
    rows that the user chose: one, or with `multiple` any number.
    """

    _esm = STATIC / "table.js"
    _css = STATIC / "view.css"

    heading = traitlets.Unicode().tag(sync=True)
    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    page_size = traitlets.Int(_PAGE_SIZE).tag(sync=True)
    sort_by = traitlets.Unicode("").tag(sync=True)
    descending = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003 - how traits are declared
    search = traitlets.Unicode("").tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.List(traitlets.Unicode()).tag(sync=True)
    multiple = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003
    compact = traitlets.Bool(False).tag(sync=True)  # noqa: FBT003

    def __init__(self, heading: str, *, multiple: bool = False, compact: bool = False) -> None:
        self._frame = pl.DataFrame()
        self._found = pl.DataFrame()
        self._marks: Mapping[str, str] = {}
        size = _COMPACT_PAGE_SIZE if compact else _PAGE_SIZE
        super().__init__(heading=heading, multiple=multiple, compact=compact, page_size=size)
        self.observe(self._rearrange, names=["search", "sort_by", "descending"])
        self.observe(self._turn, names=["page"])

    def show(self, listed: pl.DataFrame, marks: Mapping[str, str] | None = None) -> None:
        """Show these rows (of `dockerframe._views.listed`), those with `marks` by key set off.

        Search, order and chosen rows stay; the page does if it is still there.
        """
        self._frame = listed
        self._marks = marks or {}
        columns = [
            {"name": name, "numeric": dtype.is_numeric()}
            for name, dtype in listed.schema.items()
            if name not in INTERNAL
        ]
        with self.hold_sync():
            if columns != self.columns:
                self.columns = columns
            self._arrange()
            self._turn()

    @property
    def order(self) -> pl.Series:
        """The numbers of the rows that are shown, on whatever page, in the order shown."""
        return self._found[ROW]

    def _rearrange(self, _change: object) -> None:
        with self.hold_sync():
            self.page = 0
            self._arrange()
            self._turn()

    def _arrange(self) -> None:
        found = self._frame
        if self.search:
            found = found.filter(pl.col(SEARCHED).str.contains(self.search.lower(), literal=True))
        if self.sort_by in found.columns:
            found = found.sort(self.sort_by, descending=self.descending, nulls_last=True, maintain_order=True)
        self._found = found
        self.total = found.height
        self.page = max(0, min(self.page, (found.height - 1) // self.page_size))

    def _turn(self, _change: object = None) -> None:
        page = self._found.slice(self.page * self.page_size, self.page_size)
        names = [column["name"] for column in self.columns]
        self.rows = [
            {
                "key": row[KEY],
                "mark": self._marks.get(row[KEY], ""),
                "cells": [shown_text(row[name])[:_LONGEST_CELL] for name in names],
            }
            for row in page.iter_rows(named=True)
        ]


class PanelWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """What is known of one thing, as `dockerframe._views.details` gives it; its links call `on_open` with their key."""

    _esm = STATIC / "panel.js"
    _css = STATIC / "view.css"

    content = traitlets.Dict().tag(sync=True)

    def __init__(self, on_open: Any) -> None:
        super().__init__()
        self.on_msg(lambda _widget, message, _buffers: on_open(message["open"]))
