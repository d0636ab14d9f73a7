"""A client: one connection to one host, one request at a time, made anew when it breaks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Self

from dockerframe._decode.documents import parse_document
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from types import TracebackType

    from dockerframe._config.host import Host, Timeouts
    from dockerframe._transport.connection import Connection

NEWEST_API_VERSION: Final = "1.52"
"""The newest Engine API whose answers are known here; an engine that speaks a newer one is asked in this."""

_BROKEN: Final = frozenset({"disconnected", "refused", "no_socket", "ssh"})


class Client:
    """A connected client. Get one from `dockerframe.new_client`, and close it.

    Attributes
    ----------
    host
        The host it talks to.
    api_version
        The version of the Engine API that both ends speak; None where the host does not tell its own.
    version
        The answer to `GET /version`, empty where the host does not give it.
    """

    def __init__(self, host: Host, connect: Callable[[Host], Connection], release: Callable[[Client], None]) -> None:
        self.host = host
        self.api_version: str | None = None
        self.version: dict[str, Any] = {}
        self._connect = connect
        self._release = release
        # There is one connection, so that requests to the host take turns.
        self._turn = threading.RLock()
        self._connection: Connection | None = None
        self._proven = False

    def __repr__(self) -> str:
        """Show the host."""
        return f"Client({self.host.name!r}, {self.host.url!r}, api_version={self.api_version!r})"

    def __enter__(self) -> Self:
        """Use it in a `with` statement, which closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection, which may have broken since it was last used."""
        return self._connection is not None

    def open(self) -> None:
        """Connect, and settle the API version.

        Raises
        ------
        HostError
            When the host can't be reached.
        """
        with self._turn:
            self._open()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeouts: Timeouts | None = None) -> bytes:
        """The body of the answer to `GET path` of the Engine API.

        A connection that broke since the last request is made anew once.

        Raises
        ------
        HostError
            When the host can't be reached, or answers with an error.
        """
        with self._turn:
            if self._connection is None:
                self._open()
            try:
                return self._send(path, params or {}, timeouts)
            except HostError as error:
                if error.kind not in _BROKEN or not self._proven:
                    raise
            self.disconnect()
            self._open()
            return self._send(path, params or {}, timeouts)

    def get_object(
        self, path: str, params: Mapping[str, str] | None = None, *, timeouts: Timeouts | None = None
    ) -> dict[str, Any]:
        """The JSON object that `GET path` answers with.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, or with something else.
        """
        return self._object(self.get(path, params, timeouts=timeouts), path)

    def lines(self, path: str, params: Mapping[str, str], *, timeouts: Timeouts) -> Generator[bytes]:
        """The lines of an answer that has no end, such as `/events`; an empty one first, once it has begun.

        Nothing else can be asked meanwhile: take a unique client for it.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, or the answer ends or stays away.
        """
        with self._turn:
            if self._connection is None:
                self._open()
            connection = self._connection
            if connection is None:
                raise HostError.at(self.host.name, "disconnected", "not connected")
            yield from connection.lines(self._versioned(path), params, timeouts)

    def close(self) -> None:
        """Give it back to the pool, which keeps it for others; a unique one is disconnected."""
        self._release(self)

    def disconnect(self) -> None:
        """Let go of the connection; the next request makes a new one."""
        with self._turn:
            connection, self._connection, self._proven = self._connection, None, False
            if connection is not None:
                connection.close()

    def _open(self) -> None:
        connection = self._connect(self.host)
        try:
            self.version = self._object(connection.get("/version", {}, self.host.timeouts), "/version")
        except HostError as error:
            # A proxy in front of a socket may hide the version and still show the containers.
            if error.kind != "unauthorized":
                connection.close()
                raise
            self.version = {}
        self.api_version = _negotiated(self.version.get("ApiVersion"))
        self._connection = connection

    def _send(self, path: str, params: Mapping[str, str], timeouts: Timeouts | None) -> bytes:
        if self._connection is None:
            raise HostError.at(self.host.name, "disconnected", "not connected")
        body = self._connection.get(self._versioned(path), params, timeouts or self.host.timeouts)
        self._proven = True
        return body

    def _versioned(self, path: str) -> str:
        return f"/v{self.api_version}{path}" if self.api_version and path.startswith(_VERSIONED) else path

    def _object(self, body: bytes, path: str) -> dict[str, Any]:
        try:
            document = parse_document(body)
        except ValueError as error:
            raise self._no_object(path) from error
        if not isinstance(document, dict):
            raise self._no_object(path)
        return document

    def _no_object(self, path: str) -> HostError:
        remedy = "Check that the URL is that of a Docker engine."
        return HostError.at(self.host.name, "invalid_answer", f"{path} is no JSON object", remedy)


_VERSIONED: Final = ("/containers", "/info", "/events", "/images", "/networks")


def _negotiated(api_version: object) -> str | None:
    if not isinstance(api_version, str) or not api_version:
        return None
    return min(api_version, NEWEST_API_VERSION, key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
