"""Tests against recorded fleets: cassettes of what real engines answered (extra `testing`).

In a test suite that uses pytest-recording, `-p dockerframe.pytest_plugin` (or `pytest_plugins` in the topmost
conftest.py) makes `@pytest.mark.vcr` work with docker-py's sockets, scrubs what is recorded, and has threads take
turns. `recorded` does the same for one block of code, in a notebook for instance.
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

_KEPT_HEADERS: Final = frozenset({"content-type", "api-version"})


class UnixCassetteConnection(VCRHTTPConnection):  # type: ignore[misc]
    """A connection to a Unix socket under a cassette; its requests are recorded as of http://localhost."""

    _baseclass = unixconn.UnixHTTPConnection


class SocketCassetteConnection(VCRHTTPConnection):  # type: ignore[misc]
    """A connection over TCP, TLS or ssh under a cassette; its requests are recorded as of http."""

    _baseclass = SocketConnection


def teach(vcr: VCR) -> VCR:
    """Make connections to engines known to vcrpy, which does not know them on its own."""
    vcr._custom_patches += (  # noqa: SLF001 - there is no other way in
        (unixconn, "UnixHTTPConnection", UnixCassetteConnection),
        (unixconn.UnixHTTPConnectionPool, "ConnectionCls", UnixCassetteConnection),
        (SocketPool, "ConnectionCls", SocketCassetteConnection),
    )
    return vcr


def configuration(instead: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What vcrpy and pytest-recording should be told for cassettes of engines: the value of the fixture `vcr_config`.

    Requests are matched by all but their host, so that a cassette of one engine replays for any. `instead` maps texts
    that must not be in a cassette to what stands there instead; the name of this machine is replaced anyway.
    """
    return {
        "allow_playback_repeats": True,
        "decode_compressed_response": True,
        "filter_headers": ["User-Agent", "Connection", "Accept", "Accept-Encoding"],
        "before_record_response": scrubber(instead or {}),
        "match_on": ("method", "scheme", "port", "path", "query"),
    }


def scrubber(instead: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that takes out of an answer secrets, and what tells of the machine that gave it.

    Secrets are what they are in `Snapshot.redacted`.

    Examples
    --------
    >>> answer = {"headers": {"Date": ["today"]}, "body": {"string": b"at secret.example.com"}}
    >>> scrubber({"secret.example.com": "host.example.com"})(answer)["body"]["string"]
    b'at host.example.com'
    """
    replaced = {socket.gethostname(): "recorded-host", **instead}

    def scrub(response: dict[str, Any]) -> dict[str, Any]:
        body = _without_secrets(response["body"]["string"])
        for text, other in replaced.items():
            if text:
                body = body.replace(text.encode(), other.encode())
        kept = {name: value for name, value in response["headers"].items() if name.lower() in _KEPT_HEADERS}
        headers = {**kept, "Content-Length": [str(len(body))]}
        return {**response, "headers": headers, "body": {**response["body"], "string": body}}

    return scrub


def _without_secrets(body: bytes) -> bytes:
    """A JSON document without secrets in it; anything else as it is."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    redacted = _redacted("", document)
    return body if redacted == document else json.dumps(redacted, separators=(",", ":"), ensure_ascii=False).encode()


def _redacted(name: str, value: Any) -> Any:
    match value:
        case dict():
            return {key: _redacted(key, one) for key, one in value.items()}
        case list():
            return [_redacted(name, one) for one in value]
        case str():
            return REDACTED if value and is_secret_name(name) else redact_text(value)
    return value


@contextmanager
def taking_turns() -> Iterator[None]:
    """Have threads send one request at a time: vcrpy swaps classes for the whole process, and must not be raced.

    Nothing is sent any more once the block has ended, and a request that is still under way then is waited for.
    """
    # One request may send another on its way, such as after a redirect.
    turn, ended, send = threading.RLock(), threading.Event(), HTTPConnectionPool.urlopen

    def send_in_turn(self: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        with turn:
            if ended.is_set():
                raise ProtocolError(f"{url} was asked for after its cassette had ended.")
            return send(self, method, url, *arguments, **options)

    # Shared clients outlive a block by some seconds; what they negotiated belongs to its cassette.
    shared_pool.close_all()
    swapped = [(one.getter(), one.attribute) for one in reset_patchers()]
    found = [getattr(*one) for one in swapped]
    HTTPConnectionPool.urlopen = send_in_turn  # type: ignore[method-assign]
    try:
        yield
    finally:
        ended.set()
        HTTPConnectionPool.urlopen = send  # type: ignore[method-assign]
        with turn:
            # A request that outlived the cassette put back what it had found: the cassette's own classes.
            for (target, attribute), value in zip(swapped, found, strict=True):
                setattr(target, attribute, value)
        shared_pool.close_all()


@contextmanager
def recorded(
    cassette: str | os.PathLike[str], *, record: bool = False, instead: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Answer requests to engines from a cassette; with `record` ask the engines, and keep what they answer.

    Only requests of the shared pool's new clients are seen: fleets of `from_file`, `from_mapping`, `from_urls`, …

    Raises
    ------
    SnapshotError
        When there is no such cassette, unless it is to be recorded.
    """
    path = Path(cassette)
    if not record and not path.is_file():
        raise SnapshotError(f"There is no cassette {path}.", remedy="Record it first, with record=True.")
    mode = RecordMode.ALL if record else RecordMode.NONE
    vcr = teach(VCR())
    with taking_turns(), vcr.use_cassette(str(path.absolute()), record_mode=mode, **configuration(instead)):
        yield
