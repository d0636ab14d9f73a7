"""Clients: one shared connection a host, and no way to change anything at its other end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerframe.clients.connection import connect
from dockerframe.clients.pool import ClientPool

if TYPE_CHECKING:
    from dockerframe.clients.client import Client
    from dockerframe.hosts.host import Host

shared_pool = ClientPool(connect)
"""The pool that everything shares which names no other."""


def new_client(host: Host, *, unique: bool = False) -> Client:
    """A connected client for a host: the shared one, with a reference counted, or with `unique` one of your own.

    Close it, or use it in a `with` statement. The shared one stays connected for 10 s after its last user.

    Raises
    ------
    HostError
        When the host can't be reached.
    """
    return shared_pool.acquire(host, unique=unique)


def clients() -> list[Client]:
    """All shared clients that are connected, each with a reference counted for you: close each.

    Examples
    --------
    >>> for client in clients():
    ...     client.close()
    """
    return shared_pool.clients()
