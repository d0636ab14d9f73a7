"""The way to an ssh host: by other hosts (`ProxyJump`), by a command (`ProxyCommand`), or none.

Only `dockerframe.clients.ssh_transport` imports this, which is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import paramiko

from dockerframe.clients.ssh_configuration import client_that_knows_hosts, host_of

if TYPE_CHECKING:
    from dockerframe.clients.ssh_configuration import SshConfiguration, SshLogin


class SshJumps:
    """The logins on the way to a host, kept as long as the last one is needed."""

    def __init__(self, configuration: SshConfiguration, seconds: float) -> None:
        self._configuration = configuration
        self._seconds = seconds
        self._clients: list[paramiko.SSHClient] = []

    def lead_to(self, name: str, address: tuple[str, int], *, on_the_way: frozenset[str] = frozenset()) -> Any:
        """A channel to an address, for the `sock` of `SSHClient.connect`; None where nothing is on the way.

        `name` is the host's name in the configuration, `on_the_way` the names that lead here already.
        """
        command = self._configuration.proxy_command(name)
        if command is not None:
            return _ProxyCommand(command)
        names = self._configuration.jumps(name)
        logins = [self._configuration.login(one) for one in names]
        # Each leads to the next one, the last one to the address.
        targets = [(login.hostname, login.port) for login in logins[1:]] + [address]
        channel = None
        for jump, login, target in zip(names, logins, targets, strict=False):
            if channel is None:
                host = host_of(jump)
                if host in on_the_way or host == name:
                    raise paramiko.SSHException(f"ProxyJump leads in a circle by way of {host}")
                channel = self.lead_to(host, (login.hostname, login.port), on_the_way=on_the_way | {name})
            try:
                channel = self._channel(login, channel, target)
            except Exception as error:
                error.add_note(f"at the jump host {jump}")
                raise
        return channel

    def close(self) -> None:
        """Log out everywhere, the last one first."""
        while self._clients:
            self._clients.pop().close()

    def _channel(self, login: SshLogin, sock: Any, target: tuple[str, int]) -> paramiko.Channel:
        """Log in, and have the host there open a channel to the next one."""
        client = client_that_knows_hosts()
        self._clients.append(client)
        client.connect(
            **login._asdict(),
            sock=sock,
            timeout=self._seconds,
            banner_timeout=self._seconds,
            auth_timeout=self._seconds,
        )
        transport = client.get_transport()
        if transport is None:
            raise paramiko.SSHException(f"{login.hostname} hung up")
        return transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=self._seconds)


class _ProxyCommand(paramiko.ProxyCommand):
    def close(self) -> None:
        """End the command; paramiko's own leaves it behind, unawaited."""
        # Leaving the block closes its pipes and waits for it.
        with self.process as process:
            process.kill()
