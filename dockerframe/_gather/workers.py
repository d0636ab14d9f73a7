"""Threads that query hosts: as many as the process can have, and an error per host where it can have none."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from dockerframe._transport.failures import host_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._config.host import Host
    from dockerframe.errors import HostError

ResultT = TypeVar("ResultT")


class Workers:
    """Threads that are started as hosts are submitted.

    Where the process can have no further thread, those that run take over the hosts: fewer are queried at a time.
    """

    def __init__(self, max_workers: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers, thread_name_prefix="dockerframe-gather")
        self._has_thread = False

    def submit(
        self, host: Host, query: Callable[[Host], ResultT], failed: Callable[[Host, HostError], ResultT]
    ) -> Future[ResultT]:
        """The coming result of `query`; that of `failed` where not even one thread can be started."""
        future = Future[ResultT]()
        try:
            self._executor.submit(_run, future, host, query)
        except RuntimeError as error:
            failure = host_error(error, host)
            if failure.kind != "resources":
                raise
            # The executor keeps the task before it starts a thread for it: a running thread gets to it.
            if not self._has_thread:
                future.set_result(failed(host, failure))
        else:
            self._has_thread = True
        return future

    def end(self) -> None:
        """Start no more queries, and do not wait for hosts that do not answer."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _run(future: Future[ResultT], host: Host, query: Callable[[Host], ResultT]) -> None:
    if future.done():
        return
    try:
        result = query(host)
    except BaseException as error:  # noqa: BLE001 - raised again where the result is read
        future.set_exception(error)
    else:
        future.set_result(result)
