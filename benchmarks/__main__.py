"""`python -m benchmarks`: medians of five, compared with `json.loads` of the same number of containers.

`json.loads` is a yardstick that every machine has: GoDoxy's own code takes 0.9 to 1.06 times as long for everything
that it does with the same bytes, on two cores. Each measurement runs in its own process and alternates with the
yardstick, because a shared machine changes its speed from minute to minute.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

import dockerframe as dkf
from benchmarks.engines import stand_in_fleet
from benchmarks.generated_fleet import FleetSize, bodies, body
from dockerframe._decode import decode_bodies
from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._snapshot.lazy_tables import LazyTables
from dockerframe._transport import shared_pool

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS: Final = 5
_YARDSTICK_CONTAINERS: Final = 1_000
_OFTEN: Final = 100_000
_URL = "unix:///var/run/docker.sock"


class Round(NamedTuple):
    """The time of one round, and of the yardstick before it."""

    seconds: float
    yardstick_seconds: float


class Measurement(NamedTuple):
    """A measurement and its size: containers, or hosts with `containers_each` (0 if they do not determine the time)."""

    measure: Callable[[int], list[Round]]
    size: int
    containers_each: int = 1


def json_loads(containers: int) -> list[Round]:
    """The yardstick alone: bodies of a thousand containers, one after the other."""
    found = bodies(FleetSize(containers // 1000, 1000))
    return _rounds(lambda: [None for content in found.values() if json.loads(content) is None])


def bytes_to_tables(containers: int) -> list[Round]:
    """`from_bodies`: all tables from the answers of hosts with a thousand containers each."""
    found = bodies(FleetSize(containers // 1000, 1000))
    urls = dict.fromkeys(found, _URL)
    return _rounds(lambda: list(dkf.from_bodies(found, urls).tables.values()))


def one_body_to_tables(containers: int) -> list[Round]:
    """`from_summaries`: all tables from one body."""
    content = body(containers)
    return _rounds(lambda: list(dkf.from_summaries(content).tables.values()))


def decoding(containers: int) -> list[Round]:
    """Bytes to raw columns."""
    found = bodies(FleetSize(containers // 1000, 1000))
    return _rounds(lambda: decode_bodies(found))


def derivation(containers: int) -> list[Round]:
    """Raw columns to all tables."""
    found = bodies(FleetSize(containers // 1000, 1000))
    decoded = decode_bodies(found)
    hosts = dkf.from_bodies(dict.fromkeys(found, b"[]"), dict.fromkeys(found, _URL)).hosts
    return _rounds(lambda: LazyTables({}, Derivation(Gathered(decoded.summaries, hosts, decoded.errors))).derive_all())


def _snapshot(containers: int) -> dkf.Snapshot:
    found = bodies(FleetSize(containers // 1000, 1000))
    return dkf.from_bodies(found, dict.fromkeys(found, "tcp://10.0.0.1:2376"))


def findings(containers: int) -> list[Round]:
    """Every rule that works without inspections."""
    snap = _snapshot(containers)
    # Rules run once per snapshot: a copy is not audited yet.
    return _rounds(lambda: snap.with_tables({}).findings())


def diff(containers: int) -> list[Round]:
    """A snapshot and a copy without every tenth container."""
    before = _snapshot(containers)
    gone = before.containers.gather_every(10).select("host", "container_id")
    kept = {
        name: table if name == "hosts" else table.join(gone, on=["host", "container_id"], how="anti")
        for name, table in before.tables.items()
    }
    after = before.with_tables(kept)
    return _rounds(lambda: dkf.diff(before, after))


def view(containers: int) -> list[Round]:
    """Opening the view, in the kernel; `benchmarks.view_in_browser` measures the browser."""
    snap = _snapshot(containers)
    return _rounds(snap.view)


def export(containers: int) -> list[Round]:
    """All tables to Parquet, redacted."""
    snap = _snapshot(containers)
    with tempfile.TemporaryDirectory() as folder:
        return _rounds(lambda: snap.with_tables({}).write(folder))


def pieces(containers: int) -> list[Round]:
    """HTTP to Parquet: hosts with a thousand containers each, fifty hosts per piece; a million containers once."""
    # Imports and other one-time work of a process do not count.
    _write_pieces(2)
    return [_pieces_round(containers // 1000) for _ in range(_ROUNDS if containers <= _OFTEN else 1)]


def _pieces_round(hosts: int) -> Round:
    before = _yardstick()
    seconds = _write_pieces(hosts)
    return Round(seconds, (before + _yardstick()) / 2)


def _write_pieces(hosts: int) -> float:
    """Write a fleet of hosts with a thousand containers each; return the seconds."""
    with stand_in_fleet(hosts, containers=1000) as fleet, tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        written = fleet.write_pieces(f"{folder}/pieces", hosts_per_piece=50, reveal=True)
        seconds = time.perf_counter() - started
        if written.scan("containers").select(pl.len()).collect().item() != hosts * 1000:
            raise RuntimeError("the pieces are incomplete")
    return seconds


def cold_snapshot(hosts: int) -> list[Round]:
    """Hosts with ten containers, answers after 50 ms, without open connections."""
    return _snapshots(hosts, 10, 0.05, shared_pool.close_all)


def warm_snapshot(hosts: int) -> list[Round]:
    """The same hosts, over open connections."""
    return _snapshots(hosts, 10, 0.05, lambda: None)


def warm_snapshot_without_delay(hosts: int) -> list[Round]:
    """Hosts with twenty containers, over open connections, answered without delay."""
    return _snapshots(hosts, 20, 0.0, lambda: None)


_MEASUREMENTS: Final = {
    "json.loads": Measurement(json_loads, 100_000),
    "decoding": Measurement(decoding, 100_000),
    "derivation": Measurement(derivation, 100_000),
    "bytes to tables": Measurement(bytes_to_tables, 100_000),
    "one body to tables": Measurement(one_body_to_tables, 100_000),
    "bytes to tables, 1,000": Measurement(bytes_to_tables, 1_000),
    "bytes to tables, 10,000": Measurement(bytes_to_tables, 10_000),
    "findings": Measurement(findings, 100_000),
    "diff": Measurement(diff, 100_000),
    "export to Parquet": Measurement(export, 100_000),
    "view, 50,000": Measurement(view, 50_000, 0),
    "pieces over HTTP, 10,000": Measurement(pieces, 10_000),
    "pieces over HTTP": Measurement(pieces, 100_000),
    "pieces over HTTP, 1,000,000": Measurement(pieces, 1_000_000),
    "cold snapshot, 100 hosts": Measurement(cold_snapshot, 100, 0),
    "warm snapshot, 100 hosts": Measurement(warm_snapshot, 100, 0),
    "warm snapshot, 1,000 hosts": Measurement(warm_snapshot_without_delay, 1_000, 20),
}


def main() -> None:
    """Measure everything and print a table."""
    print(f"{'what':28} {'median ms':>10} {'best ms':>9} {'x json.loads':>13} {'peak MB':>8}")
    for name, measurement in _MEASUREMENTS.items():
        done = subprocess.run([sys.executable, "-m", "benchmarks", name], capture_output=True, check=True)
        found = json.loads(done.stdout)
        seconds, yardsticks = zip(*found["rounds"], strict=True)
        median, peak = statistics.median(seconds), found["peak_megabytes"]
        containers = measurement.size * measurement.containers_each
        expected = statistics.median(yardsticks) * containers / _YARDSTICK_CONTAINERS
        ratio = f"{median / expected:.2f}" if expected else ""
        print(f"{name:28} {median * 1000:10.0f} {min(seconds) * 1000:9.0f} {ratio:>13} {peak:8.0f}", flush=True)


def measure(name: str) -> None:
    """Run one measurement and print its rounds and the peak memory of this process."""
    measurement = _MEASUREMENTS[name]
    rounds = measurement.measure(measurement.size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rounds": rounds, "peak_megabytes": peak}))


def _rounds(action: Callable[[], object]) -> list[Round]:
    action()
    return [_round(action) for _ in range(_ROUNDS)]


def _round(action: Callable[[], object]) -> Round:
    yardstick = _yardstick()
    started = time.perf_counter()
    action()
    return Round(time.perf_counter() - started, yardstick)


def _yardstick() -> float:
    """The current time of `json.loads` for a body of a thousand containers in seconds, as the mean of ten runs."""
    content = _yardstick_body()
    started = time.perf_counter()
    for _ in range(10):
        json.loads(content)
    return (time.perf_counter() - started) / 10


@lru_cache(maxsize=1)
def _yardstick_body() -> bytes:
    """A small body, so that it does not affect the measured memory."""
    return body(_YARDSTICK_CONTAINERS)


def _snapshots(hosts: int, containers: int, delay_seconds: float, before: Callable[[], None]) -> list[Round]:
    with stand_in_fleet(hosts, containers=containers, delay_seconds=delay_seconds) as fleet:

        def take() -> None:
            snap = fleet.snapshot(progress=False, strict=True)
            if snap.containers.height != hosts * containers or not snap.hosts.select(pl.col("ok").all()).item():
                raise RuntimeError(f"a snapshot is incomplete: {snap!r}")

        take()
        rounds = []
        for _ in range(_ROUNDS):
            before()
            rounds.append(_round(take))
        return rounds


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
