"""Every public derivation gives the same rows on frames with one chunk or many, eager, lazy or empty."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import dockerframe as dkf
from dockerframe import expr
from dockerframe._derive.columns.ports import port_bindings
from dockerframe.schemas import PORTS

COLUMNS = {function.__name__: function for function in expr._COLUMNS}
FRAMES = {function.__name__: function for function in expr._FRAMES}


@pytest.fixture(scope="module")
def containers() -> pl.DataFrame:
    """The containers of the demo fleet with the URLs of their hosts, in one chunk."""
    snap = dkf.Fleet.demo().snapshot(progress=False)
    urls = snap.hosts.select("host", "url")
    return snap.containers.join(urls, on="host", maintain_order="left").rechunk()


@pytest.fixture(scope="module")
def chunked(containers: pl.DataFrame) -> pl.DataFrame:
    """The same containers, with one chunk per seven rows."""
    parts = pl.concat(containers.iter_slices(7), rechunk=False)
    assert parts.n_chunks() > 5
    return parts


@pytest.mark.parametrize("name", COLUMNS)
def test_expression_is_the_same_on_every_frame(name: str, containers: pl.DataFrame, chunked: pl.DataFrame) -> None:
    expression = COLUMNS[name]()
    expected = containers.select(expression)
    assert_frame_equal(chunked.select(expression), expected)
    assert_frame_equal(chunked.filter(pl.col("names").is_not_null()).select(expression), expected)
    # A filter leaves one row in several chunks, all others empty.
    assert_frame_equal(chunked.filter(pl.int_range(pl.len()) == 9).select(expression), expected[9])
    assert_frame_equal(chunked.lazy().select(expression).collect(), expected)
    assert containers.clear().select(expression).schema == expected.schema


@pytest.mark.parametrize("name", FRAMES)
def test_frame_function_is_the_same_on_every_frame(name: str, containers: pl.DataFrame, chunked: pl.DataFrame) -> None:
    function = FRAMES[name]
    expected = function(containers)
    assert_frame_equal(function(chunked), expected)
    assert_frame_equal(function(chunked.lazy()).collect(), expected)
    assert function(containers.clear()).schema == expected.schema


def test_ports_that_are_null_or_empty_give_empty_lists_in_their_rows() -> None:
    http = {"ip": "0.0.0.0", "private_port": 80, "public_port": 8080, "type": "tcp"}
    frame = pl.DataFrame({"ports": [None, [http], []]}, schema={"ports": PORTS})
    for expression in (dkf.public_ports(), dkf.private_ports()):
        assert frame.select(expression).to_series().to_list() == [[], [http], []]


def test_labels_that_are_null_ask_for_nothing() -> None:
    schema = {"labels": pl.Map(pl.String(), pl.String()), "names": pl.List(pl.String())}
    frame = pl.DataFrame({"labels": [None], "names": [["/web"]]}, schema=schema)
    found = frame.select(dkf.is_explicit(), dkf.is_excluded(), dkf.aliases(), dkf.dependencies())
    assert found.row(0) == (False, False, ["web"], [])


def test_ports_that_are_null_or_empty_give_no_row_of_a_binding() -> None:
    frame = pl.DataFrame({"ports": [None, []]}, schema={"ports": PORTS})
    assert port_bindings(frame.with_columns(host=pl.lit("h"), container_id=pl.lit("1"))).height == 0
