"""Certificates for tests: an authority, servers and clients."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import trustme

from tests.engines.process import run

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


class RecipeAuthority:
    """An authority and certificates by the recipe of Docker's documentation, which openssl's defaults complete.

    The authority has no key usage. With `intermediate`, certificates are issued by a second authority, and `ca_file`
    is that one alone.
    """

    def __init__(self, folder: Path, *, intermediate: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.ca_file = folder / "ca.pem"
        self._key = folder / "ca-key.pem"
        run(
            "openssl", "req", "-new", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", str(self._key),
            "-days", "365", "-sha256", "-out", str(self.ca_file), "-subj", "/CN=docker-ca",
        )  # fmt: skip
        if intermediate:
            self.ca_file, self._key = self._signed("intermediate", "basicConstraints = critical,CA:TRUE")

    def issue(self, label: str, *names: str) -> tuple[Path, Path]:
        """The certificate and key files of a server that has these names, or of a client."""
        addresses = ",".join(f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names)
        return self._signed(label, f"subjectAltName = {addresses}\nextendedKeyUsage = serverAuth,clientAuth")

    def _signed(self, label: str, extensions: str) -> tuple[Path, Path]:
        cert, key, request, extra = (
            self._folder / f"{label}-{part}" for part in ("cert.pem", "key.pem", "request.pem", "extensions.cnf")
        )
        extra.write_text(extensions + "\n")
        run(
            "openssl", "req", "-new", "-nodes", "-newkey", "rsa:2048", "-keyout", str(key), "-subj", f"/CN={label}",
            "-sha256", "-out", str(request),
        )  # fmt: skip
        run(
            "openssl", "x509", "-req", "-days", "365", "-sha256", "-in", str(request), "-CA", str(self.ca_file),
            "-CAkey", str(self._key), "-CAcreateserial", "-out", str(cert), "-extfile", str(extra),
        )  # fmt: skip
        return cert, key
