"""docker-py's ssh transport with the ports and jump hosts of the ssh configuration, and with limits on time."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, Final

from docker.transport import SSHHTTPAdapter
from docker.transport.sshconn import SSHConnection, SSHConnectionPool
from paramiko import SSHException

from dockerframe._transport.ssh.config import SshConfiguration, client_that_knows_hosts, host_of
from dockerframe._transport.ssh.login import SshJumps, log_in

if TYPE_CHECKING:
    from paramiko import Channel, SSHClient

    from dockerframe._config.host import Host

_MOST_SAID: Final = 400

# What goes wrong is raised as well: where nobody asked for a log, paramiko's would write tracebacks to standard error.
_PARAMIKO: Final = logging.getLogger("paramiko")
_PARAMIKO.addHandler(logging.NullHandler())
# As docker-py has it.
_PARAMIKO.setLevel(logging.WARNING)


class SshAdapter(SSHHTTPAdapter):
    """An adapter that is logged in at a host."""

    # The stubs know neither.
    ssh_client: SSHClient
    pools: Any

    def __init__(self, host: Host) -> None:
        self._host = host
        self._configuration = SshConfiguration()
        self._jumps = SshJumps(self._configuration, host.timeouts.connect_seconds)
        super().__init__(host.url, timeout=host.timeouts.read_seconds)  # type: ignore[arg-type]

    def _create_paramiko_client(self, base_url: str) -> None:
        self.ssh_client = client_that_knows_hosts()
        self._login = self._configuration.login(base_url)

    def _connect(self) -> None:
        seconds = self._host.timeouts.connect_seconds
        try:
            log_in(self.ssh_client, self._login, self._jumps.way_to(host_of(self._host.url)), seconds)
        except BaseException:
            self._jumps.close()
            raise

    def close(self) -> None:
        """Log out, at the hosts between as well."""
        super().close()
        self._jumps.close()

    def get_connection(self, url: Any, proxies: Any = None) -> Any:  # noqa: ARG002 - requests passes it
        """The pool of connections to a URL, as docker-py has it."""
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = _Pool(
                    ssh_client=self.ssh_client,
                    timeout=self.timeout,
                    maxsize=self.max_pool_size,
                    host=self._host.address,
                )
                self.pools[url] = pool
            return pool


class _Pool(SSHConnectionPool):
    def _new_conn(self) -> Any:
        return _Connection(self.ssh_transport, self.timeout, self.ssh_host)  # type: ignore[arg-type]


class _Connection(SSHConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _ChannelSocket(self.sock)  # type: ignore[arg-type, assignment]


class _ChannelSocket:
    """An ssh channel as http.client wants a socket: paramiko's own files can't tell what has come so far."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._has_spoken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def makefile(self, *_: object) -> io.BufferedReader:
        """A file that gives what has come."""
        return io.BufferedReader(_ChannelReader(self))

    def received(self, size: int) -> bytes:
        """What has come, at most so much of it; nothing at the end.

        Raises
        ------
        TimeoutError
            When nothing comes for as long as the channel's timeout says.
        SSHException
            When the command there ended without an answer, with what it said: mostly that there is no docker, or that
            the user may not use it.
        """
        try:
            received = self._channel.recv(size)
        except TimeoutError as error:
            # paramiko's own has no text.
            raise TimeoutError("timed out") from error
        if not received and not self._has_spoken and (said := self._complaint()):
            raise SSHException(f"docker system dial-stdio: {said}")
        self._has_spoken = self._has_spoken or bool(received)
        return received

    def _complaint(self) -> str:
        said = self._channel.recv_stderr(_MOST_SAID) if self._channel.recv_stderr_ready() else b""
        return " ".join(said.decode(errors="replace").split())


class _ChannelReader(io.RawIOBase):
    def __init__(self, channel: _ChannelSocket) -> None:
        self._channel = channel

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what has come."""
        received = self._channel.received(len(buffer))
        buffer[: len(received)] = received
        return len(received)
