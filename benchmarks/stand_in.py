"""Stand-in engines: real HTTP on many ports of the loopback address, each answer after a delay.

Run as `python -m benchmarks.stand_in HOSTS DELAY_SECONDS CONTAINERS [FAILING_EVERY]`; prints the ports, then serves
until its standard input closes. Every `FAILING_EVERY`-th host fails in one of three ways: an error, invalid JSON,
or a broken connection.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks.generated_fleet import body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    Answer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_VERSION = json.dumps({"ApiVersion": "1.45", "Version": "26.1.5", "Components": [{"Name": "Engine"}]}).encode()
_INFO = json.dumps({"ID": "stand-in", "ServerVersion": "26.1.5", "NCPU": 2, "MemTotal": 8}).encode()
_HEAD = b"HTTP/1.1 %d OK\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_LISTS = 20
"""The number of different lists of containers, which the hosts share."""


class Engine:
    """The answers of one host by path, without the version; None breaks the connection."""

    def __init__(self, containers: bytes, failure: str | None = None) -> None:
        self._containers = containers
        self._failure = failure
        self._inspections: dict[str, bytes] = {}

    def answer(self, path: str) -> tuple[int, bytes] | None:
        """The status and the body."""
        match path.removeprefix("/v1.45").strip("/").split("/"):
            case ["version"]:
                return 200, _VERSION
            case ["info"]:
                return 200, _INFO
            case ["_ping"]:
                return 200, b"OK"
            case ["containers", "json"]:
                failures = {
                    None: (200, self._containers),
                    "error": (500, b'{"message":"no"}'),
                    "invalid_json": (200, b"<p>"),
                }
                return failures.get(self._failure)
            case ["containers", container_id, "json"]:
                return self._inspection(container_id)
        return 404, b'{"message":"page not found"}'

    def _inspection(self, container_id: str) -> tuple[int, bytes]:
        """The part of an inspection that docker-py's models read."""
        if not self._inspections:
            for summary in json.loads(self._containers):
                config = {"Labels": summary["Labels"], "Image": summary["Image"]}
                details = {
                    "Id": summary["Id"],
                    "Name": summary["Names"][0],
                    "Image": summary["ImageID"],
                    "Config": config,
                }
                details |= {key: summary[key] for key in ("HostConfig", "NetworkSettings", "Mounts")}
                self._inspections[summary["Id"]] = json.dumps(
                    details | {"State": {"Status": summary["State"]}}
                ).encode()
        found = self._inspections.get(container_id)
        return (404, b'{"message":"no such container"}') if found is None else (200, found)


async def serve(hosts: int, delay_seconds: float, containers: int, failing_every: int) -> None:
    """Serve stand-in engines until the standard input closes."""
    bodies = cycle([body(containers, seed) for seed in range(min(hosts, _LISTS))])
    failures = cycle(["error", "invalid_json", "cut"])
    engines = [
        Engine(next(bodies), next(failures) if failing_every and number % failing_every == failing_every - 1 else None)
        for number in range(hosts)
    ]
    servers = [
        await asyncio.start_server(_answering(engine, delay_seconds), "127.0.0.1", 0, backlog=16) for engine in engines
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Do not wait for open connections.
    os._exit(0)


def _answering(
    engine: Engine, delay_seconds: float
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()).strip():
                pass
            if delay_seconds:
                await asyncio.sleep(delay_seconds)
            found = engine.answer(request.split()[1].decode().partition("?")[0])
            if found is None:
                break
            writer.write(_HEAD % (found[0], len(found[1])) + found[1])
            await writer.drain()
        writer.close()

    return answer


if __name__ == "__main__":
    asyncio.run(
        serve(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    )
