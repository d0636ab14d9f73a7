"""The wire: docker-py's transports, held to reading, with limits on time and size."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, cast
from urllib.parse import urlencode, urlsplit

import docker
import requests
from docker.tls import TLSConfig
from urllib3 import Timeout

from dockerframe._config.urls import TLS_SCHEMES, InvalidUrlError, checked_url
from dockerframe._transport.agent import AgentAdapter, agent_identity
from dockerframe._transport.deadlines import held_to_deadlines, within
from dockerframe._transport.failures import host_error
from dockerframe._transport.ssh_host import ssh_adapter
from dockerframe.errors import DockerframeError, HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

    from dockerframe._config.host import Host, Timeouts

_READING: Final = frozenset({"GET", "HEAD"})
# An explicit version keeps docker-py from asking the host while it is still set up; what is spoken is in the paths.
_PLACEHOLDER_VERSION: Final = "1.41"
_CHUNK_BYTES: Final = 2**18
# What requests sends by itself, and HTTP/1.1 means without it.
_IMPLIED_HEADERS: Final = frozenset({"Accept", "Connection"})


class ReadOnlyError(DockerframeError):
    """Something tried to send a request that could change a host."""


class Connection(Protocol):
    """All that a client wants of a connection; what the demo and tests put in its place does the same."""

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of the answer to one GET request. Raises HostError."""

    def lines(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> Iterator[bytes]:
        """The lines of an answer that has no end, as they come. Raises HostError, also where there is none for long."""

    def close(self) -> None:
        """Let go of sockets."""


def connect(host: Host) -> Connection:
    """A connection over the transport that the host's URL names.

    Raises
    ------
    HostError
        When that is known not to work already: no certificates, no way to speak the scheme, a refused ssh login.
    """
    try:
        return EngineConnection(host, _session(_checked(host)))
    except HostError:
        raise
    except Exception as error:
        raise host_error(error, host) from error


class EngineConnection:
    """A connection to a real engine.

    It asks through the sockets of docker-py's transport at once. What `requests` does around that, such as cookies,
    redirects and proxies, is nothing to an engine, and takes a third of the time of a request.
    """

    def __init__(self, host: Host, session: _ReadOnlySession) -> None:
        self._host = host
        self._session = session
        self._sockets = session.sockets()
        self._base_path = urlsplit(session.base_url).path
        self._headers = {name: str(value) for name, value in session.headers.items() if name not in _IMPLIED_HEADERS}

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of the answer to one GET request.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, or takes or sends more than its limits.
        """
        with within(timeouts.answer_seconds), self._answer(path, params, timeouts) as response:
            return self._read(response, path)

    def lines(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> Iterator[bytes]:
        """The lines of an answer that has no end, as they come; an empty one first, once the host has begun to answer.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, ends the answer, sends a line past its limit, or
            nothing for as long as the read timeout.
        """
        with self._answer(path, params, timeouts) as response:
            yield b""
            begun = b""
            while chunk := response.read1(_CHUNK_BYTES):
                *whole, begun = (begun + chunk).split(b"\n")
                yield from (line for line in whole if line)
                if len(begun) > self._host.max_answer_bytes:
                    raise HostError.at(self._host.name, "too_large", f"{path} sent a line without an end")
        raise HostError.at(self._host.name, "disconnected", f"{path} ended")

    @contextlib.contextmanager
    def _answer(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> Iterator[BaseHTTPResponse]:
        """An answer whose body is still to be read. Whatever fails meanwhile is a HostError."""
        try:
            with contextlib.ExitStack() as closing:
                with within(timeouts.answer_seconds):
                    response = self._send(path, params, timeouts)
                    closing.callback(response.release_conn)
                    closing.callback(response.close)
                    self._check_status(response, path)
                yield response
        except HostError:
            raise
        except Exception as error:
            raise host_error(error, self._host) from error

    def close(self) -> None:
        """Let go of sockets."""
        self._session.close()

    def _send(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> BaseHTTPResponse:
        return self._sockets.urlopen(
            "GET",
            self._base_path + path + ("?" + urlencode(params) if params else ""),
            headers=self._headers,
            timeout=Timeout(timeouts.connect_seconds, timeouts.read_seconds),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
        )

    def _check_status(self, response: BaseHTTPResponse, path: str) -> None:
        status = response.status
        if status == 200:
            return
        kind, remedy = _STATUS_KINDS.get(status, ("http", "Look into the engine's log."))
        if 300 <= status < 400:
            kind, remedy = "redirected", "Name the URL that it points to, if that is the engine."
        said = response.read(200, decode_content=False).decode("utf-8", errors="replace").strip()
        raise HostError.at(self._host.name, kind, f"{path} answered {status}: {said or response.reason}", remedy)

    def _announced(self, response: BaseHTTPResponse, path: str) -> int:
        """The size that the answer says it has; 0 where it says none."""
        text = response.headers.get("Content-Length") or "0"
        if not (text.isascii() and text.isdigit()):
            raise HostError.at(
                self._host.name,
                "invalid_answer",
                f"{path} has the Content-Length {text[:40]!r}",
                "Look at what stands between this machine and the engine.",
            )
        return int(text)

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
            raise HostError.at(
                self._host.name,
                "too_large",
                f"{path} is larger than {limit} bytes",
                "Raise max_answer_bytes for this host if that is right.",
            )
        if received < announced:
            raise HostError.at(
                self._host.name,
                "disconnected",
                f"{path} broke off after {received} of {announced} bytes",
                "Gather again; look at what stands between if it happens again.",
            )
        return b"".join(chunks)


_STATUS_KINDS: Final = {
    401: ("unauthorized", "Give this host credentials that its engine or proxy accepts."),
    403: ("unauthorized", "Allow reading /containers, /version and /info at the engine or its proxy."),
    404: ("not_found", "Check that the URL is that of a Docker engine."),
}


class _ReadOnlySession(docker.APIClient):
    """docker-py's client, without any request that is not GET or HEAD, and with deadlines over answers."""

    def mount(self, prefix: str | bytes, adapter: requests.adapters.BaseAdapter) -> None:
        super().mount(prefix, held_to_deadlines(adapter))

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:
        if request.method not in _READING:
            raise ReadOnlyError(
                f"dockerframe only reads: {request.method} {request.path_url} was not sent.",
                remedy="Change hosts with docker itself.",
            )
        return super().send(request, **options)  # type: ignore[arg-type]

    def sockets(self) -> HTTPConnectionPool:
        """The pool of connections to the host, with the identity that this session has."""
        request = self.prepare_request(requests.Request("GET", self.base_url))
        adapter = cast("HTTPAdapter", self.get_adapter(self.base_url))
        pool = adapter.get_connection_with_tls_context(request, self.verify, cert=self.cert)
        adapter.cert_verify(pool, self.base_url, self.verify, self.cert)  # type: ignore[no-untyped-call]
        return cast("HTTPConnectionPool", pool)


def _checked(host: Host) -> Host:
    """A host as the fleet file would have it: one that was made in Python was not checked yet."""
    try:
        checked = replace(host, url=checked_url(host.url))
    except InvalidUrlError as error:
        raise HostError.at(host.name, "unsupported", str(error), "Mend the URL of the host.") from error
    if checked.tls is None:
        if checked.scheme in TLS_SCHEMES:
            problem = f"{checked.url} uses TLS, and there is no ca_file to verify its certificate by"
            raise HostError.at(host.name, "tls", problem, "Give the host tls=TlsFiles(ca_file, cert_file, key_file).")
        return checked
    files = (checked.tls.ca_file, checked.tls.cert_file, checked.tls.key_file)
    missing = [str(file) for file in files if file is not None and not file.is_file()]
    if missing:
        raise HostError.at(host.name, "tls", f"no such file: {', '.join(missing)}", "Mend the files of the host's tls.")
    return checked


def _session(host: Host) -> _ReadOnlySession:
    timeout = host.timeouts.connect_seconds
    match host.scheme:
        case "unix" | "npipe":
            session = _bare_session(host.url, timeout)
        case "ssh":
            session = _bare_session("tcp://localhost:2375", timeout)
            session.mount("http+docker://", ssh_adapter(host))
            session.base_url = "http+docker://ssh"
        case "agent":
            session = _bare_session(f"tcp://{host.address}", timeout)
            identity = agent_identity(host)
            session.verify, session.cert = identity.verify, identity.cert
            session.mount("https://", AgentAdapter(identity))
            session.base_url = f"https://{host.address}"
        case _:
            session = _network_session(host, timeout)
    return session


def _network_session(host: Host, timeout: float) -> _ReadOnlySession:
    if host.tls is None:
        return _bare_session(f"tcp://{host.address}", timeout)
    client_cert = (str(host.tls.cert_file), str(host.tls.key_file)) if host.tls.cert_file is not None else None
    tls = TLSConfig(ca_cert=str(host.tls.ca_file), client_cert=client_cert, verify=True)
    session = _bare_session(f"tcp://{host.address}", timeout, tls)
    session.base_url = f"https://{host.address}"
    return session


def _bare_session(base_url: str, timeout: float, tls: TLSConfig | None = None) -> _ReadOnlySession:
    session = _ReadOnlySession(
        base_url=base_url,
        version=_PLACEHOLDER_VERSION,
        timeout=timeout,  # type: ignore[arg-type]
        tls=tls or False,
    )
    # Proxies and certificate bundles of the environment must not stand between a host and what the fleet says.
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    return session
