"""Deadlines over whole answers, head included: a socket's own timeout starts anew with every byte that comes."""

from __future__ import annotations

import http.client
import io
import math
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests.adapters

_OF_THREAD = threading.local()
# The answer of a small host comes whole with one call of the system.
_BUFFER_BYTES: Final = 2**16


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever this thread reads of answers in the block must have come within some seconds, else TimeoutError."""
    outer = getattr(_OF_THREAD, "deadline", math.inf)
    _OF_THREAD.deadline = min(outer, time.monotonic() + seconds)
    try:
        yield
    finally:
        _OF_THREAD.deadline = outer


def held_to_deadlines(adapter: requests.adapters.BaseAdapter) -> requests.adapters.BaseAdapter:
    """The same adapter, whose answers are read no further than the deadline of the thread that reads them.

    All of docker-py's transports go through it: each has a pool of connections of its own kind.
    """
    if not hasattr(adapter, "get_connection_with_tls_context"):
        return adapter
    # urllib3 closes the sockets of a pool once nothing refers to it: a strong reference from a method of its own would
    # keep it until the garbage collector comes by.
    find = weakref.WeakMethod(adapter.get_connection_with_tls_context)

    def pool(*arguments: Any, **options: Any) -> Any:
        found = _alive(find)(*arguments, **options)
        if "_new_conn" not in vars(found):
            found._new_conn = _held(found._new_conn)  # noqa: SLF001 - where each pool makes its connections
        return found

    adapter.get_connection_with_tls_context = pool
    return adapter


def _held(make: Any) -> Any:
    method = weakref.WeakMethod(make)

    def new_connection() -> Any:
        connection = _alive(method)()
        connection.response_class = _Response
        return connection

    return new_connection


def _alive(method: weakref.WeakMethod[Any]) -> Any:
    """A method of an object that is asked for it, and so is there."""
    found = method()
    if found is None:
        raise ReferenceError("its object is gone")
    return found


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Reader(self.fp.detach()), _BUFFER_BYTES)


class _Reader(io.RawIOBase):
    """What comes from a socket, up to the deadline."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._source = source

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill a buffer with what has come, waiting as long as the socket's timeout says."""
        if time.monotonic() > getattr(_OF_THREAD, "deadline", math.inf):
            raise TimeoutError("the answer was not whole in time")
        return self._source.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket too."""
        self._source.close()
        super().close()
