"""Hosts that are checked step by step, against engines that are stood in for."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._gather.diagnose import DIAGNOSIS, STEPS, diagnose, diagnose_hosts
from dockerframe._transport import shared_pool
from dockerframe.demo import demo_hosts, demo_pool
from tests.engines.tls import Authority
from tests.unit.cli.running import demo

VERSION = {"Version": "28.5", "ApiVersion": "1.51", "Components": [{"Name": "Engine"}]}
ID = "ab" * 32


def answers(**changes: object) -> dict[str, object]:
    """What an engine answers by the end of the path; a number is a status."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    usual = {"version": VERSION, "json": [{"Id": ID}], "info": {"SystemTime": now}, "events": "", ID: {"Id": ID}}
    return {**usual, **changes}


@contextmanager
def engine(given: Mapping[str, object], context: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            answer = given[ID if ID in path else path.rpartition("/")[2]]
            status, body = (answer, b"refused") if isinstance(answer, int) else (200, answer)
            body = body if isinstance(body, bytes) else b"" if body == "" else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def steps(url: str, **options: Any) -> dict[str, dict[str, Any]]:
    found = diagnose(dkf.Host("edge", url, connect_timeout=2, read_timeout=2, **options), shared_pool)
    assert found.schema == DIAGNOSIS
    assert found["step"].to_list() == list(STEPS)
    return {row["step"]: row for row in found.iter_rows(named=True)}


def outcomes(rows: dict[str, dict[str, Any]]) -> list[str]:
    return [row["outcome"] for row in rows.values()]


def test_a_healthy_host() -> None:
    with engine(answers()) as address:
        rows = steps(f"tcp://{address}")
    assert outcomes(rows) == ["skipped", "ok", "skipped", "ok", "ok", "ok", "ok", "ok"]
    assert rows["engine"]["detail"] == "Engine 28.5"
    assert rows["api_version"]["detail"] == "1.51"
    assert rows["permissions"]["detail"] == "it lists 1 containers"


def test_a_name_is_looked_up() -> None:
    with engine(answers()) as address:
        rows = steps(f"tcp://localhost:{address.rpartition(':')[2]}")
    assert rows["name"]["outcome"] == "ok"
    assert "127.0.0.1" in rows["name"]["detail"]


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    rows = steps("tcp://nowhere.example:2375")
    assert outcomes(rows) == ["failed", *["skipped"] * 7]
    assert rows["name"]["fix"]
    assert rows["clock"]["detail"] == "the step name failed"


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def look_up(*_: object, flags: int = 0, **__: object) -> None:
        if not flags:
            released.wait(30)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    host = dkf.Host("edge", "tcp://slow.example:1", connect_timeout=0.1)
    row = diagnose(host, shared_pool).row(0, named=True)
    released.set()
    assert (row["step"], row["outcome"]) == ("name", "failed")
    assert "the name service did not answer for slow.example within 0.1 s" in row["detail"]


def test_a_port_on_which_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    rows = steps(f"tcp://127.0.0.1:{port}")
    assert outcomes(rows) == ["skipped", "failed", *["skipped"] * 6]
    assert "refused" in rows["connection"]["detail"]
    assert not rows["connection"]["detail"].startswith("Host edge")


def test_a_socket_that_does_not_exist(tmp_path: Path) -> None:
    rows = steps(f"unix://{tmp_path}/none.sock")
    assert rows["connection"]["outcome"] == "failed"
    assert rows["connection"]["fix"]


def test_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", "127.0.0.1"))
    with engine(answers(), context) as address:
        trusted = steps(f"tls://{address}", tls=dkf.TlsFiles(authority.ca_file))
        other = steps(f"tls://{address}", tls=dkf.TlsFiles(Authority(tmp_path / "b").ca_file))
    assert (trusted["login"]["outcome"], trusted["login"]["detail"]) == ("ok", "TLS, verified")
    assert outcomes(other) == ["skipped", "ok", "failed", *["skipped"] * 5]


@pytest.mark.parametrize(
    ("changes", "step", "detail"),
    [
        ({"json": 403}, "permissions", "403"),
        ({"json": {}}, "permissions", "/containers/json is not a list"),
        ({"info": 403, "events": 403}, "endpoints", "/info (the engine's name, processors and memory), /events (watch)"),
        ({ID: 403}, "endpoints", "not answered: /containers/ID/json (--inspect)"),
    ],
)  # fmt: skip
def test_an_answer_that_is_refused(changes: dict[str, object], step: str, detail: str) -> None:
    with engine(answers(**changes)) as address:
        rows = steps(f"tcp://{address}")
    assert [name for name, row in rows.items() if row["outcome"] == "failed"] == [step]
    assert detail in rows[step]["detail"]
    assert rows[step]["fix"]


@pytest.mark.parametrize(
    ("hours", "outcome", "words"),
    [(1, "failed", "3600 s ahead of"), (-1, "failed", "behind"), (0, "ok", "less than 5 s")],
)
def test_the_clock_of_a_host(hours: int, outcome: str, words: str) -> None:
    time = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    with engine(answers(info={"SystemTime": time})) as address:
        row = steps(f"tcp://{address}")["clock"]
    assert row["outcome"] == outcome
    assert words in row["detail"].replace("3599", "3600")


@pytest.mark.parametrize(
    "info", [{}, {"SystemTime": 5}, {"SystemTime": "never"}, {"SystemTime": "2026-01-01T00:00:00"}, [], b"x"]
)
def test_a_host_that_does_not_show_its_time(info: object) -> None:
    with engine(answers(info=info)) as address:
        assert steps(f"tcp://{address}")["clock"]["outcome"] == "skipped"


def test_a_host_that_hides_its_version() -> None:
    with engine(answers(version=403)) as address:
        rows = steps(f"tcp://{address}")
    assert rows["engine"]["detail"] == "it answers, and does not show its version"
    assert rows["api_version"]["outcome"] == "skipped"
    assert rows["permissions"]["outcome"] == "ok"
    assert "/version (the engine and its version)" in rows["endpoints"]["detail"]


def test_several_hosts_in_their_order() -> None:
    found = diagnose_hosts(demo_hosts(), demo_pool(), recorded=True)
    assert found["host"].unique(maintain_order=True).to_list() == [host.name for host in demo_hosts()]
    assert found.filter(pl.col("outcome") == "failed").select("host", "step").rows() == [("backup", "connection")]
    assert diagnose_hosts([], demo_pool()).schema == DIAGNOSIS


def test_the_command() -> None:
    done = demo("doctor", "edge", "backup")
    assert done.status == 1
    assert "edge  unix:///var/run/docker.sock" in done.text
    assert "Fix: " in done.text
    assert "apps" not in done.text
    assert demo("doctor", "e*").status == 0
    assert demo("doctor", "backup").status == 3
    rows = demo("doctor", "edge", "-o", "jsonl").json_lines()
    assert [row["step"] for row in rows] == list(STEPS)


def test_a_host_that_does_not_exist_is_a_usage_error() -> None:
    done = demo("doctor", "edgy")
    assert done.status == 2
    assert "Did you mean edge?" in done.errors
