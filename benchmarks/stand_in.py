"""Stand-in engines: real HTTP on many ports of the loopback address, each answer after a given time.

Run as `python -m benchmarks.stand_in HOSTS DELAY_SECONDS CONTAINERS`; prints the ports, then serves until its standard
input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys

from benchmarks.generated_fleet import body

_VERSION = json.dumps({"ApiVersion": "1.45", "Version": "26.1.5", "Components": [{"Name": "Engine"}]}).encode()


async def serve(hosts: int, delay_seconds: float, containers: int) -> None:
    """Serve stand-in engines until the standard input closes."""
    answers = {
        "/version": _VERSION,
        "/v1.45/info": json.dumps({"ID": "stand-in", "ServerVersion": "26.1.5", "NCPU": 2, "MemTotal": 8}).encode(),
        "/v1.45/containers/json": body(containers),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()).strip():
                pass
            await asyncio.sleep(delay_seconds)
            content = answers.get(request.split()[1].decode().partition("?")[0], b"{}")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            await writer.drain()
        writer.close()

    servers = [await asyncio.start_server(answer, "127.0.0.1", 0) for _ in range(hosts)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
