"""The host itself: checked when it is made, safe to show, to pickle and to compare."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe._config.host import Headers, HostDefaults, Timeouts


def test_the_url_is_written_in_one_form_and_taken_apart() -> None:
    host = dkf.Host("edge", " ssh://me%40corp@Edge:2222/run/docker.sock ")
    assert host.url == "ssh://me%40corp@Edge:2222/run/docker.sock"
    assert (host.scheme, host.user, host.hostname, host.port) == ("ssh", "me@corp", "Edge", 2222)
    assert (host.ssh_socket, host.path_prefix) == ("/run/docker.sock", "")
    gateway = dkf.Host("g", "tcp://g:8080/engines/7")
    assert (gateway.ssh_socket, gateway.path_prefix) == (None, "/engines/7")
    assert dkf.Host("s", "ssh://s/a%20b.sock").ssh_socket == "/a b.sock"
    assert dkf.Host("s", "ssh://s").ssh_socket is None
    local = dkf.Host("l", "unix:///run/docker.sock")
    assert (local.address, local.ssh_socket, local.path_prefix) == ("/run/docker.sock", None, "")
    assert dkf.Host("t", "tcp://t", dkf.TlsFiles()).url == "tcp://t:2376"


@pytest.mark.parametrize(
    ("url", "tls", "expected"),
    [
        ("tcp://a", None, False),
        ("http://a", None, False),
        ("tcp://a", dkf.TlsFiles(), True),
        ("https://a", None, True),
        ("tls://a", None, True),
        ("agent://a", None, True),
        ("ssh://a", None, False),
    ],
)
def test_whether_tls_is_used(url: str, tls: dkf.TlsFiles | None, *, expected: bool) -> None:
    assert dkf.Host("a", url, tls).uses_tls is expected


def test_all_wrong_values_are_reported_together() -> None:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Host(
            " ", "ftp://a", connect_timeout=0, read_timeout=float("nan"), max_answer_bytes=0,
            headers=Headers({"A B": "x", "Token": "secret\nvalue"}),
        )  # fmt: skip
    paths = [mistake.path for mistake in caught.value.mistakes]
    assert paths == ["name", "connect_timeout", "read_timeout", "max_answer_bytes", "headers", "headers.Token", "url"]
    assert "secret" not in str(caught.value)
    for seconds in (86_401, float("inf"), -1.0):
        with pytest.raises(dkf.ConfigurationError, match="read_timeout"):
            dkf.Host("a", "tcp://a", read_timeout=seconds)


def test_header_values_are_in_no_representation() -> None:
    host = dkf.Host("a", "tcp://a", headers=Headers({"Authorization": "Bearer hunter2"}))
    assert "hunter2" not in repr(host)
    assert "hunter2" not in f"{host.headers}{host.identity}"
    assert "Authorization" in repr(host)
    assert host.headers["authorization"] == "Bearer hunter2"
    assert dict(host.headers) == {"Authorization": "Bearer hunter2"}


def test_headers_are_named_without_case() -> None:
    headers = Headers({"X-A": "1"}) | {"x-a": "2", "X-B": "3"}
    assert dict(headers) == {"x-a": "2", "X-B": "3"}
    assert headers == Headers([("x-a", "2"), ("X-B", "3")])
    assert len({headers, Headers([("X-B", "3"), ("x-a", "2")])}) == 1
    assert hash(headers) != hash(Headers())


def test_a_host_is_frozen_and_travels() -> None:
    host = dkf.Host("a", "tcp://a", headers=Headers({"A": "b"}), tags=frozenset({"x"}), origin="fleet.yml")
    assert pickle.loads(pickle.dumps(host)) == host
    assert pickle.loads(pickle.dumps(host)).origin == "fleet.yml"
    with pytest.raises(FrozenInstanceError):
        host.url = "tcp://b"  # type: ignore[misc]
    assert replace(host, url="tcp://b").url == "tcp://b:2375"
    assert hash(host) == hash(replace(host, origin="elsewhere"))


def test_headers_travel() -> None:
    assert pickle.loads(pickle.dumps(Headers({"A": "b"}))) == Headers({"A": "b"})


def test_hosts_share_a_client_only_with_the_same_identity() -> None:
    host = dkf.Host("a", "tcp://a")
    assert host.identity == dkf.Host("b", "tcp://A:2375").identity
    for other in (
        dkf.Host("a", "tcp://a:1"),
        dkf.Host("a", "tcp://a", headers=Headers({"A": "b"})),
        dkf.Host("a", "tcp://a:2375", dkf.TlsFiles(Path("ca.pem"))),
    ):
        assert other.identity != host.identity
    agents = [dkf.Host("a", "agent://a", agent_certificates=Path(folder)) for folder in ("x", "y")]
    assert agents[0].identity != agents[1].identity


def test_a_tag_may_be_given_alone() -> None:
    assert dkf.Host("a", "tcp://a", tags="prod").tags == {"prod"}  # type: ignore[arg-type]


def test_timeouts_are_seconds() -> None:
    host = dkf.Host("a", "tcp://a", connect_timeout=1, read_timeout=2)
    assert host.timeouts == Timeouts(1, 2)
    assert host.timeouts.answer_timeout == 3


def test_default_headers_are_for_hosts_over_tcp() -> None:
    defaults = HostDefaults(headers=Headers({"X-Meta": "1", "A": "d"}))
    assert dict(defaults.host("a", "tcp://a", headers={"a": "own"}).headers) == {"X-Meta": "1", "a": "own"}
    assert dict(defaults.host("a", "https://a").headers) == {"X-Meta": "1", "A": "d"}
    for url in ("unix:///x", "ssh://a", "agent://a"):
        assert not defaults.host("a", url).headers
    assert dict(defaults.host("a", "unix:///x", headers={"B": "own"}).headers) == {"B": "own"}
