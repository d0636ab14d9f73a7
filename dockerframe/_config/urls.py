"""Host URLs: checking them, and writing them one way."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

DEFAULT_SOCKET: Final = "unix:///var/run/docker.sock"
DEFAULT_PIPE: Final = "npipe:////./pipe/docker_engine"

TLS_SCHEMES: Final = frozenset({"https", "tls"})
_DEFAULT_PORTS: Final = {"tcp": 2375, "http": 2375, "https": 2376, "tls": 2376, "agent": 8890}
SCHEMES: Final = ("unix", "npipe", "tcp", "http", "https", "tls", "ssh", "agent")
_NAME: Final = re.compile(r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)|[0-9A-Fa-f:.]+(?:%[\w.-]+)?)$")
_LARGEST_PORT: Final = 2**16 - 1
# RFC 1035, section 2.3.4.
_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 253


class InvalidUrlError(ValueError):
    """A text that is no URL of a host; says why."""


def default_url(platform: str) -> str:
    """The URL of the engine on this machine, as the docker CLI takes it; `platform` is `sys.platform`."""
    return DEFAULT_PIPE if platform == "win32" else DEFAULT_SOCKET


def checked_url(text: str) -> str:
    """A host URL with its port written out; a bare path is a socket's.

    Raises
    ------
    InvalidUrlError
        When the scheme is none of those a host may have, or a part is missing or wrong.

    Examples
    --------
    >>> checked_url("tcp://docker1.local")
    'tcp://docker1.local:2375'
    >>> checked_url("ssh://ops@docker2")
    'ssh://ops@docker2'
    """
    if text.startswith("/"):
        text = f"unix://{text}"
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in SCHEMES:
        raise InvalidUrlError(
            f"{text!r} is no host URL; it must start with one of {', '.join(f'{one}://' for one in SCHEMES)}"
        )
    if scheme in {"unix", "npipe"}:
        return f"{scheme}://{_local_path(scheme, rest)}"
    return _network_url(text, scheme)


def joined_url(scheme: str, host: str, port: int | None) -> str:
    """A URL from its parts, checked.

    Raises
    ------
    InvalidUrlError
        As `checked_url`.

    Examples
    --------
    >>> joined_url("tls", "2001:db8::1", 2376)
    'tls://[2001:db8::1]:2376'
    """
    if scheme in {"unix", "npipe"}:
        return checked_url(f"{scheme}://{host}")
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return checked_url(f"{scheme}://{name}" + (f":{port}" if port is not None else ""))


def _local_path(scheme: str, path: str) -> str:
    # docker-py and the docker CLI take `unix://run/docker.sock` for an absolute path as well.
    if not path:
        raise InvalidUrlError(f"{scheme}:// names no path")
    return path if scheme == "npipe" or path.startswith("/") else f"/{path}"


def _network_url(text: str, scheme: str) -> str:
    try:
        parts = urlsplit(text)
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidUrlError(
            f"{text!r}: a port is a number of 1 to {_LARGEST_PORT}, and an IPv6 address stands in brackets"
        ) from error
    if not name or not _NAME.match(name) or not all(0 < len(part) <= _LONGEST_LABEL for part in _labels(name)):
        raise InvalidUrlError(f"{text!r} names no host")
    if len(name) > _LONGEST_NAME:
        raise InvalidUrlError(f"a name of a host has no more than {_LONGEST_NAME} characters: {text!r}")
    if port is not None and not 1 <= port <= _LARGEST_PORT:
        raise InvalidUrlError(f"{text!r}: the port {port} is not one of 1 to {_LARGEST_PORT}")
    if parts.password is not None:
        raise InvalidUrlError(f"a password has no place in a URL ({scheme}://…@{name}); use keys")
    if parts.username is not None and scheme != "ssh":
        raise InvalidUrlError(f"{text!r}: only ssh takes a user")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise InvalidUrlError(f"{text!r}: nothing may follow the port")
    user = f"{parts.username}@" if parts.username else ""
    written_port = port or _DEFAULT_PORTS.get(scheme)
    written_name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{user}{written_name}" + (f":{written_port}" if written_port else "")


def _labels(name: str) -> list[str]:
    """What stands between the dots of a name; it may end in one."""
    return name.removesuffix(".").split(".")
