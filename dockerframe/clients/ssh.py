"""ssh, through paramiko as docker-py does it, with the port of the ssh configuration and limits on time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockerframe.errors import HostError

if TYPE_CHECKING:
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
        from docker.transport import SSHHTTPAdapter  # noqa: PLC0415 - paramiko is heavy, and few fleets use ssh
    except ImportError as error:
        remedy = "Install it with: pip install paramiko."
        raise HostError(
            "unsupported", f"Host {host.name}: ssh needs paramiko.", remedy=remedy, host=host.name
        ) from error

    class TimedAdapter(SSHHTTPAdapter):
        ssh_params: dict[str, Any]

        def _create_paramiko_client(self, base_url: str) -> None:
            super()._create_paramiko_client(base_url)  # type: ignore[misc]
            limit = host.timeouts.connect_seconds
            self.ssh_params.update(
                port=int(self.ssh_params.get("port") or _SSH_PORT),
                timeout=limit,
                banner_timeout=limit,
                auth_timeout=limit,
            )

    adapter: HTTPAdapter = TimedAdapter(host.url, timeout=host.timeouts.read_seconds)  # type: ignore[arg-type]
    return adapter
