"""Asking the hosts of later pieces while earlier ones are processed, within a bound on what waits in memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import TYPE_CHECKING, Final

from dockerframe._gather.gather import MAX_WORKERS, WAIT_SECONDS, asking

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

    from dockerframe._config.host import Host
    from dockerframe._gather.gather import HostAnswer
    from dockerframe._transport.pool import ClientPool

HELD_BYTES: Final = 2**26
"""How many bytes of answers may wait to be processed."""


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
    ahead = _Ahead(hosts, asking(pool, size=size), max_workers, held_bytes)
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
