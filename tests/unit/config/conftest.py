"""What these tests share: TLS files that OpenSSL can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf
from tests.engines.tls import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def client_files(authority: Authority) -> tuple[Path, Path]:
    return authority.issue("client", "client")


@pytest.fixture
def tls_files(tmp_path: Path, authority: Authority, client_files: tuple[Path, Path]) -> dict[str, str]:
    """The files of a TLS identity, copied into the test's own folder."""
    sources = {"ca_file": authority.ca_file, "cert_file": client_files[0], "key_file": client_files[1]}
    files = {}
    for key, source in sources.items():
        (tmp_path / f"{key}.pem").write_bytes(source.read_bytes())
        files[key] = str(tmp_path / f"{key}.pem")
    return files


def mistakes_of(mapping: dict[str, Any]) -> dict[str, str]:
    """The mistakes of a fleet file, by their path."""
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_mapping(mapping)
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


def docker(**hosts: Any) -> dict[str, Any]:
    """A fleet file with these hosts."""
    return {"providers": {"docker": hosts}}
