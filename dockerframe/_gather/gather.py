"""Asking all hosts at once. One host's failure is a row, whatever it is."""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dockerframe._redaction import redact_text
from dockerframe._transport.agent import AGENT_INFO_PATH
from dockerframe._transport.failures import host_error
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

    from dockerframe._config.host import Host
    from dockerframe._transport.client import Client
    from dockerframe._transport.pool import ClientPool

_LOG: Final = logging.getLogger("dockerframe.gather")

ResultT = TypeVar("ResultT")

MAX_WORKERS: Final = 64
"""How many hosts are asked at the same time."""

HELD_BYTES: Final = 2**26
"""How much of the answers of hosts that are asked ahead waits to be looked at."""

# Polars has signals restart what they interrupt: only a wait that ends by itself lets Ctrl-C through.
WAIT_SECONDS: Final = 0.5
"""How long anything waits before it begins to wait anew."""

# What a proxy in front of an engine may refuse and still let the containers be seen.
_OPTIONAL: Final = frozenset({"unauthorized", "not_found"})


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """What one host answered: the bytes of its container list and what it says of itself, or why not."""

    host: Host
    seconds: float
    body: bytes = b""
    api_version: str | None = None
    version: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    agent: dict[str, Any] = field(default_factory=dict)
    error: HostError | None = None


def gather(
    hosts: Sequence[Host],
    pool: ClientPool,
    *,
    size: bool = False,
    max_workers: int = MAX_WORKERS,
    on_answer: Callable[[HostAnswer], None] | None = None,
) -> list[HostAnswer]:
    """The answers of all hosts, in the order of the hosts.

    `size` asks for the sizes of containers too, which is slow. `on_answer` is called for each host as it comes in,
    in the caller's thread.
    """
    return side_by_side(hosts, _asking(pool, size=size), max_workers=max_workers, on_done=on_answer)


def gather_ahead(
    hosts: Sequence[Host],
    pool: ClientPool,
    *,
    size: bool = False,
    max_workers: int = MAX_WORKERS,
    on_answer: Callable[[HostAnswer], None] | None = None,
    held_bytes: int = HELD_BYTES,
) -> Generator[HostAnswer]:
    """The answers of all hosts as `gather` gives them, one after the other.

    While one is looked at, or does not come, the hosts behind it are asked; no more once they answered with as much
    as may be held. `on_answer` is called with each one as it is given, in the caller's thread.
    """
    ahead = _Ahead(hosts, _asking(pool, size=size), max_workers, held_bytes)
    try:
        for _ in hosts:
            answer = ahead.next()
            if on_answer is not None:
                on_answer(answer)
            yield answer
    finally:
        ahead.end()


class _Ahead:
    """Hosts that are asked in their order, as long as there is room for what they answer until it is taken."""

    def __init__(
        self, hosts: Iterable[Host], ask: Callable[[Host], HostAnswer], max_workers: int, held_bytes: int
    ) -> None:
        self._hosts = iter(hosts)
        self._ask = ask
        self._max_workers = max_workers
        self._held_bytes = held_bytes
        self._executor = ThreadPoolExecutor(max_workers, thread_name_prefix="dockerframe-gather")
        self._lock = Lock()
        self._futures: deque[Future[HostAnswer]] = deque()
        self._under_way = self._answered = self._received_bytes = self._taken_bytes = 0

    def next(self) -> HostAnswer:
        """The answer of the next host, waited for in a way that Ctrl-C ends."""
        with self._lock:
            self._ask_more()
            future = self._futures[0]
        while not future.done():
            wait([future], timeout=WAIT_SECONDS)
        answer = future.result()
        with self._lock:
            self._futures.popleft()
            self._taken_bytes += len(answer.body)
        return answer

    def end(self) -> None:
        """Ask no more. Nobody waits for hosts that don't answer."""
        with self._lock:
            self._hosts = iter(())
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _ask_more(self) -> None:
        while self._under_way < self._max_workers and (self._has_room() or not self._futures):
            host = next(self._hosts, None)
            if host is None:
                return
            self._under_way += 1
            self._futures.append(self._executor.submit(self._ask_next, host))

    def _has_room(self) -> bool:
        """Whether another answer fits, if those that are still to come are as large as those that came."""
        mean = self._received_bytes / self._answered if self._answered else 0
        held = self._received_bytes - self._taken_bytes
        return held + (self._under_way + 1) * mean <= self._held_bytes

    def _ask_next(self, host: Host) -> HostAnswer:
        answer = self._ask(host)
        with self._lock:
            self._under_way -= 1
            self._answered += 1
            self._received_bytes += len(answer.body)
            self._ask_more()
        return answer


def _asking(pool: ClientPool, *, size: bool) -> Callable[[Host], HostAnswer]:
    """What asks a host and gives its answer, whatever happens."""

    def ask(host: Host) -> HostAnswer:
        started = time.monotonic()
        answer = isolated(host, lambda: _ask(host, pool, size=size), lambda error: HostAnswer(host, 0.0, error=error))
        return replace(answer, seconds=time.monotonic() - started)

    return ask


def side_by_side(
    hosts: Sequence[Host],
    ask: Callable[[Host], ResultT],
    *,
    max_workers: int = MAX_WORKERS,
    on_done: Callable[[ResultT], None] | None = None,
) -> list[ResultT]:
    """What `ask` gives for each host, all asked at once in threads, in the order of the hosts.

    `on_done` is called with each result as it comes in, in the caller's thread.
    """
    if not hosts:
        return []
    executor = ThreadPoolExecutor(min(max_workers, len(hosts)), thread_name_prefix="dockerframe-gather")
    try:
        futures = [executor.submit(ask, host) for host in hosts]
        # Not `concurrent.futures.wait`: it looks at every future anew whenever one is done.
        done: SimpleQueue[Future[ResultT]] = SimpleQueue()
        for future in futures:
            future.add_done_callback(done.put)
        for _ in futures:
            result = next_of(done).result()
            if on_done is not None:
                on_done(result)
    finally:
        # After an interrupt nobody waits for hosts that don't answer.
        executor.shutdown(wait=False, cancel_futures=True)
    return [future.result() for future in futures]


def next_of(queue: SimpleQueue[ResultT]) -> ResultT:
    """What comes next in a queue, waited for in a way that Ctrl-C ends."""
    while True:
        try:
            return queue.get(timeout=WAIT_SECONDS)
        except Empty:
            continue


def isolated(host: Host, ask: Callable[[], ResultT], failed: Callable[[HostError], ResultT]) -> ResultT:
    """What `ask` gives; what `failed` makes of the error when the host failed, in whatever way."""
    try:
        return ask()
    except HostError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not cost the other hosts' rows
        failure = host_error(error, host)
    _LOG.warning("[%s] %s", failure.kind, redact_text(str(failure)))
    return failed(failure)


def _ask(host: Host, pool: ClientPool, *, size: bool) -> HostAnswer:
    with pool.acquire(host) as client:
        params = {"all": "1", "size": "1"} if size else {"all": "1"}
        body = client.get("/containers/json", params, timeouts=host.timeouts)
        info = _optional(client, "/info", host)
        agent = _optional(client, AGENT_INFO_PATH, host) if host.scheme == "agent" else {}
        return HostAnswer(host, 0.0, body, client.api_version, client.version, info, agent)


def _optional(client: Client, path: str, host: Host) -> dict[str, Any]:
    try:
        return client.get_object(path, timeouts=host.timeouts)
    except HostError as error:
        if error.kind in _OPTIONAL:
            return {}
        raise
