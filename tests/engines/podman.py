"""Podman's service, which has Docker's API."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.engines.process import EngineProcess, run

if TYPE_CHECKING:
    from pathlib import Path


def missing_for_podman() -> str | None:
    """Why Podman cannot run here; None if it can."""
    if os.geteuid() != 0:
        return "podman with storage of its own needs root here"
    return None if shutil.which("podman") else "podman is not installed"


class Podman:
    """A Podman service with a Unix socket and its own storage. Its containers are created, never started."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.socket = folder / "podman.sock"
        self.url = f"unix://{self.socket}"
        self._folder = folder
        self._process: EngineProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> Podman:
        """Start the service, and wait for its socket."""
        command = ["podman", *self._storage(), "system", "service", "--time=0", self.url]
        self._process = EngineProcess(command, self._folder / "log")
        self._process.wait_until(self.socket.exists)
        return self

    def stop(self) -> None:
        """Stop the service."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def remove(self) -> None:
        """Stop the service and remove its files."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def podman(self, *arguments: str, given: bytes | None = None) -> str:
        """The output of Podman for this storage."""
        return run("podman", *self._storage(), *arguments, given=given)

    def _storage(self) -> list[str]:
        folder = self._folder
        options = {
            "--root": folder / "root",
            "--runroot": folder / "run",
            "--storage-driver": "vfs",
            "--cgroup-manager": "cgroupfs",
            "--events-backend": "file",
        }
        return [f"{name}={value}" for name, value in options.items()]
