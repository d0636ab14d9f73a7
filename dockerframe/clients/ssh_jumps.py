"""`ProxyJump` of the ssh configuration, which docker-py passes over: hosts behind one or several others.

Only `dockerframe.clients.ssh_transport` imports this, which is loaded when it is used.
"""

from __future__ import annotations

import getpass
import os
from typing import Any, Final, NamedTuple

import paramiko

SSH_PORT: Final = 22


class _Login(NamedTuple):
    """Where and as whom to log in."""

    hostname: str
    port: int
    username: str | None
    key_filename: list[str]


class SshJumps:
    """The logins on the way to a host, kept as long as the last one is needed."""

    def __init__(self, seconds: float) -> None:
        _check_user()
        self._seconds = seconds
        self._configuration = _configuration()
        self._clients: list[paramiko.SSHClient] = []

    def lead_to(self, name: str, address: tuple[str, int], *, on_the_way: frozenset[str] = frozenset()) -> Any:
        """A channel to an address, for the `sock` of `SSHClient.connect`; None where there is no jump on the way.

        `name` is the host's name in the configuration, `on_the_way` the names that lead here already.
        """
        names = self._jumps(name)
        logins = [self._login(one) for one in names]
        # Each leads to the next one, the last one to the address.
        targets = [(login.hostname, login.port) for login in logins[1:]] + [address]
        channel = None
        for jump, login, target in zip(names, logins, targets, strict=False):
            if channel is None:
                host = _parts(jump).host
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

    def _jumps(self, name: str) -> list[str]:
        value = self._configuration.lookup(name).get("proxyjump", "none")
        return [] if value.lower() == "none" else [one.strip() for one in value.split(",")]

    def _login(self, name: str) -> _Login:
        user, host, port = _parts(name)
        # The stubs have every value a text; identity files are a list.
        found: Any = self._configuration.lookup(host)
        address = (found["hostname"], port_of(port or found.get("port")))
        return _Login(*address, user or found.get("user"), keys_of(found.get("identityfile")))

    def _channel(self, login: _Login, sock: Any, target: tuple[str, int]) -> paramiko.Channel:
        """Log in, and have the host there open a channel to the next one."""
        client = paramiko.SSHClient()
        client.load_system_host_keys()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
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


class _Parts(NamedTuple):
    """`[USER@]HOST[:PORT]`; what is not there is empty."""

    user: str
    host: str
    port: str


def _configuration() -> paramiko.SSHConfig:
    # As docker-py finds it; Path would raise for a user without a home folder, as there are in containers.
    path = os.path.expanduser("~/.ssh/config")  # noqa: PTH111
    try:
        return paramiko.SSHConfig.from_path(path)
    except (FileNotFoundError, NotADirectoryError):
        return paramiko.SSHConfig()
    except (OSError, ValueError, paramiko.ConfigParseError) as error:
        raise paramiko.SSHException(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from None


def port_of(configured: object) -> int:
    """A port of the ssh configuration; the usual one where it has none."""
    try:
        return int(str(configured or SSH_PORT))
    except ValueError:
        raise paramiko.SSHException(f"the port of the ssh configuration is no number: {configured}") from None


def keys_of(configured: list[str] | None) -> list[str]:
    """The key files of the ssh configuration that are there: ssh passes over the others, where paramiko fails."""
    return [file for file in configured or () if os.path.isfile(os.path.expanduser(file))]  # noqa: PTH111, PTH113


def _check_user() -> None:
    """Have paramiko find the name of the user who logs in, which it asks for whatever the URL says."""
    try:
        getpass.getuser()
    # Python 3.13 raises the latter.
    except (KeyError, OSError):
        raise paramiko.SSHException(f"user {os.getuid()} has no name on this machine; set USER to one") from None


def _parts(name: str) -> _Parts:
    user, _, address = name.removeprefix("ssh://").rpartition("@")
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        host, port = address, ""
    return _Parts(user, host.strip("[]"), port)
