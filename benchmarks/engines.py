"""A fleet of stand-in engines, served by another process."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dockerframe as dkf

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stand_in_fleet(
    hosts: int, *, containers: int, delay_seconds: float = 0.0, failing_every: int = 0
) -> Iterator[dkf.Fleet]:
    """Hosts with `containers` each that answer after a delay; every `failing_every`-th host fails, or no host if 0."""
    numbers = (hosts, delay_seconds, containers, failing_every)
    command = [sys.executable, "-m", "benchmarks.stand_in", *map(str, numbers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the stand-in engines have no pipes")
        ports = json.loads(server.stdout.readline())
        yield dkf.Fleet([dkf.Host(f"host-{port}", f"tcp://127.0.0.1:{port}") for port in ports])
        server.stdin.close()
