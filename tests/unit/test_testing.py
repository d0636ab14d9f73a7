"""Cassettes outside a test suite: recorded from a real server, replayed without it."""

from __future__ import annotations

from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe import testing
from tests.engines.process import free_port

CASSETTE = Path(__file__).parents[2] / "cassettes" / "test_recorded" / "test_docker_20.yaml"


def test_a_cassette_replays_for_any_socket() -> None:
    fleet = dkf.Fleet.from_urls(["a=unix:///nowhere.sock", f"b=tcp://127.0.0.1:{free_port()}"])
    with testing.recorded(CASSETTE):
        snap = fleet.snapshot(progress=False)
    assert snap.hosts["ok"].to_list() == [True, False]
    assert fleet.snapshot(progress=False).hosts["ok"].to_list() == [False, False]


def test_a_cassette_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(dkf.SnapshotError, match="There is no cassette"), testing.recorded(tmp_path / "none.yaml"):
        pass
