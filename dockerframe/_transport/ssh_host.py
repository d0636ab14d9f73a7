"""ssh, through paramiko as docker-py does it. Few fleets use it and paramiko is heavy: it is loaded when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerframe.errors import HostError

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

    from dockerframe._config.host import Host


def ssh_adapter(host: Host) -> HTTPAdapter:
    """A connected adapter: one ssh login, kept for all requests. Unknown host keys are refused.

    Raises
    ------
    HostError
        Of kind `unsupported`, without paramiko.
    """
    try:
        from dockerframe._transport.ssh.adapter import SshAdapter  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install it with: pip install paramiko."
        raise HostError.at(host.name, "unsupported", "ssh needs paramiko", remedy) from error
    return SshAdapter(host)
