"""Cassettes outside a test suite: recorded from a real server, replayed without it."""

from __future__ import annotations

import http.client
import socket
import threading
from pathlib import Path

import pytest
import requests
import urllib3

import dockerframe as dkf
from dockerframe import testing
from tests.engines.process import free_port

CASSETTE = Path(__file__).parents[2] / "cassettes" / "test_recorded" / "test_docker_20.yaml"


def test_a_cassette_replays_for_any_socket() -> None:
    fleet = dkf.Fleet.from_urls(["a=unix:///nowhere.sock", f"b=tcp://127.0.0.1:{free_port()}"])
    with testing.recorded(CASSETTE):
        snap = fleet.snapshot(progress=False)
    assert snap.hosts["ok"].to_list() == [True, False]
    assert fleet.snapshot(progress=False).hosts["ok"].to_list() == [False, False]


def test_missing_cassette_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(dkf.SnapshotError, match="does not exist"), testing.recorded(tmp_path / "none.yaml"):
        pass


def test_request_that_outlives_its_cassette_restores_all_classes(tmp_path: Path) -> None:
    """vcrpy restores its classes after a request, even if the cassette has ended in the meantime."""
    own = [http.client.HTTPConnection, urllib3.connectionpool.HTTPConnectionPool.ConnectionCls]
    failed: list[Exception] = []

    def send_more_than_the_server_reads() -> None:
        try:
            requests.post(f"http://127.0.0.1:{server.getsockname()[1]}/", data=b" " * 50_000_000, timeout=20)
        except requests.RequestException as error:
            failed.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = threading.Thread(target=send_more_than_the_server_reads)
        with testing.recorded(tmp_path / "one.yaml", record=True):
            sender.start()
            connection, _ = server.accept()
            # The request is being sent, and blocks.
            assert connection.recv(1)
            # A retry must not be answered.
            server.close()
            hang_up = threading.Timer(0.3, connection.close)
            hang_up.start()
        sender.join()
        hang_up.join()
    assert len(failed) == 1
    assert [http.client.HTTPConnection, urllib3.connectionpool.HTTPConnectionPool.ConnectionCls] == own


def test_no_request_is_sent_after_the_cassette_has_ended(tmp_path: Path) -> None:
    with testing.recorded(tmp_path / "one.yaml", record=True):
        send = urllib3.HTTPConnectionPool.urlopen
    with (
        urllib3.HTTPConnectionPool("127.0.0.1", 1) as sockets,
        pytest.raises(urllib3.exceptions.ProtocolError, match="after the cassette had ended"),
    ):
        send(sockets, "GET", "/version")
