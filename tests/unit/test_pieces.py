"""Fleets in pieces: here, and on the workers of a Dask cluster, some of which are lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import dask
import polars as pl
import pytest
from distributed import Client, LocalCluster

import dockerframe as dkf
from dockerframe._fleet.cluster import _named, _Writer
from tests.engines.process import free_port
from tests.faults.stand_in import stand_ins

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dkf.Fleet]:
    """250 hosts, three of them down."""
    with stand_ins(tmp_path_factory.mktemp("certificates")) as started:
        urls = {f"h{number:03}": started.start(f"h{number:03}") for number in range(247)}
        urls |= {f"down{number}": f"tcp://127.0.0.1:{free_port()}" for number in range(3)}
        yield dkf.Fleet(dkf.Host(name, url, connect_timeout=5, read_timeout=10) for name, url in urls.items())


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("dask")
    with (
        # The profiler of workers may lock up Python 3.11 where threads are started (dask/distributed#8616).
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(folder)) as cluster,
        Client(cluster) as client,
    ):
        yield client


def assert_same(one: dkf.Snapshot, other: dkf.Snapshot) -> None:
    for name, table in one.tables.items():
        assert table.drop("seconds", strict=False).equals(other.tables[name].drop("seconds", strict=False)), name


def test_pieces_here(fleet: dkf.Fleet, tmp_path: Path) -> None:
    whole = fleet.snapshot(progress=False)
    pieces = fleet.write_pieces(tmp_path / "p", hosts_per_piece=60)
    assert len(list((tmp_path / "p").glob("piece-*"))) == 5
    again = dkf.scan_pieces(tmp_path / "p")
    assert_same(again.snapshot(), whole)
    assert again.hosts.height == pieces.hosts.height == 250
    assert again.scan("containers").select(pl.len()).collect().item() == whole.containers.height
    assert again.scan("inspections").collect().height == 0
    with pytest.raises(dkf.SnapshotError, match="pieces of a fleet already"):
        fleet.write_pieces(tmp_path / "p")
    (tmp_path / "p" / "pieces.json").unlink()
    # Pieces of a run that did not end are of another time.
    with pytest.raises(dkf.SnapshotError, match="pieces of a fleet already"):
        fleet.write_pieces(tmp_path / "p")
    with pytest.raises(dkf.SnapshotError, match="no complete pieces"):
        dkf.scan_pieces(tmp_path)
    with pytest.raises(dkf.SnapshotError, match="no table 'nope'"):
        again.scan("nope")
    with pytest.raises(dkf.SnapshotError, match="can't have 0 hosts"):
        fleet.write_pieces(tmp_path / "q", hosts_per_piece=0)


def test_a_cluster_gives_the_same_rows(fleet: dkf.Fleet, engine: Client, tmp_path: Path) -> None:
    whole = fleet.snapshot(progress=False)
    spread = fleet.snapshot(engine=engine)
    assert_same(spread, whole)
    assert spread.hosts.filter(~pl.col("ok"))["error_kind"].to_list() == ["refused"] * 3
    assert_same(fleet.write_pieces(tmp_path / "p", hosts_per_piece=30, engine=engine).snapshot(), whole)
    with pytest.raises(dkf.GatherError, match="3 hosts failed"):
        fleet.snapshot(engine=engine, strict=True)
    # What the workers would be asked to do is theirs to refuse.
    with pytest.raises(ValueError, match="max_workers"):
        fleet.snapshot(engine=engine, max_workers=0)


@pytest.mark.parametrize(("hosts_per_piece", "in_turn"), [(100, [1, 1, 1]), (5, [6] * 8 + [2]), (1, [10] * 25)])
def test_a_worker_takes_some_pieces_in_turn_and_leaves_some_for_the_others(
    fleet: dkf.Fleet,
    engine: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hosts_per_piece: int,
    in_turn: list[int],
) -> None:
    given: list[int] = []

    def none_of(_: object, turns: list[list[object]], **options: object) -> list[object]:
        given.extend(len(turn) for turn in turns)
        raise InterruptedError

    monkeypatch.setattr(engine, "map", none_of)
    with pytest.raises(InterruptedError):
        fleet.write_pieces(tmp_path / "p", hosts_per_piece=hosts_per_piece, engine=engine)
    assert given == in_turn
    given.clear()
    with pytest.raises(InterruptedError):
        dkf.Fleet(dkf.Host(f"h{number}", "tcp://h:2375") for number in range(20 * 100)).snapshot(engine=engine)
    assert given == [2] * 10


def test_a_piece_that_a_lost_worker_had_written_is_not_taken_again(fleet: dkf.Fleet, tmp_path: Path) -> None:
    asked: list[str] = []

    def take(groups: Sequence[Sequence[dkf.Host]]) -> Generator[dkf.Snapshot]:
        for hosts in groups:
            asked.extend(host.name for host in hosts)
            yield dkf.Fleet(hosts).snapshot(progress=False)

    write = _Writer(take, tmp_path, reveal=False)
    pieces = _named([fleet.hosts[:2], fleet.hosts[2:4]])
    write(pieces[:1])
    write(pieces)
    assert asked == ["h000", "h001", "h002", "h003"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["piece-000000", "piece-000001"]


def test_pieces_with_inspections(fleet: dkf.Fleet, tmp_path: Path) -> None:
    few = dkf.Fleet(fleet.hosts[:5])
    pieces = few.write_pieces(tmp_path / "p", hosts_per_piece=2, inspect=True, max_workers=3)
    whole = few.snapshot(progress=False, inspect=True)
    assert pieces.scan("inspections").collect().equals(whole.inspections)


def test_a_worker_that_is_killed_costs_no_rows(fleet: dkf.Fleet, engine: Client, tmp_path: Path) -> None:
    whole = fleet.snapshot(progress=False)
    process = next(iter(engine.run(os.getpid).values()))
    killer = threading.Timer(0.4, os.kill, (process, signal.SIGKILL))
    killer.start()
    pieces = fleet.write_pieces(tmp_path / "p", hosts_per_piece=5, engine=engine)
    killer.join()
    assert_same(pieces.snapshot(), whole)
    end = time.monotonic() + 60
    while process in engine.run(os.getpid).values() or len(engine.run(os.getpid)) < 2:
        assert time.monotonic() < end, "the worker was not replaced"
        time.sleep(0.2)


def test_a_pool_of_ones_own_can_not_travel(engine: Client) -> None:
    with pytest.raises(dkf.SnapshotError, match="can't travel"):
        dkf.Fleet.demo().snapshot(engine=engine)


def test_a_report_on_a_cluster(fleet: dkf.Fleet, engine: Client, tmp_path: Path) -> None:
    hosts = [part for host in fleet.hosts[:5] for part in ("--host", f"{host.name}={host.url}")]
    command = [sys.executable, "-m", "dockerframe", "report", *hosts, "--out", str(tmp_path), "--scheduler"]
    done = subprocess.run([*command, engine.scheduler.address], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert dkf.read_snapshot(done.stdout.decode().strip()).hosts["ok"].all()
    failed = subprocess.run([*command, f"tcp://127.0.0.1:{free_port()}"], capture_output=True, check=False)
    assert failed.returncode == 2
    assert b"Name the address of a Dask scheduler" in failed.stderr


@pytest.mark.parametrize("spread", [False, True])
def test_what_the_fleet_suppresses_is_left_out_of_pieces_too(
    fleet: dkf.Fleet, engine: Client, tmp_path: Path, spread: bool
) -> None:
    found = fleet.snapshot(progress=False).findings()
    rule = found["rule"].item(0)
    audit = dkf.Fleet.from_mapping(
        {"providers": {"docker": {"x": "unix:///x"}}, "dockerframe": {"audit": {"off": [rule]}}}
    ).audit
    quiet = dkf.Fleet(fleet.hosts, audit=audit)
    pieces = quiet.write_pieces(tmp_path / "p", engine=engine if spread else None)
    written = pl.concat(pl.read_parquet(file) for file in (tmp_path / "p").glob("piece-*/findings.parquet"))
    assert rule not in written["rule"]
    assert written.height > 0
    joined = dkf.concat(quiet.snapshot(engine=engine) if spread else quiet.snapshot(progress=False) for _ in range(1))
    assert rule not in joined.findings()["rule"]
    assert joined.received_bytes.keys() == set(joined.hosts.filter("ok")["host"])
    assert pieces.hosts.height == 250
