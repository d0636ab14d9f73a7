"""The connection to one engine: requests, limits on time and size, and answers of servers in between."""

from __future__ import annotations

import contextlib
import http.client
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote, urlencode

from docker.constants import DEFAULT_USER_AGENT
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from dockerframe._transport.agent import AGENT_CERTIFICATE_NAME, agent_context
from dockerframe._transport.failures import TransportFailure, host_error, page_text, plain_at_tls
from dockerframe._transport.sockets import (
    EnginePool,
    ReadOnlyError,
    SocketPool,
    UnixPool,
    open_tcp,
    open_tls,
    pipe_pool,
)
from dockerframe._transport.ssh import SshProgram, can_run_ssh, ssh_target
from dockerframe._transport.tls import context_of_files
from dockerframe.errors import HostError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from urllib3 import BaseHTTPResponse

    from dockerframe._config.host import Host, Timeouts

_LOG: Final = logging.getLogger("dockerframe.clients")
__all__ = ["Connection", "EngineConnection", "ReadOnlyError", "connect"]

_CHUNK_BYTES: Final = 2**18
# An event has some hundred bytes.
_LONGEST_LINE_BYTES: Final = 2**20
_ERROR_PAGE_BYTES: Final = 2**12
_MOST_DIGITS: Final = 18
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": DEFAULT_USER_AGENT}


class Connection(Protocol):
    """What a client needs of a connection. Raises HostError, and nothing else."""

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of the answer to one GET request."""

    def head(self, path: str, timeouts: Timeouts) -> Mapping[str, str]:
        """The headers of the answer to one HEAD request."""

    def lines(
        self, path: str, params: Mapping[str, str], timeouts: Timeouts, *, silence: float | None = None
    ) -> Iterator[bytes]:
        """The lines of an answer without an end, as they arrive."""

    def interrupt(self) -> None:
        """End the answer under way, from another thread."""

    def close(self) -> None:
        """Close the sockets."""


def connect(host: Host) -> Connection:
    """A connection over the transport of the host's URL. Its sockets open with the first request.

    Raises
    ------
    HostError
        When no request can be sent: the URL is not valid, certificates are missing, the system lacks the scheme.
    """
    try:
        return EngineConnection(host, _pool(host))
    except HostError:
        raise
    except Exception as error:
        raise host_error(error, host) from error


class EngineConnection:
    """A connection to a real engine.

    Requests go straight to a pool of urllib3. What `requests` adds to it, such as cookies, redirects and proxies of
    the environment, does not concern an engine, and takes a third of the time of a request.
    """

    def __init__(self, host: Host, pool: EnginePool) -> None:
        self._host = host
        self._pool = pool
        self._headers = _HEADERS | (dict(host.headers) if host.hostname and host.scheme != "ssh" else {})
        self._prefix = quote(host.path_prefix, safe="/%:@!$&'()*+,;=~").rstrip("/")

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of the answer to one GET request.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, or takes or sends more than its limits.
        """
        with self._answer("GET", path, params, timeouts) as response:
            body = self._read(response, path)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise self._error(
                "invalid_answer", f"{path} answered with a web page: {page_text(body[:_ERROR_PAGE_BYTES])}"
            )
        return body.removeprefix(_BYTE_ORDER_MARK)

    def head(self, path: str, timeouts: Timeouts) -> Mapping[str, str]:
        """The headers of the answer to one HEAD request.

        Raises
        ------
        HostError
            As for `get`.
        """
        with self._answer("HEAD", path, {}, timeouts) as response:
            return dict(response.headers)

    def lines(
        self, path: str, params: Mapping[str, str], timeouts: Timeouts, *, silence: float | None = None
    ) -> Iterator[bytes]:
        """The lines of an answer without an end, as they arrive; an empty one first, once the host begins to answer.

        After it began, the host may send nothing for `silence` seconds, or for the read timeout without it.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, ends the answer, sends a line past the limit, or
            nothing for too long.
        """
        with self._answer("GET", path, params, timeouts) as response:
            self._pool.deadline.allow_pauses(timeouts.read_timeout if silence is None else silence)
            yield b""
            pieces: list[bytes] = []
            size = 0
            while chunk := response.read1(_CHUNK_BYTES):
                first, *others = chunk.split(b"\n")
                pieces.append(first)
                size += len(first)
                if others:
                    *complete, last = [b"".join(pieces), *others]
                    yield from filter(None, complete)
                    pieces, size = [last], len(last)
                if size > _LONGEST_LINE_BYTES:
                    raise self._error("too_large", f"{path} sent a line of more than {_LONGEST_LINE_BYTES} bytes")
        raise self._error("disconnected", f"{path} ended")

    def interrupt(self) -> None:
        """End the answer under way, from another thread: reading it fails as `disconnected`."""
        self._pool.deadline.interrupt()

    def close(self) -> None:
        """Close the sockets."""
        self._pool.close()

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, params: Mapping[str, str], timeouts: Timeouts
    ) -> Iterator[BaseHTTPResponse]:
        """An answer of status 200 whose body is still to be read. Any failure meanwhile becomes a HostError."""
        self._pool.deadline.at = time.monotonic() + timeouts.answer_timeout
        try:
            with contextlib.ExitStack() as closing:
                response = self._send(method, path, params, timeouts)
                closing.callback(response.release_conn)
                closing.callback(response.close)
                self._check_status(response, path)
                yield response
        except HostError:
            raise
        except Exception as error:
            raise host_error(error, self._host) from error

    def _send(self, method: str, path: str, params: Mapping[str, str], timeouts: Timeouts) -> BaseHTTPResponse:
        """Send a request; once more where the server closed a connection that it had answered on before."""
        opened = self._pool.opened
        target = self._prefix + path + ("?" + urlencode(params) if params else "")
        options = {
            "headers": self._headers,
            "timeout": Timeout(connect=timeouts.connect_timeout, read=timeouts.read_timeout),
            "retries": False,
            "redirect": False,
            "assert_same_host": False,
            "preload_content": False,
            "decode_content": False,
        }
        try:
            return self._pool.urlopen(method, target, **options)
        except ReadTimeoutError:
            raise
        except HTTPError:
            if not opened or self._pool.opened > opened:
                raise
        return self._pool.urlopen(method, target, **options)

    def _check_status(self, response: BaseHTTPResponse, path: str) -> None:
        status = response.status
        if status == http.client.OK:
            return
        text = page_text(response.read(_ERROR_PAGE_BYTES, decode_content=False)) or str(response.reason or "")
        wrong = plain_at_tls(status, text)
        if wrong is not None:
            raise wrong
        kind, remedy = _STATUS_KINDS.get(status, ("http", "See the log of the engine."))
        problem = f"{path} answered {status}: {text}"
        if status in _PROXY_STATUS:
            problem = f"a proxy in front of the engine answered {status}: {text}"
        elif 300 <= status < 400:
            target = _without_credentials(response.headers.get("Location", ""))
            kind, problem = "redirected", f"{path} answered {status}: it has moved to {target or 'an unnamed place'}"
            remedy = "Write that URL without the path of the API, if it is the engine's."
        raise self._error(kind, problem.rstrip("."), remedy, status=status)

    def _read(self, response: BaseHTTPResponse, path: str) -> bytes:
        """The body, as long as it is within the limits while it arrives."""
        limit = self._host.max_answer_bytes
        announced = self._announced(response, path)
        chunks: list[bytes] = []
        received = 0
        while received <= limit >= announced:
            chunk = response.read1(_CHUNK_BYTES)
            if not chunk:
                break
            chunks.append(chunk)
            received += len(chunk)
        if max(received, announced) > limit:
            remedy = "Raise max_answer_bytes for this host if that is right."
            raise self._error("too_large", f"{path} is larger than {limit} bytes", remedy)
        if received < announced:
            raise TransportFailure("disconnected", f"{path} broke off after {received} of {announced} bytes")
        return b"".join(chunks)

    def _announced(self, response: BaseHTTPResponse, path: str) -> int:
        """The size that the answer announces; 0 where it announces none (RFC 9112, section 6.3)."""
        if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
            return 0
        lengths = {text.strip() for text in response.headers.get("Content-Length", "0").split(",")}
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise TransportFailure("invalid_answer", f"{path} has the Content-Length {text[:40]!r}")
        return int(text)

    def _error(self, kind: str, problem: str, remedy: str = "", *, status: int | None = None) -> HostError:
        remedy = remedy or "Check that the URL is that of a Docker engine."
        return HostError.at(self._host.name, kind, problem, remedy, status=status)


_STATUS_KINDS: Final = {
    401: ("unauthorized", "Give this host `headers` with credentials that its proxy accepts."),
    403: ("unauthorized", "Allow GET of /containers, /version and /info at the engine or its proxy."),
    404: ("not_found", "Check that the URL is that of a Docker engine, with the path prefix of its gateway."),
    407: ("unauthorized", "Give this host `headers` with credentials that its proxy accepts."),
    502: ("http", "Check the proxy, and the engine behind it."),
    503: ("http", "Check the proxy, and the engine behind it."),
    504: ("http", "Check the proxy, and the engine behind it."),
}
_PROXY_STATUS: Final = frozenset({502, 503, 504})


def _without_credentials(url: str) -> str:
    """A URL on one line, without a user and password."""
    text = " ".join(url.split())[:200]
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path.partition('?')[0]}" if separator else text


def _pool(host: Host) -> EnginePool:
    """The pool of connections for the scheme of a host."""
    seconds = host.timeouts.connect_timeout
    match host.scheme:
        case "unix":
            return UnixPool("http+unix://localhost", host.address, timeout=seconds)
        case "npipe":
            return pipe_pool(host.address, seconds)
        case "ssh":
            return SocketPool("localhost", None, _ssh_opener(host))
    # A zone (`fe80::1%eth0`) belongs to this machine only: no header or certificate has it.
    name, port, bare_name = host.hostname, host.port or 0, host.hostname.partition("%")[0]
    if host.scheme == "agent":
        context = agent_context(host.agent_certificates / f"{host.address}.zip")
        return SocketPool(bare_name, port, partial(open_tls, name, port, context, AGENT_CERTIFICATE_NAME))
    if host.uses_tls:
        return SocketPool(bare_name, port, partial(open_tls, name, port, context_of_files(host.tls), bare_name))
    return SocketPool(bare_name, port, partial(open_tcp, name, port))


def _ssh_opener(host: Host) -> Callable[[float], socket.socket]:
    """What opens a connection to the engine of an ssh host, given the connect timeout in seconds."""
    target = ssh_target(host)
    if can_run_ssh():
        return SshProgram(target).open
    from dockerframe._transport.paramiko_ssh import ParamikoLogin  # noqa: PLC0415 - heavy, and few need it

    _LOG.debug("%s: the ssh program can't be used, paramiko logs in", host.name)
    return ParamikoLogin(target).open
