"""Docker engines that run in parallel, each with its own bridge."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.engines.process import EngineProcess, free_port, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.tls import Authority

_numbers = itertools.count(1)


def missing_for_dockerd() -> str | None:
    """Why dockerd cannot run here; None if it can."""
    if os.geteuid() != 0:
        return "dockerd needs root"
    missing = [name for name in ("dockerd", "docker", "ip", "runc") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    return None if os.path.exists("/bin/busybox") else "busybox-static is not installed"


class Dockerd:
    """A Docker engine with a Unix socket, and with TLS if it has an authority."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        authority: Authority | None = None,
        binaries: Path | None = None,
        tcp_port: int | None = None,
    ) -> None:
        self.name = name
        self.socket = folder / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.tls_port = free_port() if authority is not None else None
        self._folder = folder
        self._authority = authority
        self._binaries = binaries
        self._tcp_port = tcp_port
        self._bridge = f"dkf{os.getpid() % 10_000}x{next(_numbers)}"
        # The kernel refuses sockets with long paths.
        self._state = f"/run/{self._bridge}"
        self._process: EngineProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> Dockerd:
        """Start the engine, and wait until it answers."""
        if not os.path.exists(f"/sys/class/net/{self._bridge}"):
            run("ip", "link", "add", self._bridge, "type", "bridge")
            run("ip", "addr", "add", _free_subnet(), "dev", self._bridge)
            run("ip", "link", "set", self._bridge, "up")
        folder = self._folder
        command = [
            "dockerd", "--host", self.url, "--data-root", str(folder / "data"), "--exec-root", self._state,
            "--pidfile", str(folder / "pid"), "--bridge", self._bridge, "--iptables=false", "--ip6tables=false",
        ]  # fmt: skip
        if self._authority is not None:
            cert_file, key_file = self._authority.issue(self.name, "127.0.0.1", "localhost")
            command += [
                "--host", f"tcp://127.0.0.1:{self.tls_port}", "--tlsverify",
                "--tlscacert", str(self._authority.ca_file), "--tlscert", str(cert_file), "--tlskey", str(key_file),
            ]  # fmt: skip
        if self._tcp_port is not None:
            command += ["--host", f"tcp://127.0.0.1:{self._tcp_port}", "--tls=false"]
        environment = dict(os.environ)
        if self._binaries is not None:
            environment["PATH"] = f"{self._binaries / 'usr/sbin'}:{self._binaries / 'usr/bin'}:{environment['PATH']}"
            command[0] = str(self._binaries / "usr/sbin/dockerd")
        self._process = EngineProcess(command, folder / "log", environment)
        self._process.wait_until(self._answers)
        return self

    def stop(self) -> None:
        """Stop the engine and its containers."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def remove(self) -> None:
        """Stop the engine and remove its networks, bridge and files."""
        if self._process is not None:
            # User-defined networks keep their bridges, and thus their addresses, after the engine has stopped.
            names = self.docker("ps", "-aq").split()
            for command in (["rm", "-f", *names] if names else [], ["network", "prune", "-f"]):
                if command:
                    self.docker(*command)
        self.stop()
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)
        for mount in _mounts_below(str(self._folder), self._state):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        for folder in (str(self._folder), self._state):
            shutil.rmtree(folder, ignore_errors=True)

    def docker(self, *arguments: str, given: bytes | None = None) -> str:
        """The output of the docker CLI for this engine."""
        return run("docker", "-H", self.url, *arguments, given=given)

    def _answers(self) -> bool:
        return subprocess.run(["docker", "-H", self.url, "version"], check=False, capture_output=True).returncode == 0


def _free_subnet() -> str:
    taken = run("ip", "-4", "-o", "addr")
    for third in range(200, 250):
        if f"172.31.{third}." not in taken:
            return f"172.31.{third}.1/24"
    raise RuntimeError("no subnet of 172.31.200.0 and up is free")


def _mounts_below(*folders: str) -> list[str]:
    with open("/proc/mounts") as mounts:
        points = [line.split()[1] for line in mounts]
    return sorted((point for point in points if point.startswith(folders)), reverse=True)
