"""Fleets in pieces: on this machine, and on the workers of a Dask cluster, some of which are lost."""

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
        # The profiler of workers can deadlock Python 3.11 while threads start (dask/distributed#8616).
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(folder)) as cluster,
        Client(cluster) as client,
    ):
        yield client


def assert_same(one: dkf.Snapshot, other: dkf.Snapshot) -> None:
    for name, table in one.tables.items():
        assert table.drop("seconds", strict=False).equals(other.tables[name].drop("seconds", strict=False)), name


def test_pieces_here(fleet: dkf.Fleet, tmp_path: Path) -> None:
    complete = fleet.snapshot(progress=False)
    pieces = fleet.write_pieces(tmp_path / "p", hosts_per_piece=60)
    assert len(list((tmp_path / "p").glob("piece-*"))) == 5
    scanned = dkf.scan_pieces(tmp_path / "p")
    assert_same(scanned.snapshot(), complete)
    assert scanned.hosts.height == pieces.hosts.height == 250
    assert scanned.scan("containers").select(pl.len()).collect().item() == complete.containers.height
    assert scanned.scan("inspections").collect().height == 0
    with pytest.raises(dkf.SnapshotError, match="already has the pieces of a fleet"):
        fleet.write_pieces(tmp_path / "p")
    (tmp_path / "p" / "pieces.json").unlink()
    # Pieces of an interrupted run have another time.
    with pytest.raises(dkf.SnapshotError, match="already has the pieces of a fleet"):
        fleet.write_pieces(tmp_path / "p")
    with pytest.raises(dkf.SnapshotError, match="no complete pieces"):
        dkf.scan_pieces(tmp_path)
    with pytest.raises(dkf.SnapshotError, match="no table 'nope'"):
        scanned.scan("nope")
    with pytest.raises(dkf.SnapshotError, match="cannot have 0 hosts"):
        fleet.write_pieces(tmp_path / "q", hosts_per_piece=0)


def test_a_cluster_gives_the_same_rows(fleet: dkf.Fleet, engine: Client, tmp_path: Path) -> None:
    complete = fleet.snapshot(progress=False)
    spread = fleet.snapshot(engine=engine)
    assert_same(spread, complete)
    assert spread.hosts.filter(~pl.col("ok"))["error_kind"].to_list() == ["refused"] * 3
    assert_same(fleet.write_pieces(tmp_path / "p", hosts_per_piece=30, engine=engine).snapshot(), complete)
    with pytest.raises(dkf.GatherError, match="3 hosts failed"):
        fleet.snapshot(engine=engine, strict=True)
    # The workers validate the options.
    with pytest.raises(ValueError, match="max_workers"):
        fleet.snapshot(engine=engine, max_workers=0)


@pytest.mark.parametrize(("hosts_per_piece", "expected"), [(100, [1, 1, 1]), (5, [6] * 8 + [2]), (1, [10] * 25)])
def test_batches_of_workers_leave_pieces_for_other_workers(
    fleet: dkf.Fleet,
    engine: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hosts_per_piece: int,
    expected: list[int],
) -> None:
    sizes: list[int] = []

    def interrupted(_: object, batches: list[list[object]], **options: object) -> list[object]:
        sizes.extend(len(batch) for batch in batches)
        raise InterruptedError

    monkeypatch.setattr(engine, "map", interrupted)
    with pytest.raises(InterruptedError):
        fleet.write_pieces(tmp_path / "p", hosts_per_piece=hosts_per_piece, engine=engine)
    assert sizes == expected
    sizes.clear()
    with pytest.raises(InterruptedError):
        dkf.Fleet(dkf.Host(f"h{number}", "tcp://h:2375") for number in range(20 * 100)).snapshot(engine=engine)
    assert sizes == [2] * 10


def test_piece_written_by_a_lost_worker_is_not_taken_again(fleet: dkf.Fleet, tmp_path: Path) -> None:
    queried: list[str] = []

    def snapshots(groups: Sequence[Sequence[dkf.Host]]) -> Generator[dkf.Snapshot]:
        for hosts in groups:
            queried.extend(host.name for host in hosts)
            yield dkf.Fleet(hosts).snapshot(progress=False)

    write = _Writer(snapshots, tmp_path, reveal=False)
    pieces = _named([fleet.hosts[:2], fleet.hosts[2:4]])
    write(pieces[:1])
    write(pieces)
    assert queried == ["h000", "h001", "h002", "h003"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["piece-000000", "piece-000001"]


def test_pieces_with_inspections(fleet: dkf.Fleet, tmp_path: Path) -> None:
    few = dkf.Fleet(fleet.hosts[:5])
    pieces = few.write_pieces(tmp_path / "p", hosts_per_piece=2, inspect=True, max_workers=3)
    complete = few.snapshot(progress=False, inspect=True)
    assert pieces.scan("inspections").collect().equals(complete.inspections)


def test_killed_worker_loses_no_rows(fleet: dkf.Fleet, engine: Client, tmp_path: Path) -> None:
    complete = fleet.snapshot(progress=False)
    process = next(iter(engine.run(os.getpid).values()))
    killer = threading.Timer(0.4, os.kill, (process, signal.SIGKILL))
    killer.start()
    pieces = fleet.write_pieces(tmp_path / "p", hosts_per_piece=5, engine=engine)
    killer.join()
    assert_same(pieces.snapshot(), complete)
    end = time.monotonic() + 60
    while process in engine.run(os.getpid).values() or len(engine.run(os.getpid)) < 2:
        assert time.monotonic() < end, "the worker was not replaced"
        time.sleep(0.2)


def test_fleet_with_its_own_pool_is_refused_on_a_cluster(engine: Client) -> None:
    with pytest.raises(dkf.SnapshotError, match="cannot be sent to workers"):
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
def test_suppressed_findings_are_left_out_of_pieces(
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
