"""Hosts asked ahead of those whose answers are looked at, over connections without a network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from dockerframe._config.host import Host, Timeouts
from dockerframe._gather.ahead import gather_ahead
from dockerframe._transport.pool import ClientPool

HOSTS = tuple(Host(f"h{number:03}", f"tcp://h{number:03}:2375") for number in range(100))


@dataclass(frozen=True)
class Engine:
    """A connection to one host, whose list of containers is what `containers` gives."""

    host: Host
    containers: Callable[[Host], bytes]

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        return self.containers(self.host) if path.endswith("/containers/json") else b'{"ApiVersion": "1.41"}'

    def close(self) -> None:
        """There is nothing to close."""


def pool_of(containers: Callable[[Host], bytes]) -> ClientPool:
    return ClientPool(lambda host: Engine(host, containers))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("held_bytes", [0, 2_000, 2**26])
def test_answers_come_in_the_order_of_the_hosts(held_bytes: int) -> None:
    done: list[str] = []
    answers = list(
        gather_ahead(
            HOSTS,
            pool_of(lambda host: host.name.encode() * 100),
            on_answer=lambda one: done.append(one.host.name),
            held_bytes=held_bytes,
        )
    )
    assert done == [answer.host.name for answer in answers] == [host.name for host in HOSTS]
    assert all(answer.body == answer.host.name.encode() * 100 for answer in answers)
    assert list(gather_ahead((), pool_of(lambda _: b""))) == []


def test_a_host_that_does_not_answer_holds_up_no_other() -> None:
    last_is_asked = threading.Event()

    def containers(host: Host) -> bytes:
        if host is HOSTS[-1]:
            last_is_asked.set()
        if host is HOSTS[0]:
            assert last_is_asked.wait(60), "the hosts behind it were not asked"
        return b"[]"

    first = next(gather_ahead(HOSTS, pool_of(containers), max_workers=2))
    assert (first.host, first.error) == (HOSTS[0], None)


def test_no_more_is_asked_than_may_be_held() -> None:
    asked: list[str] = []
    while_waiting: list[int] = []

    def containers(host: Host) -> bytes:
        asked.append(host.name)
        if host is HOSTS[0]:
            # Long enough for all hosts to be asked if nothing held them back.
            time.sleep(0.5)
            while_waiting.append(len(asked))
        return b"x" * 1_000

    assert len(list(gather_ahead(HOSTS, pool_of(containers), max_workers=4, held_bytes=10_000))) == len(HOSTS)
    # Ten have room. How large answers are is not known until the first has come.
    assert 4 <= while_waiting[0] <= 10 + 4


def test_nothing_is_asked_once_nobody_wants_answers() -> None:
    asked: list[str] = []
    go_on = threading.Event()

    def containers(host: Host) -> bytes:
        asked.append(host.name)
        if host is not HOSTS[0]:
            go_on.wait(60)
        return b"[]"

    answers = gather_ahead(HOSTS, pool_of(containers), max_workers=4)
    next(answers)
    answers.close()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("dockerframe-gather"):
            thread.join(60)
    assert len(asked) <= 5
