"""`python -m benchmarks.rehearsal [HOSTS] [CONTAINERS]`: a large fleet on a cluster of this machine's processors.

Stand-in hosts answer after 20 ms; every hundredth fails. The workers of a local Dask cluster query them and write
pieces with findings, which are counted afterwards. Prints the cost of a host, and an estimate for a larger fleet.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import dask
import polars as pl
from distributed import Client, LocalCluster

from benchmarks.engines import stand_in_fleet

if TYPE_CHECKING:
    import dockerframe as dkf

_DELAY_SECONDS = 0.02
_FAILING_EVERY = 100
_LARGER = 100_000
_WORKERS = os.cpu_count() or 1


def main(hosts: int, containers: int) -> None:
    """Take the fleet and print figures."""
    # Every stand-in host listens on a port, and workers keep connections open.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        stand_in_fleet(
            hosts, containers=containers, delay_seconds=_DELAY_SECONDS, failing_every=_FAILING_EVERY
        ) as fleet,
        tempfile.TemporaryDirectory() as folder,
        # The profiler of workers can deadlock Python 3.11 while threads start (dask/distributed#8616).
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(
            n_workers=_WORKERS, threads_per_worker=1, dashboard_address=None, local_directory=folder
        ) as cluster,
        Client(cluster) as client,
    ):
        started = time.perf_counter()
        pieces = fleet.write_pieces(f"{folder}/fleet", engine=client)
        seconds = time.perf_counter() - started
        _report(pieces, hosts, containers, seconds)
        memory = client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(f"peak memory of a worker: {max(memory.values()):.0f} MB")


def _report(pieces: dkf.Pieces, hosts: int, containers: int, seconds: float) -> None:
    failed = pieces.scan("hosts").filter(~pl.col("ok")).group_by("error_kind").len("hosts").sort("error_kind").collect()
    found = pieces.scan("containers").select(pl.len()).collect().item()
    wanted = (hosts - hosts // _FAILING_EVERY) * containers
    if found != wanted:
        raise RuntimeError(f"{found} containers were found, not {wanted}")
    size = sum(file.stat().st_size for file in pieces.folder.rglob("*.parquet")) / 1e6
    each = seconds * _WORKERS / hosts
    print(f"{hosts} hosts x {containers} containers, {_WORKERS} workers: {seconds:.1f} s; all containers found")
    print(f"failed as planned: {dict(failed.iter_rows())}")
    print(f"a host costs {each * 1000:.1f} ms of a worker; the pieces take {size:.0f} MB")
    for workers in (_WORKERS, 32, 128):
        minutes = each * _LARGER / workers / 60
        print(f"{_LARGER} hosts such as these on {workers} workers: {minutes:.1f} minutes, without other limits")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
