"""Watching a fleet: differences as they happen, from the events of the engines."""

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
from dockerframe.tables.differences import TABLE as DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from dockerframe._config.host import Host
    from dockerframe._snapshot.snapshot import Snapshot
    from dockerframe._transport.pool import ClientPool
    from dockerframe.errors import HostError
    from dockerframe.schemas import Precedence

SETTLE_SECONDS: Final = 0.15
"""How long to wait for further events before the list of containers is requested."""
SILENT_SECONDS: Final = 30.0
"""How long a host may send no event before its list is requested anyway."""
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
_EVENTS: Final = {"filters": json.dumps({"type": ["container", "network"]})}


def watch(hosts: Sequence[Host], pool: ClientPool, precedence: Precedence = "alias") -> Generator[pl.DataFrame]:
    """The differences on all hosts as they happen: frames with the columns of the table `differences`.

    Each host has its own connection. An event only triggers a comparison of the lists of containers, so that none is
    missed or misread. A host whose connection ends is a row, and is retried until it answers; the next comparison
    then shows what changed in between.

    The iterator runs until it is closed.

    Parameters
    ----------
    hosts
        The hosts.
    pool
        The pool of their clients.
    precedence
        Which label wins where an alias and a wildcard set the same field.
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
    """One host, watched in its own thread."""

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
        """Follow the host until the watch ends; after each failure, retry after a longer pause."""
        while not self._ended.is_set():
            error = isolated(self._host, self._follow, lambda error: error)
            if error is not None and error.kind != "read_timeout":
                self._report_host("host_failed", error.kind)
                self._ended.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _follow(self) -> HostError | None:
        """Compare the list with the previous one after events; returns when the watch ends."""
        events = _Events(self._host, self._pool, self._ended)
        while not self._ended.is_set():
            if events.wait():
                self._ended.wait(SETTLE_SECONDS)
                events.clear()
                self._compare()
        return None

    def _compare(self) -> None:
        answers = gather([self._host], self._pool, max_workers=1)
        snapshot, failures = from_answers(answers, precedence=self._precedence)
        if failures:
            raise failures[self._host.name]
        self._report_host("host_recovered", None)
        self._pause = FIRST_PAUSE_SECONDS
        if self._known is not None:
            differing = diff(self._known, snapshot)
            if differing.height:
                self._found.put(differing)
        self._known = snapshot

    def _report_host(self, change: str, kind: str | None) -> None:
        """Report that the host failed or recovered, if that is a change."""
        if (kind is None) == (self._failure is None):
            return
        before, self._failure = self._failure or "ok", kind
        row = {"host": self._host.name, "change": change, "before": before, "after": kind or "ok"}
        self._found.put(DIFFERENCES.conform(pl.DataFrame([row], schema=DIFFERENCES.schema)))


class _Events:
    """The events of a host, read in their own thread; only their arrival matters, not their contents."""

    def __init__(self, host: Host, pool: ClientPool, ended: threading.Event) -> None:
        self._host = host
        self._pool = pool
        self._ended = ended
        self._arrived = threading.Event()
        self._error: HostError | None = None
        threading.Thread(target=self._read, name=f"dockerframe-events-{host.name}", daemon=True).start()

    def wait(self) -> bool:
        """Wait a moment for an event: whether one arrived. Raises the error that ended the connection."""
        arrived = self._arrived.wait(WAIT_SECONDS)
        if self._error is not None:
            raise self._error
        return arrived

    def clear(self) -> None:
        """Forget the events so far."""
        self._arrived.clear()

    def _read(self) -> None:
        self._error = isolated(self._host, self._listen, lambda error: error)
        self._arrived.set()

    def _listen(self) -> HostError | None:
        timeouts = replace(self._host.timeouts, read_timeout=SILENT_SECONDS)
        with (
            self._pool.acquire(self._host, unique=True) as client,
            # The first line is empty and precedes all events: the list is requested once events are being received.
            closing(client.lines("/events", _EVENTS, timeouts=timeouts)) as lines,
        ):
            for _ in lines:
                self._arrived.set()
                if self._ended.is_set():
                    break
        return None
