"""Gathering within what this machine has: few or no threads, and a bound on all answers together."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

from dockerframe._gather.ahead import gather_ahead
from dockerframe._gather.diagnose import diagnose_hosts
from dockerframe._gather.gather import gather
from dockerframe._gather.inspect import inspect_containers
from tests.unit.test_gather_ahead import HOSTS, pool_with

if TYPE_CHECKING:
    from dockerframe._config.host import Host

SOME = HOSTS[:10]


def limit_threads(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let only so many threads start, as with `ulimit -u`."""
    start = threading.Thread.start
    started: list[str] = []

    def limited(thread: threading.Thread) -> None:
        if len(started) >= most:
            raise RuntimeError("can't start new thread")
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


@pytest.mark.parametrize("most", [1, 3])
def test_with_few_threads_all_hosts_are_queried(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    limit_threads(monkeypatch, most)
    answers = gather(SOME, pool_with(lambda host: host.name.encode()))
    assert [answer.body for answer in answers] == [host.name.encode() for host in SOME]


def test_with_few_threads_all_hosts_are_queried_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_threads(monkeypatch, 1)
    answers = list(gather_ahead(SOME, pool_with(lambda host: host.name.encode())))
    assert [answer.body for answer in answers] == [host.name.encode() for host in SOME]


def test_without_threads_each_host_fails_with_kind_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_threads(monkeypatch, 0)
    pool = pool_with(lambda _: b"[]")
    for answers in (gather(SOME, pool), list(gather_ahead(SOME, pool))):
        assert [answer.error.kind for answer in answers if answer.error is not None] == ["resources"] * len(SOME)
        assert all("ulimit" in str(answer.error) for answer in answers)
    wanted = pl.DataFrame({"host": [host.name for host in SOME], "container_id": "1"})
    assert inspect_containers(wanted, SOME, pool).errors["kind"].to_list() == ["inspect_failed"] * len(SOME)
    steps = diagnose_hosts(SOME, pool)
    assert steps.filter(pl.col("outcome") == "failed")["host"].to_list() == [host.name for host in SOME]


def test_all_answers_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("dockerframe._gather.gather"), "GATHER_BYTES", 1_000)
    sizes = {host.name: size for host, size in zip(SOME, [400, 400, 400, 100, 5_000, 50, 50, 50, 0, 0], strict=True)}

    def containers(host: Host) -> bytes:
        return b" " * sizes[host.name]

    answers = gather(SOME, pool_with(containers), max_workers=1)
    failed = [answer.host.name for answer in answers if answer.error is not None]
    assert failed == [SOME[2].name, SOME[4].name, SOME[7].name]
    assert {answer.error.kind for answer in answers if answer.error is not None} == {"too_large"}
    assert sum(len(answer.body) for answer in answers) == 1_000
    assert "write_pieces" in str(answers[2].error)
