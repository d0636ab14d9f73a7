"""TLS with the same rules on every version of Python, and keys that are never written to disk."""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dockerframe._config.tls_files import tls_mistakes
from dockerframe._transport.failures import TransportFailure

if TYPE_CHECKING:
    from dockerframe._config.host import TlsFiles


def client_context(*, authority: str | None = None, ca_file: str | None = None) -> ssl.SSLContext:
    """A context that verifies servers by an authority, given as PEM or as a file, or else by those of the system.

    Python 3.13 began to refuse authorities without a key usage, as the ones made by the recipe in Docker's
    documentation, and to accept an intermediate authority. This context does the same everywhere.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    if authority is None and ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=ca_file, cadata=authority)
    return context


def context_of_files(files: TlsFiles | None) -> ssl.SSLContext:
    """A context from the files of a host; without a CA file it trusts the authorities of the system.

    Raises
    ------
    TransportFailure
        Of kind `tls`, when a file can't be used.
    """
    if files is None:
        return client_context()
    try:
        context = client_context(ca_file=str(files.ca_file) if files.ca_file is not None else None)
        if files.cert_file is not None:
            context.load_cert_chain(files.cert_file, files.key_file, _no_password)
    except (OSError, ValueError) as error:
        mistakes = tls_mistakes(files.ca_file, files.cert_file, files.key_file)
        text = "; ".join(f"{mistake.key}: {mistake.message}" for mistake in mistakes) or str(error)
        raise TransportFailure("tls", text, "Fix the files of the host's `tls`.") from error
    return context


def load_identity(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a client's certificate and key from memory, where Python reads files only.

    Raises
    ------
    OSError
        When they can't be used.
    ValueError
        When the key is encrypted.
    """
    with ExitStack() as files:
        context.load_cert_chain(_memory_file(certificate, files), _memory_file(key, files), _no_password)


def _memory_file(content: bytes, files: ExitStack) -> str:
    """The path of a file that no folder has: in memory where the system can, else one that is deleted already."""
    if hasattr(os, "memfd_create"):
        file = files.enter_context(os.fdopen(os.memfd_create("dockerframe"), "w+b"))
    else:
        file = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    file.write(content)
    file.flush()
    file.seek(0)
    return f"/dev/fd/{file.fileno()}"


def _no_password() -> str:
    """Without this OpenSSL would ask on the terminal."""
    raise ValueError("the key is encrypted; give one without a passphrase")
