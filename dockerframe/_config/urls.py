"""Host URLs: reading them as the docker CLI does, checking them, and writing each in one form."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

import idna

DEFAULT_SOCKET: Final = "unix:///var/run/docker.sock"
DEFAULT_PIPE: Final = "npipe:////./pipe/docker_engine"

TLS_SCHEMES: Final = frozenset({"https", "tls"})
HTTP_SCHEMES: Final = frozenset({"tcp", "http", *TLS_SCHEMES})
LOCAL_SCHEMES: Final = frozenset({"unix", "npipe"})
SCHEMES: Final = ("unix", "npipe", "tcp", "http", "https", "tls", "ssh", "agent")

_DEFAULT_PORTS: Final = {"tcp": 2375, "http": 2375, "https": 2376, "tls": 2376, "agent": 8890}
# An address with a path is that of a gateway, which listens where web servers do.
_GATEWAY_PORTS: Final = {**_DEFAULT_PORTS, "http": 80, "https": 443, "tls": 443}
_TLS_PORT: Final = 2376

# These parts make up the parser here and the pattern of the JSON Schema, so they keep to what JavaScript knows too.
_CHARACTER: Final = r"[^\x00-\x2c\x2e\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f\s]"
_NAME: Final = rf"(?!-){_CHARACTER}{{1,63}}(?:\.{_CHARACTER}{{1,63}})*\.?"
_IPV6: Final = r"\[[0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._~-]{1,64})?\]"
_HOST: Final = rf"(?:{_NAME}|{_IPV6})"
_PORT: Final = (
    r"0{0,4}(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(?![0-9])"
)
_USER: Final = r"(?!-)[^\s/:@?#]+"
_PATH: Final = r"/[^\s?#]*"
_HTTP_ADDRESS: Final = rf"(?:{_HOST}(?::{_PORT})?|:{_PORT})(?:{_PATH})?"

END: Final = r"(?![\s\S])"
"""The end of a text in patterns: `$` also matches before a last line end in Python, and does not in JavaScript."""

PORT_PATTERN: Final = rf"^{_PORT}{END}"
"""A port, written as text."""

NAME_PATTERN: Final = rf"^\s*(?:{_HOST}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z._~-]{{1,64}})?)\s*{END}"
"""The name or address of a host, without a port; an IPv6 address with or without brackets."""

AGENT_PATTERN: Final = rf"^\s*(?:agent://)?{_HOST}(?::{_PORT})?/?\s*{END}"
"""The address of an agent, with or without its scheme."""

URL_PATTERN: Final = (
    r"^\s*(?:"
    r"(?:unix|npipe)://\S(?:.*\S)?"
    r"|/(?:.*\S)?"
    rf"|ssh://(?:{_USER}@)?{_HOST}(?::{_PORT})?(?:{_PATH})?"
    rf"|agent://{_HOST}(?::{_PORT})?/?"
    rf"|(?:(?:tcp|http|https|tls)://)?{_HTTP_ADDRESS}"
    rf")\s*{END}"
)
"""Every address that `checked_url` takes, apart from what `_ascii_name` looks at."""

_ADDRESS: Final = re.compile(
    rf"^(?:(?P<user>{_USER})@)?(?P<name>{_HOST})?(?::(?P<port>{_PORT}))?(?P<path>{_PATH})?$", re.DOTALL
)
_TAKEN: Final = re.compile(URL_PATTERN)
_CREDENTIALS: Final = re.compile(r"^(\s*[A-Za-z][A-Za-z0-9+.-]*:/*)?.*@", re.DOTALL)
_LONGEST_SHOWN: Final = 120
_WRONG_USER: Final = "the user of an ssh URL must not start with a hyphen, nor have control characters"
# RFC 1035, section 2.3.4.
_LONGEST_NAME: Final = 253


class InvalidUrlError(ValueError):
    """A text that is not the address of a host; the message names the problem."""


class UrlParts(NamedTuple):
    """The parts of a checked URL.

    `hostname` is what a connection needs: international names in ASCII, IPv6 addresses without brackets, their zone
    after a `%`. `user` is percent-decoded. `path` is the path of a socket or pipe, or the prefix of all requests.
    """

    scheme: str
    user: str | None
    hostname: str
    port: int | None
    path: str


def default_url(platform: str) -> str:
    """The URL of the engine on this machine, as the docker CLI has it; `platform` is `sys.platform`."""
    return DEFAULT_PIPE if platform == "win32" else DEFAULT_SOCKET


def shown_url(text: str) -> str:
    """An address for messages: quoted, without credentials, and no longer than a line.

    Examples
    --------
    >>> shown_url("tcp://me:secret@a:2375?token=x")
    "'tcp://a:2375'"
    """
    shown = _CREDENTIALS.sub(r"\1", text) if "@" in text else text
    shown = re.split(r"[?#]", shown, maxsplit=1)[0]
    return repr(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…")


def checked_url(text: str, *, over_tls: bool = False) -> str:
    """The URL of a host in one form: with its scheme and port, without surrounding blanks.

    A path alone is a socket, and an address without a scheme is `tcp`, as for the docker CLI. `over_tls` is whether
    `tcp` means TLS here, which has another default port.

    Raises
    ------
    InvalidUrlError
        When the scheme is unknown, or a part is missing or wrong.

    Examples
    --------
    >>> checked_url("tcp://docker1.local")
    'tcp://docker1.local:2375'
    >>> checked_url("10.0.0.5:2375")
    'tcp://10.0.0.5:2375'
    >>> checked_url("ssh://ops@docker2/run/user/1000/docker.sock")
    'ssh://ops@docker2/run/user/1000/docker.sock'
    """
    if not text.isascii() and not is_unicode(text):
        raise InvalidUrlError(f"{shown_url(text)} has bytes that are not UTF-8; write it as UTF-8 text")
    stripped = text.strip()
    if not stripped:
        raise InvalidUrlError("it is empty; write the URL of a Docker host, such as tcp://docker1.local:2375")
    if stripped.startswith("/"):
        stripped = f"unix://{stripped}"
    scheme, separator, rest = stripped.partition("://")
    if not separator:
        scheme, rest = "tcp", stripped
    if scheme not in SCHEMES:
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise InvalidUrlError(f"{shown_url(text)} is not the URL of a host; it must start with one of {known}")
    if scheme in LOCAL_SCHEMES:
        return f"{scheme}://{_local_path(scheme, rest)}"
    return _network_url(scheme, rest, over_tls=over_tls)


def joined_url(scheme: str, host: str, port: int | None, *, over_tls: bool = False) -> str:
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
    host = host.strip()
    if scheme in LOCAL_SCHEMES:
        return checked_url(f"{scheme}://{host}")
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    if not re.match(NAME_PATTERN, host):
        raise InvalidUrlError(f"{shown_url(host)} is not the name or address of a host")
    return checked_url(f"{scheme}://{name}" + (f":{port}" if port is not None else ""), over_tls=over_tls)


@lru_cache(maxsize=4096)
def url_parts(url: str) -> UrlParts:
    """The parts of a URL that `checked_url` returned.

    Examples
    --------
    >>> url_parts("ssh://me%40corp.example@[fe80::1%25eth0]:22/run/docker.sock")
    UrlParts(scheme='ssh', user='me@corp.example', hostname='fe80::1%eth0', port=22, path='/run/docker.sock')
    """
    scheme, _, rest = url.partition("://")
    if scheme in LOCAL_SCHEMES:
        return UrlParts(scheme, None, "", None, rest)
    found = _ADDRESS.match(rest)
    if found is None or found["name"] is None:
        raise InvalidUrlError(f"{shown_url(url)} is not the URL of a host")
    user, port = found["user"], found["port"]
    return UrlParts(
        scheme,
        unquote(user) if user else None,
        _ascii_name(found["name"]),
        int(port) if port else None,
        (found["path"] or "").rstrip("/"),
    )


def is_unicode(text: str) -> bool:
    """Whether a text has no bytes that Python could not decode and keeps as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _local_path(scheme: str, path: str) -> str:
    if not path.strip() or not _TAKEN.match(f"{scheme}://{path}"):
        raise InvalidUrlError(
            f"{scheme}:// needs a path, such as {DEFAULT_PIPE if scheme == 'npipe' else DEFAULT_SOCKET}"
        )
    # docker-py and the docker CLI read `unix://run/docker.sock` as an absolute path as well.
    return path if scheme == "npipe" or path.startswith("/") else f"/{path}"


def _network_url(scheme: str, rest: str, *, over_tls: bool) -> str:
    found = _ADDRESS.match(rest)
    if found is None or not _TAKEN.match(f"{scheme}://{rest}"):
        raise InvalidUrlError(_problem(scheme, rest))
    user, path = found["user"], (found["path"] or "").rstrip("/")
    # As for the docker CLI, a port alone is one of this machine.
    name = found["name"] or "localhost"
    ascii_name = _ascii_name(name)
    if name.startswith("["):
        name = f"[{ascii_name.replace('%', '%25', 1)}]"
    elif scheme != "ssh":
        # ssh looks a name up in its configuration, where case counts.
        name = name.lower()
    ports = _GATEWAY_PORTS if path else _DEFAULT_PORTS
    default_port = _TLS_PORT if scheme == "tcp" and over_tls else ports.get(scheme)
    port = int(found["port"]) if found["port"] else default_port
    written_user = f"{_written_user(user)}@" if user else ""
    return f"{scheme}://{written_user}{name}" + (f":{port}" if port else "") + path


def _written_user(user: str) -> str:
    decoded = unquote(user)
    # ssh would read a user that starts with a hyphen as an option.
    if decoded.startswith("-") or not decoded.isprintable():
        raise InvalidUrlError(_WRONG_USER)
    return quote(decoded, safe="!$&'()*+,;=")


def _ascii_name(name: str) -> str:
    """A name as name servers know it; an IPv6 address without brackets, its zone after `%`."""
    if name.startswith("["):
        address, _, zone = name[1:-1].partition("%")
        zone = zone.removeprefix("25") if zone != "25" else zone
        try:
            checked = ipaddress.IPv6Address(address)
        except ValueError as error:
            raise InvalidUrlError(f"{shown_url(name)} is not an IPv6 address") from error
        return f"{checked.compressed}%{zone}" if zone else checked.compressed
    if len(name) > _LONGEST_NAME:
        raise InvalidUrlError(f"a host name has no more than {_LONGEST_NAME} characters: {shown_url(name)}")
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidUrlError(f"{shown_url(name)} is not an international host name") from error


def _problem(scheme: str, rest: str) -> str:
    """What is wrong with the address of a network host; credentials are never part of the message."""
    shown = shown_url(f"{scheme}://{rest}")
    authority = re.split(r"[/?#]", rest.rpartition("@")[2], maxsplit=1)[0]
    if "@" in rest and ":" in rest.rpartition("@")[0]:
        return f"{shown}: a URL must not hold a password; use keys for ssh, and tls or headers for other schemes"
    if "@" in rest and scheme != "ssh":
        return f"{shown}: only ssh URLs have a user; use headers for others"
    if rest.startswith("-") and "@" in rest:
        return f"{shown}: {_WRONG_USER}"
    if "?" in rest or "#" in rest:
        return f"{shown}: remove everything from the ? or # on"
    return _authority_problem(shown, authority)


def _authority_problem(shown: str, authority: str) -> str:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:\[]*)(?::([^:]*))?", authority, re.DOTALL)
    if found is None:
        return f"{shown}: write an IPv6 address in brackets, such as [::1]"
    if found[2] is not None and not re.match(PORT_PATTERN, found[2]):
        return f"{shown}: the port must be a number from 1 to 65535"
    if not found[1]:
        return f"{shown} names no host"
    if re.fullmatch(_HOST, found[1]):
        return f"{shown}: this scheme takes no path"
    return f"{shown} names no host: {found[1]!r} is not a host name"
