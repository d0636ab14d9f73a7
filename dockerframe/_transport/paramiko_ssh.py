"""ssh by paramiko, for machines without an `ssh` program: docker-py's own way, with known hosts read line by line."""

from __future__ import annotations

import contextlib
import getpass
import io
import logging
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import paramiko
from paramiko.hostkeys import HostKeyEntry

from dockerframe._transport.failures import TransportFailure
from dockerframe._transport.ssh import SshSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._transport.ssh import SshTarget

_KEEPALIVE_SECONDS: Final = 30
_DEFAULT_PORT: Final = 22
_PIECE_BYTES: Final = 2**16

_LOG: Final = logging.getLogger("dockerframe.clients")
# Failures are raised as well: without logging of its own, an application would see tracebacks on standard error.
_PARAMIKO: Final = logging.getLogger("paramiko")
_PARAMIKO.addHandler(logging.NullHandler())
_PARAMIKO.setLevel(logging.WARNING)


class ParamikoLogin:
    """Logs in at a host, by what `~/.ssh/config` has for it in the reading of paramiko."""

    def __init__(self, target: SshTarget) -> None:
        self._target = target

    def open(self, seconds: float) -> socket.socket:
        """Log in and run docker there.

        Raises
        ------
        TransportFailure
            When the login fails.
        """
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        _load_known_hosts(client)
        try:
            client.connect(**_login(self._target), timeout=seconds, banner_timeout=seconds, auth_timeout=seconds)
            # The keepalive of ssh: routers in between forget a silent connection.
            transport: Any = client.get_transport()
            transport.set_keepalive(_KEEPALIVE_SECONDS)
            channel = transport.open_session(timeout=seconds)
            channel.exec_command(self._target.command)
        except Exception as error:
            client.close()
            failure = _failure(error)
            if failure is None:
                raise
            raise failure from error
        return _bridged(client, channel)


def _login(target: SshTarget) -> dict[str, Any]:
    """The arguments of `SSHClient.connect`."""
    try:
        user = getpass.getuser()
    # Python 3.13 raises the latter.
    except (KeyError, OSError):
        raise TransportFailure("ssh", f"user {os.getuid()} has no name on this machine; set USER to one") from None
    path = _at_home(".ssh/config")
    configuration = paramiko.SSHConfig()
    try:
        configuration.parse(io.StringIO(path.read_text(encoding="utf-8", errors="replace")))
    except (FileNotFoundError, NotADirectoryError):
        _LOG.debug("there is no %s", path)
    except (OSError, paramiko.ConfigParseError) as error:
        raise TransportFailure("ssh", f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    found: Any = configuration.lookup(target.name)
    if found.get("proxyjump", "none") != "none" or found.get("proxycommand", "none") != "none":
        remedy = "Install the ssh program (package openssh-client)."
        raise TransportFailure("ssh", "ProxyJump and ProxyCommand need the ssh program", remedy)
    port = str(target.port or found.get("port", _DEFAULT_PORT))
    if not (port.isascii() and port.isdigit()):
        raise TransportFailure("ssh", f"the port in {path} is not a number: {port}")
    return {
        "hostname": found["hostname"],
        "port": int(port),
        "username": target.user or found.get("user") or user,
        "key_filename": [file for file in found.get("identityfile", ()) if Path(file).is_file()],
    }


def _at_home(name: str) -> Path:
    # Path.expanduser raises for a user without a home folder, as in containers.
    return Path(os.path.expanduser("~"), name)  # noqa: PTH111


def _load_known_hosts(client: paramiko.SSHClient) -> None:
    """Load each line that paramiko can read: authorities and damaged lines do not affect other hosts."""
    try:
        lines = _at_home(".ssh/known_hosts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    revoked = {line.split()[3] for line in lines if line.startswith("@revoked") and len(line.split()) > 3}
    for line in lines:
        try:
            entry = None if line.startswith("@") else HostKeyEntry.from_line(line)
        except (paramiko.SSHException, ValueError):
            continue
        if entry is None or entry.key is None or entry.hostnames is None or entry.key.get_base64() in revoked:
            continue
        for name in entry.hostnames:
            client.get_host_keys().add(name, entry.key.get_name(), entry.key)


def _failure(error: Exception) -> TransportFailure | None:
    """The failure that an exception of paramiko stands for."""
    match error:
        case paramiko.BadHostKeyException():
            kind = "ssh_host_key"
        case paramiko.AuthenticationException() | paramiko.PasswordRequiredException():
            kind = "ssh_authentication"
        case paramiko.SSHException() if "known_hosts" in str(error):
            kind = "ssh_host_key"
        case paramiko.SSHException() if "authentication methods" in str(error) or "existing session" in str(error):
            kind = "ssh_authentication"
        case paramiko.SSHException() if isinstance(error.__context__, EOFError | ConnectionResetError):
            kind = "disconnected"
        case paramiko.SSHException():
            kind = "ssh"
        case _:
            return None
    return TransportFailure(kind, str(error).rstrip("."))


def _bridged(client: paramiko.SSHClient, channel: paramiko.Channel) -> SshSocket:
    """A socket whose other end is the channel: paramiko's own files can't tell what has arrived so far."""
    ours, theirs = socket.socketpair()
    connection = SshSocket(fileno=ours.detach())
    connection.printed = lambda: channel.recv_stderr(2**14) if channel.recv_stderr_ready() else b""
    connection.end = client.close

    def copy(read: Callable[[int], bytes], write: Callable[[bytes], None]) -> None:
        with contextlib.suppress(OSError, EOFError):
            while content := read(_PIECE_BYTES):
                write(content)
        theirs.close()
        channel.close()

    for read, write in ((channel.recv, theirs.sendall), (theirs.recv, channel.sendall)):
        threading.Thread(target=copy, args=(read, write), name="dockerframe-ssh", daemon=True).start()
    return connection
