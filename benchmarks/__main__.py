"""`python -m benchmarks`: how long things take here, as medians of five, beside `json.loads` of the same bytes.

`json.loads` is the yardstick that every machine has: GoDoxy's own parser takes 0.9 to 1.06 times as long, on both of
two cores, for all that it does with the same bytes. Each measurement has a process of its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import polars as pl

import dockerframe as dkf
from benchmarks.engines import stand_in_fleet
from benchmarks.generated_fleet import FleetSize, bodies, body
from dockerframe.clients import shared_pool
from dockerframe.decode import decode_bodies
from dockerframe.derive.tables import derive_tables

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 5
_URL = "unix:///var/run/docker.sock"


def json_loads(containers: int) -> list[float]:
    """The yardstick: one body a thousand containers, each forgotten before the next."""
    found = bodies(FleetSize(containers // 1000, 1000))
    return _times(lambda: [None for one in found.values() if json.loads(one) is None])


def bytes_to_tables(containers: int) -> list[float]:
    """`from_bodies`: all ten tables from the answers of hosts with a thousand containers each."""
    found = bodies(FleetSize(containers // 1000, 1000))
    urls = dict.fromkeys(found, _URL)
    return _times(lambda: dkf.from_bodies(found, urls))


def one_body_to_tables(containers: int) -> list[float]:
    """`from_summaries`: all ten tables from one body."""
    one = body(containers)
    return _times(lambda: dkf.from_summaries(one))


def decoding(containers: int) -> list[float]:
    """Bytes to the columns that the engines sent."""
    found = bodies(FleetSize(containers // 1000, 1000))
    return _times(lambda: decode_bodies(found))


def derivation(containers: int) -> list[float]:
    """From those columns to all ten tables."""
    found = bodies(FleetSize(containers // 1000, 1000))
    decoded = decode_bodies(found)
    hosts = dkf.from_bodies(dict.fromkeys(found, b"[]"), dict.fromkeys(found, _URL)).hosts
    return _times(lambda: derive_tables(decoded.summaries, hosts, decoded.errors))


def _snapshot(containers: int) -> dkf.Snapshot:
    found = bodies(FleetSize(containers // 1000, 1000))
    return dkf.from_bodies(found, dict.fromkeys(found, "tcp://10.0.0.1:2376"))


def findings(containers: int) -> list[float]:
    """Every rule that needs no inspections."""
    snap = _snapshot(containers)
    # The rules run once for each snapshot: a copy has not been audited yet.
    return _times(lambda: snap.with_tables({}).findings())


def diff(containers: int) -> list[float]:
    """A snapshot and the same without every tenth container."""
    before = _snapshot(containers)
    gone = before.containers.gather_every(10).select("host", "container_id")
    kept = {
        name: table if name == "hosts" else table.join(gone, on=["host", "container_id"], how="anti")
        for name, table in before.tables.items()
    }
    after = before.with_tables(kept)
    return _times(lambda: dkf.diff(before, after))


def view(containers: int) -> list[float]:
    """Opening the view, in the kernel; `benchmarks.view_in_browser` measures what is seen."""
    snap = _snapshot(containers)
    return _times(snap.view)


def export(containers: int) -> list[float]:
    """All tables to Parquet, without secrets."""
    snap = _snapshot(containers)
    with tempfile.TemporaryDirectory() as folder:
        return _times(lambda: snap.with_tables({}).write(folder))


def pieces(containers: int) -> list[float]:
    """Over HTTP from hosts with a thousand containers each, fifty at a time, to Parquet; measured once."""
    with stand_in_fleet(containers // 1000, containers=1000) as fleet:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            taken = fleet.write_pieces(f"{folder}/pieces", hosts_per_piece=50, reveal=True)
            seconds = time.perf_counter() - started
            if taken.scan("containers").select(pl.len()).collect().item() != containers:
                raise RuntimeError("the pieces are not whole")
        return [seconds]


def cold_snapshot(hosts: int) -> list[float]:
    """Hosts with ten containers, each answer after 50 ms, without a connection."""
    return _snapshots(hosts, 10, 0.05, shared_pool.close_all)


def warm_snapshot(hosts: int) -> list[float]:
    """The same hosts again, over connections that are there."""
    return _snapshots(hosts, 10, 0.05, lambda: None)


def warm_snapshot_of_many(hosts: int) -> list[float]:
    """Hosts with twenty containers, over connections that are there, answered at once."""
    return _snapshots(hosts, 20, 0.0, lambda: None)


_MEASUREMENTS: dict[str, tuple[Callable[[int], list[float]], int]] = {
    "json.loads": (json_loads, 100_000),
    "decoding": (decoding, 100_000),
    "derivation": (derivation, 100_000),
    "bytes to tables": (bytes_to_tables, 100_000),
    "one body to tables": (one_body_to_tables, 100_000),
    "bytes to tables, 1,000": (bytes_to_tables, 1_000),
    "bytes to tables, 10,000": (bytes_to_tables, 10_000),
    "findings": (findings, 100_000),
    "diff": (diff, 100_000),
    "export to Parquet": (export, 100_000),
    "view, 50,000": (view, 50_000),
    "pieces over HTTP, 10,000": (pieces, 10_000),
    "pieces over HTTP": (pieces, 100_000),
    "pieces over HTTP, 1,000,000": (pieces, 1_000_000),
    "cold snapshot, 100 hosts": (cold_snapshot, 100),
    "warm snapshot, 100 hosts": (warm_snapshot, 100),
    "warm snapshot, 1,000 hosts": (warm_snapshot_of_many, 1_000),
}


def main() -> None:
    """Measure everything and print a table."""
    print(f"{'what':28} {'median ms':>10} {'best ms':>9} {'x json.loads':>13} {'peak MB':>8}")
    yardstick = 0.0
    for name, (_, size) in _MEASUREMENTS.items():
        done = subprocess.run([sys.executable, "-m", "benchmarks", name], capture_output=True, check=True)
        found = json.loads(done.stdout)
        median = statistics.median(found["seconds"])
        yardstick = yardstick or median
        ratio = f"{median / yardstick:.2f}" if size == 100_000 else ""
        best, peak = min(found["seconds"]), found["peak_megabytes"]
        print(f"{name:28} {median * 1000:10.0f} {best * 1000:9.0f} {ratio:>13} {peak:8.0f}")


def measure(name: str) -> None:
    """Measure one thing and print its times and the most memory that this process had."""
    function, size = _MEASUREMENTS[name]
    seconds = function(size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak}))


def _times(action: Callable[[], object]) -> list[float]:
    action()
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return times


def _snapshots(hosts: int, containers: int, delay_seconds: float, before: Callable[[], None]) -> list[float]:
    with stand_in_fleet(hosts, containers=containers, delay_seconds=delay_seconds) as fleet:
        times = []
        for _ in range(_ROUNDS + 1):
            before()
            started = time.perf_counter()
            snap = fleet.snapshot(progress=False, strict=True)
            times.append(time.perf_counter() - started)
            if snap.containers.height != hosts * containers or not snap.hosts.select(pl.col("ok").all()).item():
                raise RuntimeError(f"a snapshot is not whole: {snap!r}")
    return times[1:]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
