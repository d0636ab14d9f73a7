"""Watching hosts that fail, hang or say nothing of interest: what is reported, and how much it costs."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import queue
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._fleet import watch as module
from dockerframe._fleet.watch import Pace, watch
from dockerframe._snapshot.build import from_answers
from dockerframe._transport.connection import connect
from dockerframe._transport.pool import ClientPool
from tests.faults.stand_in import StandIns, good_list, http
from tests.summaries import summary

FAST = Pace(settle=0.01, quiet=30.0, silence=30.0, first_pause=0.02, longest_pause=0.16)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Answer = Callable[["Engine", asyncio.StreamWriter], Awaitable[None]]

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def event(action: str, kind: str = "container") -> bytes:
    return json.dumps({"Type": kind, "Action": action, "Actor": {"ID": "c0ffee", "Attributes": {}}}).encode() + b"\n"


async def hang(engine: Engine, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def stream(engine: Engine, writer: asyncio.StreamWriter) -> None:
    """Send what the test sends, without an end."""
    writer.write(HEAD)
    await writer.drain()
    engine.streams.append(writer)
    await asyncio.sleep(60)


async def stream_that_ends(engine: Engine, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"0\r\n\r\n")


async def listing(engine: Engine, writer: asyncio.StreamWriter) -> None:
    writer.write(http(engine.containers))


async def version(engine: Engine, writer: asyncio.StreamWriter) -> None:
    writer.write(http(b'{"ApiVersion": "1.41", "Version": "20.10.5"}'))


async def failing(engine: Engine, writer: asyncio.StreamWriter) -> None:
    writer.write(http(b'{"message": "no"}', "500 No"))


HEALTHY: dict[str, Answer] = {"/version": version, "/containers/json": listing, "/events": stream}


class Engine(StandIns):
    """One stand-in engine whose answers a test chooses by path. Counts requests and open connections."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-in", daemon=True)
        self._thread.start()
        self.answers: dict[str, Answer] = dict(HEALTHY)
        self.containers = good_list("a")
        self.requests: list[tuple[float, str]] = []
        self.filters: list[dict[str, list[str]]] = []
        self.streams: list[asyncio.StreamWriter] = []
        self.closes_after_each = False
        self.open = 0
        self.host = dkf.Host("a", self._url(), connect_timeout=0.3, read_timeout=0.3)

    def _url(self) -> str:
        serving = asyncio.start_server(self._serve, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self._servers.append(server)
        return f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def send(self, content: bytes, *, pieces: int = 1) -> None:
        """Send bytes of events on the newest stream, in chunks."""
        size = -(-len(content) // pieces)
        for start in range(0, len(content), size):
            self._loop.call_soon_threadsafe(self.streams[-1].write, chunk(content[start : start + size]))

    def asked(self, path: str) -> int:
        return Counter(asked for _, asked in self.requests)[path]

    def moments(self, path: str) -> list[float]:
        return [moment for moment, asked in self.requests if asked == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._answer_all(reader, writer)
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            return
        finally:
            self.open -= 1
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()).strip():
                pass
            target = urlsplit(request.split()[1].decode())
            path = target.path.removeprefix("/v1.41")
            self.requests.append((time.monotonic(), path))
            if path == "/events":
                self.filters.append(json.loads(parse_qs(target.query)["filters"][0]))
            speaking = asyncio.ensure_future(self.answers.get(path, failing)(self, writer))
            if path == "/events":
                # A watch that ends closes its connection.
                ended = asyncio.ensure_future(reader.read(1))
                await asyncio.wait([speaking, ended], return_when=asyncio.FIRST_COMPLETED)
                if not speaking.done():
                    speaking.cancel()
                    return
                ended.cancel()
                await asyncio.wait([ended])
            else:
                await speaking
            await writer.drain()
            if self.closes_after_each:
                return


@pytest.fixture
def engine() -> Iterator[Engine]:
    started = Engine()
    try:
        yield started
    finally:
        started.stop()


class Watched:
    """A watch that collects what it reports."""

    def __init__(self, hosts: list[dkf.Host], pool: ClientPool, pace: Pace) -> None:
        self.found: queue.SimpleQueue[pl.DataFrame] = queue.SimpleQueue()
        self._pool = pool
        self._ended = False
        self._changes = watch(hosts, pool, pace=pace)
        self._thread = threading.Thread(target=self._collect, name="collector", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        for found in self._changes:
            if self._ended:
                break
            self.found.put(found)

    def next(self, seconds: float = 10) -> list[tuple[Any, ...]]:
        """The rows of the next frame."""
        return self.found.get(timeout=seconds).select("container_name", "change", "before", "after").rows()


@contextmanager
def watching(engine: Engine, pace: Pace = FAST) -> Iterator[Watched]:
    pool = ClientPool(connect, idle_seconds=0.2)
    watched = Watched([engine.host], pool, pace)
    try:
        yield watched
    finally:
        # The collector closes the watch, which only its own thread may do: another change wakes it.
        watched._ended = True
        queue_of = watched._changes.gi_frame.f_locals["found"]
        queue_of.put(pl.DataFrame())
        watched._thread.join(10)
        watched._changes.close()
        pool.close_all()


def until(is_true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def threads() -> list[str]:
    """The threads of watches; those of clients end on their own."""
    names = ("dockerframe-watch", "dockerframe-events")
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(names))


def begin(engine: Engine) -> None:
    """Wait for the first list after events are being received."""
    until(lambda: bool(engine.streams) and engine.asked("/containers/json") >= 1)
    time.sleep(0.05)


def with_another() -> bytes:
    return json.dumps([*json.loads(good_list("a")), summary(Id="new", Names=["/new"])]).encode()


ADDED = [("new", "added", None, "new")]


@pytest.mark.parametrize("silent", [("/version", "/events", "/containers/json"), ("/events",), ("/containers/json",)])
def test_an_engine_that_never_answers_is_reported_within_its_timeout(engine: Engine, silent: tuple[str, ...]) -> None:
    engine.answers |= dict.fromkeys(silent, hang)
    started = time.monotonic()
    with watching(engine) as watched:
        assert watched.next() == [(None, "host_failed", "ok", "read_timeout")]
        # A third of the timeout for /version, the whole of it for what is needed, with room for a busy machine.
        assert time.monotonic() - started < 0.1 + 0.6 + 1.0
        engine.answers = dict(HEALTHY)
        assert watched.next() == [(None, "host_recovered", "read_timeout", "ok")]


def test_the_pause_between_attempts_grows_to_its_limit(engine: Engine) -> None:
    engine.answers["/events"] = failing
    with watching(engine) as watched:
        assert watched.next() == [(None, "host_failed", "ok", "http")]
        until(lambda: engine.asked("/events") >= 7)
    moments = engine.moments("/events")
    pauses = [after - before for before, after in itertools.pairwise(moments)]
    wanted = [0.02, 0.04, 0.08, 0.16, 0.16, 0.16]
    assert all(pause >= least for pause, least in zip(pauses, wanted, strict=False)), pauses
    assert sum(pauses[:6]) < sum(wanted) + 2
    assert watched.found.empty()


def test_events_that_end_immediately_are_asked_for_after_growing_pauses(engine: Engine) -> None:
    """The list answers, so that the host has not failed."""
    engine.answers["/events"] = stream_that_ends
    with watching(engine) as watched:
        until(lambda: engine.asked("/events") >= 6)
        engine.containers = with_another()
        assert watched.next() == ADDED
        assert watched.found.empty()
    moments = engine.moments("/events")
    # A busy machine may take a stream for one that lasted, which begins the pauses again.
    assert moments[5] - moments[0] >= 5 * 0.02


def test_a_list_that_fails_while_events_arrive_costs_one_connection_and_two_threads(engine: Engine) -> None:
    before = threads()
    with watching(engine) as watched:
        begin(engine)
        engine.answers["/containers/json"] = failing
        engine.send(event("start"))
        assert watched.next() == [(None, "host_failed", "ok", "http")]
        failures = engine.asked("/containers/json")
        until(lambda: engine.asked("/containers/json") >= failures + 10)
        assert engine.asked("/events") == 1
        assert threads() == sorted([*before, "dockerframe-events-a", "dockerframe-watch-a"])
        # One for the events, one for the list.
        assert engine.open <= 2
        engine.answers["/containers/json"] = listing
        engine.containers = with_another()
        assert watched.next() == [(None, "host_recovered", "http", "ok")]
        assert watched.next() == ADDED
    until(lambda: threads() == before)


@pytest.mark.parametrize("fault", [failing, hang, stream_that_ends])
def test_threads_and_connections_do_not_grow_with_failures(engine: Engine, fault: Answer) -> None:
    before = threads()
    engine.answers["/events"] = fault
    engine.host = dkf.Host("a", engine.host.url, connect_timeout=0.3, read_timeout=0.03)
    most_threads, most_open = 0, 0
    with watching(engine):
        end = time.monotonic() + 20
        while engine.asked("/events") < 12:
            assert time.monotonic() < end
            most_threads, most_open = max(most_threads, len(threads())), max(most_open, engine.open)
            time.sleep(0.005)
    assert most_threads - len(before) <= 3
    assert most_open <= 4
    until(lambda: threads() == before and engine.open == 0)


def test_a_closed_watch_leaves_no_thread_or_connection(engine: Engine) -> None:
    before = threads()
    with watching(engine):
        begin(engine)
        assert len(threads()) == len(before) + 2
        started = time.monotonic()
    until(lambda: threads() == before and engine.open == 0)
    assert time.monotonic() - started < 5


def test_a_quiet_host_logs_nothing_and_is_not_reported(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    pace = Pace(settle=0.01, quiet=0.03, silence=0.1, first_pause=0.02, longest_pause=0.16)
    with caplog.at_level(logging.INFO), watching(engine, pace) as watched:
        until(lambda: engine.asked("/events") >= 4)
        assert watched.found.empty()
        # Events that were missed are found by the list.
        engine.containers = with_another()
        assert watched.next() == ADDED
    assert [record.getMessage() for record in caplog.records if record.name.startswith("dockerframe")] == []
    assert engine.asked("/containers/json") > engine.asked("/events")
    assert engine.asked("/info") == 0


def test_one_failure_is_logged_once_without_secrets(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.answers["/events"] = failing
    with caplog.at_level(logging.INFO), watching(engine):
        until(lambda: engine.asked("/events") >= 5)
    assert [record.getMessage()[:6] for record in caplog.records if record.name.startswith("dockerframe")] == ["[http]"]


def test_events_of_health_checks_cause_no_request(engine: Engine) -> None:
    """An engine that ignores the filter sends them; one that does not is asked for the others only."""
    with watching(engine) as watched:
        begin(engine)
        asked = len(engine.requests)
        for action in ("exec_create: /bin/check", "exec_start: /bin/check", "exec_die", "exec_died", "top", "attach"):
            engine.send(event(action))
        time.sleep(0.15)
        assert len(engine.requests) == asked
        engine.containers = with_another()
        engine.send(event("health_status: unhealthy"))
        assert watched.next() == ADDED
        assert engine.asked("/containers/json") == 2
    (filters,) = engine.filters
    assert filters["type"] == ["container", "network"]
    assert not [action for action in filters["event"] if action.startswith("exec")]
    assert {"start", "die", "destroy", "health_status", "connect", "disconnect", "rename"} <= set(filters["event"])


@pytest.mark.parametrize("action", ["start", "died", "connect", "health_status: healthy", "of a newer engine", ""])
def test_an_event_without_a_difference_is_one_list_and_no_report(engine: Engine, action: str) -> None:
    with watching(engine) as watched:
        begin(engine)
        for _ in range(5):
            engine.send(event(action))
        until(lambda: engine.asked("/containers/json") >= 2)
        time.sleep(0.05)
        assert engine.asked("/containers/json") <= 4
        assert engine.asked("/info") == 0
        assert watched.found.empty()


@pytest.mark.parametrize("line", [b"not JSON\n", b"[" * 100_000 + b"\n", b'{"Action": 7}\n', b"7\n", b"\xff\xfe\n"])
def test_an_event_that_cannot_be_read_counts(engine: Engine, line: bytes) -> None:
    with watching(engine) as watched:
        begin(engine)
        engine.containers = with_another()
        engine.send(line)
        assert watched.next() == ADDED
        assert watched.found.empty()


def test_events_in_pieces_without_line_ends(engine: Engine) -> None:
    with watching(engine) as watched:
        begin(engine)
        asked = len(engine.requests)
        engine.send(event("exec_create: /bin/check") + event("start").rstrip(), pieces=40)
        time.sleep(0.1)
        assert len(engine.requests) == asked
        engine.containers = with_another()
        engine.send(b"\n")
        assert watched.next() == ADDED


def test_a_line_without_an_end_is_given_up_and_the_host_stays_healthy(engine: Engine) -> None:
    with watching(engine) as watched:
        begin(engine)
        engine.send(b"x" * (2**20 + 2), pieces=50)
        until(lambda: len(engine.streams) >= 2)
        engine.containers = with_another()
        engine.send(event("start"))
        assert watched.next() == ADDED
        assert watched.found.empty()


def test_an_engine_that_closes_the_connection_after_each_answer(engine: Engine) -> None:
    engine.closes_after_each = True
    engine.answers["/info"] = version
    for _ in range(5):
        snap = dkf.Fleet([engine.host], pool=ClientPool(connect)).snapshot(progress=False)
        assert snap.hosts.select("ok", "error_kind").rows() == [(True, None)]
        assert snap.containers.height == 3
    with watching(engine) as watched:
        begin(engine)
        engine.containers = with_another()
        engine.send(event("start"))
        assert watched.next() == ADDED


@pytest.mark.parametrize(
    ("path", "fault"),
    # A connection that closes before any answer is not an engine: /version is the first request.
    [*itertools.product(["/info", "/version"], ["hang", "failing", "nested", "text"]), ("/info", "closes")],
)
def test_info_and_version_that_fail_cost_no_containers(engine: Engine, path: str, fault: str) -> None:
    async def nested(engine: Engine, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"[" * 100_000))

    async def text(engine: Engine, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'"a\\ud800"'))

    async def closes(engine: Engine, writer: asyncio.StreamWriter) -> None:
        writer.close()

    faults = {"hang": hang, "failing": failing, "nested": nested, "closes": closes, "text": text}
    engine.answers |= {"/info": version, path: faults[fault], "/v1.55/containers/json": listing}
    snap = dkf.Fleet([engine.host], pool=ClientPool(connect)).snapshot(progress=False)
    assert snap.hosts.select("ok", "error_kind").rows() == [(True, None)]
    assert snap.containers.height == 3


def test_info_that_hangs_fails_no_other_host_of_the_same_url(engine: Engine) -> None:
    """Hosts of one URL share a client, and take turns."""
    engine.answers["/info"] = hang
    hosts = [dkf.Host(f"h{number}", engine.host.url, read_timeout=1.5) for number in range(4)]
    started = time.monotonic()
    snap = dkf.Fleet(hosts, pool=ClientPool(connect)).snapshot(progress=False)
    assert snap.hosts["ok"].to_list() == [True] * 4
    assert snap.containers.height == 12
    # Those that waited for /info do not wait for their own.
    assert time.monotonic() - started < 4 * 0.5 + 0.5


def test_a_list_that_waited_for_info_in_vain_is_requested(engine: Engine) -> None:
    engine.answers["/info"] = hang
    with dkf.new_client(dkf.Host("a", engine.host.url, read_timeout=1.5), unique=True) as client:
        first, second = (threading.Thread(target=client.get_optional, args=("/info",)) for _ in range(2))
        first.start()
        until(lambda: engine.asked("/info") == 1)
        second.start()
        assert client.containers().body == good_list("a")
        first.join(10)
        second.join(10)
    assert engine.asked("/info") == 1


def test_a_recorded_fleet_can_be_watched() -> None:
    transport = dkf.MockTransport(
        {
            "a": {"/containers/json": good_list("a"), "/events": event("start")},
            "down": dkf.HostError("refused", "Down."),
        }
    )
    changes = watch(transport.hosts, transport, pace=FAST)
    assert next(changes).select("host", "change", "after").rows() == [("down", "host_failed", "refused")]
    changes.close()


def test_a_list_that_differs_in_ages_only_is_not_decoded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []

    def counted(*given: Any, **options: Any) -> object:
        decoded.append(0)
        return from_answers(*given, **options)

    monkeypatch.setattr(module, "from_answers", counted)

    def shows(*texts: str) -> None:
        engine.containers = json.dumps(
            [summary(Id=f"c{number}", Status=text) for number, text in enumerate(texts)]
        ).encode()

    shows("Up 5 minutes (healthy)", "Exited (1) 2 hours ago")
    with watching(engine) as watched:
        begin(engine)
        until(lambda: len(decoded) == 1)
        shows("Up About an hour (healthy)", "Exited (1) 3 hours ago")
        for wanted in range(2, 5):
            engine.send(event("start"))
            until(lambda wanted=wanted: engine.asked("/containers/json") >= wanted)
        time.sleep(0.05)
        assert len(decoded) == 1
        shows("Up About an hour (unhealthy)", "Exited (1) 3 hours ago")
        engine.send(event("health_status: unhealthy"))
        assert [row[1:] for row in watched.next()] == [("health", "healthy", "unhealthy")]


def test_one_step_is_cheap(engine: Engine) -> None:
    """A list of 200 containers in which nothing, or one thing, changed."""
    many = [summary(Id=f"c{number}", Names=[f"/c{number}"], Labels={"proxy.port": "80"}) for number in range(200)]
    engine.containers = json.dumps(many).encode()
    with watching(engine) as watched:
        begin(engine)
        time.sleep(0.3)
        started = time.process_time()
        for number in range(10):
            many[number]["State"] = "exited"
            engine.containers = json.dumps(many).encode()
            engine.send(event("die"))
            assert watched.next() == [(f"c{number}", "state", "running", "exited")]
        seconds = (time.process_time() - started) / 10
    print(f"{seconds * 1000:.1f} ms of processor time per change")
    assert seconds < 1.0
