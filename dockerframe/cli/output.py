"""What commands print: aligned text for people, data for programs. All output of the command line passes here."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

import click
import polars as pl

from dockerframe._queries.sql import filtered
from dockerframe._report.listings import named
from dockerframe._storage.tables import write_table
from dockerframe._text import shown_lines
from dockerframe.cli.layout import TextTable
from dockerframe.cli.streams import write_output
from dockerframe.errors import did_you_mean
from dockerframe.tables import REGISTRY, Listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_YELLOW: Final = "33"
_DIM: Final = "2"
_SHORT_ID: Final = 12
_MOST_NATURAL_DIGITS: Final = 20
_COMMANDS: Final = {
    "Snapshot.write": "`dockerframe report`",
    "snap.append_history(store)": "`dockerframe report --save`",
    "Fleet.snapshot()": "`dockerframe report`",
}
"""What Python is called in messages, and the command that does the same."""
_PYTHON: Final = re.compile("|".join(map(re.escape, _COMMANDS)))


@dataclass(frozen=True, slots=True)
class Shape:
    """Which rows and columns of a table are printed, and as what.

    Attributes
    ----------
    output
        `table`, `wide`, `json`, `jsonl`, `csv` or `parquet`.
    columns, sort
        Names with commas between them; those to sort by descending begin with `-`.
    where
        A condition in SQL.
    limit
        How many rows at most.
    quiet
        Whether only ids are printed.
    no_trunc
        Whether nothing is cut, wrapped or left out.
    """

    output: str = "table"
    columns: str | None = None
    sort: str | None = None
    where: str | None = None
    limit: int | None = None
    quiet: bool = False
    no_trunc: bool = False

    def __post_init__(self) -> None:
        """Refuse options that contradict each other."""
        if self.quiet and (self.output != "table" or self.columns is not None):
            raise click.UsageError("Use either --quiet, or --output and --columns.")

    @property
    def is_default(self) -> bool:
        """Whether no option changes what people see."""
        return self == Shape()

    def rows(self, table: pl.DataFrame, listed: Sequence[Listed]) -> pl.DataFrame:
        """The rows that are asked for, in the order that is asked for."""
        found = table if self.where is None else filtered(table, self.where)
        if self.sort is not None:
            keys = _names(self.sort)
            names = [key.removeprefix("-") for key in keys]
            order = [_sort_key(_column(name, found, listed), found) for name in names]
            found = found.sort(
                order, descending=[key.startswith("-") for key in keys], nulls_last=True, maintain_order=True
            )
        return found if self.limit is None else found.head(self.limit)

    def listed(self, table: pl.DataFrame, listed: Sequence[Listed]) -> Sequence[Listed]:
        """The columns that people are shown."""
        if self.columns is not None:
            return [_column(name, table, listed) for name in _names(self.columns)]
        return listed if self.output == "wide" else [column for column in listed if column.priority < 3]


def print_table(tables: Mapping[str, pl.DataFrame], name: str, shape: Shape, containers: pl.DataFrame) -> None:
    """Print a registered table, with the names of its containers."""
    print_frame(named(tables[name], containers), REGISTRY[name].listing, shape, REGISTRY[name].key)


def print_frame(table: pl.DataFrame, listed: Sequence[Listed], shape: Shape, key: Sequence[str] = ()) -> None:
    """Print a table in the shape that was asked for.

    `listed` are the columns for people; programs get all columns, or those of `--columns`. `key` are the columns that
    identify a row, of which `--quiet` prints the id.
    """
    rows = shape.rows(table, listed)
    if shape.quiet:
        _print_ids(rows, key, complete=shape.no_trunc)
    elif shape.output in {"table", "wide"}:
        shown = shape.listed(table, listed)
        frame = rows.select(column.expression for column in shown)
        print_listing(frame, shown, complete=shape.no_trunc or shape.output == "wide")
    else:
        if shape.columns is not None:
            rows = rows.select(_data_column(name, rows, listed) for name in _names(shape.columns))
        print_data(rows, shape.output)


def print_listing(frame: pl.DataFrame, listed: Sequence[Listed], *, complete: bool = False) -> None:
    """Print a frame whose columns are headings: fitted to a terminal, complete in a pipe or when asked for."""
    on_terminal = sys.stdout.isatty()
    room = shutil.get_terminal_size().columns if on_terminal and not complete else None
    table = TextTable.of_frame(frame, listed)
    layout = table.layout(room)
    for block in table.blocks(layout, colour=_has_colours(sys.stdout)):
        write(block)
    if layout.left_out:
        note(f"No room for {', '.join(layout.left_out)}: use a wider terminal, -o wide or --columns.")


def print_data(table: pl.DataFrame, output: str) -> None:
    """Print a whole table for programs."""
    if output == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not text: write it to a file, such as > containers.parquet.")
    stream = io.BytesIO()
    write_table(table, stream, "json" if output == "jsonl" else output)
    data = stream.getvalue()
    if output == "json":
        # One row per line here too: JSON has no line ends within a row.
        data = b"[\n" + data.rstrip(b"\n").replace(b"\n", b",\n") + b"\n]\n"
    write_output(data)


def write(text: str, *, flush: bool = False) -> None:
    """Write text to standard output, as it is."""
    sys.stdout.write(text)
    if flush:
        sys.stdout.flush()


def say(line: str) -> None:
    """Write a line for people to standard output."""
    write(shown_lines(line) + "\n")


def warn(message: str) -> None:
    """Write a message to standard error. Text from hosts can't steer the terminal."""
    _write_error(message, _YELLOW)


def note(message: str) -> None:
    """Write a remark about the output to standard error."""
    _write_error(message, _DIM)


def _write_error(message: str, style: str) -> None:
    text = shown_lines(message)
    sys.stdout.flush()
    sys.stderr.write(f"\x1b[{style}m{text}\x1b[0m\n" if _has_colours(sys.stderr) else f"{text}\n")
    sys.stderr.flush()


def _has_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def for_command_line(message: str) -> str:
    """A message of the library with the options of the command line in place of those of Python.

    Examples
    --------
    >>> for_command_line("Take it with inspect=True. snap.routes lists the existing ones.")
    'Take it with --inspect. `dockerframe routes` lists the existing ones.'
    """
    options = re.sub(r"\b([a-z_]+)=True\b", lambda found: f"--{found[1].replace('_', '-')}", message)
    commands = "|".join(name for name, table in REGISTRY.items() if table.command or name == "rules")
    tables = re.sub(
        rf"\bsnap\.({commands})\b(?:\(\))?", lambda found: f"`dockerframe {command_name(found[1])}`", options
    )
    return _PYTHON.sub(lambda found: _COMMANDS[found[0]], tables)


def command_name(table: str) -> str:
    """The name of a table's command.

    Examples
    --------
    >>> command_name("route_fields")
    'route-fields'
    """
    return table.replace("_", "-")


def _print_ids(rows: pl.DataFrame, key: Sequence[str], *, complete: bool) -> None:
    """Print the id of each row once: of the container, else the name of what the row is about."""
    name = "container_id" if "container_id" in rows.columns else (key or rows.columns)[-1]
    ids = rows[name].drop_nulls().cast(pl.String).unique(maintain_order=True)
    if name == "container_id" and not complete:
        ids = ids.str.head(_SHORT_ID)
    if ids.len():
        write("\n".join(ids) + "\n")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _column(name: str, table: pl.DataFrame, listed: Sequence[Listed]) -> Listed:
    """A column by its heading or its name in the table.

    Raises
    ------
    click.UsageError
        When neither exists.
    """
    for column in listed:
        if _same_name(column.heading, name):
            return column
    for column_name in table.columns:
        if _same_name(column_name, name):
            return Listed(column_name, column_name, wraps=table.schema[column_name] == pl.String)
    headings = [column.heading for column in listed]
    otherwise = f"There are {', '.join(headings)}, and the columns of the table, as -o json shows them."
    raise click.UsageError(f"There is no column {name!r}. {did_you_mean(name, [*headings, *table.columns], otherwise)}")


def _data_column(name: str, table: pl.DataFrame, listed: Sequence[Listed]) -> pl.Expr:
    """A column for programs: of the table where it has one of this name, else what people see under the heading."""
    return pl.col(name) if name in table.columns else _column(name, table, listed).expression


def _same_name(one: str, other: str) -> bool:
    return re.sub(r"[ _-]+", " ", one.lower()) == re.sub(r"[ _-]+", " ", other.lower())


def _sort_key(column: Listed, table: pl.DataFrame) -> pl.Expr:
    """What a column is sorted by: numbers, times and ranks as they are, texts in natural order."""
    key = column.expression if column.sort_by is None else column.sort_by
    dtype = table.lazy().select(key).collect_schema().dtypes()[0]
    if dtype.is_nested():
        return key.list.len() if isinstance(dtype, pl.List) else key
    return natural_order(key) if dtype == pl.String else key


def natural_order(text: pl.Expr) -> pl.Expr:
    """A key that sorts `app-2` before `app-10`, and small letters with capitals.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"name": ["app-10", "App-2"]}).sort(natural_order(pl.col("name")))["name"].to_list()
    ['App-2', 'app-10']
    """
    padded = text.str.to_lowercase().str.replace_all(r"(\d+)", "0" * _MOST_NATURAL_DIGITS + "${1}")
    return padded.str.replace_all(rf"\d*(\d{{{_MOST_NATURAL_DIGITS}}})", "${1}")
