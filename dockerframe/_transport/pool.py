"""The pool: one shared client for each host URL and identity, counted, and closed when idle."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dockerframe._transport.client import Client
from dockerframe.errors import DockerframeError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockerframe._config.host import Host
    from dockerframe._transport.connection import Connection

_LOG: Final = logging.getLogger("dockerframe.clients")

IDLE_SECONDS: Final = 10.0
"""How long a client without users stays connected."""

# An ssh host takes a socket and a pipe; others take less, but names and certificates are read meanwhile.
_DESCRIPTORS_PER_CLIENT: Final = 2
# What this process opens while clients connect: files of a report, threads of a notebook.
_DESCRIPTORS_KEPT: Final = 16


@dataclass(slots=True)
class _Slot:
    """The place of one shared client; `references` counts its users and those who wait for it."""

    client: Future[Client] = field(default_factory=Future)
    references: int = 0
    idle_since: float = 0.0

    @property
    def connected(self) -> Client | None:
        """The client, once it is connected."""
        is_connected = self.client.done() and self.client.exception() is None
        return self.client.result() if is_connected else None


class ClientPool:
    """Shared clients, by URL and identity.

    A pool belongs to its process. After a fork the child starts with an empty one: it never uses the sockets of its
    parent. Polars itself does not survive a fork: start processes with `spawn` or `forkserver`.

    Parameters
    ----------
    connect
        Makes the connection to a host.
    clock
        Gives the time in seconds; only differences count.
    idle_seconds
        How long a client without users stays connected.
    max_clients
        How many clients may be connected at the same time; None for as many as the limit of open files allows.
    """

    def __init__(
        self,
        connect: Callable[[Host], Connection],
        *,
        clock: Callable[[], float] = time.monotonic,
        idle_seconds: float = IDLE_SECONDS,
        max_clients: int | None = None,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._max_clients = max_clients
        self._start_empty()
        _pools.add(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without clients: the copy is an empty pool that connects in the same way."""
        return partial(ClientPool, max_clients=self._max_clients), (self._connect,)

    def acquire(self, host: Host, *, unique: bool = False) -> Client:
        """A connected client, with a reference counted; with `unique` one outside the pool.

        A slow connect delays only those who want the same host, and they share its outcome.

        Raises
        ------
        HostError
            When the host can't be reached.
        """
        if unique:
            client = self._new_client(host, Client.disconnect)
            _LOG.debug("%s: unique client connected", host.name)
            return client
        with self._changed:
            if host.identity not in self._slots:
                self._wait_for_room(host)
            is_first = host.identity not in self._slots
            slot = self._slots.setdefault(host.identity, _Slot())
            slot.references += 1
        if is_first:
            self._fill(slot, host)
        else:
            _LOG.debug("%s: client shared", host.name)
        try:
            return slot.client.result()
        except HostError as error:
            self._drop_reference(slot)
            # Hosts of one URL have names of their own.
            raise error.at_host(host.name) from error
        except BaseException:
            self._drop_reference(slot)
            raise

    def release(self, client: Client) -> None:
        """Give a reference back. The client stays connected for its other users, and for a while after the last."""
        with self._changed:
            slot = self._slots.get(client.host.identity)
        if slot is not None and slot.connected is client:
            self._drop_reference(slot)
        else:
            client.disconnect()

    def clients(self) -> list[Client]:
        """All connected clients, each with a reference counted for the caller."""
        with self._changed:
            connected = {id(slot): client for slot in self._slots.values() if (client := slot.connected) is not None}
            for slot in self._slots.values():
                slot.references += id(slot) in connected
            return list(connected.values())

    def references(self, host: Host) -> int:
        """How many users the shared client of a host has."""
        with self._changed:
            slot = self._slots.get(host.identity)
            return slot.references if slot is not None else 0

    def close_idle(self, *, idle_seconds: float | None = None) -> None:
        """Close the clients that have had no user for long enough."""
        oldest = self._clock() - (self._idle_seconds if idle_seconds is None else idle_seconds)
        with self._changed:
            slots = self._take_idle(oldest)
        _disconnect(slots)

    def close_all(self) -> None:
        """Close every client, in use or not: a user's next request connects again."""
        with self._changed:
            slots = list(self._slots.values())
            self._slots.clear()
            self._changed.notify_all()
        _disconnect(slots)

    def _new_client(self, host: Host, release: Callable[[Client], None]) -> Client:
        """A connected client; where the process is out of descriptors, idle ones are closed and it is tried again."""
        client = Client(host, self._connect, release)
        try:
            client.open()
        except HostError as error:
            if error.kind != "resources":
                raise
            self.close_idle(idle_seconds=0)
            client.open()
        return client

    def _fill(self, slot: _Slot, host: Host) -> None:
        """Connect, and hand the outcome to all who wait for it."""
        try:
            client = self._new_client(host, self.release)
        except BaseException as error:
            with self._changed:
                # Those who come later try again.
                if self._slots.get(host.identity) is slot:
                    del self._slots[host.identity]
                self._changed.notify_all()
            if isinstance(error, Exception):
                slot.client.set_exception(error)
                return
            slot.client.set_exception(HostError.at(host.name, "disconnected", "the connect was interrupted"))
            raise
        slot.client.set_result(client)
        _LOG.debug("%s: client connected", host.name)
        self._start_cleaner()

    def _wait_for_room(self, host: Host) -> None:
        """Wait, with the lock held, until fewer clients are connected than may be; not for longer than a connect."""
        if self._max_clients is None:
            self._max_clients = _room()
        deadline = time.monotonic() + host.timeouts.answer_timeout
        while len(self._slots) >= self._max_clients and time.monotonic() < deadline:
            idle = self._take_idle(self._clock())
            if idle:
                _disconnect(idle)
            else:
                self._changed.wait(deadline - time.monotonic())

    def _take_idle(self, oldest: float) -> list[_Slot]:
        """Take out, with the lock held, what has been idle since a time or longer."""
        idle = [
            identity
            for identity, slot in self._slots.items()
            if not slot.references and slot.client.done() and slot.idle_since <= oldest
        ]
        return [self._slots.pop(identity) for identity in idle]

    def _drop_reference(self, slot: _Slot) -> None:
        with self._changed:
            if slot.references:
                slot.references -= 1
                slot.idle_since = self._clock()
            self._changed.notify()

    def _start_empty(self) -> None:
        self._changed = threading.Condition()
        self._slots: dict[Any, _Slot] = {}
        self._cleaner: threading.Thread | None = None

    def _start_cleaner(self) -> None:
        with self._changed:
            if self._cleaner is None:
                cleaner = threading.Thread(target=self._clean, name="dockerframe-cleaner", daemon=True)
                # Where no further thread can be started, the next connect tries again.
                with suppress(RuntimeError):
                    cleaner.start()
                    self._cleaner = cleaner

    def _clean(self) -> None:
        """Close idle clients as long as there are clients; the next connect starts another cleaner."""
        while True:
            time.sleep(min(1.0, self._idle_seconds / 4))
            self.close_idle()
            with self._changed:
                if not self._slots:
                    self._cleaner = None
                    return


_pools: Final[weakref.WeakSet[ClientPool]] = weakref.WeakSet()
_process = os.getpid()


def refuse_after_fork() -> None:
    """Raise in a process that was forked from the one that loaded dockerframe.

    Raises
    ------
    DockerframeError
        In a forked process, where the threads of Polars do not exist and its first query would hang.

    Examples
    --------
    >>> refuse_after_fork()
    """
    if os.getpid() != _process:
        raise DockerframeError(
            "This process was forked after dockerframe was loaded, and the threads of Polars do not exist in it.",
            remedy="Start processes with multiprocessing.get_context('spawn') or 'forkserver'.",
        )


def _room() -> int:
    """How many clients fit into the limit of open files of this process."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return 2**31
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return 2**31
    try:
        used = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names only
    except OSError:
        used = _DESCRIPTORS_KEPT
    return max(1, (limit - used - _DESCRIPTORS_KEPT) // _DESCRIPTORS_PER_CLIENT)


def _disconnect(slots: Iterable[_Slot]) -> None:
    for slot in slots:
        client = slot.connected
        if client is not None:
            _LOG.debug("%s: client closed", client.host.name)
            try:
                client.disconnect()
            except (OSError, HostError):
                # The connection is gone already.
                continue


def _forget_all() -> None:
    for pool in list(_pools):
        pool._start_empty()  # noqa: SLF001 - of this module


def _close_all() -> None:
    for pool in list(_pools):
        pool.close_all()


if hasattr(os, "register_at_fork"):
    # The child must not use the sockets of its parent: it forgets them, and closes nothing.
    os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
