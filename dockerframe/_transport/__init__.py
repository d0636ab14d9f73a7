"""Clients: one shared connection per host, which can't change anything at its other end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dockerframe._config.docker_config import host_defaults
from dockerframe._config.environment import hosts_from_urls
from dockerframe._transport.mock import MockTransport
from dockerframe._transport.pool import ClientPool

if TYPE_CHECKING:
    from dockerframe._config.host import Host
    from dockerframe._transport.client import Client
    from dockerframe._transport.connection import Connection

__all__ = ["MockTransport", "clients", "new_client", "shared_pool"]


def _connect(host: Host) -> Connection:
    from dockerframe._transport.connection import connect  # noqa: PLC0415 - docker-py and its transports

    return connect(host)


shared_pool = ClientPool(_connect)
"""The pool of everything that names no other."""


def new_client(host: Host | str, unique: bool = False) -> Client:  # noqa: FBT001, FBT002 - the public face names it so
    """A connected client for a host: the shared one, with a reference counted, or with `unique` one of your own.

    `host` is a host of a fleet (`fleet.host("edge")`) or a URL, whose TLS files are those of the environment. Close
    the client, or use it in a `with` statement. The shared one stays connected for 10 s after its last user.

    Raises
    ------
    HostError
        When the host can't be reached.
    ConfigurationError
        When the URL can't be used.
    """
    named = hosts_from_urls([host], os.environ, host_defaults(os.environ))[0] if isinstance(host, str) else host
    return shared_pool.acquire(named, unique=unique)


def clients() -> list[Client]:
    """All shared clients that are connected, each with a reference counted for you: close each.

    Examples
    --------
    >>> for client in clients():
    ...     client.close()
    """
    return shared_pool.clients()
