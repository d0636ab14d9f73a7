"""Hosts that misbehave, over real sockets: each has its own kind, and affects no other host."""

from __future__ import annotations

import errno
import json
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3.exceptions
from paramiko.ssh_exception import NoValidConnectionsError

import dockerframe as dkf
from dockerframe._transport.failures import host_error
from dockerframe.schemas import ERROR_KINDS
from tests.engines.tls import Authority
from tests.summaries import summary
from tests.users import without_user

SHORT: dict[str, object] = {"connect_timeout": 0.5, "read_timeout": 0.5}
LIST = json.dumps([summary()]).encode()
Speak = Callable[[socket.socket, str], None]


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def engine(for_list: bytes) -> Speak:
    """An engine that answers as it should, but for its list of containers."""

    def speak(connection: socket.socket, path: str) -> None:
        if path == "/version":
            connection.sendall(answer(b'{"ApiVersion": "1.41"}'))
        elif path.startswith("/v1.41/containers/json"):
            connection.sendall(for_list)
        else:
            connection.sendall(answer(b"{}"))

    return speak


@contextmanager
def serving(speak: Speak, context: ssl.SSLContext | None = None, path: Path | None = None) -> Iterator[str]:
    """A server that reads a request and lets `speak` say anything, at a socket where `path` names one; gives its URL."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                connection = context.wrap_socket(self.request, server_side=True) if context else self.request
                with connection, connection.makefile("rb") as lines:
                    while request := lines.readline():
                        while lines.readline().strip():
                            pass
                        speak(connection, request.split()[1].decode())
            except OSError:
                return

    base = socketserver.ThreadingTCPServer if path is None else socketserver.ThreadingUnixStreamServer

    class Server(base):  # type: ignore[misc, valid-type]
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0) if path is None else str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}" if path is None else f"unix://{path}"
        finally:
            # A server that is closed and not shut down keeps a processor busy for the rest of the session.
            server.shutdown()


def snapshot(url: str, **options: object) -> dkf.Snapshot:
    """A snapshot of that host next to a healthy one."""
    with serving(engine(answer(LIST))) as healthy:
        bad = dkf.Host("bad", url, **{"connect_timeout": 5, "read_timeout": 2, **options})  # type: ignore[arg-type]
        snap = dkf.Fleet([bad, dkf.Host("good", healthy)]).snapshot(progress=False)
    assert snap.containers.filter(snap.containers["host"] == "good").height == 1
    assert snap.hosts["ok"].to_list()[1] is True
    return snap


def kind_of(url: str, **options: object) -> str:
    row = snapshot(url, **options).hosts.row(0, named=True)
    assert row["ok"] is False
    assert row["containers"] is None
    assert row["error_kind"] in ERROR_KINDS
    assert row["error"]
    return str(row["error_kind"])


def _hang(connection: socket.socket, path: str) -> None:
    time.sleep(30)


def _trickle(begun: bytes, piece: bytes) -> Speak:
    """Begins, and then sends a piece ten times a second: never slow enough for the socket's own timeout."""

    def speak(connection: socket.socket, path: str) -> None:
        connection.sendall(begun)
        for _ in range(300):
            connection.sendall(piece)
            time.sleep(0.1)

    return speak


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (answer(b"no", "400 Bad Request"), "http"),
        (answer(b"no", "401 Unauthorized"), "unauthorized"),
        (answer(b"no", "403 Forbidden"), "unauthorized"),
        (answer(b'{"message": "page not found"}', "404 Not Found"), "not_found"),
        (answer(b"no", "500 Internal Server Error"), "http"),
        (answer(b"no", "503 Service Unavailable"), "http"),
        (answer(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), "redirected"),
        (answer(b"<html>hello</html>"), "invalid_answer"),
        (answer(b'[{"Id": "1"'), "invalid_answer"),
        (answer(b"null"), "invalid_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[]", "read_timeout"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n", "disconnected"),
        (b"no HTTP at all\r\n\r\n", "invalid_answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "wrong_scheme"),
        (b"\x15\x03\x03\x00\x02\x02\x46\n", "wrong_scheme"),
        (answer(b"<title>Welcome</title>", headers="Content-Type: text/html\r\n"), "invalid_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]\n", "invalid_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1%s\r\n\r\n[]" % (b"0" * 5000), "invalid_answer"),
        (answer(b"", "200 OK").replace(b"Content-Length: 0", b"Content-Length: 999999999999"), "too_large"),
    ],
)
def test_answers_of_no_engine(sent: bytes, kind: str) -> None:
    with serving(engine(sent)) as url:
        assert kind_of(url) == kind


def test_what_an_engine_says_of_itself_costs_no_row() -> None:
    info = b'{"NCPU": 1%s, "MemTotal": 1%s, "OperatingSystem": "\\ud800", "ID": 7, "Name": null}' % (
        b"0" * 10,
        b"0" * 30,
    )

    def speak(connection: socket.socket, path: str) -> None:
        if path == "/version":
            connection.sendall(
                answer('{"ApiVersion": "1.²", "Version": [], "Components": [3, {"Name": null}]}'.encode())
            )
        elif path.endswith("/info"):
            connection.sendall(answer(info))
        else:
            connection.sendall(answer(LIST))

    with serving(speak) as url:
        row = snapshot(url).hosts.row(0, named=True)
    assert (row["ok"], row["containers"], row["os"], row["cpus"], row["memory"]) == (True, 1, "\ufffd", None, None)


def test_a_connection_cut_in_the_middle() -> None:
    def cut(connection: socket.socket, path: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[")
        connection.shutdown(socket.SHUT_RDWR)

    with serving(cut) as url:
        assert kind_of(url) == "disconnected"


@pytest.mark.parametrize(
    "speak",
    [
        _hang,
        _trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
        _trickle(b"HTTP/1.1 ", b"2"),
        _trickle(b"HTTP/1.1 200 OK\r\nServer: ", b"x"),
        _trickle(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        _trickle(b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n", b" "),
        _trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        _trickle(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["nothing", "body", "status", "header", "headers", "error", "chunk size", "interim answers"],
)
def test_slow_hosts_end_within_their_timeout(speak: Speak) -> None:
    with serving(speak) as url:
        started = time.monotonic()
        assert kind_of(url, **SHORT) == "read_timeout"
        assert time.monotonic() - started < 20


def test_deadlines_hold_for_sockets_too(tmp_path: Path) -> None:
    with serving(_trickle(b"HTTP/1.1 ", b"2"), path=tmp_path / "slow.sock") as url:
        started = time.monotonic()
        assert kind_of(url, **SHORT) == "read_timeout"
        assert time.monotonic() - started < 20


def test_an_answer_past_the_limit_is_not_read_on() -> None:
    def flood(connection: socket.socket, path: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    with serving(flood) as url:
        assert kind_of(url, max_answer_bytes=1_000_000) == "too_large"


def test_nothing_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert kind_of(f"tcp://127.0.0.1:{probe.getsockname()[1]}") == "refused"


def test_an_ssh_server_that_is_down_or_no_ssh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as a number that no user has.
    monkeypatch.setenv("USER", "ops")

    asked = 0

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            nonlocal asked
            asked += 1

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert kind_of(f"ssh://ops@127.0.0.1:{probe.getsockname()[1]}") == "refused"
    with socketserver.TCPServer(("127.0.0.1", 0), HangUp) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"ssh://ops@127.0.0.1:{server.server_address[1]}"
        assert kind_of(url) == "disconnected"
        # It might have had too many logins under way.
        assert asked == 4
        command = [sys.executable, "-m", "dockerframe", "hosts", "--host", url]
        printed = subprocess.run(command, check=False, capture_output=True, timeout=60).stderr
        server.shutdown()
    assert b"Traceback" not in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize("url", ["ssh://ops@127.0.0.1:1", "ssh://127.0.0.1:1"])
def test_ssh_as_a_user_without_name_and_home(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number that no user has: the ssh program refuses it, paramiko needs USER."""
    without_user(monkeypatch)
    row = snapshot(url).hosts.row(0, named=True)
    assert row["error_kind"] == "ssh"
    assert "set USER" in row["error"]
    monkeypatch.setenv("USER", "ops")
    assert kind_of(url) == "refused"


def test_an_ssh_configuration_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".ssh/config").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USER", "ops")
    monkeypatch.setenv("PATH", str(tmp_path))
    row = snapshot("ssh://ops@127.0.0.1:1").hosts.row(0, named=True)
    assert row["error_kind"] == "ssh"
    assert f"{tmp_path}/.ssh/config can't be read: Is a directory" in row["error"]


def test_sockets_and_schemes(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    for path in ("none.sock", "loop", "file/docker.sock", f"{'x' * 120}/docker.sock"):
        assert kind_of(f"unix://{tmp_path}/{path}") == "no_socket"
    assert kind_of("npipe:////./pipe/docker_engine") == "unsupported"
    assert kind_of("agent://127.0.0.1:1", agent_certificates=tmp_path) == "unknown_agent"
    (tmp_path / "127.0.0.1:2.zip").write_bytes(b"no zip")
    assert kind_of("agent://127.0.0.1:2", agent_certificates=tmp_path) == "unknown_agent"


def test_tls_never_becomes_plain(tmp_path: Path) -> None:
    """Without a CA file the authorities of the system are asked; files that are gone ask nobody."""
    asked: list[str] = []
    with serving(lambda _, path: asked.append(path)) as url:
        for scheme in ("https", "tls"):
            assert kind_of(url.replace("tcp", scheme)) in {"tls", "wrong_scheme", "connect_timeout", "disconnected"}
        row = snapshot(url, tls=dkf.TlsFiles(tmp_path / "ca.pem")).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"
    assert "no such file" in row["error"]
    assert f"{tmp_path}/ca.pem" in row["error"]
    assert asked == []


def test_tls_is_verified(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    for name, issuer, trusted, expected in (
        ("127.0.0.1", authority, authority, None),
        ("127.0.0.1", authority, other, "tls"),
        ("elsewhere.example", authority, authority, "tls"),
    ):
        cert_file, key_file = issuer.issue(f"server-{name}", name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert_file, key_file)
        with serving(engine(answer(LIST)), context) as url:
            https = url.replace("tcp", "https")
            row = snapshot(https, tls=dkf.TlsFiles(trusted.ca_file)).hosts.row(0, named=True)
            assert row["error_kind"] == expected


def test_a_host_that_speaks_no_tls(tmp_path: Path) -> None:
    class Plain(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"tls://127.0.0.1:{server.server_address[1]}"
        row = snapshot(url, tls=dkf.TlsFiles(Authority(tmp_path).ca_file)).hosts.row(0, named=True)
    assert row["error_kind"] == "wrong_scheme"
    assert "does not speak TLS" in row["error"]
    assert "Write tcp://" in row["error"]


def test_what_a_proxy_hides_is_null_and_the_containers_are_there() -> None:
    def guarded(connection: socket.socket, path: str) -> None:
        allowed = "/containers/json" in path
        connection.sendall(answer(LIST) if allowed else answer(b"no", "403 Forbidden"))

    with serving(guarded) as url:
        row = snapshot(url).hosts.row(0, named=True)
    assert (row["ok"], row["containers"], row["engine_id"], row["api_version"], row["engine"]) == (
        True,
        1,
        None,
        None,
        None,
    )


def test_strict_raises_one_error_that_lists_all() -> None:
    hosts = [dkf.Host("a", "unix:///none/a.sock"), dkf.Host("b", "unix:///none/b.sock")]
    with pytest.raises(dkf.GatherError, match="2 hosts failed") as caught:
        dkf.Fleet(hosts).snapshot(strict=True, progress=False)
    assert list(caught.value.failures) == ["a", "b"]
    assert "no_socket" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable"),
        (socket.gaierror(-2, "Name or service not known"), "unknown_name"),
        (PermissionError(13, "Permission denied"), "permission"),
        (NoValidConnectionsError({("::1", 22): OSError(errno.EHOSTUNREACH, "No route to host")}), "unreachable"),
        (TimeoutError("timed out"), "connect_timeout"),
        (OSError(errno.EMFILE, "Too many open files"), "resources"),
        (RuntimeError("can't start new thread"), "resources"),
        (MemoryError(), "resources"),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "x"), "read_timeout"),  # type: ignore[arg-type]
        (
            urllib3.exceptions.ProtocolError("x", ConnectionResetError(104, "reset")),
            "disconnected",
        ),
        (ZeroDivisionError("x"), "internal"),
    ],
)
def test_errors_of_libraries_have_a_kind(error: Exception, kind: str) -> None:
    found = host_error(error, dkf.Host("edge", "tcp://a:1"))
    assert found.kind == kind
    assert "edge" in str(found)
    assert "0x" not in str(found)
