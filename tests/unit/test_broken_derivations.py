"""Where Polars fails while tables are derived, one container is an error and all others keep their rows."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.tables import STORED_TABLES
from tests.summaries import summary

BODIES = {
    "a": json.dumps(
        [summary(Id=f"a{number}", Names=[f"/a{number}"], Labels={"x": "1"}) for number in range(5)]
    ).encode(),
    "b": json.dumps([summary(Id="b0", Names=["/b0"], Labels={"x": "1"})]).encode(),
}


def break_table(monkeypatch: pytest.MonkeyPatch, name: str, broken: str | None, error: type[BaseException]) -> None:
    """Let a table fail wherever a container is among the summaries; everywhere with None."""
    derive = STORED_TABLES[name].derive
    assert derive is not None

    def failing(derivation: object) -> pl.DataFrame:
        if broken is None or broken in derivation.gathered.summaries["container_id"]:  # type: ignore[attr-defined]
            raise error("index out of bounds\nat row 7")
        return derive(derivation)  # type: ignore[arg-type]

    monkeypatch.setitem(STORED_TABLES, name, replace(STORED_TABLES[name], derive=failing))  # type: ignore[misc]


@pytest.mark.parametrize("error", [pl.exceptions.PanicException, pl.exceptions.ComputeError])
@pytest.mark.parametrize("name", ["containers", "routes", "labels", "errors"])
def test_a_container_at_which_polars_fails_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, error: type[BaseException]
) -> None:
    break_table(monkeypatch, name, "a3", error)
    snap = dkf.from_bodies(BODIES)
    assert snap.networks.height
    assert snap.tables[name].height
    for table in snap.tables.values():
        assert "container_id" not in table.columns or table is snap.errors or "a3" not in table["container_id"]
    assert snap.containers["container_id"].to_list() == ["a0", "a1", "a2", "a4", "b0"]
    found = snap.errors.filter(kind="invalid_summary")
    message = "It is left out, because its data can't be processed: index out of bounds."
    assert found.select("host", "container_id", "message").rows() == [("a", "a3", message)]


def test_a_table_that_fails_without_containers_is_an_error_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    snap = dkf.from_bodies(BODIES)
    read = dkf.Snapshot({name: snap.tables[name] for name in ("hosts", "containers", "errors")}, taken_at=snap.taken_at)
    break_table(monkeypatch, "labels", None, pl.exceptions.PanicException)
    with pytest.raises(dkf.SnapshotError, match="The table labels can't be derived: index out of bounds"):
        _ = read.labels
    assert read.ports.height == snap.ports.height


def test_threads_that_meet_a_broken_container_see_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    break_table(monkeypatch, "labels", "a3", pl.exceptions.PanicException)
    snap = dkf.from_bodies(BODIES)
    heights: list[int] = []
    threads = [threading.Thread(target=lambda: heights.append(snap.labels.height)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heights == [snap.labels.height] * 4
    assert snap.errors.filter(kind="invalid_summary").height == 1
