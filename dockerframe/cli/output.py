"""What commands print: tables that fit the terminal, or a whole table for other programs."""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dockerframe._report.listings import listing, named
from dockerframe._storage import write_table
from dockerframe._text import shown_lines, shown_text
from dockerframe.cli.streams import write_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from dockerframe._snapshot import Snapshot

# What a pipe gets: wide enough that no value of interest is cut, as there is nothing to fit.
_PIPE_WIDTH = 240
_READABLE_WIDTH = 32
_BORDER_WIDTH = 3
_STYLES = {
    "running": "green", "healthy": "green", "yes": "green", "unhealthy": "red", "no": "red", "dead": "red",
    "restarting": "red", "exited": "yellow", "paused": "yellow", "created": "dim", "starting": "yellow",
}  # fmt: skip


class Output(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class AuditOutput(StrEnum):
    """How findings are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    sarif = "sarif"
    junit = "junit"


def print_table(snap: Snapshot, name: str, output: Output) -> None:
    """Print a table of a snapshot: its listing for people; all of it for programs."""
    whole = named(snap.tables[name], snap.containers)
    print_frame(whole, listing(snap.tables, name), output, name.capitalize())


def print_frame(whole: pl.DataFrame, shown: pl.DataFrame, output: Output, title: str) -> None:
    """Print `shown` for people, `whole` for programs."""
    if output is Output.table:
        print_listing(shown, title)
    else:
        _print_whole(whole, output)


def print_listing(frame: pl.DataFrame, title: str) -> None:
    """Print a frame for people: as many columns as the terminal has room for."""
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    cells = {heading: [_cell(value) for value in frame[heading]] for heading in frame.columns}
    widths = _widths(cells, console.width)
    left_out = [heading for heading in cells if heading not in widths]
    table = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    if left_out:
        table.caption = f"Left out, as the terminal is narrow: {', '.join(left_out)}."
    for heading, width in widths.items():
        number = frame.schema[heading].is_numeric()
        table.add_column(heading, justify="right" if number else "left", overflow="ellipsis", no_wrap=True, width=width)
    for row in zip(*(cells[heading] for heading in widths), strict=True):
        table.add_row(*row)
    console.print(table)


def _widths(cells: Mapping[str, list[Text]], room: int) -> dict[str, int]:
    """The columns that have room, each with its width: the first ones matter most, and none is squeezed too far."""
    natural = {heading: max([len(heading), *(len(cell) for cell in column)]) for heading, column in cells.items()}
    if sum(natural.values()) + _BORDER_WIDTH * len(natural) < room:
        return natural
    widths: dict[str, int] = {}
    left = room - 1
    for heading, wanted in natural.items():
        width = min(wanted, _READABLE_WIDTH)
        left -= width + _BORDER_WIDTH
        if left < 0 and widths:
            break
        widths[heading] = width
    return widths


def warn(message: str) -> None:
    """Say something on standard error. What hosts say may be in it: it can't steer the terminal."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(shown_lines(message), style="yellow"))


def _print_whole(table: pl.DataFrame, output: Output) -> None:
    if output is Output.parquet and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is no text: send it to a file, with > containers.parquet.")
    # Into memory first: Polars hides the reason when the stream can't be written.
    content = io.BytesIO()
    write_table(table, content, output.value)
    write_output(content.getvalue())


def _cell(value: object) -> Text:
    """A value as text: never as markup, since labels come from outside."""
    text = shown_text(value)
    return Text(text, style=_STYLES.get(text, ""))
