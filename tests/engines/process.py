"""Processes of engines: started with their output in a file, waited for, stopped."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class EngineProcess:
    """A process in its own session, with its output in a log file."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment and dict(environment),
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float = 180) -> None:
        """Wait for a condition while the process runs."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self._process.args!r} did not come up:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Terminate the process and its children; kill them after a while."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


# Below the ephemeral ports (32768 and up on Linux): a free port stays free, unlike one from `bind` to port 0. The fleets
# of the tests do not publish these ports, and each port is returned once.
_CANDIDATES = iter(range(20_000 + secrets.randbelow(5_000), 27_000))


def free_port() -> int:
    """A free TCP port of the loopback address."""
    for port in _CANDIDATES:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port from 20000 to 26999 is free")


def run(*command: str, environment: Mapping[str, str] | None = None, given: bytes | None = None) -> str:
    """Run a command and return its output."""
    done = subprocess.run(
        command, input=given, capture_output=True, check=False, env=environment and {**os.environ, **environment}
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()
