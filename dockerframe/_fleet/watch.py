"""Watching a fleet: what differs, as it happens, from the engines' own events."""

from __future__ import annotations

import json
import queue
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._gather.gather import WAIT_SECONDS, gather, isolated, next_of
from dockerframe._snapshot.build import from_answers
from dockerframe._snapshot.snapshot import diff
from dockerframe.schemas import DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from dockerframe._config.host import Host
    from dockerframe._snapshot.snapshot import Snapshot
    from dockerframe._transport.pool import ClientPool
    from dockerframe.errors import HostError
    from dockerframe.schemas import Precedence

SETTLE_SECONDS: Final = 0.15
"""How long events may follow each other before the host is asked what has become of it."""
SILENT_SECONDS: Final = 30.0
"""How long a host may send no event before it is asked whether any was missed."""
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
_EVENTS: Final = {"filters": json.dumps({"type": ["container", "network"]})}


def watch(hosts: Sequence[Host], pool: ClientPool, precedence: Precedence = "alias") -> Generator[pl.DataFrame]:
    """What differs on any host, as it happens: frames with the columns of `dockerframe.schemas.DIFFERENCES`.

    Each host is listened to on a connection of its own. Events only say that there is something to look at: what
    changed comes from comparing lists of containers, so that no event can be missed or misread. A host whose
    connection ends is a row, and is tried again until it answers; then the list tells what happened in between.

    The iterator goes on until it is closed.
    """
    found: queue.SimpleQueue[pl.DataFrame] = queue.SimpleQueue()
    ended = threading.Event()
    for host in hosts:
        watched = _WatchedHost(host, pool, precedence, found, ended)
        threading.Thread(target=watched.run, name=f"dockerframe-watch-{host.name}", daemon=True).start()
    try:
        while True:
            yield next_of(found)
    finally:
        ended.set()


class _WatchedHost:
    """One host, listened to in a thread of its own."""

    def __init__(
        self,
        host: Host,
        pool: ClientPool,
        precedence: Precedence,
        found: queue.SimpleQueue[pl.DataFrame],
        ended: threading.Event,
    ) -> None:
        self._host = host
        self._pool = pool
        self._precedence = precedence
        self._found = found
        self._ended = ended
        self._known: Snapshot | None = None
        self._failure: str | None = None
        self._pause = FIRST_PAUSE_SECONDS

    def run(self) -> None:
        """Follow the host until the watch ends; after a failure begin anew, each time after a longer pause."""
        while not self._ended.is_set():
            error = isolated(self._host, self._follow, lambda error: error)
            if error is not None and error.kind != "read_timeout":
                self._tell_host("host_failed", error.kind)
                self._ended.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _follow(self) -> HostError | None:
        """Compare the list with the last one whenever events have come; returns once the watch ends."""
        events = _Events(self._host, self._pool, self._ended)
        while not self._ended.is_set():
            if events.wait():
                self._ended.wait(SETTLE_SECONDS)
                events.forget()
                self._compare()
        return None

    def _compare(self) -> None:
        answers = gather([self._host], self._pool, max_workers=1)
        taken, failures = from_answers(answers, precedence=self._precedence)
        if failures:
            raise failures[self._host.name]
        self._tell_host("host_recovered", None)
        self._pause = FIRST_PAUSE_SECONDS
        if self._known is not None:
            differing = diff(self._known, taken)
            if differing.height:
                self._found.put(differing)
        self._known = taken

    def _tell_host(self, change: str, kind: str | None) -> None:
        """Tell that the host failed, or answers again; only where it did the other before."""
        if (kind is None) == (self._failure is None):
            return
        before, self._failure = self._failure or "ok", kind
        row = {"host": self._host.name, "change": change, "before": before, "after": kind or "ok"}
        self._found.put(DIFFERENCES.conform(pl.DataFrame([row], schema=DIFFERENCES.schema)))


class _Events:
    """The events of a host, read in a thread of its own; what they say does not matter, only that they came."""

    def __init__(self, host: Host, pool: ClientPool, ended: threading.Event) -> None:
        self._host = host
        self._pool = pool
        self._ended = ended
        self._came = threading.Event()
        self._error: HostError | None = None
        threading.Thread(target=self._read, name=f"dockerframe-events-{host.name}", daemon=True).start()

    def wait(self) -> bool:
        """Wait for a while for an event: whether one came. Raises what ended the reading."""
        came = self._came.wait(WAIT_SECONDS)
        if self._error is not None:
            raise self._error
        return came

    def forget(self) -> None:
        """Take what came so far as seen."""
        self._came.clear()

    def _read(self) -> None:
        self._error = isolated(self._host, self._listen, lambda error: error)
        self._came.set()

    def _listen(self) -> HostError | None:
        timeouts = replace(self._host.timeouts, read_timeout=SILENT_SECONDS)
        with (
            self._pool.acquire(self._host, unique=True) as client,
            # The first line is empty and comes before any event: the list is asked for once events are listened to.
            closing(client.lines("/events", _EVENTS, timeouts=timeouts)) as lines,
        ):
            for _ in lines:
                self._came.set()
                if self._ended.is_set():
                    break
        return None
