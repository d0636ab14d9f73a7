"""Connections to recorded hosts: the files in `answers`, one folder per host."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from dockerframe._config.host import Host
from dockerframe._transport.agent import AGENT_INFO_PATH
from dockerframe._transport.pool import ClientPool
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockerframe._config.host import Timeouts
    from dockerframe._transport.connection import Connection

_URLS: Final = {
    "edge": "unix:///var/run/docker.sock",
    "apps": "tls://apps.example.com:2376",
    "data": "agent://10.0.0.20:8890",
    "lab": "ssh://ops@lab.example.com",
    "backup": "tcp://backup.example.com:2375",
}
_DOWN: Final = "backup"
_VERSION_PREFIX: Final = re.compile(r"^/v[0-9.]+(?=/)")
_FILES: Final = {
    "/version": "version.json",
    "/info": "info.json",
    "/containers/json": "containers.json",
    AGENT_INFO_PATH: "agent.json",
}
_INSPECT: Final = re.compile(r"^/containers/([0-9a-f]+)/json$")


def demo_hosts() -> list[Host]:
    """The hosts of the demo fleet; one of them is down."""
    return [Host(name, url) for name, url in _URLS.items()]


def demo_pool() -> ClientPool:
    """A pool whose clients read recordings."""
    return ClientPool(_connect)


def _connect(host: Host) -> Connection:
    if host.name == _DOWN:
        remedy = "This host of the demo fleet is down on purpose."
        raise HostError.at(host.name, "refused", f"{host.url}: Connection refused", remedy)
    return _RecordedConnection(host)


class _RecordedConnection:
    """A connection that answers from files."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._folder = files("dockerframe.demo") / "answers" / host.name

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:  # noqa: ARG002 - the protocol
        """The recorded answer to one GET request."""
        unversioned = _VERSION_PREFIX.sub("", path)
        inspected = _INSPECT.match(unversioned)
        name = f"inspect-{inspected[1]}.json" if inspected is not None else _FILES.get(unversioned, "")
        file = self._folder / name
        if not name or not file.is_file():
            raise HostError.at(self._host.name, "not_found", f"{path} was not recorded")
        return file.read_bytes()

    def lines(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> Iterator[bytes]:  # noqa: ARG002
        """Refuse: events are not recorded."""
        raise HostError.at(self._host.name, "not_found", f"{path} was not recorded")

    def close(self) -> None:
        """Do nothing: no file stays open."""
