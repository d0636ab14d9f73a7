"""`python -m benchmarks.comparison`: the same fleet, queried with dockerframe and other tools. Medians of five.

50 stand-in hosts with 20 containers each, over real HTTP, each answer after 2 ms, as on a local network. The results
differ: only dockerframe resolves routes, dependencies, blacklist reasons and the other derived columns.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, Any

import docker
import polars as pl

from benchmarks.engines import stand_in_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import dockerframe as dkf

HOSTS, CONTAINERS = 50, 20
_ROUNDS = 5
_DELAY_SECONDS = 0.002


def with_dockerframe(fleet: dkf.Fleet) -> int:
    """A snapshot."""
    return fleet.snapshot(progress=False, strict=True).containers.height


def with_containers_list(fleet: dkf.Fleet) -> int:
    """docker-py's `containers.list()`, host by host: one list, and one inspection per container."""
    return _count(fleet, lambda container: (container.name, container.status, container.labels))


def with_sparse_list(fleet: dkf.Fleet) -> int:
    """docker-py's `containers.list(sparse=True)`, host by host: one list."""
    return _count(fleet, lambda container: [container.attrs[key] for key in ("Names", "State", "Labels")], sparse=True)


def _count(fleet: dkf.Fleet, read: Callable[[Any], Iterable[Any]], *, sparse: bool = False) -> int:
    rows = []
    for host in fleet.hosts:
        client = docker.DockerClient(base_url=host.url, version="1.45")
        rows += [(host.name, *read(container)) for container in client.containers.list(all=True, sparse=sparse)]
        client.close()
    return len(rows)


def with_a_loop(fleet: dkf.Fleet) -> int:
    """docker-py's low-level client and a loop over the summaries, for eight columns."""
    rows = []
    for host in fleet.hosts:
        client = docker.APIClient(base_url=host.url, version="1.45")
        rows += [_row(host.name, summary) for summary in client.containers(all=True)]
        client.close()
    return pl.DataFrame(rows, infer_schema_length=None).height


def with_docker_ps(fleet: dkf.Fleet) -> int:
    """`docker ps --format json`, host by host, read by pandas: strings, with labels as one string without escapes."""
    import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415 - only for this comparison

    frames = []
    for host in fleet.hosts:
        command = ["docker", "-H", host.url, "ps", "-a", "--no-trunc", "--format", "{{json .}}"]
        output = subprocess.run(command, capture_output=True, check=True).stdout
        frames.append(pd.read_json(io.BytesIO(output), lines=True).assign(host=host.name))
    return len(pd.concat(frames))


def _row(host: str, summary: dict[str, Any]) -> dict[str, Any]:
    labels = summary["Labels"]
    return {
        "host": host,
        "id": summary["Id"],
        "name": summary["Names"][0].removeprefix("/"),
        "image": summary["Image"],
        "state": summary["State"],
        "project": labels.get("com.docker.compose.project"),
        "aliases": [alias.strip() for alias in labels.get("proxy.aliases", "").split(",") if alias.strip()],
        "published": [port["PublicPort"] for port in summary["Ports"] if "PublicPort" in port],
    }


_TOOLS: dict[str, Callable[[dkf.Fleet], int]] = {
    "dockerframe, all tables": with_dockerframe,
    "docker-py, containers.list()": with_containers_list,
    "docker-py, list(sparse=True)": with_sparse_list,
    "docker-py, low-level and a loop": with_a_loop,
    "docker ps and pandas": with_docker_ps,
}


def main() -> None:
    """Measure every tool and print a table."""
    print(f"{'tool':34} {'median ms':>10} {'x dockerframe':>14}")
    with stand_in_fleet(HOSTS, containers=CONTAINERS, delay_seconds=_DELAY_SECONDS) as fleet:
        baseline = 0.0
        for name, query in _TOOLS.items():
            if query is with_docker_ps and not (shutil.which("docker") and importlib.util.find_spec("pandas")):
                print(f"{name:34} {'needs the docker CLI and pandas':>25}")
                continue
            median = _median(query, fleet)
            baseline = baseline or median
            print(f"{name:34} {median * 1000:10.0f} {median / baseline:14.1f}")


def _median(query: Callable[[dkf.Fleet], int], fleet: dkf.Fleet) -> float:
    times = []
    for _ in range(_ROUNDS + 1):
        started = time.perf_counter()
        if query(fleet) != HOSTS * CONTAINERS:
            raise RuntimeError("containers are missing")
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
