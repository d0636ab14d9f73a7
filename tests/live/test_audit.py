"""With a real engine: diff, watch and rules with inspections while containers are added, removed and changed."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe import testing
from dockerframe._transport.connection import EngineConnection
from tests.engines import Dockerd, missing_for_dockerd
from tests.engines.containers import root_folder
from tests.engines.process import free_port
from tests.live.conftest import need

IMAGE = "busybox:1"
FOREVER = (IMAGE, "/bin/sleep", "100000")

# As in docs/how-to/recorded-tests.md.
SETTINGS = """
[tool.pytest.ini_options]
addopts = ["-p", "dockerframe.pytest_plugin", "--record-mode=none", "--block-network"]
"""
SUITE = """
import dockerframe as dkf
import pytest

@pytest.mark.vcr
def test_passwords():
    snap = dkf.Fleet.from_urls(["edge={url}"]).snapshot(strict=True)
    assert snap.labels["key"].to_list() == ["db.password"]
"""


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[Dockerd]:
    """An engine whose containers are changed by the tests."""
    need(missing_for_dockerd())
    changing = Dockerd("changing", root / "changing")
    try:
        changing.start()
        changing.docker("import", "-", IMAGE, given=root_folder())
        changing.docker("network", "create", "--subnet", "172.31.251.0/24", "back")
        yield changing
    finally:
        changing.remove()


@pytest.fixture
def fleet(engine: Dockerd) -> dkf.Fleet:
    ids = engine.docker("ps", "-aq").split()
    if ids:
        engine.docker("rm", "-f", *ids)
    return dkf.Fleet.from_urls([f"changing={engine.url}"])


def run(engine: Dockerd, name: str, *options: str) -> str:
    return engine.docker("run", "-d", "--name", name, "--network", "back", *options, *FOREVER).strip()


def create(engine: Dockerd, name: str, *options: str) -> None:
    """Create a container without starting it: this machine may not permit all of its options."""
    engine.docker("create", "--name", name, "--network", "back", *options, *FOREVER)


def rows(found: pl.DataFrame) -> set[tuple[str, str, str | None]]:
    return set(found.select("container_name", "change", "field").iter_rows())


def test_diff_shows_exactly_what_was_done(engine: Dockerd, fleet: dkf.Fleet) -> None:
    run(engine, "stays")
    run(engine, "stopped")
    run(engine, "gone")
    labels = ["--label", "tier=front", "--label", "proxy.web.port=80"]
    old = run(engine, "relabelled", *labels)
    before = fleet.snapshot(progress=False)
    assert dkf.diff(before, fleet.snapshot(progress=False)).height == 0
    engine.docker("stop", "-t", "0", "stopped")
    engine.docker("rm", "-f", "gone")
    run(engine, "came")
    engine.docker("rm", "-f", "relabelled")
    new = run(
        engine,
        "relabelled",
        "--label",
        "tier=back",
        "--label",
        "proxy.web.port=81",
        "-p",
        f"127.0.0.1:{free_port()}:80",
    )
    found = dkf.diff(before, fleet.snapshot(progress=False))
    assert rows(found) == {
        ("stopped", "state", "state"),
        ("gone", "removed", None),
        ("came", "added", None),
        ("relabelled", "recreated", None),
        ("relabelled", "labels", "tier"),
        ("relabelled", "labels", "proxy.web.port"),
        ("relabelled", "ports", "80/tcp"),
        ("relabelled", "routes", "web"),
        ("relabelled", "routes", "web.port"),
        ("relabelled", "routes", "relabelled"),
    }
    recreated = found.filter(pl.col("change") == "recreated").row(0, named=True)
    assert (recreated["before"], recreated["after"]) == (old, new)
    tier = found.filter(pl.col("field") == "tier").row(0, named=True)
    assert (tier["before"], tier["after"]) == ("front", "back")


class Watched:
    """The frames of a watch; `end` ends it, because it would query the engine for the rest of the session."""

    def __init__(self, fleet: dkf.Fleet) -> None:
        self._changes = fleet.watch()
        self._found: queue.SimpleQueue[pl.DataFrame] = queue.SimpleQueue()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for found in self._changes:
            self._found.put(found)
            if self._ended:
                break
        self._changes.close()

    def until(self, *wanted: tuple[str | None, str], seconds: float = 60) -> set[tuple[str | None, str]]:
        """The reported changes, until all of `wanted` are among them or the time is over."""
        reported: set[tuple[str | None, str]] = set()
        end = time.monotonic() + seconds
        while not set(wanted) <= reported and time.monotonic() < end:
            try:
                found = self._found.get(timeout=0.05)
            except queue.Empty:
                continue
            reported |= set(found.select("container_name", "change").iter_rows())
        return reported

    def begin(self, engine: Dockerd) -> None:
        """Wait until changes are reported: the first list of containers has no predecessor."""
        for number in range(60):
            run(engine, f"begun-{number}")
            if self.until((f"begun-{number}", "added"), seconds=1) >= {(f"begun-{number}", "added")}:
                return
        pytest.fail("no change is reported")

    def end(self, engine: Dockerd) -> None:
        self._ended = True
        run(engine, "last")
        self._thread.join(60)
        assert not self._thread.is_alive()


def test_watch_reports_every_change_even_after_the_engine_was_down(engine: Dockerd, fleet: dkf.Fleet) -> None:
    run(engine, "first")
    watched = Watched(fleet)
    watched.begin(engine)
    run(engine, "second")
    assert ("second", "added") in watched.until(("second", "added"))
    engine.docker("kill", "second")
    assert ("second", "state") in watched.until(("second", "state"))
    engine.docker("rm", "second")
    assert ("second", "removed") in watched.until(("second", "removed"))
    engine.stop()
    assert (None, "host_failed") in watched.until((None, "host_failed"))
    engine.start()
    # Before the watch is connected again.
    engine.docker("rm", "-f", "first")
    run(engine, "meanwhile")
    wanted = ((None, "host_recovered"), ("first", "removed"), ("meanwhile", "added"))
    assert set(wanted) <= watched.until(*wanted)
    run(engine, "third")
    assert ("third", "added") in watched.until(("third", "added"))
    watched.end(engine)


def test_watch_requests_nothing_after_health_checks(
    engine: Dockerd, fleet: dkf.Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check is several events of the engine, and none of them a difference."""
    watched = Watched(fleet)
    watched.begin(engine)
    run(engine, "checked", "--health-cmd", "true", "--health-interval", "1s")
    assert ("checked", "health") in watched.until(("checked", "health"))
    while "healthy" not in engine.docker("inspect", "-f", "{{.State.Health.Status}}", "checked"):
        time.sleep(0.1)
    time.sleep(1)
    asked: list[str] = []
    get = EngineConnection.get

    def counted(connection: EngineConnection, path: str, *given: Any) -> bytes:
        asked.append(path)
        return get(connection, path, *given)

    monkeypatch.setattr(EngineConnection, "get", counted)
    since = time.time()
    time.sleep(5)
    events = engine.docker("events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}")
    assert events.count("exec_start") >= 3, events
    assert asked == [], events
    watched.end(engine)


def test_rules_that_need_inspections(engine: Dockerd, fleet: dkf.Fleet) -> None:
    create(engine, "loose", "--privileged", "--pid", "host", "--cap-add", "SYS_ADMIN", "--restart", "always",
        "--security-opt", "seccomp=unconfined", "--device", "/dev/null:/dev/x", "--ulimit", "nofile=64:64")  # fmt: skip
    run(engine, "tight", "--user", "1000:1000", "--read-only", "--memory", "64m", "--cpu-shares", "512", "--pids-limit", "50",
        "--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--restart", "on-failure:5")  # fmt: skip
    snap = fleet.snapshot(progress=False, inspect=True)
    assert snap.inspections is not None
    assert snap.inspections.height == snap.containers.height == 2
    by_name = {
        name: set(found["rule"]) for (name,), found in snap.findings().group_by("container_name") if name is not None
    }
    expected = {
        "privileged", "strong-capabilities", "runs-as-root", "writable-root", "no-memory-limit", "no-cpu-limit",
        "new-privileges", "security-profile-off", "unlimited-restarts", "shares-host-namespace", "custom-ulimits",
    }  # fmt: skip
    assert expected <= by_name["loose"]
    inspection_rules = {rule.id for rule in dkf.BUILTIN_RULES if "inspections" in rule.needs}
    assert by_name["tight"] & inspection_rules == set()
    assert snap.rules()["ran"].all()
    with pytest.raises(dkf.SnapshotError, match="several|2 containers"):
        snap.dependents("", host="changing")


def test_cassette_of_an_engine_has_replacements_and_replays(engine: Dockerd, fleet: dkf.Fleet, tmp_path: Path) -> None:
    run(engine, "secretive", "--label", "at=db.internal.example")
    cassette = tmp_path / "fleet.yaml"
    with testing.recorded(cassette, record=True, instead={"db.internal.example": "db.example.com"}):
        recorded = fleet.snapshot(progress=False)
    written = cassette.read_text()
    assert "db.internal.example" not in written
    assert f'"{socket.gethostname()}"' not in written
    elsewhere = dkf.Fleet.from_urls(["changing=unix:///nowhere.sock"])
    with testing.recorded(cassette):
        replayed = elsewhere.snapshot(progress=False)
    assert replayed.labels["value"].to_list() == ["db.example.com"]
    assert replayed.containers["container_id"].to_list() == recorded.containers["container_id"].to_list()


def test_suite_with_the_plugin_records_no_secrets(engine: Dockerd, fleet: dkf.Fleet, tmp_path: Path) -> None:
    """This must hold whatever the order in which pytest loads its plugins: pytest-recording has its own settings."""

    def test_suite(url: str, *options: str) -> None:
        (tmp_path / "test_fleet.py").write_text(SUITE.format(url=url))
        command = [sys.executable, "-m", "pytest", "-q", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout

    run(engine, "secretive", "--label", "db.password=hunter2")
    assert fleet.snapshot(progress=False).labels["value"].to_list() == ["hunter2"]
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    test_suite(engine.url, "--record-mode=once", "--allowed-hosts=.*")
    (cassette,) = tmp_path.rglob("*.yaml")
    written = cassette.read_text()
    assert "hunter2" not in written
    assert f'"{socket.gethostname()}"' not in written
    assert "User-Agent" not in written
    test_suite("unix:///nowhere.sock")
