"""ssh, through paramiko as docker-py does it, with the port of the ssh configuration and limits on time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from dockerframe.errors import HostError

if TYPE_CHECKING:
    from paramiko import Channel
    from requests.adapters import HTTPAdapter

    from dockerframe.hosts.host import Host

_SSH_PORT: Final = 22


def ssh_adapter(host: Host) -> HTTPAdapter:
    """A connected adapter: one ssh login, kept for all requests. Unknown host keys are refused.

    Raises
    ------
    HostError
        Of kind `unsupported`, without paramiko.
    """
    try:
        # paramiko is heavy, and few fleets use ssh.
        from docker.transport import SSHHTTPAdapter  # noqa: PLC0415
        from docker.transport.sshconn import SSHConnection, SSHConnectionPool  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install it with: pip install paramiko."
        raise HostError.at(host.name, "unsupported", "ssh needs paramiko", remedy) from error

    class Connection(SSHConnection):
        def connect(self) -> None:
            super().connect()
            self.sock = _ChannelSocket(self.sock)  # type: ignore[arg-type, assignment]

    class Pool(SSHConnectionPool):
        def _new_conn(self) -> Any:
            return Connection(self.ssh_transport, self.timeout, self.ssh_host)  # type: ignore[arg-type]

    class Adapter(SSHHTTPAdapter):
        # The stubs know neither.
        ssh_params: dict[str, Any]
        pools: Any

        def _create_paramiko_client(self, base_url: str) -> None:
            super()._create_paramiko_client(base_url)  # type: ignore[misc]
            limit = host.timeouts.connect_seconds
            port = int(self.ssh_params.get("port") or _SSH_PORT)
            self.ssh_params.update(port=port, timeout=limit, banner_timeout=limit, auth_timeout=limit)

        def get_connection(self, url: Any, proxies: Any = None) -> Any:  # noqa: ARG002 - requests passes it
            with self.pools.lock:
                pool = self.pools.get(url)
                if pool is None:
                    pool = Pool(
                        ssh_client=self.ssh_client, timeout=self.timeout, maxsize=self.max_pool_size, host=host.address
                    )
                    self.pools[url] = pool
                return pool

    adapter: HTTPAdapter = Adapter(host.url, timeout=host.timeouts.read_seconds)  # type: ignore[arg-type]
    return adapter


class _ChannelSocket:
    """An ssh channel as http.client wants a socket: paramiko's own files can't tell what has come so far."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def makefile(self, *_: object) -> io.BufferedReader:
        """A file that gives what has come."""
        return io.BufferedReader(_ChannelReader(self._channel))


class _ChannelReader(io.RawIOBase):
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what has come, waiting as long as the channel's timeout says."""
        received = self._channel.recv(len(buffer))
        buffer[: len(received)] = received
        return len(received)
