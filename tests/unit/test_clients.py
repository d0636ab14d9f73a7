"""The pool and its clients, over a connection that keeps count: no network."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from dockerframe._config.host import Host, Timeouts, TlsFiles
from dockerframe._transport.client import Client
from dockerframe._transport.connection import ReadOnlyError, _session
from dockerframe._transport.pool import ClientPool
from dockerframe.errors import HostError

HOST = Host("a", "tcp://a:2375")


@dataclass
class Counting:
    """Connections that answer, and remember what was done to them."""

    opened: list[Host] = field(default_factory=list)
    closed: int = 0
    paths: list[str] = field(default_factory=list)
    fail_with: list[HostError] = field(default_factory=list)
    api_version: str = "1.41"
    delay: dict[str, float] = field(default_factory=dict)

    def connect(self, host: Host) -> Counting:
        time.sleep(self.delay.get(host.name, 0))
        self.opened.append(host)
        return self

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        self.paths.append(path)
        if path == "/version":
            return json.dumps({"ApiVersion": self.api_version}).encode()
        if self.fail_with:
            raise self.fail_with.pop()
        return b"[]"

    def close(self) -> None:
        self.closed += 1


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(counting: Counting, clock: Clock) -> ClientPool:
    # Idle for longer than a test runs by the real clock, so that the cleaner does not interfere.
    return ClientPool(counting.connect, clock=clock, idle_seconds=10)


def test_one_client_a_host_and_identity(pool: ClientPool, counting: Counting, tmp_path) -> None:
    first, second = pool.acquire(HOST), pool.acquire(Host("other name", HOST.url))
    assert first is second
    assert pool.references(HOST) == 2
    with_tls = pool.acquire(Host("a", HOST.url, tls=TlsFiles(tmp_path)))
    assert with_tls is not first
    assert len(counting.opened) == 2


def test_close_gives_back_and_never_closes_under_another_user(
    pool: ClientPool, counting: Counting, clock: Clock
) -> None:
    first, second = pool.acquire(HOST), pool.acquire(HOST)
    first.close()
    clock.now = 100
    pool.close_idle()
    assert second.get("/containers/json") == b"[]"
    assert counting.closed == 0


def test_idle_clients_are_closed_and_taken_up_again_before_that(
    pool: ClientPool, counting: Counting, clock: Clock
) -> None:
    client = pool.acquire(HOST)
    client.close()
    clock.now = 9.9
    pool.close_idle()
    assert pool.acquire(HOST) is client
    client.close()
    clock.now = 19.8
    pool.close_idle()
    assert client.is_connected
    clock.now = 20
    pool.close_idle()
    assert not client.is_connected
    assert counting.closed == 1
    assert pool.acquire(HOST) is not client


def test_the_cleaner_closes_by_itself_and_ends() -> None:
    counting = Counting()
    pool = ClientPool(counting.connect, idle_seconds=0.05)
    pool.acquire(HOST).close()
    deadline = time.monotonic() + 10
    while (counting.closed == 0 or pool._cleaner is not None) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert counting.closed == 1
    assert pool._cleaner is None


def test_unique_is_outside_the_pool_and_really_closed(pool: ClientPool, counting: Counting) -> None:
    shared, unique = pool.acquire(HOST), pool.acquire(HOST, unique=True)
    assert shared is not unique
    assert pool.references(HOST) == 1
    with unique:
        assert unique.is_connected
    assert not unique.is_connected
    assert counting.closed == 1


def test_clients_counts_a_reference_each_for_the_caller(pool: ClientPool) -> None:
    a, b = pool.acquire(HOST), pool.acquire(Host("b", "tcp://b:2375"))
    assert pool.clients() == [a, b]
    assert pool.references(HOST) == 2


def test_closing_twice_does_not_take_anothers_reference_below_zero(pool: ClientPool) -> None:
    client = pool.acquire(HOST)
    client.close()
    client.close()
    assert pool.references(HOST) == 0
    assert pool.acquire(HOST) is client
    assert pool.references(HOST) == 1


def test_a_failed_connect_leaves_nothing_behind(counting: Counting) -> None:
    def refuse(host: Host) -> Counting:
        raise HostError("refused", "no")

    pool = ClientPool(refuse)
    with pytest.raises(HostError):
        pool.acquire(HOST)
    assert pool.clients() == []
    assert pool._slots == {}


def test_threads_that_ask_at_once_share_one_client_and_slow_hosts_hold_up_no_other(counting: Counting) -> None:
    counting.delay["slow"] = 3
    pool = ClientPool(counting.connect)
    slow, taken = Host("slow", "tcp://slow:2375"), []
    threads = [threading.Thread(target=lambda: taken.append(pool.acquire(slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    pool.acquire(HOST)
    assert time.monotonic() - started < 2.5
    for thread in threads:
        thread.join()
    assert len({id(client) for client in taken}) == 1
    assert pool.references(slow) == 8
    assert [host.name for host in counting.opened].count("slow") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_starts_with_an_empty_pool(pool: ClientPool, counting: Counting) -> None:
    pool.acquire(HOST)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(len(pool.clients())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"0"
    assert len(pool.clients()) == 1
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(("theirs", "spoken"), [("1.41", "/v1.41"), ("1.99", "/v1.52"), ("1.9", "/v1.9"), ("", "")])
def test_api_version_is_negotiated_once(theirs: str, spoken: str) -> None:
    counting = Counting(api_version=theirs)
    client = ClientPool(counting.connect).acquire(HOST)
    client.get("/containers/json")
    client.get("/containers/json")
    assert counting.paths == ["/version", f"{spoken}/containers/json", f"{spoken}/containers/json"]


def test_a_broken_connection_is_made_anew_once(pool: ClientPool, counting: Counting) -> None:
    client = pool.acquire(HOST)
    client.get("/info")
    counting.fail_with = [HostError("disconnected", "reset")]
    assert client.get("/info") == b"[]"
    assert len(counting.opened) == 2
    counting.fail_with = [HostError("disconnected", "reset"), HostError("disconnected", "reset")]
    with pytest.raises(HostError):
        client.get("/info")


@pytest.mark.parametrize("kind", ["http", "read_timeout", "unauthorized", "tls"])
def test_other_failures_are_not_tried_again(pool: ClientPool, counting: Counting, kind: str) -> None:
    client = pool.acquire(HOST)
    client.get("/info")
    counting.fail_with = [HostError(kind, "no")]
    with pytest.raises(HostError):
        client.get("/info")
    assert len(counting.opened) == 1


def test_a_proxy_may_hide_the_version() -> None:
    class Hiding(Counting):
        def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
            if path == "/version":
                raise HostError("unauthorized", "403")
            return super().get(path, params, timeouts)

    counting = Hiding()
    client = ClientPool(counting.connect).acquire(HOST)
    assert client.api_version is None
    client.get("/containers/json")
    assert counting.paths == ["/containers/json"]


def test_closing_all_leaves_a_users_client_usable(pool: ClientPool, counting: Counting) -> None:
    client = pool.acquire(HOST)
    pool.close_all()
    assert not client.is_connected
    assert client.get("/info") == b"[]"
    client.close()
    assert not client.is_connected
    assert counting.closed == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_only_reading_requests_leave_the_client(method: str) -> None:
    session = _session(Host("a", "tcp://127.0.0.1:1"))
    with pytest.raises(ReadOnlyError, match="was not sent"):
        session.request(method, "http://127.0.0.1:1/containers/x/stop")
    with pytest.raises(ReadOnlyError):
        session.stop("x")


def test_the_environment_stands_in_no_ones_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    session = _session(Host("a", "tcp://a:2375"))
    assert session.trust_env is False
    assert session.merge_environment_settings("http://a", {}, None, None, None)["proxies"] == {}


def test_a_client_shows_its_host() -> None:
    assert repr(Client(HOST, Counting().connect, lambda _: None)) == "Client('a', 'tcp://a:2375', api_version=None)"
