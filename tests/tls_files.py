"""The files of a TLS identity, as the docker CLI names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engines.tls import Authority

if TYPE_CHECKING:
    from pathlib import Path


def write_tls_files(folder: Path) -> None:
    """Write ca.pem, cert.pem and key.pem of a client."""
    cert_file, key_file = Authority(folder).issue("client", "client")
    cert_file.rename(folder / "cert.pem")
    key_file.rename(folder / "key.pem")
