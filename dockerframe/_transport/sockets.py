"""Sockets to engines, in urllib3's pools: they only read, keep deadlines, and open a connection within one timeout."""

from __future__ import annotations

import contextlib
import http.client
import io
import math
import os
import socket
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from docker.transport.unixconn import UnixHTTPConnectionPool
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from dockerframe._transport.failures import TransportFailure
from dockerframe.errors import DockerframeError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from urllib3 import BaseHTTPResponse

_READING: Final = frozenset({"GET", "HEAD"})
# The answer of a small host arrives with one system call.
_BUFFER_BYTES: Final = 2**16


class ReadOnlyError(DockerframeError):
    """Something tried to send a request that could change a host."""


@dataclass(slots=True)
class Deadline:
    """The time by which the answer under way must be complete.

    A socket's own timeout starts again with every byte that arrives, so that a slow host could take forever.
    """

    at: float = math.inf
    socket: Any = None

    def check(self) -> None:
        """Raise TimeoutError once the time has passed."""
        if time.monotonic() > self.at:
            raise TimeoutError("the answer was not complete in time")

    def allow_pauses(self, seconds: float) -> None:
        """Let the answer under way take forever, with pauses of `seconds` at most between its bytes."""
        self.at = math.inf
        self.socket.settimeout(seconds)

    def interrupt(self) -> None:
        """End the answer under way, from another thread: a read that waits for bytes returns."""
        if self.socket is not None:
            # A socket that is closed already has no answer under way.
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class EnginePool(HTTPConnectionPool):
    """The connections to one engine.

    Attributes
    ----------
    deadline
        The deadline of the answer under way.
    opened
        How many connections were opened so far.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.deadline = Deadline()
        self.opened = 0

    def urlopen(self, method: str, *arguments: Any, **options: Any) -> BaseHTTPResponse:
        """Send a request that only reads.

        Raises
        ------
        ReadOnlyError
            For any method but GET and HEAD.
        """
        if method not in _READING:
            raise ReadOnlyError(
                f"dockerframe only reads: {method} {arguments[0] if arguments else ''} was not sent.",
                remedy="Change hosts with docker.",
            )
        return super().urlopen(method, *arguments, **options)

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.response_class = partial(_Response, self.deadline)
        self.opened += 1
        return connection


class UnixPool(EnginePool, UnixHTTPConnectionPool):
    """docker-py's connections to the socket of an engine on this machine."""


def pipe_pool(path: str, seconds: float) -> EnginePool:
    """docker-py's connections to a named pipe.

    Raises
    ------
    TransportFailure
        Of kind `unsupported`, on systems other than Windows.
    """
    try:
        from docker.transport.npipeconn import NpipeHTTPConnectionPool  # noqa: PLC0415 - it needs packages of Windows
    except ImportError as error:
        raise TransportFailure("unsupported", "named pipes exist on Windows only") from error

    class PipePool(EnginePool, NpipeHTTPConnectionPool):
        pass

    return PipePool(path, timeout=seconds)


class SocketConnection(HTTPConnection):
    """A connection whose socket a function opens, given the connect timeout in seconds."""

    open_socket: Callable[[Any], socket.socket]

    def connect(self) -> None:
        """Open the socket."""
        try:
            self.sock = self.open_socket(self.timeout)
        except TimeoutError as error:
            raise TransportFailure("connect_timeout", f"no connection within {self.timeout:g} s") from error


class SocketPool(EnginePool):
    """Connections over TCP, TLS or ssh.

    Parameters
    ----------
    name, port
        What the `Host` header of requests contains.
    open_socket
        Opens a connection, given the connect timeout in seconds.
    """

    ConnectionCls = SocketConnection

    def __init__(self, name: str, port: int | None, open_socket: Callable[[float], socket.socket]) -> None:
        super().__init__(name, port)
        self._open_socket = open_socket

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.open_socket = self._open_socket
        return connection


def open_tcp(name: str, port: int, seconds: float) -> socket.socket:
    """A connection to the first address of a name that accepts one; all of them share the timeout.

    Raises
    ------
    OSError
        The error of the last address that was tried.
    TransportFailure
        Of kind `dns_timeout`, when the name service does not answer in time.
    """
    deadline = time.monotonic() + seconds
    found = addresses(name, port, seconds)
    for left, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found, strict=True):
        connection = socket.socket(family, kind, protocol)
        try:
            # Addresses that do not answer leave a share of the time to those behind them.
            connection.settimeout(max(deadline - time.monotonic(), 0.001) / left)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except BaseException as error:
            connection.close()
            if left == 1 or not isinstance(error, OSError):
                raise
        else:
            return connection
    raise OSError(f"{name} has no address")


def open_tls(name: str, port: int, context: ssl.SSLContext, server_name: str, seconds: float) -> socket.socket:
    """A TLS connection to a server that proves to have `server_name`; the handshake counts towards the timeout.

    Raises
    ------
    OSError
        When the server can't be reached, or the handshake fails.
    TransportFailure
        As `open_tcp`.
    """
    deadline = time.monotonic() + seconds
    connection = open_tcp(name, port, seconds)
    try:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        return context.wrap_socket(connection, server_hostname=server_name)
    except BaseException:
        connection.close()
        raise


_lookups: Final[dict[tuple[str, int], Future[Any]]] = {}
if hasattr(os, "register_at_fork"):
    # The threads that look names up do not exist in the child.
    os.register_at_fork(after_in_child=_lookups.clear)


def addresses(name: str, port: int, seconds: float) -> list[Any]:
    """The addresses of a name, as `socket.getaddrinfo` gives them.

    Raises
    ------
    OSError
        When the name has none.
    TransportFailure
        Of kind `dns_timeout`, when the name service does not answer in time.
    """
    try:
        return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        # A name, not an address. Nothing can interrupt a resolver that hangs: it runs in a thread of its own.
        lookup = _lookups.get((name, port)) or _start_lookup(name, port)
    try:
        found: list[Any] = lookup.result(seconds)
    except TimeoutError:
        if lookup.done():
            raise
        problem = f"the name service did not answer for {name} within {seconds:g} s"
        raise TransportFailure("dns_timeout", problem) from None
    return found


def _start_lookup(name: str, port: int) -> Future[Any]:
    lookup: Future[Any] = Future()

    def look_up() -> None:
        try:
            lookup.set_result(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except BaseException as error:  # noqa: BLE001 - raised in each thread that waits
            lookup.set_exception(error)
        finally:
            _lookups.pop((name, port), None)

    thread = threading.Thread(target=look_up, name="dockerframe-lookup", daemon=True)
    _lookups[name, port] = lookup
    try:
        thread.start()
    except BaseException:
        _lookups.pop((name, port), None)
        raise
    return lookup


class _Response(http.client.HTTPResponse):
    """An answer that is read no further than the deadline."""

    def __init__(self, deadline: Deadline, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        deadline.socket = sock
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), deadline), _BUFFER_BYTES)

    def _read_status(self) -> tuple[str, int, str]:
        """Skip interim answers such as 103 (RFC 9110, section 15.2); Python itself skips 100 only."""
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while 102 <= status < 200:
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class _Reader(io.RawIOBase):
    """The bytes of a socket, up to a deadline."""

    def __init__(self, source: io.RawIOBase, deadline: Deadline) -> None:
        self._source = source
        self._deadline = deadline

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill a buffer with what has arrived; wait as long as the timeout of the socket allows."""
        self._deadline.check()
        return self._source.readinto(buffer)

    def close(self) -> None:
        """Close the socket too."""
        self._source.close()
        super().close()
