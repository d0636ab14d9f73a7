"""Asking all hosts at once. One host's failure is a row, whatever it is."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dockerframe._redaction import redact_text
from dockerframe._transport.agent import AGENT_INFO_PATH
from dockerframe._transport.failures import host_error
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from dockerframe._config.host import Host
    from dockerframe._transport.pool import ClientPool

_LOG: Final = logging.getLogger("dockerframe.gather")

ResultT = TypeVar("ResultT")

MAX_WORKERS: Final = 64
"""How many hosts are asked at the same time."""

# Polars has signals restart what they interrupt: only a wait that ends by itself lets Ctrl-C through.
WAIT_SECONDS: Final = 0.5
"""How long anything waits before it begins to wait anew."""


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
    size_error: HostError | None = None


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
    return side_by_side(hosts, asking(pool, size=size), max_workers=max_workers, on_done=on_answer)


def asking(pool: ClientPool, *, size: bool) -> Callable[[Host], HostAnswer]:
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
        # A client that several hosts share knows one of them.
        failure = error.at_host(host.name)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not cost the other hosts' rows
        failure = host_error(error, host)
    _LOG.warning("[%s] %s", failure.kind, redact_text(str(failure)))
    return failed(failure)


def _ask(host: Host, pool: ClientPool, *, size: bool) -> HostAnswer:
    with pool.acquire(host) as client:
        body, size_error = client.containers(size=size)
        info = client.get_optional("/info")
        agent = client.get_optional(AGENT_INFO_PATH) if host.scheme == "agent" else {}
        return HostAnswer(host, 0.0, body, client.api_version, client.version, info, agent, size_error=size_error)
