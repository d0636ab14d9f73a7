"""HAProxy and nginx in front of an engine, with the rules that people give them."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, Final

from tests.engines.process import EngineProcess, free_port

if TYPE_CHECKING:
    from pathlib import Path

_HAPROXY: Final = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend engine
    bind 127.0.0.1:{port}
    {rules}
    default_backend engine
backend engine
    server engine {engine}
"""
_NGINX: Final = """
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {rules}
    }}
}}
"""

# Sections of the API that are open, reading only, with or without a version: the rules of Tecnativa's proxy.
SECTIONS: Final = """
    http-request deny unless METH_GET || { method HEAD }
    http-request allow if { path,url_dec -m reg -i ^(/v[\\d\\.]+)?/(_ping|version|events|containers) }
    http-request deny"""
# The example of wollomatic's proxy: nothing without a version.
VERSIONED: Final = """
    http-request allow if METH_GET { path -m reg ^/v1\\..{1,2}/(version|containers/.*|events.*)$ }
    http-request deny"""
# The container list and nothing else.
LIST_ONLY: Final = """
    http-request allow if METH_GET { path -m reg ^(/v1\\.[0-9]+)?/containers/json$ }
    http-request deny deny_status 405"""
# A gateway with basic authentication and a path in front.
PREFIX: Final = """
        location / {{ return 301 https://docs.example/moved; }}
        location /engines/7/docker/ {{
            auth_basic engine;
            auth_basic_user_file {folder}/users;
            proxy_pass http://unix:{socket}:/;
        }}
        location /broken/ {{ proxy_pass http://127.0.0.1:1/; }}"""


def missing_for_proxies() -> str | None:
    """Why no proxy can run here; None when one can."""
    missing = [name for name in ("haproxy", "/usr/sbin/nginx") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else None


class Proxy:
    """A proxy at a port of the loopback address, in front of the socket of an engine."""

    def __init__(self, folder: Path, engine_socket: Path, rules: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"tcp://127.0.0.1:{self.port}"
        file = folder / "configuration"
        if "location" in rules:
            (folder / "users").write_text("ops:{PLAIN}s3cret\n")
            rules = rules.format(folder=folder, socket=engine_socket)
            file.write_text(_NGINX.format(folder=folder, port=self.port, rules=rules))
            command = ["/usr/sbin/nginx", "-c", str(file)]
        else:
            file.write_text(_HAPROXY.format(port=self.port, rules=rules.strip(), engine=f"unix@{engine_socket}"))
            command = ["haproxy", "-f", str(file)]
        self._process = EngineProcess(command, folder / "log")
        self._process.wait_until(self._listens)

    def stop(self) -> None:
        """Stop it."""
        self._process.stop()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
