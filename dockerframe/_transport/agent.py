"""GoDoxy agents: the Docker Engine API over mutual TLS, with certificates from a zip file."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from dockerframe._transport.failures import TransportFailure
from dockerframe._transport.tls import client_context, load_identity

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

AGENT_CERTIFICATE_NAME: Final = "godoxy.agent"
"""The name in the certificate of every agent, whatever its address is."""

AGENT_INFO_PATH: Final = "/godoxy/agent/info"

_FILES: Final = ("ca.pem", "cert.pem", "key.pem")
_LARGEST_FILE_BYTES: Final = 2**20
_REMEDY: Final = "Add the agent in GoDoxy and point agent_certificates at the folder that holds its zip file."


def agent_context(archive: Path) -> ssl.SSLContext:
    """The TLS identity for an agent, from its zip file. Nothing is unpacked to disk.

    Raises
    ------
    TransportFailure
        Of kind `unknown_agent`, when the file is missing, damaged or incomplete.
    """
    try:
        authority, certificate, key = _unpacked(archive)
        context = client_context(authority=authority.decode("ascii"))
        load_identity(context, certificate, key)
    except FileNotFoundError as error:
        raise _unknown(f"no such file: {archive}") from error
    except KeyError as error:
        raise _unknown(f"{archive} lacks one of {', '.join(_FILES)}") from error
    # An encrypted archive is a RuntimeError, an unknown method a NotImplementedError, a bad certificate a ValueError.
    except (OSError, RuntimeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _unknown(f"{archive} can't be used: {getattr(error, 'strerror', None) or error}") from error
    return context


def _unpacked(archive: Path) -> list[bytes]:
    with zipfile.ZipFile(archive) as packed:
        for name in _FILES:
            if packed.getinfo(name).file_size > _LARGEST_FILE_BYTES:
                raise ValueError(f"{name} is too large for a certificate")
        return [packed.read(name) for name in _FILES]


def _unknown(problem: str) -> TransportFailure:
    return TransportFailure("unknown_agent", problem, _REMEDY)
