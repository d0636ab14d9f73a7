"""Why a host failed: from any exception of the libraries below to one kind and one message."""

from __future__ import annotations

import errno
import html
import http.client
import json
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

import urllib3.exceptions

from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._config.host import Host

_REMEDIES: Final = {
    "refused": "Start the engine there, or fix the address and port.",
    "unreachable": "Fix the network, the address or a firewall in between.",
    "unknown_name": "Fix the host name or the name service.",
    "dns_timeout": "Fix the name service, or write an IP address.",
    "no_socket": "Start the engine, or fix the path of the socket.",
    "permission": "Run as a user of the group that owns the socket (often `docker`).",
    "connect_timeout": "Fix the network, or give the host a longer connect timeout.",
    "read_timeout": "Check the load of the engine, or give the host a longer read timeout.",
    "disconnected": "Try again. If it happens again, check proxies in between, and whether the port expects TLS.",
    "wrong_scheme": "Fix the URL.",
    "tls": "Check ca_file, cert_file and key_file, the name in the host's certificate, and when it expires.",
    "ssh_host_key": "Log in with `ssh` once and compare the fingerprint, or add the right key to known_hosts.",
    "ssh_authentication": "Add your key to the host's authorized_keys, or to the ssh agent.",
    "ssh": "Try `ssh` to this host, and `docker version` there.",
    "unsupported": "Use another scheme from this machine.",
    "resources": "Ask fewer hosts at a time (max_workers), or raise the limit (`ulimit -n`, `ulimit -u`).",
    "invalid_answer": "Check what is between this machine and the engine, and that the URL is that of an engine.",
    "internal": "Please report this with the traceback.",
}
_SSH_REMEDIES: Final = {**_REMEDIES, "refused": "Start the ssh server there, or fix the address and port."}
_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_UNREACHABLE: Final = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)
_NO_PATH: Final = frozenset({errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"})
_TLS_AT_PLAIN: Final = "the server does not speak TLS at this port"
_PLAIN_AT_TLS: Final = "the server expects TLS at this port"
_PLAIN_REMEDY: Final = "Write tcp:// for plain HTTP, or fix the port (2376 is usual for TLS)."
_TLS_REMEDY: Final = "Write tls:// with a ca_file, or fix the port (2375 is usual for plain HTTP)."
_SSH_REMEDY: Final = "Write ssh:// for an ssh server, or fix the port."

# By the numbers of X509_verify_cert_error_string(3); OpenSSL's own texts name its data structures.
_NOT_SIGNED: Final = "the server's certificate is not signed by the authority in ca_file"
_UNVERIFIED: Final = {
    2: (_NOT_SIGNED, "Give the ca_file of the authority that signed it."),
    9: ("the server's certificate is not valid yet", "Check the clocks of both machines."),
    10: ("the server's certificate has expired", "Renew it on the host, or check the clock of this machine."),
    18: (_NOT_SIGNED, "Give the ca_file of the authority that signed it."),
    19: (_NOT_SIGNED, "Give the ca_file of the authority that signed it."),
    20: (_NOT_SIGNED, "Give the ca_file of the authority that signed it."),
    21: (_NOT_SIGNED, "Give the ca_file of the authority that signed it."),
    62: ("the server's certificate is for another name", "Use a name that the certificate has, or reissue it."),
    64: ("the server's certificate is for another address", "Use a name that the certificate has, or reissue it."),
}
_CLIENT_REMEDY: Final = "Give the host cert_file and key_file of a client that its authority signed."
_REFUSED_CLIENT: Final = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server requires a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the server refused the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not know the authority of the client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server refused the handshake; it may require a client certificate",
}

_MOST_TEXT: Final = 200
_TITLE: Final = re.compile(r"<title[^<>]{0,100}>([^<]{0,500})", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,300}>")


class TransportFailure(Exception):  # noqa: N818 - users see the HostError made of it
    """A failure below HTTP whose kind is known where it happens.

    Attributes
    ----------
    kind
        One of `dockerframe.schemas.ERROR_KINDS`.
    remedy
        How to fix it; None for the usual remedy of its kind.
    """

    def __init__(self, kind: str, problem: str, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.kind = kind
        self.remedy = remedy


def host_error(error: BaseException, host: Host) -> HostError:
    """The one error of a host for an exception that a library raised.

    Examples
    --------
    >>> from dockerframe._config.host import Host
    >>> error = host_error(ConnectionRefusedError(111, "Connection refused"), Host("edge", "tcp://docker1:2375"))
    >>> print(error.kind, "|", error)
    refused | Host edge: tcp://docker1:2375: Connection refused. Start the engine there, or fix the address and port.
    """
    causes = list(_causes(error))
    failure = next((cause for cause in causes if isinstance(cause, TransportFailure)), None)
    failure = failure or next((found for cause in causes if (found := _failure(cause)) is not None), None)
    if failure is None:
        is_timeout = any(isinstance(cause, TimeoutError) for cause in causes)
        failure = TransportFailure("connect_timeout" if is_timeout else "internal", _text(causes))
    remedies = _SSH_REMEDIES if host.scheme == "ssh" else _REMEDIES
    remedy = failure.remedy if failure.remedy is not None else remedies[failure.kind]
    return HostError.at(host.name, failure.kind, f"{host.url}: {str(failure) or _text(causes)}", remedy)


def page_text(body: bytes) -> str:
    r"""The text of an error page on one line: the message of a JSON object, the title of HTML, or the text itself.

    Examples
    --------
    >>> page_text(b'{"message": "page not found"}')
    'page not found'
    >>> page_text(b"<html>\n<head><title>502 Bad Gateway</title></head>...")
    '502 Bad Gateway'
    """
    text = body.decode("utf-8", errors="replace")
    try:
        message = json.loads(text)["message"]
    except (ValueError, TypeError, LookupError, RecursionError):
        titled = _TITLE.search(text)
        message = html.unescape(titled[1] if titled is not None else _TAG.sub(" ", text))
    return " ".join(str(message).split())[:_MOST_TEXT]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The chain of an exception, innermost first: libraries wrap the error of the operating system several times."""
    chain: list[BaseException] = []
    remaining: list[object] = [error]
    while remaining:
        found = remaining.pop()
        if isinstance(found, BaseException) and found not in chain:
            chain.append(found)
            # paramiko has an error for each address of a host.
            by_address = getattr(found, "errors", None)
            remaining.extend(by_address.values() if isinstance(by_address, dict) else ())
            context = None if found.__suppress_context__ else found.__context__
            remaining.extend([context, found.__cause__, getattr(found, "reason", None), *found.args])
    yield from reversed(chain)


def _failure(error: BaseException) -> TransportFailure | None:
    """The failure that an exception stands for; None where it says nothing about its kind."""
    if isinstance(error, http.client.BadStatusLine) and not isinstance(error, http.client.RemoteDisconnected):
        return _no_http(str(error.args[0] if error.args else ""))
    if isinstance(error, ssl.SSLError):
        return _tls_failure(error)
    kind = next((kind for types, kind in _KINDS if isinstance(error, types)), None)
    if isinstance(error, OSError):
        kind = _kind_of_number(error) or kind
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        kind = "resources"
    return TransportFailure(kind, "") if kind is not None else None


def _tls_failure(error: ssl.SSLError) -> TransportFailure:
    """The failure of a TLS handshake, in the words of people who run servers."""
    if error.reason in _NO_TLS:
        return TransportFailure("wrong_scheme", _TLS_AT_PLAIN, _PLAIN_REMEDY)
    if error.reason in _REFUSED_CLIENT:
        return TransportFailure("tls", _REFUSED_CLIENT[error.reason], _CLIENT_REMEDY)
    if isinstance(error, ssl.SSLEOFError):
        # With TLS 1.3 a server refuses a client after the handshake, and often hangs up before that is read.
        return TransportFailure("tls", "the server hung up; it may have refused the client certificate", _CLIENT_REMEDY)
    text, remedy = _UNVERIFIED.get(getattr(error, "verify_code", 0), ("", None))
    return TransportFailure("tls", text, remedy)


def _no_http(line: str) -> TransportFailure:
    """The failure of a server whose first line is not one of HTTP."""
    if line.startswith(("\x15\x03", "\x16\x03")):
        return TransportFailure("wrong_scheme", _PLAIN_AT_TLS, _TLS_REMEDY)
    if line.startswith("SSH-"):
        return TransportFailure("wrong_scheme", "an ssh server answers at this port", _SSH_REMEDY)
    return TransportFailure("invalid_answer", f"the server does not speak HTTP: it sent {line.strip()[:40]!r}")


def plain_at_tls(status: int, text: str) -> TransportFailure | None:
    """The failure of a plain request to a port for TLS, where the server says so as Go, nginx and Apache do."""
    words = ("HTTP request to an HTTPS server", "plain HTTP request", "speaking plain HTTP to an SSL-enabled")
    is_plain = status == 400 and any(part in text for part in words)
    return TransportFailure("wrong_scheme", _PLAIN_AT_TLS, _TLS_REMEDY) if is_plain else None


def _kind_of_number(error: OSError) -> str | None:
    if error.errno in _RESOURCES and not isinstance(error, socket.gaierror | ssl.SSLError):
        return "resources"
    if error.errno in _UNREACHABLE:
        return "unreachable"
    # Python checks the length itself, and gives no number.
    return "no_socket" if error.errno in _NO_PATH or "path too long" in str(error) else None


_KINDS: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]] = (
    ((socket.gaierror, UnicodeError), "unknown_name"),
    (ConnectionRefusedError, "refused"),
    (FileNotFoundError, "no_socket"),
    (PermissionError, "permission"),
    (MemoryError, "resources"),
    (urllib3.exceptions.ConnectTimeoutError, "connect_timeout"),
    (urllib3.exceptions.ReadTimeoutError, "read_timeout"),
    ((ConnectionResetError, BrokenPipeError, ConnectionAbortedError, EOFError), "disconnected"),
    (urllib3.exceptions.SSLError, "tls"),
    ((urllib3.exceptions.InvalidHeader, http.client.LineTooLong), "invalid_answer"),
    ((http.client.IncompleteRead, urllib3.exceptions.IncompleteRead), "disconnected"),
    (http.client.HTTPException, "invalid_answer"),
    (urllib3.exceptions.ProtocolError, "disconnected"),
)


def _text(causes: list[BaseException]) -> str:
    """The text of the innermost cause that has one, without memory addresses."""
    for cause in causes:
        file = getattr(cause, "filename", None)
        reason = getattr(cause, "strerror", None)
        text = (f"{reason}: {file}" if reason and file else reason or str(cause)).strip().rstrip(".")
        if text and " object at 0x" not in text:
            return " ".join([text, *(f"({note})" for note in getattr(cause, "__notes__", ()))])
    return type(causes[-1]).__name__
