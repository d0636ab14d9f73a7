"""A host: where an engine is reached, and as whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONNECT_TIMEOUT_SECONDS: Final = 5.0
DEFAULT_READ_TIMEOUT_SECONDS: Final = 30.0
DEFAULT_MAX_ANSWER_BYTES: Final = 256 * 2**20
DEFAULT_AGENT_CERTIFICATES: Final = Path("certs")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a TLS identity: the authority that is trusted, and the client's certificate and key."""

    ca_file: Path
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a host may take: to connect, and for each whole answer. In seconds."""

    connect_seconds: float = DEFAULT_CONNECT_TIMEOUT_SECONDS
    read_seconds: float = DEFAULT_READ_TIMEOUT_SECONDS

    @property
    def answer_seconds(self) -> float:
        """How long one answer may take until it is whole, from before it is asked for."""
        return self.connect_seconds + self.read_seconds


@dataclass(frozen=True, slots=True)
class Host:
    """One Docker host of a fleet.

    Attributes
    ----------
    name
        The key of the host in every table.
    url
        `unix://PATH`, `npipe://PIPE`, `tcp://NAME:PORT`, `http://…`, `https://…`, `tls://…`, `ssh://USER@NAME:PORT`
        or `agent://NAME:PORT`.
    tls
        The TLS identity of `https`, `tls` and of `tcp` over TLS.
    explicit_only
        Whether only containers with `proxy.` labels have routes (a name that ends in `!` in the fleet file).
    timeouts, max_answer_bytes
        The limits of each request.
    agent_certificates
        The folder that holds `ADDRESS.zip` for each GoDoxy agent.
    headers
        HTTP headers that are sent with each request over TCP and TLS. Their values are secrets.
    path_prefix
        A path in front of every path of the API, such as `/engines/7/docker`.
    ssh_socket
        The path of the engine's socket on an ssh host; None for the engine that `docker` finds there.

    Examples
    --------
    >>> Host("edge", "tcp://docker1.local:2375").scheme
    'tcp'
    """

    name: str
    url: str
    tls: TlsFiles | None = None
    explicit_only: bool = False
    timeouts: Timeouts = Timeouts()
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES
    agent_certificates: Path = DEFAULT_AGENT_CERTIFICATES
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    path_prefix: str = ""
    ssh_socket: str | None = None

    @property
    def scheme(self) -> str:
        """The scheme of the URL."""
        return self.url.partition("://")[0]

    @property
    def address(self) -> str:
        """What stands after the scheme: a path, or a name with its port."""
        return self.url.partition("://")[2]

    @property
    def identity(self) -> tuple[object, ...]:
        """The key by which hosts share a client: everything that the connection depends on."""
        certificates = self.agent_certificates if self.scheme == "agent" else None
        headers = tuple(sorted(self.headers.items()))
        return (self.url, self.tls, certificates, headers, self.path_prefix, self.ssh_socket)


def default_host(
    *,
    connect_timeout_seconds: float = DEFAULT_CONNECT_TIMEOUT_SECONDS,
    read_timeout_seconds: float = DEFAULT_READ_TIMEOUT_SECONDS,
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
) -> Host:
    """The limits that hosts have where nothing else is said."""
    return Host(
        "", "", timeouts=Timeouts(connect_timeout_seconds, read_timeout_seconds), max_answer_bytes=max_answer_bytes
    )
