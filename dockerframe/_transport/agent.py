"""GoDoxy agents: the Docker Engine API over mutual TLS, with certificates that come in a zip file."""

from __future__ import annotations

import tempfile
import weakref
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter

from dockerframe.errors import HostError

if TYPE_CHECKING:
    from dockerframe._config.host import Host

AGENT_CERTIFICATE_NAME: Final = "godoxy.agent"
"""The name in every agent's certificate, whatever its address is."""

AGENT_INFO_PATH: Final = "/godoxy/agent/info"

_FILES: Final = ("ca.pem", "cert.pem", "key.pem")
_LARGEST_FILE_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The files of one agent, unpacked into a private folder that goes when the identity does."""

    folder: tempfile.TemporaryDirectory[str]

    @property
    def verify(self) -> str:
        """The authority's certificate."""
        return str(Path(self.folder.name) / "ca.pem")

    @property
    def cert(self) -> tuple[str, str]:
        """The client's certificate and key."""
        return str(Path(self.folder.name) / "cert.pem"), str(Path(self.folder.name) / "key.pem")


class AgentAdapter(HTTPAdapter):
    """Connects to an agent: the certificate must have the agents' name, not that of the address."""

    def __init__(self, identity: AgentIdentity) -> None:
        super().__init__()
        weakref.finalize(self, identity.folder.cleanup)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As requests does it, with the name that is checked."""
        super().init_poolmanager(
            *arguments, assert_hostname=AGENT_CERTIFICATE_NAME, server_hostname=AGENT_CERTIFICATE_NAME, **options
        )


def agent_identity(host: Host) -> AgentIdentity:
    """Unpack the certificates of an agent.

    Raises
    ------
    HostError
        Of kind `unknown_agent`, when there are none, or not all of them.
    """
    folder = tempfile.TemporaryDirectory(prefix="dockerframe-agent-")
    try:
        _unpack(host, host.agent_certificates / f"{host.address}.zip", Path(folder.name))
    except HostError:
        folder.cleanup()
        raise
    return AgentIdentity(folder)


def _unpack(host: Host, archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            for name in _FILES:
                if packed.getinfo(name).file_size > _LARGEST_FILE_BYTES:
                    raise _unknown(host, f"{name} in {archive} is no certificate")
                (folder / name).write_bytes(packed.read(name))
    except FileNotFoundError as error:
        raise _unknown(host, f"there is no file {archive}") from error
    except KeyError as error:
        raise _unknown(host, f"{archive} lacks one of {', '.join(_FILES)}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _unknown(host, f"{archive} can't be read: {error}") from error


def _unknown(host: Host, problem: str) -> HostError:
    remedy = "Add the agent in GoDoxy and point agent_certificates at the folder that holds its zip file."
    return HostError.at(host.name, "unknown_agent", problem, remedy)
