"""The ssh configuration of this user as ssh reads it: docker-py passes over what it includes, its ports and its jumps.

Only `dockerframe._transport.ssh.adapter` imports this, which is loaded when it is used.
"""

from __future__ import annotations

import getpass
import glob
import os
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import paramiko
from paramiko.hostkeys import InvalidHostKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SSH_PORT: Final = 22
# As many as ssh follows.
_MOST_INCLUDED: Final = 16
_LINE: Final = re.compile(r"^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$")


class SshLogin(NamedTuple):
    """Where and as whom to log in, named as `SSHClient.connect` wants it."""

    hostname: str
    port: int
    username: str | None
    key_filename: list[str]


class SshConfiguration:
    """What `~/.ssh/config` says of hosts. Each is named as `[ssh://][USER@]HOST[:PORT]`."""

    def __init__(self) -> None:
        """Read it.

        Raises
        ------
        paramiko.SSHException
            When it can't be read, or this process runs as a number that no user has.
        """
        _check_user()
        # A lookup may run commands (`Match exec`), and each host is looked up for several things.
        # The stubs have every value a text; identity files are a list.
        self._of_host: Callable[[str], Any] = cache(_read().lookup)

    def login(self, name: str) -> SshLogin:
        """The login at a host; what the name says goes before what the configuration says."""
        asked, found = _parts(name), self._lookup(name)
        return SshLogin(
            found["hostname"],
            _port(asked.port or found.get("port", SSH_PORT)),
            asked.user or found.get("user"),
            # ssh passes over key files that are not there, where paramiko fails.
            [file for file in found.get("identityfile", ()) if os.path.isfile(file)],  # noqa: PTH113
        )

    def jumps(self, name: str) -> list[str]:
        """The hosts on the way to a host, in their order."""
        value = self._lookup(name).get("proxyjump", "none")
        return [] if value.lower() == "none" else [one.strip() for one in value.split(",") if one.strip()]

    def proxy_command(self, name: str) -> str | None:
        """The command that leads to a host, instead of a connection."""
        command = self._lookup(name).get("proxycommand")
        return None if command is None or command.lower() == "none" else str(command)

    def _lookup(self, name: str) -> Any:
        return self._of_host(host_of(name))


def host_of(name: str) -> str:
    """The host of `[ssh://][USER@]HOST[:PORT]`."""
    return _parts(name).host


def client_that_knows_hosts() -> paramiko.SSHClient:
    """A client that logs in nowhere but at hosts whose keys are known."""
    client = paramiko.SSHClient()
    try:
        client.load_system_host_keys()
    except (ValueError, InvalidHostKey) as error:
        raise paramiko.SSHException(f"~/.ssh/known_hosts can't be read: {error}") from None
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    return client


class _Parts(NamedTuple):
    """What is not there is empty."""

    user: str
    host: str
    port: str


def _parts(name: str) -> _Parts:
    user, _, address = name.removeprefix("ssh://").rpartition("@")
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        host, port = address, ""
    return _Parts(user, host.strip("[]"), port)


def _port(text: object) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise paramiko.SSHException(f"the port of the ssh configuration is no number: {text}") from None


def _check_user() -> None:
    """Have paramiko find the name of the user who logs in, which it asks for whatever the URL says."""
    try:
        getpass.getuser()
    # Python 3.13 raises the latter.
    except (KeyError, OSError):
        raise paramiko.SSHException(f"user {os.getuid()} has no name on this machine; set USER to one") from None


def _read() -> paramiko.SSHConfig:
    path = _at_home("~/.ssh/config")
    try:
        return paramiko.SSHConfig.from_text("\n".join(_lines(path, "Host *")))
    except (FileNotFoundError, NotADirectoryError):
        return paramiko.SSHConfig()
    except OSError as error:
        raise paramiko.SSHException(f"{error.filename or path} can't be read: {error.strerror}") from None
    except (ValueError, paramiko.ConfigParseError) as error:
        raise paramiko.SSHException(f"{path} can't be read: {error}") from None


def _lines(path: str, block: str, depth: int = 0) -> Iterator[str]:
    """The lines of a file, those of files that it includes in their place. `block` is the `Host` line above them."""
    if depth > _MOST_INCLUDED:
        raise paramiko.SSHException(f"{path} is included by more than {_MOST_INCLUDED} files")
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            keyword, value = written.groups() if (written := _LINE.match(line)) else ("", "")
            if keyword.lower() == "include":
                for included in _included(value):
                    yield from _lines(included, block, depth + 1)
                # What follows stands where it stood before.
                yield block
                continue
            if keyword.lower() in {"host", "match"}:
                block = line.strip()
            yield line.rstrip("\n")


def _included(value: str) -> Iterator[str]:
    for pattern in shlex.split(value):
        yield from sorted(glob.glob(os.path.join(_at_home("~/.ssh"), _at_home(pattern))))  # noqa: PTH118, PTH207


def _at_home(path: str) -> str:
    # Path would raise for a user without a home folder, as there are in containers.
    return os.path.expanduser(path)  # noqa: PTH111
