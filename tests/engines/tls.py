"""Certificates for tests: an authority, servers and clients."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """A certificate authority with its files in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, label: str, *names: str) -> tuple[Path, Path]:
        """The certificate and key files of something that has these names."""
        leaf = self._authority.issue_cert(*names)
        cert_file, key_file = self._folder / f"{label}-cert.pem", self._folder / f"{label}-key.pem"
        leaf.cert_chain_pems[0].write_to_path(str(cert_file))
        leaf.private_key_pem.write_to_path(str(key_file))
        key_file.chmod(0o600)
        return cert_file, key_file

    def pack_agent(self, folder: Path, address: str) -> Path:
        """The zip file with an agent's certificates, as GoDoxy keeps it."""
        folder.mkdir(parents=True, exist_ok=True)
        cert_file, key_file = self.issue(f"agent-client-{address.replace(':', '-')}", "client")
        archive = folder / f"{address}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for name, file in (("ca.pem", self.ca_file), ("cert.pem", cert_file), ("key.pem", key_file)):
                packed.write(file, name)
        return archive
