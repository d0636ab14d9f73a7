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
import time
from typing import TYPE_CHECKING

import polars as pl

import dockerframe as dkf
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


def cold_snapshot(hosts: int) -> list[float]:
    """All hosts, each answer after 50 ms, without a connection."""
    return _snapshots(hosts, shared_pool.close_all)


def warm_snapshot(hosts: int) -> list[float]:
    """The same hosts again, over connections that are there."""
    return _snapshots(hosts, lambda: None)


_MEASUREMENTS: dict[str, tuple[Callable[[int], list[float]], int]] = {
    "json.loads": (json_loads, 100_000),
    "decoding": (decoding, 100_000),
    "derivation": (derivation, 100_000),
    "bytes to tables": (bytes_to_tables, 100_000),
    "one body to tables": (one_body_to_tables, 100_000),
    "bytes to tables, 10,000": (bytes_to_tables, 10_000),
    "cold snapshot, 100 hosts": (cold_snapshot, 100),
    "warm snapshot, 100 hosts": (warm_snapshot, 100),
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


def _snapshots(hosts: int, before: Callable[[], None]) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.stand_in", str(hosts), "0.05", "10"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the stand-in engines have no pipes")
        ports = json.loads(server.stdout.readline())
        fleet = dkf.Fleet([dkf.Host(f"host-{port}", f"tcp://127.0.0.1:{port}") for port in ports])
        times = []
        for _ in range(_ROUNDS + 1):
            before()
            started = time.perf_counter()
            snap = fleet.snapshot(progress=False, strict=True)
            times.append(time.perf_counter() - started)
            if snap.containers.height != hosts * 10 or not snap.hosts.select(pl.col("ok").all()).item():
                raise RuntimeError(f"a snapshot is not whole: {snap!r}")
        server.stdin.close()
    return times[1:]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
