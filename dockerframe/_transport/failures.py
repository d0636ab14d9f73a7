"""What went wrong with a host: from any exception of the libraries below to one kind and one message."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Final

import requests
import urllib3.exceptions
from docker.errors import DockerException

from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._config.host import Host

_REMEDIES: Final = {
    "refused": "Start the engine there, or mend the address and port.",
    "unreachable": "Mend the network, the address or a firewall between.",
    "unknown_name": "Mend the host name, or the name service.",
    "no_socket": "Start the engine, or mend the path of the socket.",
    "permission": "Run as a user of the socket's group (often `docker`).",
    "connect_timeout": "Mend the network, or give it a longer connect_timeout_seconds.",
    "read_timeout": "Look at the load of the engine, or give it a longer read_timeout_seconds.",
    "disconnected": "Gather again; look at what stands between if it happens again.",
    "tls": "Check ca_file, cert_file and key_file, the name in the host's certificate, and when it expires.",
    "ssh_host_key": "Add the right key to ~/.ssh/known_hosts, once you know that it is the host's.",
    "ssh_authentication": "Add your key to the host's authorized_keys, or to the ssh agent.",
    "ssh": "Try `ssh` to this host by hand, and see that `docker version` works there.",
    "unsupported": "Use another scheme from this machine.",
    "http": "Check that the URL is that of a Docker engine.",
    "internal": "Please report this with the traceback.",
}
_SSH_REMEDIES: Final = {**_REMEDIES, "refused": "Start the ssh server there, or mend the address and port."}
# Files that ssh wants are no sockets.
_SSH_INSTEAD: Final = {"no_socket": "ssh", "permission": "ssh"}
_UNREACHABLE: Final = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)
_NO_PATH: Final = frozenset({errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_SSH_KINDS: Final = {
    "BadHostKeyException": "ssh_host_key",
    "AuthenticationException": "ssh_authentication",
    "BadAuthenticationType": "ssh_authentication",
    "PasswordRequiredException": "ssh_authentication",
}
# paramiko has one exception for all of these.
_SSH_WORDS: Final = {"known_hosts": "ssh_host_key", "authentication methods": "ssh_authentication"}


def host_error(error: BaseException, host: Host) -> HostError:
    """The one error of a host for an exception that a library raised while it was asked.

    Examples
    --------
    >>> from dockerframe._config.host import Host
    >>> error = host_error(ConnectionRefusedError(111, "Connection refused"), Host("edge", "tcp://docker1:2375"))
    >>> print(error.kind, "|", error)
    refused | Host edge: tcp://docker1:2375: Connection refused. Start the engine there, or mend the address and port.
    """
    causes = list(_causes(error))
    kind = next((kind for cause in causes if (kind := _kind(cause)) is not None), _without_kind(causes))
    remedies = _REMEDIES
    if host.scheme == "ssh":
        kind, remedies = _SSH_INSTEAD.get(kind, kind), _SSH_REMEDIES
    return HostError.at(host.name, kind, f"{host.url}: {_told(causes)}", remedies[kind])


def _without_kind(causes: list[BaseException]) -> str:
    """Where no library says what it waited for, as paramiko, it was a connection."""
    return "connect_timeout" if any(isinstance(cause, TimeoutError) for cause in causes) else "internal"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The innermost cause first: the libraries wrap what the operating system said several times over."""
    chain: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and one not in chain:
            chain.append(one)
            # paramiko keeps what each address of a host said.
            at_addresses = getattr(one, "errors", None)
            todo.extend(at_addresses.values() if isinstance(at_addresses, dict) else ())
            context = None if one.__suppress_context__ else one.__context__
            todo.extend([context, one.__cause__, getattr(one, "reason", None), *one.args])
    yield from reversed(chain)


def _kind(error: BaseException) -> str | None:
    named = next((_SSH_KINDS[one.__name__] for one in type(error).__mro__ if one.__name__ in _SSH_KINDS), None)
    if named is not None:
        return named
    if type(error).__module__.partition(".")[0] == "paramiko" and not isinstance(error, OSError):
        return next((kind for words, kind in _SSH_WORDS.items() if words in str(error)), "ssh")
    return next((kind for types, kind in _KINDS if isinstance(error, types)), _os_kind(error))


def _os_kind(error: BaseException) -> str | None:
    if not isinstance(error, OSError):
        return None
    if error.errno in _UNREACHABLE:
        return "unreachable"
    # Python looks at the length itself, and gives no number.
    return "no_socket" if error.errno in _NO_PATH or "path too long" in str(error) else None


_KINDS: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    (ssl.SSLError, "tls"),
    (socket.gaierror, "unknown_name"),
    (ConnectionRefusedError, "refused"),
    (FileNotFoundError, "no_socket"),
    (PermissionError, "permission"),
    ((requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), "connect_timeout"),
    ((requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError), "read_timeout"),
    ((ConnectionResetError, BrokenPipeError, ConnectionAbortedError, EOFError), "disconnected"),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), "tls"),
    ((urllib3.exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError), "disconnected"),
    (requests.exceptions.InvalidURL, "http"),
    (DockerException, "unsupported"),
)


def _told(causes: list[BaseException]) -> str:
    """What the innermost cause says, without the machine's addresses of objects."""
    for cause in causes:
        file = getattr(cause, "filename", None)
        said = getattr(cause, "strerror", None)
        text = (f"{said}: {file}" if said and file else said or str(cause)).strip().rstrip(".")
        if text and " object at 0x" not in text:
            return " ".join([text, *(f"({note})" for note in getattr(cause, "__notes__", ()))])
    return type(causes[-1]).__name__
