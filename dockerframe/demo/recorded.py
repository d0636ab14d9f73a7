"""The demo fleet: the answers of real hosts, in the folder `answers`, one folder per host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Final

from dockerframe._config.host import Host
from dockerframe._transport.agent import AGENT_INFO_PATH
from dockerframe._transport.mock import MockTransport
from dockerframe.errors import HostError

_URLS: Final = {
    "edge": "unix:///var/run/docker.sock",
    "apps": "tls://apps.example.com:2376",
    "data": "agent://10.0.0.20:8890",
    "lab": "ssh://ops@lab.example.com",
    "backup": "tcp://backup.example.com:2375",
}
_DOWN: Final = "backup"
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


def demo_pool() -> MockTransport:
    """A pool whose clients answer from recordings."""
    remedy = "This is the host of the demo fleet that is down on purpose."
    down = HostError.at(_DOWN, "refused", f"{_URLS[_DOWN]}: Connection refused", remedy)
    return MockTransport({name: down if name == _DOWN else _Recorded(name) for name in _URLS})


class _Recorded(Mapping[str, bytes]):
    """The answers of one host by path, each read when it is asked for."""

    def __init__(self, host: str) -> None:
        self._folder = files("dockerframe.demo") / "answers" / host

    def __getitem__(self, path: str) -> bytes:
        inspected = _INSPECT.match(path)
        if inspected is not None:
            return json.dumps(self._inspections[inspected[1]]).encode()
        name = _FILES.get(path, "")
        file = self._folder / name
        if not name or not file.is_file():
            raise KeyError(path)
        return file.read_bytes()

    @cached_property
    def _inspections(self) -> dict[str, object]:
        """The inspections of all containers, by id."""
        inspections: dict[str, object] = json.loads((self._folder / "inspections.json").read_bytes())
        return inspections

    def __iter__(self) -> Iterator[str]:
        return (path for path in _FILES if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
