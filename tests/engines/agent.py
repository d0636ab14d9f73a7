"""A stand-in for a GoDoxy agent: mutual TLS under the name of agents, in front of a real engine."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.tls import Authority

INFO = {"version": "0.18.2", "name": "attic", "runtime": "docker"}


class Agent:
    """An agent on a port of the loopback address, in front of an engine with a Unix socket."""

    def __init__(self, authority: Authority, engine_socket: Path) -> None:
        cert_file, key_file = authority.issue("agent", "godoxy.agent")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert_file, key_file)
        context.load_verify_locations(authority.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(engine_socket))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"agent://{self.address}"

    def start(self) -> Agent:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def _handler(engine_socket: Path) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/godoxy/agent/info":
                self._answer(200, json.dumps(INFO).encode())
                return
            engine = _SocketConnection(engine_socket)
            engine.request("GET", self.path)
            answer = engine.getresponse()
            self._answer(answer.status, answer.read())
            engine.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

    return Handler
