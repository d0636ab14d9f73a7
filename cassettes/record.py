"""Record the cassettes again: start real engines and run the replay tests against them in recording mode.

Run as root on a machine that can start engines: `python -m cassettes.record`. It records the versions that the machine
has; cassettes of other versions stay unchanged. `record_demo` records the demo fleet.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.engines import Dockerd, Podman, create_all, newer_docker
from tests.engines.containers import Created, root_folder
from tests.engines.fleets import EXPOSED, LAB, compose

FLEET = [
    compose(
        "shop",
        "web",
        "nginx:1.27",
        {"proxy.aliases": "shop, www", "proxy.#1.port": "80"},
        "--network",
        "front",
        "-p",
        "80",
        "-p",
        "[::1]::81/udp",
        depends_on="db:service_healthy:true",
    ),
    compose("shop", "db", "postgres:16", None, "--network", "front", "--expose", "5432", start=False),
    Created("exporter", "prom/node-exporter:v1.8.2", {"proxy.node.port": "9100"}, ("--network", "host")),
    Created("failed", "app", {}, command=("/bin/sh", "-c", "exit 3")),
]


def main() -> int:
    """Record every cassette; return the exit status of the test run."""
    with tempfile.TemporaryDirectory(prefix="dkf") as folder, ExitStack() as stack:
        root = Path(folder)
        newer = newer_docker(Path(tempfile.gettempdir()) / "dockerframe-newer")
        own = _started(Dockerd("own", root / "own", tcp_port=23751), stack)
        other = _started(Dockerd("other", root / "other", binaries=newer, tcp_port=23752), stack)
        podman = Podman("podman", root / "podman").start()
        stack.callback(podman.remove)
        for wanted in LAB[:3]:
            podman.podman("import", "-", wanted.image, given=root_folder())
            podman.podman("create", "--name", wanted.name, *wanted.arguments, wanted.image, *wanted.command)
        engines = {
            f"docker_{_major(own.docker('version', '--format', '{{.Server.Version}}'))}": own.url,
            f"docker_{_major(other.docker('version', '--format', '{{.Server.Version}}'))}": other.url,
            f"podman_{_major(podman.podman('version', '--format', '{{.Version}}'))}": podman.url,
        }
        urls = {f"DOCKERFRAME_RECORD_{name.upper()}": url for name, url in engines.items()}
        urls |= {"DOCKERFRAME_RECORD_OWN": own.url, "DOCKERFRAME_RECORD_FOLDER": folder}
        any_version = ("two_hosts_over_tcp_at_once", "update_ports")
        command = [
            sys.executable,
            "-m",
            "pytest",
            *(f"tests/replay/test_recorded.py::test_{name}" for name in (*engines, *any_version)),
            "--record-mode=rewrite",
            "--allowed-hosts=.*",
            "-p",
            "no:randomly",
        ]
        return subprocess.run(command, env={**os.environ, **urls}, check=False).returncode


def _major(version: str) -> str:
    return version.partition(".")[0]


def _started(engine: Dockerd, stack: ExitStack) -> Dockerd:
    engine.start()
    stack.callback(engine.remove)
    create_all(engine, FLEET, networks=("front",), exposed=EXPOSED)
    return engine


if __name__ == "__main__":
    sys.exit(main())
