"""One order of ports, mounts, networks and labels, however an engine sends them."""

from __future__ import annotations

from itertools import permutations

import polars as pl
import pytest

from dockerframe._derive.stable_order import sorted_labels, sorted_lists

KEYS = [pl.col("a"), pl.col("b")]


def lists_of(*rows: list[tuple[int | None, int]] | None) -> pl.Series:
    dtype = pl.List(pl.Struct({"a": pl.Int64(), "b": pl.Int64()}))
    return pl.Series("x", [None if row is None else [{"a": a, "b": b} for a, b in row] for row in rows], dtype)


@pytest.mark.parametrize("order", list(permutations([(1, 2), (1, 3), (2, 1), (2, 4)])))
def test_a_list_is_sorted_by_all_keys(order: tuple[tuple[int, int], ...]) -> None:
    others: list[list[tuple[int | None, int]]] = [[(9, 9)], [], [(5, 1), (4, 1)]]
    found = sorted_lists(lists_of(list(order), *others), KEYS)
    assert found.equals(lists_of([(1, 2), (1, 3), (2, 1), (2, 4)], [(9, 9)], [], [(4, 1), (5, 1)]))
    assert found.name == "x"


def test_the_second_key_decides_where_the_first_is_missing() -> None:
    assert sorted_lists(lists_of([(None, 2), (None, 1)]), KEYS).equals(lists_of([(None, 1), (None, 2)]))


def test_the_second_key_decides_where_the_first_is_equal() -> None:
    assert sorted_lists(lists_of([(7, 2), (7, 1)]), KEYS).equals(lists_of([(7, 1), (7, 2)]))


@pytest.mark.parametrize("rows", [[[(1, 1)], []], [[(1, 1), (2, 0)], [(0, 0), (1, 0)]], [[(1, 1), (1, 2)]]])
def test_sorted_lists_are_the_same_series(rows: list[list[tuple[int | None, int]]]) -> None:
    lists = lists_of(*rows)
    assert sorted_lists(lists, KEYS) is lists


def labels(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame([("h", *row) for row in rows], ["host", "container_id", "key", "value"], orient="row")


def test_labels_are_sorted_within_their_container_and_keep_their_values() -> None:
    found = sorted_labels(labels(("2", "y", "1"), ("2", "x", "2"), ("1", "z", "3"), ("1", "a", "4")))
    assert found.drop("host").rows() == [("2", "x", "2"), ("2", "y", "1"), ("1", "a", "4"), ("1", "z", "3")]


def test_labels_whose_names_fall_only_between_containers_are_the_same_table() -> None:
    table = labels(("2", "x", ""), ("2", "y", ""), ("1", "a", ""))
    assert sorted_labels(table) is table
