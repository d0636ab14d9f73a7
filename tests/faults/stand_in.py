"""Stand-in hosts, many in one thread: most answer like an engine, each of the others has one fault."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.engines.process import free_port
from tests.summaries import summary

Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]

CONTAINERS = 3
GIGABYTE = 2**30


def good_list(host: str) -> bytes:
    """The list of containers of a healthy host."""
    return json.dumps(
        [summary(Id=f"{host}-{number}", Names=[f"/{host}-{number}"]) for number in range(CONTAINERS)]
    ).encode()


def http(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n{headers}\r\n".encode()
        + body
    )


@dataclass(frozen=True)
class Fault:
    """A fault of a host: how it answers the request for its list, and the kind of error that its row must have.

    `kind` is None if only some containers are invalid: `rows` counts the valid ones, `lost` the others.
    """

    name: str
    kind: str | None
    speak: Speak | None = None
    url: str | None = None
    certificate: str | None = None
    trusts: str = "right"
    lost: int = 0
    rows: int = 1


def sends(content: bytes, *, close: bool = True) -> Speak:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        if close:
            writer.close()

    return speak


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def trickles(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.3)


async def floods(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    for _ in range(GIGABYTE // 2**20):
        writer.write(piece)
        await writer.drain()


VALID = json.dumps(summary(Id="valid"))
NUMBERED = ", ".join(['{"Id": "b%064d", "Labels": 7}'] * 20_000)
HALF = good_list("h")[: len(good_list("h")) // 2]
FAULTS = [
    Fault("refused", "refused", url="nothing"),
    Fault("unknown name", "unknown_name", url="tcp://no-such-host.invalid:2375"),
    Fault("no socket", "no_socket", url="unix:///no/such.sock"),
    Fault("black hole", "read_timeout", hangs),
    Fault("one byte at a time", "read_timeout", trickles),
    Fault("cut in mid-body", "disconnected", sends(http(HALF, length=len(HALF) * 2))),
    Fault("closes immediately", "disconnected", sends(b"")),
    Fault("Content-Length too large", "disconnected", sends(http(good_list("h"), length=10**6))),
    Fault("Content-Length too small", "invalid_answer", sends(http(good_list("h"), length=40))),
    Fault("Content-Length is not a number", "invalid_answer", sends(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n[")),
    Fault("chunked garbage", "disconnected", sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a chunk")),
    Fault("an ssh server", "wrong_scheme", sends(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Fault("no HTTP", "invalid_answer", sends(b"220 mail.example.com ESMTP\r\n")),
    Fault("two lengths", "invalid_answer", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]\n")),
    Fault("a length of 5,000 digits", "invalid_answer", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1%s\r\n\r\n[]" % (b"0" * 5000))),
    *(Fault(f"HTTP {status}", kind, sends(http(b'{"message": "no"}', f"{status} No")))
      for status, kind in ((400, "http"), (401, "unauthorized"), (403, "unauthorized"), (404, "not_found"), (500, "http"), (502, "http"), (503, "http"))),
    Fault("redirect elsewhere", "redirected", sends(http(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"))),
    Fault("HTML", "invalid_answer", sends(http(b"<html><body>Welcome</body></html>"))),
    Fault("JSON cut short", "invalid_answer", sends(http(HALF))),
    Fault("no JSON", "invalid_answer", sends(http(b"[{]"))),
    Fault("an object", "invalid_answer", sends(http(b'{"message": "hello"}'))),
    Fault("empty body", "invalid_answer", sends(http(b""))),
    Fault("gzip bomb", "invalid_answer", sends(http(gzip.compress(b"[" + b" " * 50_000_000 + b"]"), headers="Content-Encoding: gzip\r\n"))),
    Fault("1 GB, announced", "too_large", sends(http(b"[", length=GIGABYTE), close=False)),
    Fault("1 GB, not announced", "too_large", floods),
    Fault("nested 100,000 deep", "invalid_answer", sends(http(b"[" * 100_000))),
    Fault("3 MB of empty objects", "invalid_answer", sends(http(b"[" + b"{}," * 10**6 + b"{}]"))),
    Fault("3 MB of ports", "invalid_answer", sends(http(b'[{"Id": "1", "Ports": [' + b"{}," * 10**6 + b"{}]}]"))),
    Fault("2 MB of numbers", "too_large", sends(http(b"[" + b"1," * 10**6 + b"1]"))),
    Fault("a number of 5,000 digits", None, sends(http(f'[{VALID}, {{"Id": "bad", "Created": {"1" * 5000}}}]'.encode())), lost=1),
    Fault("20,000 broken containers", None, sends(http(f"[{VALID}{', ' + NUMBERED % tuple(range(20_000))}]".encode())), lost=1),
    Fault("50,000 labels", None, sends(http(f'[{json.dumps(summary(Id="many", Labels={str(one): "" for one in range(50_000)}))}]'.encode())), lost=1),
    Fault("labels are a number", None, sends(http(f'[{VALID}, {{"Id": "bad", "Labels": 7}}]'.encode())), lost=1),
    Fault("ports are a string", None, sends(http(f'[{VALID}, {{"Id": "bad", "Ports": "80"}}]'.encode())), lost=1),
    Fault("a container without Id", None, sends(http(f'[{VALID}, {{"Names": ["/bad"]}}]'.encode())), lost=1),
    Fault("an element is not an object", None, sends(http(f"[{VALID}, 7]".encode())), lost=1),
    Fault("an id twice", None, sends(http(f"[{VALID}, {VALID}]".encode())), lost=1),
    Fault("invalid UTF-8", None, sends(http(f'[{VALID}, {{"Id": "bad", "Image": "'.encode() + b'\xff\xfe"}]')), rows=2),
    Fault("lone surrogate", None, sends(http(f'[{VALID}, {{"Id": "bad", "Image": "\\ud800"}}]'.encode())), rows=2),
    Fault("expired certificate", "tls", certificate="expired"),
    Fault("wrong authority", "tls", certificate="right", trusts="other"),
    Fault("wrong name", "tls", certificate="other name"),
    Fault("client certificate refused", "tls", certificate="wants client"),
    Fault("no TLS where TLS is expected", "wrong_scheme", url="plain for tls"),
    Fault("TLS where none is expected", "disconnected", url="tls for plain"),
    Fault("agent unknown", "unknown_agent", url="agent"),
]  # fmt: skip


class Certificates:
    """Valid certificates, and certificates with each fault."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_files = {"right": folder / "ca.pem", "other": folder / "other-ca.pem"}
        authority, other = trustme.CA(), trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_files["right"]))
        other.cert_pem.write_to_path(str(self.ca_files["other"]))
        yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        leaves = {
            "right": authority.issue_cert("127.0.0.1"),
            "expired": authority.issue_cert("127.0.0.1", not_after=yesterday),
            "other name": authority.issue_cert("other.example.com"),
        }
        self.contexts = {
            name: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for name in (*leaves, "wants client")
        }
        for name, context in self.contexts.items():
            leaves.get(name, leaves["right"]).configure_cert(context)
        self.contexts["wants client"].verify_mode = ssl.CERT_REQUIRED
        # With TLS 1.3 the refusal comes after the handshake; the live tests cover that with a real engine.
        self.contexts["wants client"].maximum_version = ssl.TLSVersion.TLSv1_2
        authority.configure_trust(self.contexts["wants client"])


class StandIns:
    """Many hosts in one thread; `start` returns the URL of each."""

    def __init__(self, certificates: Certificates) -> None:
        self._loop = asyncio.new_event_loop()
        self._certificates = certificates
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, host: str, fault: Fault | None = None) -> str:
        """Start a host, healthy or with a fault."""
        special = fault.url if fault is not None else None
        if special == "nothing":
            return f"tcp://127.0.0.1:{free_port()}"
        if special == "agent":
            return f"agent://127.0.0.1:{free_port()}"
        if special is not None and "://" in special:
            return special
        certificate = fault.certificate if fault is not None else None
        context = (
            self._certificates.contexts["right" if special == "tls for plain" else certificate]
            if special == "tls for plain" or certificate
            else None
        )
        serving = asyncio.start_server(
            lambda reader, writer: self._answer(host, fault, reader, writer), "127.0.0.1", 0, ssl=context
        )
        server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self._servers.append(server)
        scheme = "tls" if certificate or special == "plain for tls" else "tcp"
        return f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        """Stop all hosts."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.05)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _answer(
        self, host: str, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            if fault is not None and fault.url == "plain for tls":
                await reader.read(1)
                writer.write(http(b"Client sent an HTTPS request to an HTTP server.", "400 Bad Request"))
                return
            while request := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                path = request.split()[1].decode() if request.count(b" ") == 2 else ""
                if path == "/version":
                    writer.write(http(b'{"ApiVersion": "1.41", "Version": "20.10.5"}'))
                elif not path.startswith("/v1.41/containers/json"):
                    writer.write(http(b"{}"))
                elif fault is None or fault.speak is None:
                    writer.write(http(good_list(host)))
                else:
                    await fault.speak(writer)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            return
        finally:
            writer.close()


@contextmanager
def stand_ins(folder: Path) -> Iterator[StandIns]:
    """Stand-in hosts for a block."""
    started = StandIns(Certificates(folder))
    try:
        yield started
    finally:
        started.stop()
