"""Tests against recorded fleets: cassettes with the answers of real engines (extra `testing`).

In a test suite that uses pytest-recording, `-p dockerframe.pytest_plugin` (or `pytest_plugins` in the topmost
conftest.py) makes `@pytest.mark.vcr` work with docker-py's sockets, removes secrets from recordings, and sends one
request at a time. `recorded` does the same for one block of code, for example in a notebook.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docker.transport import unixconn
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ProtocolError

from dockerframe._redaction import REDACTED, is_secret_name, redact_text
from dockerframe._transport import shared_pool
from dockerframe._transport.sockets import SocketConnection, SocketPool
from dockerframe.errors import SnapshotError, needs_extra

with needs_extra("testing"):
    from vcr import VCR
    from vcr.patch import reset_patchers
    from vcr.record_mode import RecordMode
    from vcr.stubs import VCRHTTPConnection

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["configuration", "one_request_at_a_time", "recorded", "register_sockets", "scrubber"]

_KEPT_HEADERS: Final = frozenset({"content-type", "api-version"})


class UnixCassetteConnection(VCRHTTPConnection):  # type: ignore[misc]
    """A connection to a Unix socket under a cassette; its requests are recorded as requests to http://localhost."""

    _baseclass = unixconn.UnixHTTPConnection


class SocketCassetteConnection(VCRHTTPConnection):  # type: ignore[misc]
    """A connection over TCP, TLS or ssh under a cassette; its requests are recorded as requests over http."""

    _baseclass = SocketConnection


def register_sockets(vcr: VCR) -> VCR:
    """Make vcrpy record and replay connections to engines.

    Parameters
    ----------
    vcr
        The recorder; it is changed.

    Returns
    -------
    vcr.VCR
        The same recorder.
    """
    vcr._custom_patches += (  # noqa: SLF001 - vcrpy has no public way to add connections
        (unixconn, "UnixHTTPConnection", UnixCassetteConnection),
        (unixconn.UnixHTTPConnectionPool, "ConnectionCls", UnixCassetteConnection),
        (SocketPool, "ConnectionCls", SocketCassetteConnection),
    )
    return vcr


def configuration(instead: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The settings of vcrpy and pytest-recording for cassettes of engines: the value of the fixture `vcr_config`.

    Requests are matched by everything except the host, so that a cassette of one engine replays for any.

    Parameters
    ----------
    instead
        Replacements for texts that must not be in a cassette. The name of this machine is always replaced.

    Returns
    -------
    dict
        Keyword arguments of vcrpy.
    """
    return {
        "allow_playback_repeats": True,
        "decode_compressed_response": True,
        "filter_headers": ["User-Agent", "Connection", "Accept", "Accept-Encoding"],
        "before_record_response": scrubber(instead or {}),
        "match_on": ("method", "scheme", "port", "path", "query"),
    }


def scrubber(instead: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that removes secrets and traces of the recording machine from an answer.

    Secrets are the same as in `Snapshot.redacted`.

    Parameters
    ----------
    instead
        Replacements for further texts.

    Returns
    -------
    callable
        From a response of vcrpy to the response to record.

    Examples
    --------
    >>> answer = {"headers": {"Date": ["today"]}, "body": {"string": b"at secret.example.com"}}
    >>> scrubber({"secret.example.com": "host.example.com"})(answer)["body"]["string"]
    b'at host.example.com'
    """
    replaced = {socket.gethostname(): "recorded-host", **instead}

    def scrub(response: dict[str, Any]) -> dict[str, Any]:
        body = _without_secrets(response["body"]["string"])
        for text, replacement in replaced.items():
            if text:
                body = body.replace(text.encode(), replacement.encode())
        kept = {name: value for name, value in response["headers"].items() if name.lower() in _KEPT_HEADERS}
        headers = {**kept, "Content-Length": [str(len(body))]}
        return {**response, "headers": headers, "body": {**response["body"], "string": body}}

    return scrub


def _without_secrets(body: bytes) -> bytes:
    """A JSON document without its secrets; any other body unchanged."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    redacted = _redacted("", document)
    return body if redacted == document else json.dumps(redacted, separators=(",", ":"), ensure_ascii=False).encode()


def _redacted(name: str, value: Any) -> Any:
    match value:
        case dict():
            return {key: _redacted(key, item) for key, item in value.items()}
        case list():
            return [_redacted(name, item) for item in value]
        case str():
            return REDACTED if value and is_secret_name(name) else redact_text(value)
    return value


@contextmanager
def one_request_at_a_time() -> Iterator[None]:
    """Send one request at a time in all threads, because vcrpy replaces classes of the whole process.

    When the block ends, a request that is still running is waited for, and later ones fail.
    """
    # A request may send another one, for example after a redirect.
    lock, ended, send = threading.RLock(), threading.Event(), HTTPConnectionPool.urlopen

    def send_alone(self: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        with lock:
            if ended.is_set():
                raise ProtocolError(f"{url} was requested after the cassette had ended.")
            return send(self, method, url, *arguments, **options)

    # Shared clients stay open for some seconds after the block, and their state belongs to its cassette.
    shared_pool.close_all()
    patched = [(patcher.getter(), patcher.attribute) for patcher in reset_patchers()]
    originals = [getattr(target, attribute) for target, attribute in patched]
    HTTPConnectionPool.urlopen = send_alone  # type: ignore[method-assign]
    try:
        yield
    finally:
        ended.set()
        HTTPConnectionPool.urlopen = send  # type: ignore[method-assign]
        with lock:
            # A request that outlived the cassette restored the classes of the cassette.
            for (target, attribute), original in zip(patched, originals, strict=True):
                setattr(target, attribute, original)
        shared_pool.close_all()


@contextmanager
def recorded(
    cassette: str | os.PathLike[str], *, record: bool = False, instead: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Answer requests to engines from a cassette, or record one.

    Only new clients of the shared pool are replayed: fleets of `from_file`, `from_mapping`, `from_urls` and the like.

    Parameters
    ----------
    cassette
        The file.
    record
        Whether to query the engines and record their answers.
    instead
        Replacements for texts that must not be recorded; see `configuration`.

    Raises
    ------
    SnapshotError
        When the cassette does not exist and is not recorded.
    """
    path = Path(cassette)
    if not record and not path.is_file():
        raise SnapshotError(f"The cassette {path} does not exist.", remedy="Record it first, with record=True.")
    mode = RecordMode.ALL if record else RecordMode.NONE
    vcr = register_sockets(VCR())
    with one_request_at_a_time(), vcr.use_cassette(str(path.absolute()), record_mode=mode, **configuration(instead)):
        yield
