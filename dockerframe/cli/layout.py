"""Tables as aligned text, whole columns at a time: a row takes microseconds, not the time of a call per cell."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._storage.tables import flat
from dockerframe._text import shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dockerframe.tables import Listed

GAP: Final = "  "
"""What separates columns."""
_ROWS_PER_BLOCK: Final = 4096
_LEAST_READABLE: Final = 20
_LEAST_WRAPPED: Final = 26
_LEAST: Final = 4
# Characters that are visible and take one cell each; texts of these alone need no second look.
_PLAIN: Final = "^[ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u2039\u203a\u2190-\u2193\ufffd]*$"
_STYLES: Final = {
    "running": "32", "healthy": "32", "yes": "32", "unhealthy": "31", "no": "31", "dead": "31", "restarting": "31",
    "exited": "33", "paused": "33", "created": "2", "starting": "33", "critical": "1;31", "high": "31",
    "medium": "33", "low": "2", "info": "2",
}  # fmt: skip
_STYLED: Final = ("state", "health", "ok", "up", "found", "severity", "ran", "privileged")
_HEADER_STYLE: Final = "1"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table fits a terminal: the width of each column that has room, and the headings without room."""

    widths: Mapping[str, int]
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True)
class TextTable:
    """The cells of a table as text.

    Attributes
    ----------
    cells
        One String column per heading.
    listed
        What the columns are, in their order.
    numeric
        The headings of numbers, which are aligned to the right.
    """

    cells: pl.DataFrame
    listed: Sequence[Listed]
    numeric: frozenset[str]

    @classmethod
    def of_frame(cls, frame: pl.DataFrame, listed: Sequence[Listed]) -> TextTable:
        """The text of a frame whose columns are the headings of `listed`."""
        numeric = frozenset(name for name, dtype in frame.schema.items() if dtype.is_numeric())
        return cls(frame.select(as_text(column) for column in frame), listed, numeric)

    def layout(self, room: int | None) -> Layout:
        """The widths of the columns in a terminal with this many cells; None for one without an end."""
        natural = {column.name: max(display_width(column.name), _highest(cell_widths(column))) for column in self.cells}
        return Layout(natural, []) if room is None else fitted(natural, self.listed, room)

    def blocks(self, layout: Layout, *, colour: bool = False) -> Iterator[str]:
        """The header, then the rows, some thousand lines a block, each block with its line end."""
        shown = [column for column in self.listed if column.heading in layout.widths]
        header = pl.DataFrame({column.heading: [column.heading.upper()] for column in shown})
        text = "\n".join(self._lines(header, layout, shown, colour=False))
        yield (_styled(text, _HEADER_STYLE) if colour else text) + "\n"
        for start in range(0, self.cells.height, _ROWS_PER_BLOCK):
            block = self.cells.slice(start, _ROWS_PER_BLOCK).select(layout.widths.keys())
            yield "\n".join(self._lines(_broken(block, shown, layout.widths), layout, shown, colour=colour)) + "\n"

    def _lines(self, block: pl.DataFrame, layout: Layout, shown: Sequence[Listed], *, colour: bool) -> pl.Series:
        parts = [
            _padded(
                block[column.heading],
                layout.widths[column.heading],
                right=column.heading in self.numeric,
                colour=colour and column.heading in _STYLED,
            )
            for column in shown
        ]
        lines = pl.select(pl.concat_str(parts, separator=GAP).str.strip_chars_end(" "))
        return lines.to_series()


def as_text(column: pl.Series) -> pl.Series:
    r"""A column as people read it: one line per cell, without characters that steer a terminal.

    Examples
    --------
    >>> import polars as pl
    >>> as_text(pl.Series("ok", [True, None])).to_list(), as_text(pl.Series("s", ["a\nb"])).to_list()
    (['yes', ''], ['a�b'])
    """
    return _visible(_plain_text(column).fill_null("")).alias(column.name)


def _plain_text(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.Boolean:
        return column.replace_strict({True: "yes", False: "no"}, return_dtype=pl.String)
    if isinstance(dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return utc.dt.strftime("%Y-%m-%d %H:%M")
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.String):
        return column.list.join(", ", ignore_nulls=True)
    if dtype.is_float() or isinstance(dtype, pl.Duration):
        return _by_distinct_values(column, shown_text)
    if dtype.is_nested():
        return flat(column.to_frame()).to_series().cast(pl.String)
    return column.cast(pl.String)


def _visible(texts: pl.Series) -> pl.Series:
    """Texts without control characters. Only the unusual ones are looked at one by one."""
    unusual = ~texts.str.contains(_PLAIN)
    if not unusual.any():
        return texts
    return texts.zip_with(~unusual, _by_distinct_values(texts, shown_text, only=unusual))


def _by_distinct_values(values: pl.Series, function: Callable[..., str], *, only: pl.Series | None = None) -> pl.Series:
    """A text per value, each distinct value formatted only one time; null for those that are not in `only`."""
    distinct = (values if only is None else values.filter(only)).unique().drop_nulls()
    shown = pl.Series([function(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, shown, default=None, return_dtype=pl.String)


def display_width(text: str) -> int:
    """How many cells of a terminal a text takes: two for wide characters, none for combining ones.

    Examples
    --------
    >>> display_width("web"), display_width("網頁"), display_width("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cell_widths(texts: pl.Series) -> pl.Series:
    """The display width of each text."""
    lengths = texts.str.len_chars().cast(pl.Int64)
    unusual = ~texts.str.contains(_PLAIN)
    if not unusual.any():
        return lengths
    distinct = texts.filter(unusual).unique()
    widths = pl.Series([display_width(text) for text in distinct], dtype=pl.Int64)
    return lengths.zip_with(~unusual, texts.replace_strict(distinct, widths, default=0, return_dtype=pl.Int64))


def _highest(widths: pl.Series) -> int:
    return int(widths.max() or 0)  # type: ignore[arg-type]


def fitted(natural: Mapping[str, int], listed: Sequence[Listed], room: int) -> Layout:
    """The columns that have room, each with its width.

    Columns of priority 1 stay, others go where there is no room. Long text is wrapped or cut; columns that wrap get
    what the others leave.
    """
    kept = _kept(natural, listed, room)
    free = room - len(GAP) * (len(kept) - 1)
    wrapped = {column.heading: natural[column.heading] for column in kept if column.wraps}
    others = {column.heading: natural[column.heading] for column in kept if not column.wraps}
    reserved = sum(min(width, _LEAST_WRAPPED) for width in wrapped.values())
    widths = _capped(others, free - reserved)
    widths |= _capped(wrapped, free - sum(widths.values()))
    in_order = {column.heading: widths[column.heading] for column in kept}
    return Layout(in_order, [column.heading for column in listed if column.heading not in in_order])


def _kept(natural: Mapping[str, int], listed: Sequence[Listed], room: int) -> list[Listed]:
    """The columns that are shown: by priority, each as long as it has a readable width."""
    if sum(natural.values()) + len(GAP) * (len(natural) - 1) <= room:
        return list(listed)
    kept: set[str] = set()
    used = -len(GAP)
    for column in sorted(listed, key=lambda column: column.priority):
        readable = min(natural[column.heading], _LEAST_WRAPPED if column.wraps else _LEAST_READABLE)
        least = min(readable, _LEAST) if column.priority == 1 or not kept else readable
        if used + len(GAP) + least > room and kept:
            break
        kept.add(column.heading)
        used += len(GAP) + readable
    return [column for column in listed if column.heading in kept]


def _capped(natural: Mapping[str, int], room: int) -> dict[str, int]:
    """Widths that fit: the widest columns are made narrower first."""
    cap = max([_LEAST, *(min(width, room) for width in natural.values())])
    while cap > _LEAST and sum(min(width, cap) for width in natural.values()) > room:
        cap -= 1
    return {heading: min(width, cap) for heading, width in natural.items()}


def _broken(block: pl.DataFrame, shown: Sequence[Listed], widths: Mapping[str, int]) -> pl.DataFrame:
    """Cells that are too long for their column, wrapped onto more lines or cut."""
    lines: dict[str, pl.Series] = {}
    for column in shown:
        texts, width = block[column.heading], widths[column.heading]
        if _highest(cell_widths(texts)) <= width:
            continue
        if column.wraps:
            lines[column.heading] = wrapped_texts(texts, width)
        else:
            block = block.with_columns(cut_texts(texts, width))
    return _with_lines(block, lines) if lines else block


def _with_lines(block: pl.DataFrame, lines: Mapping[str, pl.Series]) -> pl.DataFrame:
    """A block in which a row takes as many lines as its longest cell; the other cells are empty below their text."""
    wrapped = block.with_columns(lines.values())
    count = pl.max_horizontal(1, *(pl.col(heading).list.len() for heading in lines))
    positions = pl.int_ranges(0, count)
    cells = [
        (pl.col(heading) if heading in lines else pl.concat_list(heading)).list.gather(positions, null_on_oob=True)
        for heading in block.columns
    ]
    return wrapped.select(cells).explode(block.columns, empty_as_null=True, keep_nulls=True).fill_null("")


def wrapped_texts(texts: pl.Series, width: int) -> pl.Series:
    """Each text as a list of lines no wider than `width`, broken at spaces where there are some.

    Examples
    --------
    >>> import polars as pl
    >>> wrapped_texts(pl.Series(["one two three", "abcdefghij"]), 8).to_list()
    [['one two', 'three'], ['abcdefgh', 'ij']]
    """
    # At white space; in a word that is too long after a separator, else anywhere.
    pattern = rf".{{1,{width}}}(?:\s+|$)|.{{0,{width - 1}}}[./,;:_=-]|.{{1,{width}}}"
    lines = texts.str.extract_all(pattern).list.eval(pl.element().str.strip_chars_end())
    wide = (cell_widths(texts) > texts.str.len_chars()) & (cell_widths(texts) > width)
    if wide.any():
        distinct = texts.filter(wide).unique()
        broken = pl.Series(["\n".join(_wrapped(text, width)) for text in distinct], dtype=pl.String)
        replaced = texts.replace_strict(distinct, broken, default=None, return_dtype=pl.String)
        lines = lines.zip_with(~wide, replaced.str.split("\n"))
    return lines.alias(texts.name)


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text with wide characters."""
    lines = []
    while text:
        line = _beginning(text, width)
        space = line.rfind(" ")
        if len(line) < len(text) and space > 0 and not text[len(line)].isspace():
            line = line[: space + 1]
        lines.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return lines


def cut_texts(texts: pl.Series, width: int) -> pl.Series:
    """Texts no wider than `width`; the last cell of one that was longer is `…`.

    Examples
    --------
    >>> import polars as pl
    >>> cut_texts(pl.Series(["short", "much longer"]), 6).to_list()
    ['short', 'much …']
    """
    widths = cell_widths(texts)
    too_long = widths > width
    cut = texts.zip_with(~too_long, texts.str.head(width - 1) + "…")
    wide = too_long & (widths > texts.str.len_chars())
    if not wide.any():
        return cut
    return cut.zip_with(~wide, _by_distinct_values(texts, lambda text: _beginning(text, width - 1) + "…", only=wide))


def _beginning(text: str, width: int) -> str:
    """As much of a text as fits, at least one character."""
    used = 0
    for position, character in enumerate(text):
        used += _cells(character)
        if used > width and position:
            return text[:position]
    return text


def _padded(texts: pl.Series, width: int, *, right: bool, colour: bool) -> pl.Series:
    """Texts of one width, those of `_STYLES` in their colour."""
    length = pl.lit(width) - pl.lit(cell_widths(texts)) + pl.lit(texts).str.len_chars().cast(pl.Int64)
    padded = pl.lit(texts).str.pad_start(length) if right else pl.lit(texts).str.pad_end(length)
    if colour:
        before = pl.lit(texts).replace_strict(_STYLES, default=None, return_dtype=pl.String)
        styled = pl.format("\x1b[{}m{}\x1b[0m", before, padded)
        padded = pl.when(before.is_not_null()).then(styled).otherwise(padded)
    return pl.select(padded.alias(texts.name)).to_series()


def _styled(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"
