"""What HTTP, name services and proxies do between this machine and an engine, over real sockets."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._config.host import Timeouts
from dockerframe._transport.connection import connect
from tests.summaries import summary
from tests.unit.test_failures import LIST, Speak, answer, engine, serving, snapshot

SHORT = Timeouts(0.5, 0.5)


def row_of(speak: Speak, **options: object) -> dict[str, Any]:
    with serving(speak) as url:
        return snapshot(url, **options).hosts.row(0, named=True)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + answer(LIST),
        answer(b"\xef\xbb\xbf" + LIST),
        answer(LIST, headers=f"Content-Length: {len(LIST)}\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (len(LIST), LIST),
        b"HTTP/1.0 200 OK\r\n\r\n" + LIST,
    ],
    ids=["interim answers", "byte order mark", "length twice", "length and chunks", "until it closes"],
)
def test_answers_as_http_allows_them(sent: bytes) -> None:
    def speak(connection: socket.socket, path: str) -> None:
        engine(sent)(connection, path)
        if sent.startswith(b"HTTP/1.0") and "containers" in path:
            connection.shutdown(socket.SHUT_RDWR)

    row = row_of(speak)
    assert (row["ok"], row["containers"]) == (True, 1), row["error"]


@pytest.mark.parametrize("status", ["401 No", "403 No", "404 No", "405 No", "500 No", "502 No", "200 OK"])
def test_version_may_answer_anything(status: str) -> None:
    def speak(connection: socket.socket, path: str) -> None:
        hides = path.endswith(("/version", "/_ping"))
        connection.sendall(answer(b"no", status) if hides else answer(LIST if "/containers/json" in path else b"{}"))

    row = row_of(speak)
    assert (row["ok"], row["containers"], row["api_version"], row["engine"]) == (True, 1, None, None), row["error"]


def test_a_version_that_does_not_come_leaves_the_containers() -> None:
    def speak(connection: socket.socket, path: str) -> None:
        if path == "/version":
            time.sleep(1)
        connection.sendall(answer(LIST if "/containers/json" in path else b"{}"))

    assert row_of(speak, connect_timeout=5, read_timeout=1.5)["containers"] == 1


@pytest.mark.parametrize(
    "sent", [b"", answer(b"no", "405 No"), answer(b"no", "502 No"), answer(b"[1"), b"HTTP/1.1 200 OK\r\n"]
)
def test_info_may_answer_anything(sent: bytes) -> None:
    """Or nothing in time: the containers were read already."""

    def speak(connection: socket.socket, path: str) -> None:
        if not path.endswith("/info"):
            engine(answer(LIST))(connection, path)
        elif sent:
            connection.sendall(sent)
        else:
            time.sleep(5)

    row = row_of(speak, connect_timeout=5, read_timeout=1.5)
    assert (row["ok"], row["containers"], row["api_version"], row["engine_id"]) == (True, 1, "1.41", None), row["error"]


def test_a_dead_container_costs_the_sizes_and_not_the_list() -> None:
    """As Docker 29 answers: 404 for the whole list as soon as it can't measure one container."""
    paths = {
        "/version": b'{"ApiVersion": "1.41"}',
        "/containers/json?all=1": LIST,
        "/containers/json?all=1&size=1": dkf.HostError("not_found", "rw layer snapshot not found.", status=404),
    }
    transport = dkf.MockTransport({"edge": paths})
    snap = dkf.Fleet(transport.hosts, pool=transport).snapshot(size=True, progress=False)
    assert snap.hosts.select("ok", "containers").row(0) == (True, 1)
    (error,) = snap.errors.filter(snap.errors["kind"] == "no_sizes").to_dicts()
    assert (error["host"], error["container_id"]) == ("edge", None)
    assert "rw layer snapshot not found" in error["message"]


def test_hosts_that_share_a_client_have_their_own_names_in_errors() -> None:
    with serving(engine(answer(b"no", "500 No"))) as url:
        snap = dkf.Fleet([dkf.Host(name, url) for name in ("a", "b")]).snapshot(progress=False)
    assert [error.partition(":")[0] for error in snap.hosts["error"].to_list()] == ["Host a", "Host b"]


def test_a_host_that_never_answers_takes_less_than_two_read_timeouts() -> None:
    started = time.monotonic()
    row = row_of(lambda *_: time.sleep(20), connect_timeout=1, read_timeout=3)
    assert row["error_kind"] == "read_timeout"
    assert time.monotonic() - started < 6


def test_a_connection_closed_after_each_answer_is_opened_again() -> None:

    def speak(connection: socket.socket, path: str) -> None:
        engine(answer(LIST))(connection, path)
        # The client may send its next request before it sees this.
        time.sleep(0.02)
        connection.shutdown(socket.SHUT_RDWR)

    with serving(speak) as url, dkf.new_client(dkf.Host("a", url), unique=True) as client:
        for _ in range(20):
            assert client.get("/containers/json") == LIST


def test_a_request_on_a_connection_that_closes_meanwhile_is_sent_again() -> None:
    """The server closes the connection after it has read the second request, without an answer."""
    asked: dict[int, int] = {}

    def speak(connection: socket.socket, path: str) -> None:
        asked[id(connection)] = asked.get(id(connection), 0) + 1
        if asked[id(connection)] == 2:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            engine(answer(LIST))(connection, path)

    with serving(speak) as url, dkf.new_client(dkf.Host("a", url), unique=True) as client:
        assert client.get("/containers/json") == LIST


@contextmanager
def resolver(monkeypatch: pytest.MonkeyPatch, look_up: Callable[..., Any]) -> Iterator[None]:
    real = socket.getaddrinfo

    def getaddrinfo(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "engine.example" and not options.get("flags"):
            return look_up()
        return real(name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("socket.getaddrinfo", getaddrinfo)
        yield


def test_a_resolver_that_hangs_counts_towards_the_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with resolver(monkeypatch, lambda: time.sleep(4)):
        row = snapshot("tcp://engine.example:2375", connect_timeout=0.5, read_timeout=0.5).hosts.row(0, named=True)
    assert time.monotonic() - started < 3
    assert row["error_kind"] == "dns_timeout"
    assert "name service did not answer for engine.example within 0.5 s" in row["error"]


class _DeadAddress(socket.socket):
    """Nothing answers at 127.9.9.9, not even with a refusal."""

    def connect(self, address: Any) -> None:
        if address[0] != "127.9.9.9":
            super().connect(address)
            return
        time.sleep(self.gettimeout() or 0)
        raise TimeoutError("timed out")


def test_a_name_with_dead_addresses_takes_one_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", _DeadAddress)
    dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.9.9.9", 2375))
    with serving(engine(answer(LIST))) as url:
        alive = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(url.rpartition(":")[2])))
        started = time.monotonic()
        with resolver(monkeypatch, lambda: [dead] * 8):
            row = snapshot("tcp://engine.example:2377", connect_timeout=1, read_timeout=5).hosts.row(0, named=True)
        assert row["error_kind"] == "connect_timeout"
        assert time.monotonic() - started < 3
        with resolver(monkeypatch, lambda: [dead] * 3 + [alive]):
            assert snapshot("tcp://engine.example:2376", connect_timeout=2, read_timeout=5).hosts["ok"].to_list()[0]


def test_64_hosts_of_one_dead_url_do_not_take_turns() -> None:
    with serving(lambda *_: time.sleep(20)) as url:
        hosts = [dkf.Host(f"h{number}", url, connect_timeout=1, read_timeout=1) for number in range(64)]
        started = time.monotonic()
        snap = dkf.Fleet(hosts).snapshot(progress=False)
    assert snap.hosts["error_kind"].to_list() == ["read_timeout"] * 64
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("zone", ["%25lo", "%lo"])
def test_zones_of_addresses(zone: str) -> None:
    code = f"""
import dockerframe as dkf
print(dkf.Fleet([dkf.Host("a", "tcp://[fe80::1{zone}]:1")]).snapshot(progress=False).hosts["error_kind"].item())
"""
    if not Path("/proc/net/if_inet6").is_file():
        pytest.skip("this machine has no IPv6")
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)
    # The kernel was asked for that address: a name service does not know it.
    assert done.stdout.strip() in {"refused", "unreachable"}, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sent", "kind", "text"),
    [
        (answer(b"Client sent an HTTP request to an HTTPS server.\n", "400 Bad Request"), "wrong_scheme", "expects TLS at this port. Write tls://"),
        (answer(b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title>", "400 Bad Request"), "wrong_scheme", "Write tls://"),
        (answer(b"", "301 Moved", "Location: https://u:secret@gw.example/engines/7?t=1\r\n"), "redirected", "has moved to https://gw.example/engines/7."),
        (answer(b"<html>\r\n<head><title>403 &amp; Forbidden</title></head>\r\n<body>\r\n<hr>nginx", "403 Forbidden"), "unauthorized", "/containers/json answered 403: 403 & Forbidden."),
        (answer(b"<html><title>502 Bad Gateway</title>", "502 Bad Gateway"), "http", "a proxy in front of the engine answered 502: 502 Bad Gateway. Check the proxy"),
        (answer(b"<html>\n<body><h1>504</h1>\nNo answer\n</body>", "504 No"), "http", "a proxy in front of the engine answered 504: 504 No answer."),
        (answer(b'{"message": "page\\n not found"}', "404 Not Found"), "not_found", "answered 404: page not found."),
        (answer(b"<title>Sign in</title>", headers="Content-Type: text/html\r\n"), "invalid_answer", "a web page: Sign in."),
    ],
)  # fmt: skip
def test_messages_use_the_words_of_operators(sent: bytes, kind: str, text: str) -> None:
    row = row_of(engine(sent))
    assert row["error_kind"] == kind
    assert text in row["error"]
    assert "\n" not in row["error"]
    assert "secret" not in row["error"]


def test_headers_are_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    received: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            received.append(connection.recv(10_000).decode())
            connection.sendall(answer(b"no", "401 Unauthorized"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        host = dkf.Host("a", f"tcp://127.0.0.1:{server.getsockname()[1]}", headers={"Authorization": "Bearer s3cret"})
        with pytest.raises(dkf.HostError) as caught:
            connect(host).get("/version", {}, SHORT)
    assert "Authorization: Bearer s3cret\r\n" in received[0]
    shown = repr(host) + str(caught.value) + repr(caught.value) + caplog.text
    assert "s3cret" not in shown


def test_the_path_prefix_is_in_front_of_every_path() -> None:
    asked: list[str] = []

    def speak(connection: socket.socket, path: str) -> None:
        asked.append(path)
        engine(answer(LIST))(connection, path.removeprefix("/engines/7%20a/docker"))

    with serving(speak) as url:
        row = snapshot(f"{url}/engines/7%20a/docker/").hosts.row(0, named=True)
    assert row["ok"], row["error"]
    assert all(path.startswith("/engines/7%20a/docker/") for path in asked)


def test_events_in_small_pieces_take_linear_time() -> None:
    """A line that does not end is given up at its limit, soon."""

    def speak(connection: socket.socket, path: str) -> None:
        if "/events" not in path:
            engine(answer(LIST))(connection, path)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for text in (b'{"a":1}\n\n{"b"', b":2}\n{"):
            connection.sendall(b"%x\r\n%b\r\n" % (len(text), text))
        for _ in range(3000):
            connection.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")

    with serving(speak) as url, dkf.new_client(dkf.Host("a", url), unique=True) as client:
        started = time.process_time()
        lines = client.lines("/events", {}, timeouts=Timeouts(5, 5))
        assert [next(lines), next(lines), next(lines)] == [b"", b'{"a":1}', b'{"b":2}']
        with pytest.raises(dkf.HostAnswerError) as caught:
            next(lines)
        assert caught.value.kind == "too_large"
        assert time.process_time() - started < 5


_FEW_DESCRIPTORS = """
import json, resource, sys
import dockerframe as dkf
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
hosts = [dkf.Host(f"h{n}", url) for n, url in enumerate(json.loads(sys.argv[1]))]
snap = dkf.Fleet(hosts).snapshot(progress=False)
print(snap.hosts.filter("ok").height, sorted(set(snap.hosts["error_kind"].drop_nulls())))
"""


def test_more_hosts_than_open_files_are_asked_fewer_at_a_time() -> None:
    """All of them are healthy, and none fails for want of descriptors."""
    with serving(engine(answer(LIST))) as url:
        # One server, and a connection for each host: the headers tell the identities apart.
        code = _FEW_DESCRIPTORS.replace('dkf.Host(f"h{n}", url)', 'dkf.Host(f"h{n}", url, headers={"X-Host": str(n)})')
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps([url] * 180)],
            check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "POLARS_MAX_THREADS": "1"},
        )  # fmt: skip
    assert done.stdout.split() == ["180", "[]"], done.stdout + done.stderr[-2000:]


def test_mock_transport() -> None:
    body = json.dumps([summary(Names=["/web"])]).encode()
    with_size = json.dumps([summary(Names=["/web"], SizeRw=7)]).encode()
    transport = dkf.MockTransport(
        {
            "edge": {
                "/containers/json": body,
                "/containers/json?all=1&size=1": with_size,
                "/version": b'{"ApiVersion": "1.44"}',
            },
            "down": dkf.HostError("refused", "Nothing listens."),
            "slow": {"/containers/json": dkf.HostError("read_timeout", "No answer.")},
        }
    )
    snap = dkf.Fleet(transport.hosts, pool=transport).snapshot(progress=False)
    assert snap.hosts.select("host", "ok", "error_kind", "api_version").rows() == [
        ("edge", True, None, "1.44"),
        ("down", False, "refused", None),
        ("slow", False, "read_timeout", None),
    ]
    with transport.acquire(transport.hosts[0]) as client:
        assert client.containers(size=True).body == with_size
        with pytest.raises(dkf.HostAnswerError, match="is not recorded"):
            client.get("/images/json")
    with pytest.raises(dkf.HostUnreachableError, match="no answers are recorded"):
        transport.acquire(dkf.Host("other", "tcp://other:1"))
