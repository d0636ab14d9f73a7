"""Aligned text: widths, wrapping, cutting, and texts from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dockerframe.cli.layout import TextTable, as_text, cut_texts, display_width, fitted, wrapped_texts
from dockerframe.tables import Listed

RANKED = (
    Listed("host", "host", priority=1),
    Listed("message", "message", priority=1, wraps=True),
    Listed("image", "image"),
    Listed("id", "id", priority=3),
)


def printed(frame: pl.DataFrame, room: int | None, *listed: Listed, colour: bool = False) -> list[str]:
    table = TextTable.of_frame(frame, listed or [Listed(name, name) for name in frame.columns])
    return "".join(table.blocks(table.layout(room), colour=colour)).splitlines()


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pl.Series([True, False, None]), ["yes", "no", ""]),
        (pl.Series([0.512, None, 2e6]), ["0.51", "", "2000000.00"]),
        (pl.Series([datetime(2026, 11, 24, 6, 5, tzinfo=UTC)]), ["2026-11-24 06:05"]),
        (pl.Series([timedelta(minutes=5), None]), ["300 s", ""]),
        (pl.Series([["a", "b"], [], None]), ["a, b", "", ""]),
        (pl.Series([[1, 2]]), ["[1,2]"]),
        (pl.Series([{"a": 1}]), ['{"a":1}']),
        (pl.Series(["high"], dtype=pl.Enum(["low", "high"])), ["high"]),
        (pl.Series([7, None]), ["7", ""]),
        (pl.Series([], dtype=pl.String), []),
        (pl.Series(["one\ntwo", "\x1b[2J", "plain", None]), ["one�two", "�[2J", "plain", ""]),
    ],
)
def test_values_as_people_read_them(values: pl.Series, texts: list[str]) -> None:
    assert as_text(values).to_list() == texts


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    assert printed(pl.DataFrame({"name": ["a", "long"], "n": [5, 100]}), None) == [
        "NAME    N",
        "a       5",
        "long  100",
    ]


def test_lines_do_not_end_with_spaces() -> None:
    assert printed(pl.DataFrame({"a": ["x", "y"], "b": ["", "z"]}), None)[1:] == ["x", "y  z"]


def test_wide_characters_take_two_cells() -> None:
    lines = printed(pl.DataFrame({"name": ["網頁", "web", "e\u0301"], "end": ["|", "|", "|"]}), None)
    assert {display_width(line) for line in lines[1:]} == {len("NAME  |")}


def test_every_row_is_printed_when_there_are_several_blocks() -> None:
    lines = printed(pl.DataFrame({"n": range(10_000)}), 80)
    assert [int(line) for line in lines[1:]] == list(range(10_000))


def test_a_frame_without_rows_has_a_header() -> None:
    assert printed(pl.DataFrame(schema={"a": pl.String}), 80) == ["A"]


def test_nothing_is_cut_without_a_width() -> None:
    text = "word " * 200 + "end"
    assert printed(pl.DataFrame({"a": [text]}), None)[1] == text


def test_columns_of_the_first_priority_stay() -> None:
    natural = {"host": 30, "message": 200, "image": 30, "id": 12}
    layout = fitted(natural, RANKED, 60)
    assert list(layout.widths) == ["host", "message"]
    assert layout.left_out == ["image", "id"]
    assert sum(layout.widths.values()) + 2 <= 60


def test_columns_of_the_second_priority_come_with_room() -> None:
    layout = fitted({"host": 5, "message": 200, "image": 10, "id": 64}, RANKED, 60)
    assert list(layout.widths) == ["host", "message", "image"]


def test_a_text_that_wraps_gets_what_the_others_leave() -> None:
    assert fitted({"host": 5, "message": 200, "image": 10}, RANKED[:3], 60).widths["message"] == 60 - 5 - 10 - 4


@pytest.mark.parametrize("room", [1, 7, 20, 40, 80, 200])
def test_lines_fit_any_terminal_that_has_room_for_a_word(room: int) -> None:
    frame = pl.DataFrame(
        {"host": ["h" * 30], "message": ["some words 網頁 " * 9], "image": ["i" * 50], "id": ["d" * 64]}
    )
    lines = printed(frame, room, *RANKED)
    assert lines
    assert max(map(display_width, lines)) <= max(room, 10)


def test_long_text_wraps_below_itself() -> None:
    frame = pl.DataFrame({"host": ["a", "b"], "message": ["one two three four five", "short"]})
    table = TextTable.of_frame(frame, RANKED[:2])
    assert "".join(table.blocks(table.layout(20))).splitlines() == [
        "HOST  MESSAGE",
        "a     one two three",
        "      four five",
        "b     short",
    ]


def test_words_that_are_too_long_break_after_a_separator() -> None:
    assert wrapped_texts(pl.Series(["org.opencontainers.image"]), 20).to_list() == [["org.opencontainers.", "image"]]


def test_wrapping_loses_no_word() -> None:
    texts = pl.Series(["The port 8080/tcp is published on all interfaces of the host.", "網頁 網頁網頁 and more words"])
    for width in (5, 9, 30):
        for text, lines in zip(texts, wrapped_texts(texts, width), strict=True):
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            assert max(map(display_width, lines)) <= width


def test_text_that_does_not_wrap_is_cut_with_an_ellipsis() -> None:
    assert cut_texts(pl.Series(["網頁網頁", "abcdef", "abc"]), 5).to_list() == ["網頁…", "abcd…", "abc"]


def test_colours_are_for_states_only() -> None:
    frame = pl.DataFrame({"state": ["running", "odd"], "name": ["running", "x"]})
    header, running, odd = printed(frame, 80, colour=True)
    assert header == "\x1b[1mSTATE    NAME\x1b[0m"
    assert running == "\x1b[32mrunning\x1b[0m  running"
    assert odd == "odd      x"
