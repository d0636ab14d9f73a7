"""Querying the hosts of later pieces while earlier ones are processed, within a limit on waiting answers."""

from __future__ import annotations

from collections import deque
from concurrent.futures import wait
from threading import Lock
from typing import TYPE_CHECKING

from dockerframe._budget import HELD_BYTES
from dockerframe._gather.gather import MAX_WORKERS, WAIT_SECONDS, failed_answer, host_query
from dockerframe._gather.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

    from dockerframe._config.host import Host
    from dockerframe._gather.gather import HostAnswer
    from dockerframe._transport.pool import ClientPool


def gather_ahead(
    hosts: Sequence[Host],
    pool: ClientPool,
    *,
    size: bool = False,
    max_workers: int = MAX_WORKERS,
    on_answer: Callable[[HostAnswer], None] | None = None,
    held_bytes: int = HELD_BYTES,
) -> Generator[HostAnswer]:
    """The answers of all hosts, one after the other, in the order of the hosts.

    While the caller processes an answer, or waits for one, later hosts are queried until their answers reach the
    limit on memory.

    Parameters
    ----------
    hosts
        The hosts.
    pool
        The pool of their clients.
    size
        Whether to request the sizes of containers, which is slow.
    max_workers
        How many hosts are queried at the same time.
    on_answer
        Called with each answer as it is yielded, in the caller's thread.
    held_bytes
        The limit on the bytes of waiting answers.
    """
    ahead = _Ahead(hosts, host_query(pool, size=size), max_workers, held_bytes)
    try:
        for _ in hosts:
            answer = ahead.next()
            if on_answer is not None:
                on_answer(answer)
            yield answer
    finally:
        ahead.end()


class _Ahead:
    """Queries hosts in order, as long as there is room for their answers."""

    def __init__(
        self, hosts: Iterable[Host], query: Callable[[Host], HostAnswer], max_workers: int, held_bytes: int
    ) -> None:
        self._hosts = iter(hosts)
        self._query = query
        self._max_workers = max_workers
        self._held_bytes = held_bytes
        self._workers = Workers(max_workers)
        self._lock = Lock()
        self._futures: deque[Future[HostAnswer]] = deque()
        self._running = self._answered = self._received_bytes = self._consumed_bytes = 0

    def next(self) -> HostAnswer:
        """The answer of the next host. Ctrl-C interrupts the wait."""
        with self._lock:
            self._submit()
            future = self._futures[0]
        while not future.done():
            wait([future], timeout=WAIT_SECONDS)
        answer = future.result()
        with self._lock:
            self._futures.popleft()
            self._consumed_bytes += len(answer.body)
        return answer

    def end(self) -> None:
        """Start no more queries, and do not wait for hosts that do not answer."""
        with self._lock:
            self._hosts = iter(())
        self._workers.end()

    def _submit(self) -> None:
        while self._running < self._max_workers and (self._has_room() or not self._futures):
            host = next(self._hosts, None)
            if host is None:
                return
            self._running += 1
            future = self._workers.submit(host, self._answer, failed_answer)
            # The host failed without a query: no thread could be started.
            self._running -= future.done()
            self._futures.append(future)

    def _has_room(self) -> bool:
        """Whether another answer fits, if running queries return as much as the finished ones did on average."""
        mean = self._received_bytes / self._answered if self._answered else 0
        held = self._received_bytes - self._consumed_bytes
        return held + (self._running + 1) * mean <= self._held_bytes

    def _answer(self, host: Host) -> HostAnswer:
        answer = self._query(host)
        with self._lock:
            self._running -= 1
            self._answered += 1
            self._received_bytes += len(answer.body)
            self._submit()
        return answer
