"""The pool and its clients, over a connection that keeps count: no network."""

from __future__ import annotations

import gc
import json
import os
import re
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from dockerframe._config.host import Host, Timeouts, TlsFiles
from dockerframe._transport.client import Client
from dockerframe._transport.connection import ReadOnlyError, connect
from dockerframe._transport.pool import ClientPool, refuse_after_fork
from dockerframe.errors import DockerframeError, HostError

HOST = Host("a", "tcp://a:2375")


@dataclass
class Counting:
    """Connections that answer, and remember what was done to them."""

    opened: list[Host] = field(default_factory=list)
    closed: int = 0
    paths: list[str] = field(default_factory=list)
    fail_with: list[HostError] = field(default_factory=list)
    api_version: str = "1.41"
    oldest_version: str = "1.12"
    refused: tuple[str, ...] = ()
    ping: dict[str, str] = field(default_factory=dict)
    delay: dict[str, float] = field(default_factory=dict)

    def connect(self, host: Host) -> Counting:
        time.sleep(self.delay.get(host.name, 0))
        self.opened.append(host)
        return self

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
        self.paths.append(path + ("?" + urlencode(params) if params else ""))
        if any(re.fullmatch(pattern, path) for pattern in self.refused):
            raise HostError("unauthorized", "403", status=403)
        self._check_version(path)
        if path.endswith("/version"):
            return json.dumps({"ApiVersion": self.api_version, "MinAPIVersion": self.oldest_version}).encode()
        if self.fail_with:
            raise self.fail_with.pop()
        return b"[]"

    def _check_version(self, path: str) -> None:
        asked = re.match(r"/v([0-9.]+)/", path)
        if asked is None:
            return
        numbers = tuple(map(int, asked[1].split(".")))
        for word, limit, is_wrong in (
            ("new. Maximum", self.api_version, tuple.__gt__),
            ("old. Minimum", self.oldest_version, tuple.__lt__),
        ):
            if is_wrong(numbers, tuple(map(int, limit.split(".")))):
                text = f"client version {asked[1]} is too {word} supported API version is {limit}"
                raise HostError("http", text, status=400)

    def head(self, path: str, timeouts: Timeouts) -> Mapping[str, str]:
        self.paths.append(f"HEAD {path}")
        if any(re.fullmatch(pattern, path) for pattern in self.refused):
            raise HostError("unauthorized", "403", status=403)
        return self.ping

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


def test_the_cleaner_closes_idle_clients_and_ends() -> None:
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


@pytest.mark.parametrize(
    ("theirs", "oldest", "spoken"),
    [
        ("1.41", "1.12", "/v1.41"),
        ("1.54", "1.44", "/v1.54"),
        ("1.99", "1.44", "/v1.55"),
        ("1.99", "1.60", "/v1.60"),
        ("1.9", "1.1", "/v1.9"),
    ],
)
def test_the_api_version_is_negotiated_once(theirs: str, oldest: str, spoken: str) -> None:
    counting = Counting(api_version=theirs, oldest_version=oldest)
    client = ClientPool(counting.connect).acquire(HOST)
    client.get("/containers/json")
    client.get("/containers/json")
    assert counting.paths == ["/version", f"{spoken}/containers/json", f"{spoken}/containers/json"]


@pytest.mark.parametrize("nonsense", ["", "1.²", "1.41/../..", "new", "1.41\r\nX: y"])
def test_a_version_that_is_none_is_not_used(nonsense: str) -> None:
    class Nonsense(Counting):
        def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:
            return (
                json.dumps({"ApiVersion": nonsense}).encode()
                if path == "/version"
                else super().get(path, params, timeouts)
            )

    client = ClientPool(Nonsense().connect).acquire(HOST)
    assert client.api_version is None
    assert client.get("/containers/json") == b"[]"


def test_a_hidden_version_comes_from_the_ping() -> None:
    counting = Counting(refused=("/version", "/v[0-9.]+/version"), ping={"Api-Version": "1.47"}, api_version="1.47")
    client = ClientPool(counting.connect).acquire(HOST)
    client.get("/containers/json")
    assert counting.paths == ["/version", "/v1.55/version", "HEAD /_ping", "/v1.47/containers/json"]
    assert client.version == {}


@pytest.mark.parametrize(
    ("theirs", "oldest", "spoken"), [("1.41", "1.12", "1.41"), ("1.55", "1.44", "1.55"), ("1.70", "1.60", "1.60")]
)
def test_allow_lists_by_version(theirs: str, oldest: str, spoken: str) -> None:
    """As the rules of wollomatic's proxy: no path without a version is allowed."""
    counting = Counting(refused=(r"/(?!v1\.).*",), api_version=theirs, oldest_version=oldest)
    client = ClientPool(counting.connect).acquire(HOST)
    assert client.get("/containers/json") == b"[]"
    assert client.version["ApiVersion"] == theirs
    asked = min(theirs, "1.55") if oldest < "1.56" else oldest
    assert counting.paths[-1] == f"/v{asked}/containers/json"
    assert client.api_version == asked == spoken


def test_allow_lists_of_the_container_list_alone() -> None:
    counting = Counting(refused=(r"/(?!v1\.).*", r".*/version"), api_version="1.41")
    client = ClientPool(counting.connect).acquire(HOST)
    assert client.get("/containers/json") == b"[]"
    assert counting.paths[-3:] == ["/containers/json", "/v1.55/containers/json", "/v1.41/containers/json"]
    client.get("/containers/json")
    assert counting.paths[-1] == "/v1.41/containers/json"


def test_an_engine_that_comes_back_older_is_asked_in_its_version(pool: ClientPool, counting: Counting) -> None:
    client = pool.acquire(HOST)
    counting.api_version = "1.30"
    assert client.get("/info") == b"[]"
    assert client.api_version == "1.30"


def test_sizes_that_the_engine_cannot_measure_leave_the_list(pool: ClientPool, counting: Counting) -> None:
    client = pool.acquire(HOST)
    assert client.containers(size=True) == (b"[]", None)
    counting.fail_with = [HostError("not_found", "rw layer snapshot not found", status=404)]
    body, error = client.containers(size=True)
    assert body == b"[]"
    assert error is not None
    assert "rw layer" in str(error)
    assert counting.paths[-2:] == ["/v1.41/containers/json?all=1&size=1", "/v1.41/containers/json?all=1"]
    counting.fail_with = [HostError("unauthorized", "no", status=403)]
    with pytest.raises(HostError, match="no"):
        client.containers(size=True)


@pytest.mark.parametrize("kind", ["http", "not_found", "invalid_answer", "redirected", "read_timeout"])
def test_optional_paths_may_answer_anything(pool: ClientPool, counting: Counting, kind: str) -> None:
    client = pool.acquire(HOST)
    counting.fail_with = [HostError(kind, "no", status=405)]
    assert client.get_optional("/info") == {}
    assert client.get_optional("/info") == {}, "an array is not an object"


@pytest.mark.parametrize("kind", ["http", "read_timeout", "unauthorized", "tls", "refused", "disconnected"])
def test_failures_are_not_tried_again(pool: ClientPool, counting: Counting, kind: str) -> None:
    client = pool.acquire(HOST)
    client.get("/info")
    counting.fail_with = [HostError(kind, "no")]
    with pytest.raises(HostError):
        client.get("/info")
    assert len(counting.opened) == 1


def test_opening_twice_opens_one_connection(counting: Counting) -> None:
    client = Client(HOST, counting.connect, Client.disconnect)
    client.open()
    client.open()
    client.close()
    assert (len(counting.opened), counting.closed) == (1, 1)


def test_closing_all_leaves_a_users_client_usable(pool: ClientPool, counting: Counting) -> None:
    client = pool.acquire(HOST)
    pool.close_all()
    assert not client.is_connected
    assert client.get("/info") == b"[]"
    client.close()
    assert not client.is_connected
    assert counting.closed == 2


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///none.sock", "ssh://127.0.0.1:1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_only_reading_requests_leave_the_client(method: str, url: str) -> None:
    connection = connect(Host("a", url))
    with pytest.raises(ReadOnlyError, match="was not sent"):
        connection._pool.urlopen(method, "/containers/x/stop")
    with pytest.raises(ReadOnlyError):
        connection._pool.request(method, "/containers/x/stop")


def test_hosts_of_one_dead_url_share_one_failure() -> None:
    waiting = threading.Event()
    connects = 0

    def fail(host: Host) -> Counting:
        nonlocal connects
        connects += 1
        waiting.wait(10)
        raise HostError.at(host.name, "connect_timeout", "tcp://a: timed out")

    pool, errors = ClientPool(fail), []

    def acquire(name: str) -> None:
        try:
            pool.acquire(Host(name, HOST.url))
        except HostError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=acquire, args=(f"h{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    while pool.references(HOST) < 16:
        time.sleep(0.01)
    waiting.set()
    for thread in threads:
        thread.join()
    assert connects == 1
    assert sorted(errors) == sorted(f"Host h{number}: tcp://a: timed out." for number in range(16))
    with pytest.raises(HostError):
        pool.acquire(HOST)
    assert connects == 2


def test_no_more_clients_than_the_limit_of_open_files_allows(counting: Counting) -> None:
    pool = ClientPool(counting.connect, max_clients=4)
    most, lock = 0, threading.Lock()

    def use(number: int) -> None:
        nonlocal most
        with pool.acquire(Host(f"h{number}", f"tcp://h{number}:2375")):
            with lock:
                most = max(most, len(counting.opened) - counting.closed)
            time.sleep(0.01)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counting.opened) == 20
    assert most <= 4


def test_without_descriptors_idle_clients_are_closed_and_it_is_tried_again(counting: Counting) -> None:
    def connect_one(host: Host) -> Counting:
        if len(counting.opened) - counting.closed:
            raise HostError("resources", "Too many open files")
        return counting.connect(host)

    pool = ClientPool(connect_one, max_clients=100)
    pool.acquire(HOST).close()
    in_use = pool.acquire(Host("b", "tcp://b:2375"))
    assert (len(counting.opened), counting.closed) == (2, 1)
    with pytest.raises(HostError, match="Too many"):
        pool.acquire(Host("c", "tcp://c:2375"))
    in_use.close()


def test_pools_are_freed(counting: Counting) -> None:
    reference = weakref.ref(ClientPool(counting.connect))
    gc.collect()
    assert reference() is None


def test_forked_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_after_fork()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(DockerframeError, match="spawn"):
        refuse_after_fork()


def test_a_client_shows_its_host() -> None:
    assert repr(Client(HOST, Counting().connect, lambda _: None)) == "Client('a', 'tcp://a:2375', api_version=None)"
