"""Real engines for a test session: two dockerds (one with TLS, behind an agent), Podman and an sshd."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines import (
    Agent,
    Authority,
    Created,
    Dockerd,
    Podman,
    Sshd,
    create_all,
    missing_for_dockerd,
    missing_for_podman,
    missing_for_ssh,
)
from tests.engines.containers import root_folder
from tests.engines.fleets import EXPOSED, LAB, compose


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/live" in str(item.path):
            item.add_marker(pytest.mark.live)


def need(missing: str | None) -> None:
    """Skip where an engine cannot run; fail instead where live tests are required (as in CI)."""
    if missing is None:
        return
    if os.environ.get("DOCKERFRAME_LIVE") == "required":
        pytest.fail(f"live tests are required here, but {missing}")
    pytest.skip(missing)


@pytest.fixture(scope="session")
def root() -> Iterator[Path]:
    # Not the folder of pytest: the path of a Unix socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="dkf"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(root: Path) -> Authority:
    return Authority(root / "tls")


@pytest.fixture(scope="session")
def plain(root: Path) -> Iterator[Dockerd]:
    """An engine with a Unix socket and containers of every kind."""
    need(missing_for_dockerd())
    engine = Dockerd("plain", root / "plain")
    try:
        engine.start()
        create_all(engine, PLAIN, networks=("front", "--ipv6 --subnet fd00:dead:beef:1::/64 dual"), exposed=EXPOSED)
        _settle(engine, {"failed": "exited", "shop-web-1": "healthy"})
        yield engine
    finally:
        engine.remove()


def _settle(engine: Dockerd, wanted: dict[str, str]) -> None:
    """Wait until containers reach their final states, so that all tests see the same."""
    template = "{{.State.Status}} {{with .State.Health}}{{.Status}}{{end}}"
    deadline = time.monotonic() + 180
    while any(state not in engine.docker("inspect", "-f", template, name) for name, state in wanted.items()):
        assert time.monotonic() < deadline, f"the containers did not reach {wanted}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def secured(root: Path, authority: Authority) -> Iterator[Dockerd]:
    """An engine over TLS with client certificates."""
    need(missing_for_dockerd())
    engine = Dockerd("secured", root / "secured", authority=authority)
    try:
        engine.start()
        create_all(engine, SECURED)
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="session")
def podman(root: Path) -> Iterator[Podman]:
    need(missing_for_podman())
    engine = Podman("podman", root / "podman")
    try:
        engine.start()
        for wanted in LAB[:3]:
            engine.podman("import", "-", wanted.image, given=root_folder())
            labels = [part for key, value in wanted.labels.items() for part in ("--label", f"{key}={value}")]
            engine.podman("create", "--name", wanted.name, *labels, *wanted.arguments, wanted.image, *wanted.command)
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="session")
def sshd(root: Path, plain: Dockerd) -> Iterator[Sshd]:
    need(missing_for_ssh())
    server = Sshd(root / "ssh", plain.url)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def ssh_home(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The sshd, with a home folder whose ssh configuration trusts it, and an `ssh` that reads it."""
    monkeypatch.setenv("HOME", str(sshd.home))
    monkeypatch.setenv("PATH", f"{sshd.home / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return sshd


@pytest.fixture(scope="session")
def agent(authority: Authority, secured: Dockerd) -> Iterator[Agent]:
    server = Agent(authority, secured.socket).start()
    yield server
    server.stop()


@pytest.fixture
def spare(root: Path) -> Iterator[Callable[[str], Dockerd]]:
    """A function that starts an engine which a test may stop and start."""
    need(missing_for_dockerd())
    engines: list[Dockerd] = []

    def start(name: str) -> Dockerd:
        engines.append(Dockerd(name, root / name))
        return engines[-1].start()

    yield start
    for engine in engines:
        engine.remove()


PLAIN = [
    compose("shop", "web", "nginx:1.27", {"proxy.aliases": "shop, www", "proxy.#1.port": "80"}, "--network", "front", "-p", "18080:80", "-p", "[::1]:18081:81/udp", "--health-cmd", "true", "--health-interval", "1s", depends_on="db:service_healthy:true"),
    compose("shop", "db", "postgres:16", None, "--network", "front", "-v", "live_db:/var/lib/postgresql/data", "-v", "/srv:/backup:ro", "--expose", "5432"),
    Created("exporter", "prom/node-exporter:v1.8.2", {"proxy.node.port": "9100"}, ("--network", "host")),
    Created("dual", "traefik/whoami:v1.10", {"a": "1,2=3", "b": "ünï", "c": ""}, ("--network", "dual", "-p", "127.0.0.1:18082:80")),
    Created("paused", "app", {}, ("--tmpfs", "/scratch"), paused=True),
    Created("failed", "registry.example.com:5000/team/app:1", {}, command=("/bin/sh", "-c", "exit 3")),
    Created("never", "redis", {"proxy.exclude": "true"}, start=False),
]  # fmt: skip
SECURED = [
    Created("mysql", "mysql:8.4", {"tier": "data"}, ("-p", "13306:3306", "-v", "live_mysql:/var/lib/mysql")),
    Created("idle", "ghost:5", {"proxy.idle_timeout": "30m"}),
]
