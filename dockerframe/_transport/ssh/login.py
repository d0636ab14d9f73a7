"""The way to an ssh host: by other hosts (`ProxyJump`), by a command (`ProxyCommand`), or straight.

Only `dockerframe._transport.ssh.adapter` imports this, which is loaded when it is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import paramiko

from dockerframe._transport.ssh.config import client_that_knows_hosts, host_of
from dockerframe._transport.ssh.turns import turn_at

if TYPE_CHECKING:
    from dockerframe._transport.ssh.config import SshConfiguration, SshLogin

# Routers between forget a connection that is silent for a few minutes.
_KEEPALIVE_SECONDS: Final = 30
_PAUSES: Final = (0.3, 0.6, 1.2)

Way: TypeAlias = Callable[[tuple[str, int]], Any]
"""Begins a connection to an address: gives what `SSHClient.connect` wants for `sock`, None where it goes by itself."""


class SshJumps:
    """The logins on the way to a host, kept as long as the last one is needed."""

    def __init__(self, configuration: SshConfiguration, seconds: float) -> None:
        self._configuration = configuration
        self._seconds = seconds
        self._clients: list[paramiko.SSHClient] = []

    def way_to(self, name: str, *, on_the_way: frozenset[str] = frozenset()) -> Way:
        """The way to a host by its name in the configuration; all hosts between are logged in at.

        `on_the_way` has the names that lead here already.
        """
        command = self._configuration.proxy_command(name)
        if command is not None:
            return lambda _: _ProxyCommand(command)
        jumps = self._configuration.jumps(name)
        if not jumps:
            return lambda _: None
        first = host_of(jumps[0])
        if first in on_the_way or first == name:
            raise paramiko.SSHException(f"ProxyJump leads in a circle by way of {first}")
        way = self.way_to(first, on_the_way=on_the_way | {name})
        for jump in jumps:
            try:
                way = self._by_way_of(self._configuration.login(jump), way)
            except Exception as error:
                error.add_note(f"at the jump host {jump}")
                raise
        return way

    def close(self) -> None:
        """Log out everywhere, the last one first."""
        while self._clients:
            self._clients.pop().close()

    def _by_way_of(self, login: SshLogin, way: Way) -> Way:
        """Log in, and have the host there begin the next connection."""
        client = client_that_knows_hosts()
        self._clients.append(client)
        log_in(client, login, way, self._seconds)
        transport = client.get_transport()
        if transport is None:
            raise paramiko.SSHException(f"{login.hostname} hung up")
        return lambda address: transport.open_channel("direct-tcpip", address, ("127.0.0.1", 0), timeout=self._seconds)


def log_in(client: paramiko.SSHClient, login: SshLogin, way: Way, seconds: float) -> None:
    """Connect and log in, in turn with others at the same address; each step may take so many seconds.

    A server that has too many logins under way hangs up at once: that is tried again a few times.
    """
    address = (login.hostname, login.port)
    with turn_at(address, seconds):
        for pause in (*_PAUSES, None):
            try:
                client.connect(
                    **login._asdict(), sock=way(address), timeout=seconds, banner_timeout=seconds, auth_timeout=seconds
                )
                break
            except Exception as error:
                client.close()
                if pause is None or not _hung_up(error):
                    raise
            time.sleep(pause)
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(_KEEPALIVE_SECONDS)


def _hung_up(error: Exception) -> bool:
    return any(isinstance(one, EOFError | ConnectionResetError) for one in (error, error.__context__, error.__cause__))


class _ProxyCommand(paramiko.ProxyCommand):
    def close(self) -> None:
        """End the command; paramiko's own leaves it behind, unawaited."""
        # Leaving the block closes its pipes and waits for it.
        with self.process as process:
            process.kill()
