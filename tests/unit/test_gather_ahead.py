"""Hosts queried ahead of the answers that are processed, over connections without a network."""

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
    """A connection to one host, whose list of containers comes from `containers`."""

    host: Host
    containers: Callable[[Host], bytes]

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        return self.containers(self.host) if path.endswith("/containers/json") else b'{"ApiVersion": "1.41"}'

    def close(self) -> None:
        """Do nothing."""


def pool_with(containers: Callable[[Host], bytes]) -> ClientPool:
    return ClientPool(lambda host: Engine(host, containers))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("held_bytes", [0, 2_000, 2**26])
def test_answers_come_in_the_order_of_the_hosts(held_bytes: int) -> None:
    done: list[str] = []
    answers = list(
        gather_ahead(
            HOSTS,
            pool_with(lambda host: host.name.encode() * 100),
            on_answer=lambda answer: done.append(answer.host.name),
            held_bytes=held_bytes,
        )
    )
    assert done == [answer.host.name for answer in answers] == [host.name for host in HOSTS]
    assert all(answer.body == answer.host.name.encode() * 100 for answer in answers)
    assert list(gather_ahead((), pool_with(lambda _: b""))) == []


def test_silent_host_does_not_delay_other_hosts() -> None:
    last_is_queried = threading.Event()

    def containers(host: Host) -> bytes:
        if host is HOSTS[-1]:
            last_is_queried.set()
        if host is HOSTS[0]:
            assert last_is_queried.wait(60), "later hosts were not queried"
        return b"[]"

    first = next(gather_ahead(HOSTS, pool_with(containers), max_workers=2))
    assert (first.host, first.error) == (HOSTS[0], None)


def test_queries_stop_when_the_limit_on_waiting_answers_is_reached() -> None:
    queried: list[str] = []
    while_waiting: list[int] = []

    def containers(host: Host) -> bytes:
        queried.append(host.name)
        if host is HOSTS[0]:
            # Long enough to query all hosts if there were no limit.
            time.sleep(0.5)
            while_waiting.append(len(queried))
        return b"x" * 1_000

    assert len(list(gather_ahead(HOSTS, pool_with(containers), max_workers=4, held_bytes=10_000))) == len(HOSTS)
    # Ten answers fit. The size of answers is unknown until the first one arrives.
    assert 4 <= while_waiting[0] <= 10 + 4


def test_no_host_is_queried_after_the_iterator_is_closed() -> None:
    queried: list[str] = []
    go_on = threading.Event()

    def containers(host: Host) -> bytes:
        queried.append(host.name)
        if host is not HOSTS[0]:
            go_on.wait(60)
        return b"[]"

    answers = gather_ahead(HOSTS, pool_with(containers), max_workers=4)
    next(answers)
    answers.close()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("dockerframe-gather"):
            thread.join(60)
    assert len(queried) <= 5
