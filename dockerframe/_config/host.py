"""A host: where an engine is, how to reach it, and how long to wait for it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from dockerframe._budget import ANSWER_BYTES
from dockerframe._config.urls import (
    END,
    HTTP_SCHEMES,
    TLS_SCHEMES,
    InvalidUrlError,
    checked_url,
    is_unicode,
    url_parts,
)
from dockerframe._redaction import REDACTED
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_CONNECT_TIMEOUT: Final = 5.0
DEFAULT_READ_TIMEOUT: Final = 30.0
DEFAULT_MAX_ANSWER_BYTES: Final = ANSWER_BYTES
DEFAULT_AGENT_CERTIFICATES: Final = Path("certs")

LONGEST_TIMEOUT: Final = 86_400
"""A day, in seconds; what systems take as a timeout ends somewhere behind it."""

HEADER_NAME_PATTERN: Final = rf"^[A-Za-z0-9!#$%&'*+.^_`|~-]+{END}"
"""The name of a header (RFC 9110, section 5.1)."""

HEADER_VALUE_PATTERN: Final = rf"^[\x20-\x7e\x80-\xff\t]*{END}"
"""A value that may be sent in a header: on one line, in Latin-1."""


class Headers(Mapping[str, str]):
    """Headers that are sent with every request to a host. Their values are secret: `repr` leaves them out.

    Names are compared without case, as HTTP has it; of two that are equal the last one counts.

    Examples
    --------
    >>> headers = Headers({"Authorization": "Bearer abc"})
    >>> headers
    Headers(Authorization: ‹redacted›)
    >>> headers["authorization"]
    'Bearer abc'
    """

    __slots__ = ("_items",)

    def __init__(self, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self._items = {name.lower(): (name, value) for name, value in pairs}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"Headers({', '.join(f'{name}: {REDACTED}' for name in self)})"

    def __or__(self, other: Mapping[str, str]) -> Headers:
        """These headers with others, which replace those of the same name."""
        return Headers([*self.items(), *other.items()])


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a TLS identity.

    Attributes
    ----------
    ca_file
        The authority that signed the host's certificate; None for the authorities that the system trusts.
    cert_file, key_file
        The client's certificate and key.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time limits of requests to one host, in seconds: to connect, and for each complete answer."""

    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT

    @property
    def answer_timeout(self) -> float:
        """The limit from the start of a request to the end of its answer."""
        return self.connect_timeout + self.read_timeout


@dataclass(frozen=True, slots=True)
class Host:
    """One Docker host of a fleet. It is checked when it is made, and written in one form.

    Attributes
    ----------
    name
        The key of the host in every table.
    url
        `unix://PATH`, `npipe://PIPE`, `tcp://NAME:PORT`, `http://…`, `https://…`, `tls://…`,
        `ssh://USER@NAME:PORT`, `ssh://USER@NAME/PATH/OF/docker.sock` or `agent://NAME:PORT`. A path after the port of
        the first four network schemes is a prefix of all requests.
    tls
        The TLS identity of `https`, `tls`, and of `tcp` over TLS.
    explicit_only
        Whether only containers with `proxy.` labels have routes (a name that ends in `!` in the fleet file).
    headers
        Headers that are sent with every request, kept as `Headers`. Their values are secret.
    tags
        Words to select hosts by, kept as a frozen set.
    connect_timeout
        The limit to connect, in seconds.
    read_timeout
        The limit for each complete answer, in seconds.
    max_answer_bytes
        The limit for the size of each answer.
    agent_certificates
        The folder that holds `ADDRESS.zip` for each GoDoxy agent.
    origin
        Where the host is described, for messages: `providers.docker.edge in fleet.yml`.

    Raises
    ------
    ConfigurationError
        When a value can't be used; lists all that is wrong.

    Examples
    --------
    >>> host = Host("edge", "tcp://docker1.local", tags={"prod"})
    >>> host.url
    'tcp://docker1.local:2375'
    >>> host.scheme, host.hostname, host.port
    ('tcp', 'docker1.local', 2375)
    """

    name: str
    url: str
    tls: TlsFiles | None = None
    explicit_only: bool = False
    headers: Mapping[str, str] = field(default_factory=Headers, kw_only=True)
    tags: Collection[str] = field(default=frozenset(), kw_only=True)
    connect_timeout: float = field(default=DEFAULT_CONNECT_TIMEOUT, kw_only=True)
    read_timeout: float = field(default=DEFAULT_READ_TIMEOUT, kw_only=True)
    max_answer_bytes: int = field(default=DEFAULT_MAX_ANSWER_BYTES, kw_only=True)
    agent_certificates: Path = field(default=DEFAULT_AGENT_CERTIFICATES, kw_only=True)
    origin: str = field(default="", kw_only=True, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", Headers(self.headers))
        object.__setattr__(self, "tags", frozenset([self.tags] if isinstance(self.tags, str) else self.tags))
        mistakes = [Mistake(name, problem) for name, problem in self._problems()]
        try:
            object.__setattr__(self, "url", checked_url(self.url, over_tls=self.tls is not None))
        except InvalidUrlError as error:
            mistakes.append(Mistake("url", str(error)))
        if mistakes:
            source = f"host {self.name}" if self.name and is_unicode(self.name) else "host"
            raise ConfigurationError(source, mistakes, remedy="Fix the values of this host.")

    def _problems(self) -> Iterator[tuple[str, str]]:
        if not self.name.strip():
            yield "name", "it is empty; the name is the key of the host in every table"
        if not is_unicode(self.name):
            yield "name", f"{self.name!r} has bytes that are not UTF-8; write it as UTF-8 text"
        for name in ("connect_timeout", "read_timeout"):
            seconds = getattr(self, name)
            if not 0 < seconds <= LONGEST_TIMEOUT or not math.isfinite(seconds):
                yield name, f"it must be a number of seconds above 0 and up to {LONGEST_TIMEOUT}, not {seconds!r}"
        if self.max_answer_bytes < 1:
            yield "max_answer_bytes", f"it must be a number of bytes above 0, not {self.max_answer_bytes!r}"
        yield from header_problems(self.headers)

    @property
    def scheme(self) -> str:
        """The scheme of the URL."""
        return self.url.partition("://")[0]

    @property
    def address(self) -> str:
        """The part of the URL after the scheme: a path, or a name with its port and what follows it."""
        return self.url.partition("://")[2]

    @property
    def hostname(self) -> str:
        """The name or address to connect to: international names in ASCII, IPv6 without brackets; empty for sockets."""
        return url_parts(self.url).hostname

    @property
    def port(self) -> int | None:
        """The port; None for sockets, and for ssh where the URL has none."""
        return url_parts(self.url).port

    @property
    def user(self) -> str | None:
        """The user of an ssh URL, percent-decoded; None where the URL has none."""
        return url_parts(self.url).user

    @property
    def ssh_socket(self) -> str | None:
        """The path of the engine's socket behind ssh; None where the URL has none."""
        parts = url_parts(self.url)
        return unquote(parts.path) or None if parts.scheme == "ssh" else None

    @property
    def path_prefix(self) -> str:
        """What the path of each request begins with, such as `/engines/7/docker`; mostly empty."""
        return url_parts(self.url).path if self.scheme in HTTP_SCHEMES else ""

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is over TLS, an agent's included. It never falls back to plain HTTP."""
        return self.tls is not None or self.scheme in TLS_SCHEMES or self.scheme == "agent"

    @property
    def timeouts(self) -> Timeouts:
        """Both time limits."""
        return Timeouts(self.connect_timeout, self.read_timeout)

    @property
    def identity(self) -> tuple[str, TlsFiles | None, Mapping[str, str], Path | None]:
        """What hosts have in common that share a client: the URL, the TLS identity and the headers."""
        return (self.url, self.tls, self.headers, self.agent_certificates if self.scheme == "agent" else None)


@dataclass(frozen=True, slots=True)
class HostDefaults:
    """The values that hosts have where their description sets no others.

    Attributes
    ----------
    connect_timeout, read_timeout, max_answer_bytes, agent_certificates
        As in `Host`.
    headers
        Headers for hosts that are reached over TCP or TLS; a host's own replace those of the same name.
    """

    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES
    agent_certificates: Path = DEFAULT_AGENT_CERTIFICATES
    headers: Headers = field(default_factory=Headers)

    def host(
        self,
        name: str,
        url: str,
        *,
        tls: TlsFiles | None = None,
        headers: Mapping[str, str] | None = None,
        tags: Iterable[str] = (),
        explicit_only: bool = False,
        origin: str = "",
    ) -> Host:
        """A host with these values."""
        goes_over_tcp = checked_url(url).partition("://")[0] in HTTP_SCHEMES
        return Host(
            name,
            url,
            tls,
            explicit_only,
            headers=(self.headers if goes_over_tcp else Headers()) | (headers or {}),
            tags=frozenset(tags),
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            max_answer_bytes=self.max_answer_bytes,
            agent_certificates=self.agent_certificates,
            origin=origin,
        )


def header_problems(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The path and the problem of each header that cannot be sent, without its value."""
    for name, value in headers.items():
        if not re.match(HEADER_NAME_PATTERN, name):
            yield "headers", f"{name!r} is not the name of a header"
        elif not isinstance(value, str) or not re.match(HEADER_VALUE_PATTERN, value):
            yield f"headers.{name}", "its value must be text on one line"
