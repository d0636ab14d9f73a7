"""Cassettes: what vcrpy must be told of docker-py, and what is scrubbed when they are recorded."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from docker.transport import unixconn
from vcr import VCR
from vcr.stubs import VCRHTTPConnection

from dockerframe.clients import shared_pool

CASSETTES = Path(__file__).parents[2] / "cassettes"


class UnixCassetteConnection(VCRHTTPConnection):
    """A socket's connection under a cassette; its requests are recorded as of http://localhost."""

    _baseclass = unixconn.UnixHTTPConnection


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:
    """docker-py's pool makes its connections by this name, which vcrpy does not know by itself."""
    vcr._custom_patches += (
        (unixconn, "UnixHTTPConnection", UnixCassetteConnection),
        (unixconn.UnixHTTPConnectionPool, "ConnectionCls", UnixCassetteConnection),
    )


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return {
        "allow_playback_repeats": True,
        "decode_compressed_response": True,
        "filter_headers": ["User-Agent", "Connection", "Accept", "Accept-Encoding"],
        "before_record_response": scrub,
        "match_on": ("method", "scheme", "port", "path", "query"),
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / Path(request.node.fspath).stem)


@pytest.fixture(autouse=True)
def no_client_of_another_cassette() -> Iterator[None]:
    """Shared clients outlive a test by some seconds; what they negotiated belongs to its cassette."""
    shared_pool.close_all()
    yield
    shared_pool.close_all()


@pytest.fixture(autouse=True)
def one_request_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """vcrpy swaps classes for the whole process, so that threads must take turns under it. In tests only."""
    turn, send = threading.Lock(), requests.Session.send

    def send_in_turn(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with turn:
            return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", send_in_turn)


def scrub(response: dict[str, Any]) -> dict[str, Any]:
    """An answer without the machine that gave it, and without headers that tell nothing."""
    body: bytes = response["body"]["string"]
    for place, instead in (
        (socket.gethostname(), "recorded-host"),
        (os.environ.get("DOCKERFRAME_RECORD_FOLDER", ""), "/recorded"),
    ):
        if place:
            body = body.replace(place.encode(), instead.encode())
    response["body"]["string"] = body
    kept = {"content-type", "api-version"}
    response["headers"] = {name: value for name, value in response["headers"].items() if name.lower() in kept}
    response["headers"]["Content-Length"] = [str(len(body))]
    return response
