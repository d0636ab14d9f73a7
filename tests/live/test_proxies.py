"""Engines behind real proxies, with the rules of socket proxies and gateways; compared with the docker CLI."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dockerframe as dkf
from tests.engines import Dockerd, Proxy, missing_for_proxies
from tests.engines.proxies import LIST_ONLY, PREFIX, SECTIONS, VERSIONED
from tests.live.conftest import need
from tests.live.test_engines import assert_agrees_with_docker

BASIC = {"Authorization": f"Basic {base64.b64encode(b'ops:s3cret').decode()}"}


@pytest.fixture
def behind(root: Path, plain: Dockerd, tmp_path: Path) -> Iterator[Callable[[str], Proxy]]:
    """Makes a proxy with some rules, in front of the plain engine."""
    need(missing_for_proxies())
    started: list[Proxy] = []

    def start(rules: str) -> Proxy:
        started.append(Proxy(tmp_path / f"proxy{len(started)}", plain.socket, rules))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.mark.parametrize(
    ("rules", "columns"),
    [
        (SECTIONS, {"api_version": True, "engine_version": True, "engine_id": False}),
        (VERSIONED, {"api_version": True, "engine_version": True, "engine_id": False}),
        (LIST_ONLY, {"api_version": False, "engine_version": False, "engine_id": False}),
    ],
    ids=["sections", "versioned", "list only"],
)
def test_socket_proxies_show_the_containers(
    behind: Callable[[str], Proxy], plain: Dockerd, rules: str, columns: dict[str, bool]
) -> None:
    proxy = behind(rules)
    hosts = [dkf.Host("proxied", proxy.url)]
    with dkf.new_client(hosts[0], unique=True) as client:
        listed = client.containers(size=False).body
        assert client.get_optional("/info") == {}
    assert_agrees_with_docker(dkf.from_summaries(listed, host="proxied"), plain, "proxied")
    row = dkf.Fleet(hosts).snapshot(progress=False).hosts.row(0, named=True)
    if row["ok"]:
        assert {name: row[name] is not None for name in columns} == columns
    if rules is SECTIONS:
        by_docker = subprocess.run(["docker", "-H", proxy.url, "ps", "-aq"], check=True, capture_output=True, text=True)
        assert len(by_docker.stdout.split()) == row["containers"]


def test_a_gateway_with_basic_authentication_and_a_path(behind: Callable[[str], Proxy], plain: Dockerd) -> None:
    proxy = behind(PREFIX)
    host = dkf.Host("gw", f"{proxy.url}/engines/7/docker", headers=BASIC)
    assert_agrees_with_docker(dkf.Fleet([host]).snapshot(progress=False, strict=True), plain, "gw")


@pytest.mark.parametrize(
    ("prefix", "kind", "text"),
    [
        ("", "redirected", "it has moved to https://docs.example/moved."),
        ("/engines/7/docker", "unauthorized", "/containers/json answered 401: 401 Authorization Required. Give this host `headers`"),
        ("/broken", "http", "a proxy in front of the engine answered 502: 502 Bad Gateway. Check the proxy"),
    ],
)  # fmt: skip
def test_what_a_gateway_refuses(behind: Callable[[str], Proxy], prefix: str, kind: str, text: str) -> None:
    host = dkf.Host("gw", behind(PREFIX).url + prefix)
    row = dkf.Fleet([host]).snapshot(progress=False).hosts.row(0, named=True)
    assert row["error_kind"] == kind
    assert text in row["error"]
