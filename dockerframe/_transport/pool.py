"""The pool: one shared client for each host URL and TLS identity, counted, and closed when idle."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dockerframe._transport.client import Client
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._config.host import Host
    from dockerframe._transport.connection import Connection

_LOG: Final = logging.getLogger("dockerframe.clients")

IDLE_SECONDS: Final = 10.0
"""How long a client without users stays connected."""


@dataclass(slots=True)
class _Slot:
    """The place of one shared client; `references` counts its users, those that wait for it to connect included."""

    connecting: threading.Lock = field(default_factory=threading.Lock)
    client: Client | None = None
    references: int = 0
    idle_since: float = 0.0


class ClientPool:
    """Shared clients, by URL and TLS identity.

    Parameters
    ----------
    connect
        Makes the connection to a host.
    clock
        Gives the time in seconds; only differences of it count.
    idle_seconds
        How long a client without users stays connected.
    """

    def __init__(
        self,
        connect: Callable[[Host], Connection],
        *,
        clock: Callable[[], float] = time.monotonic,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._start_empty()
        if hasattr(os, "register_at_fork"):
            # The child must not speak on its parent's sockets: it forgets them, and closes nothing.
            os.register_at_fork(after_in_child=self._start_empty)
        atexit.register(self.close_all)

    def acquire(self, host: Host, *, unique: bool = False) -> Client:
        """A connected client, with a reference counted; with `unique` one outside the pool.

        A slow connect to one host holds up only those who want that host.

        Raises
        ------
        HostError
            When the host can't be reached.
        """
        if unique:
            client = Client(host, self._connect, Client.disconnect)
            client.open()
            _LOG.debug("client of %s made, of its own", host.name)
            return client
        with self._lock:
            slot = self._slots.setdefault(host.identity, _Slot())
            slot.references += 1
        try:
            with slot.connecting:
                if slot.client is None:
                    client = Client(host, self._connect, self.release)
                    client.open()
                    slot.client = client
                    _LOG.debug("client of %s made", host.name)
                    self._start_cleaner()
                else:
                    _LOG.debug("client of %s reused", host.name)
                return slot.client
        except BaseException:
            self._drop_reference(host.identity)
            raise

    def release(self, client: Client) -> None:
        """Give a reference back. The client stays connected for its other users, and for a while after the last."""
        with self._lock:
            slot = self._slots.get(client.host.identity)
            is_pooled = slot is not None and slot.client is client
        if is_pooled:
            self._drop_reference(client.host.identity)
        else:
            client.disconnect()

    def clients(self) -> list[Client]:
        """All connected clients, each with a reference counted for the caller."""
        with self._lock:
            connected = [slot for slot in self._slots.values() if slot.client is not None]
            for slot in connected:
                slot.references += 1
            return [slot.client for slot in connected if slot.client is not None]

    def references(self, host: Host) -> int:
        """How many users the shared client of a host has."""
        with self._lock:
            slot = self._slots.get(host.identity)
            return slot.references if slot is not None else 0

    def close_idle(self) -> None:
        """Close the clients that have had no user for long enough."""
        now = self._clock()
        with self._lock:
            idle = [
                identity
                for identity, slot in self._slots.items()
                if not slot.references and now - slot.idle_since >= self._idle_seconds
            ]
            slots = [self._slots.pop(identity) for identity in idle]
        _disconnect(slots)

    def close_all(self) -> None:
        """Close every client, whoever uses it: a user's next request connects anew."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        _disconnect(slots)

    def _drop_reference(self, identity: Any) -> None:
        with self._lock:
            slot = self._slots.get(identity)
            if slot is None or not slot.references:
                return
            slot.references -= 1
            slot.idle_since = self._clock()
            if slot.client is None and not slot.references:
                del self._slots[identity]

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[Any, _Slot] = {}
        self._cleaner: threading.Thread | None = None

    def _start_cleaner(self) -> None:
        with self._lock:
            if self._cleaner is None:
                self._cleaner = threading.Thread(target=self._clean, name="dockerframe-cleaner", daemon=True)
                self._cleaner.start()

    def _clean(self) -> None:
        """Close idle clients until there are none; the next connect starts another cleaner."""
        while True:
            time.sleep(min(1.0, self._idle_seconds / 4))
            self.close_idle()
            with self._lock:
                if not self._slots:
                    self._cleaner = None
                    return


def _disconnect(slots: list[_Slot]) -> None:
    for slot in slots:
        if slot.client is not None:
            _LOG.debug("client of %s closed", slot.client.host.name)
            try:
                slot.client.disconnect()
            except (OSError, HostError):
                # The connection is gone already, which is all that was wanted.
                continue
