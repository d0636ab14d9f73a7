"""A client: one connection to one host, one request at a time, in the version of the API that both ends speak."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from dockerframe._config.host import Timeouts
from dockerframe._decode.documents import parse_document
from dockerframe.errors import HostAnswerError, HostError, HostTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from types import TracebackType

    from dockerframe._config.host import Host
    from dockerframe._transport.connection import Connection

NEWEST_API_VERSION: Final = "1.55"
"""The newest Engine API whose answers are known here; newer engines are asked in this version where they allow it."""

# What a server or proxy may answer instead of something that is not needed; no answer in time is one of them.
_OPTIONAL: Final = frozenset(
    {"unauthorized", "not_found", "http", "redirected", "invalid_answer", "too_large", "read_timeout"}
)
# A host that does not answer at all must not take its read timeout once for every optional path.
_OPTIONAL_SHARE: Final = 1 / 3
# An allow list by version refuses unversioned paths in one of these ways.
_REFUSED: Final = frozenset({"unauthorized", "not_found"})
_VERSION: Final = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
# "client version 1.60 is too new. Maximum supported API version is 1.41", and the same with "old" and "Minimum".
_OTHER_VERSION: Final = re.compile(r"(?:Maximum|Minimum) (?:supported )?API version is ([0-9]{1,3}\.[0-9]{1,3})")


class ContainerList(NamedTuple):
    """The answer of a host for its list of containers.

    Attributes
    ----------
    body
        The JSON array.
    size_error
        Why the list has no sizes although they were asked for; None where it has them, or need not.
    """

    body: bytes
    size_error: HostError | None


@dataclass(slots=True)
class _LastTimeout:
    """When a request timed out the last time, and its error."""

    at: float = 0.0
    error: HostError | None = None


class Client:
    """A connected client. Get one from `dockerframe.new_client`, and close it.

    Attributes
    ----------
    host
        The host it talks to.
    api_version
        The version of the Engine API that both ends speak; None where the host does not report its own.
    version
        The answer to `GET /version`; empty where the host does not give it.
    """

    def __init__(self, host: Host, connect: Callable[[Host], Connection], release: Callable[[Client], None]) -> None:
        self.host = host
        self.api_version: str | None = None
        self.version: dict[str, Any] = {}
        self._connect = connect
        self._release = release
        # There is one connection: requests to the host take turns.
        self._turn = threading.RLock()
        self._connection: Connection | None = None
        self._timed_out = _LastTimeout()
        self._optional_timed_out = _LastTimeout()

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
        """Connect, and settle the API version. A client that is connected already does nothing.

        Raises
        ------
        HostError
            When the host can't be reached.
        """
        with self._turn:
            self._opened()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeouts: Timeouts | None = None) -> bytes:
        """The body of the answer to `GET path` of the Engine API.

        A connection that the host closed since the last request is opened again. A request that waited while another
        one timed out fails with it: hosts of one URL do not wait for it one after the other.

        Raises
        ------
        HostError
            When the host can't be reached, or answers with an error.
        """
        return self._in_turn(path, params or {}, timeouts or self.host.timeouts, self._timed_out)

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

    def get_optional(self, path: str) -> dict[str, Any]:
        """The JSON object that `GET path` answers with; empty where the host answers with anything else, or too late.

        Ask for what is needed first: this takes a third of the read timeout at most, and never raises HostError.
        """
        try:
            # What times out here fails other optional requests only: the list of another host of this URL may answer.
            return self._object(self._in_turn(path, {}, self._optional_timeouts, self._optional_timed_out), path)
        except HostError:
            return {}

    def containers(self, *, size: bool = False, timeouts: Timeouts | None = None) -> ContainerList:
        """The list of all containers, with their sizes where the engine can measure them.

        An engine fails to measure when one container is dead: the list is then asked for without sizes.

        Raises
        ------
        HostError
            When the host can't be reached, or answers with an error.
        """
        params = {"all": "1"}
        if not size:
            return ContainerList(self.get("/containers/json", params, timeouts=timeouts), None)
        try:
            return ContainerList(self.get("/containers/json", {**params, "size": "1"}, timeouts=timeouts), None)
        except HostAnswerError as error:
            if error.status not in {404, 500}:
                raise
            return ContainerList(self.get("/containers/json", params, timeouts=timeouts), error)

    def lines(
        self, path: str, params: Mapping[str, str], *, timeouts: Timeouts, silence: float | None = None
    ) -> Generator[bytes]:
        """The lines of an answer without an end, such as `/events`; an empty one first, once it begins.

        Nothing else can be asked meanwhile: use a unique client for it. After the answer began, the host may send
        nothing for `silence` seconds, or for the read timeout without it.

        Raises
        ------
        HostError
            When the host can't be reached, answers with an error, or the answer ends or stalls.
        """
        with self._turn:
            connection = self._opened()
            yield from connection.lines(self._versioned(path), params, timeouts, silence=silence)

    def interrupt(self) -> None:
        """End the answer under way, from another thread: the request fails as `disconnected`."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Give it back to the pool, which keeps it for others; a unique one is disconnected."""
        self._release(self)

    def disconnect(self) -> None:
        """Close the connection; the next request opens another."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _in_turn(self, path: str, params: Mapping[str, str], timeouts: Timeouts, last: _LastTimeout) -> bytes:
        """The body of an answer. A request that waited while another of its kind timed out fails with it."""
        asked = time.monotonic()
        with self._turn:
            for timeout in (self._timed_out, last):
                if timeout.error is not None and timeout.at > asked:
                    raise timeout.error
            try:
                return self._get(self._opened(), path, params, timeouts)
            except HostTimeoutError as error:
                last.at, last.error = time.monotonic(), error
                raise

    def _opened(self) -> Connection:
        """The connection, opened where it is not yet."""
        if self._connection is None:
            connection = self._connect(self.host)
            try:
                self._negotiate(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _negotiate(self, connection: Connection) -> None:
        """Settle the API version: from `/version`, else from the header of `/_ping`, else as requests show it."""
        self.api_version, self.version = None, {}
        offered: object = None
        try:
            self.version = self._object(self._get(connection, "/version", {}, self._optional_timeouts), "/version")
            offered = self.version.get("ApiVersion")
        except HostError as error:
            if error.kind not in _OPTIONAL:
                raise
            if error.kind != "read_timeout":
                offered = self._pinged(connection)
        self.api_version = _negotiated(offered, self.version.get("MinAPIVersion")) or self.api_version

    def _pinged(self, connection: Connection) -> str | None:
        try:
            headers = connection.head("/_ping", self._optional_timeouts)
        except HostError as error:
            if error.kind not in _OPTIONAL:
                raise
            return None
        return next((value for name, value in headers.items() if name.lower() == "api-version"), None)

    @property
    def _optional_timeouts(self) -> Timeouts:
        limits = self.host.timeouts
        return Timeouts(limits.connect_timeout, limits.read_timeout * _OPTIONAL_SHARE)

    def _get(self, connection: Connection, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        """The body of an answer, in the version of the API that the host accepts."""
        try:
            return connection.get(self._versioned(path), params, timeouts)
        except HostError as error:
            version = _other_version(error)
            if version is None and (self.api_version is not None or error.kind not in _REFUSED):
                raise
            if version is None and not path.startswith(_VERSIONED):
                raise
            refusal = error
        try:
            return self._get_in(connection, version or NEWEST_API_VERSION, path, params, timeouts)
        except HostError as error:
            version = _other_version(error)
            if version is None:
                # What the host answers without a version says more than what it answers to a guess.
                raise refusal from error
        return self._get_in(connection, version, path, params, timeouts)

    def _get_in(
        self, connection: Connection, version: str, path: str, params: Mapping[str, str], timeouts: Timeouts
    ) -> bytes:
        body = connection.get(f"/v{version}{path}", params, timeouts)
        self.api_version = version
        return body

    def _versioned(self, path: str) -> str:
        is_versioned = self.api_version is not None and path.startswith(_VERSIONED) and path != "/version"
        return f"/v{self.api_version}{path}" if is_versioned else path

    def _object(self, body: bytes, path: str) -> dict[str, Any]:
        try:
            document = parse_document(body)
        except ValueError as error:
            raise self._not_an_object(path) from error
        if not isinstance(document, dict):
            raise self._not_an_object(path)
        return document

    def _not_an_object(self, path: str) -> HostError:
        remedy = "Check that the URL is that of a Docker engine."
        return HostError.at(self.host.name, "invalid_answer", f"{path} is not a JSON object", remedy)


_VERSIONED: Final = ("/containers", "/info", "/events", "/images", "/networks", "/version")


def _other_version(error: HostError) -> str | None:
    """The version of the API that an engine asks for when it refuses another."""
    found = _OTHER_VERSION.search(error.message) if error.status == 400 else None
    return found[1] if found is not None else None


def _negotiated(offered: object, oldest: object) -> str | None:
    """The newest version that both ends know; an engine that requires a newer one gets its oldest."""
    if not isinstance(offered, str) or not _VERSION.fullmatch(offered):
        return None
    version = min(offered, NEWEST_API_VERSION, key=_numbers)
    if isinstance(oldest, str) and _VERSION.fullmatch(oldest):
        version = max(version, oldest, key=_numbers)
    return version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
