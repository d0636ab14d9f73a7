"""Hosts: how they are reached, and whether they are one."""

from __future__ import annotations

import pytest

from tests.unit.rules.fleets import evidence, fleet, found, with_hosts


def test_a_host_that_did_not_answer() -> None:
    down = with_hosts(ok=[False], error=["Host h0: down."], error_kind=["refused"])
    assert found(down, "host-failed") == [("high", "hosts.error_kind: refused")]
    assert evidence(fleet(), "host-failed") == []


@pytest.mark.parametrize(
    ("url", "fires"),
    [
        ("tcp://10.0.0.1:2375", True),
        ("tcp://nas:2375", True),
        ("http://10.0.0.1:2375", True),
        ("TCP://10.0.0.1:2375", True),
        ("tcp://dockerhost:2375", True),
        ("tcp://10.0.0.1:2376", False),
        ("tcp://127.0.0.1:2375", False),
        ("tcp://localhost:2375", False),
        ("tcp://[::1]:2375", False),
        ("tcp://socket-proxy:2375", False),
        ("tcp://docker-socket-proxy:2375", False),
        ("tcp://dockerproxy:2375", False),
        ("tcp://docker:2375", False),
        ("https://10.0.0.1:2376", False),
        ("ssh://me@10.0.0.1", False),
        ("agent://10.0.0.1:8890", False),
        ("unix:///var/run/docker.sock", False),
    ],
)
def test_an_engine_without_tls(url: str, fires: bool) -> None:
    snap = with_hosts(url=[url])
    assert found(snap, "engine-over-plain-tcp") == ([("critical", f"hosts.url: {url}")] if fires else [])


@pytest.mark.parametrize(
    ("ids", "fires"), [(["x", "x"], True), (["x", "y"], False), ([None, None], False), (["", ""], False)]
)
def test_an_engine_listed_twice(ids: list[str | None], fires: bool) -> None:
    assert found(with_hosts(engine_id=ids), "engine-listed-twice") == (
        [("medium", "hosts.engine_id: x")] * 2 if fires else []
    )
