"""TLS files that can't be used: the message names the file and what it holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe._config.tls_files import tls_mistakes
from tests.engines.tls import Authority


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, authority: Authority, client_files: tuple[Path, Path]) -> Path:
    """Certificates and keys in the forms in which people have them."""
    folder = tmp_path_factory.mktemp("forms")
    cert, key = client_files
    other_cert, other_key = Authority(folder / "other").issue("other", "other")
    for name, source in {
        "ca": authority.ca_file,
        "cert": cert,
        "key": key,
        "other": other_cert,
        "other-key": other_key,
    }.items():
        (folder / f"{name}.pem").write_bytes(source.read_bytes())

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der")
    openssl("pkey", "-in", "key.pem", "-outform", "DER", "-out", "key.der")
    openssl("pkcs12", "-export", "-in", "cert.pem", "-inkey", "key.pem", "-passout", "pass:x", "-out", "client.p12")
    openssl("pkey", "-in", "key.pem", "-aes128", "-passout", "pass:x", "-out", "encrypted.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    (folder / "empty.pem").write_bytes(b"")
    (folder / "page.pem").write_bytes(b"<!DOCTYPE html><title>Sign in</title>")
    (folder / "id.pub").write_bytes(b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@x")
    (folder / "damaged.pem").write_bytes((folder / "cert.pem").read_bytes().replace(b"MII", b"AII", 1))
    (folder / "damaged-key.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (folder / "both.pem").write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("ca", "cert", "key", "expected"),
    [
        ("client.p12", None, None, {"ca_file": "holds a PKCS#12 archive, not a certificate in PEM; split it: openssl pkcs12"}),
        ("cert.der", None, None, {"ca_file": "a certificate in DER, not a certificate in PEM; write it as PEM: openssl x509 -inform DER"}),
        ("empty.pem", None, None, {"ca_file": "holds nothing"}),
        ("key.pem", None, None, {"ca_file": "holds a private key, not a certificate"}),
        ("page.pem", None, None, {"ca_file": "holds no PEM block"}),
        ("damaged.pem", None, None, {"ca_file": "a damaged certificate"}),
        ("ca.pem", "key.pem", "cert.pem", {"cert_file": "may be swapped", "key_file": "may be swapped"}),
        ("ca.pem", "cert.pem", "other-key.pem", {"key_file": "holds the key of another certificate, not of"}),
        ("ca.pem", "cert.pem", "encrypted.pem", {"key_file": "holds an encrypted key; write it without its passphrase"}),
        ("ca.pem", "cert.pem", "key.der", {"key_file": "a private key in DER, not a private key in PEM; write it as PEM: openssl pkey"}),
        ("ca.pem", "cert.pem", "client.p12", {"key_file": "holds a PKCS#12 archive, not a private key in PEM"}),
        ("ca.pem", "cert.pem", "public.pem", {"key_file": "holds a public key"}),
        ("ca.pem", "id.pub", "key.pem", {"cert_file": "holds a public key of OpenSSH"}),
        ("ca.pem", "damaged.pem", "key.pem", {"cert_file": "a damaged certificate"}),
        ("ca.pem", "cert.pem", "damaged-key.pem", {"key_file": "a damaged or unsupported key"}),
        ("gone.pem", "cert.pem", "gone2.pem", {"ca_file": "no such file", "key_file": "no such file"}),
        (".", None, None, {"ca_file": "is a directory"}),
    ],
)  # fmt: skip
def test_what_a_file_holds(folder: Path, ca: str, cert: str | None, key: str | None, expected: dict[str, str]) -> None:
    found = tls_mistakes(folder / ca, folder / cert if cert else None, folder / key if key else None)
    assert [mistake.key for mistake in found] == list(expected)
    named = {"ca_file": ca, "cert_file": cert, "key_file": key}
    for mistake in found:
        assert expected[mistake.key] in mistake.message
        assert str(folder / str(named[mistake.key])) in mistake.message


def test_files_that_can_be_used(folder: Path) -> None:
    assert tls_mistakes(folder / "ca.pem", folder / "cert.pem", folder / "key.pem") == []
    assert tls_mistakes(None, folder / "cert.pem", folder / "key.pem") == []
    assert tls_mistakes(folder / "ca.pem", folder / "both.pem", folder / "both.pem") == []
    # An intermediate authority, or the host's own certificate, may be what is trusted.
    assert tls_mistakes(folder / "cert.pem", None, None) == []


def test_a_device_is_not_read(folder: Path) -> None:
    assert "not a regular file" in tls_mistakes(Path("/dev/zero"), None, None)[0].message


def test_the_fleet_file_reports_them_with_their_path(folder: Path) -> None:
    tls = {
        "ca_file": str(folder / "ca.pem"),
        "cert_file": str(folder / "key.pem"),
        "key_file": str(folder / "cert.pem"),
    }
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_mapping({"providers": {"docker": {"a": {"scheme": "tls", "host": "a", "tls": tls}}}})
    assert [mistake.path for mistake in caught.value.mistakes] == [
        "providers.docker.a.tls.cert_file",
        "providers.docker.a.tls.key_file",
    ]


def test_an_encrypted_key_under_the_wrong_label_is_damaged(folder: Path) -> None:
    content = (folder / "encrypted.pem").read_text().replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY")
    (folder / "odd.pem").write_text(content)
    assert "damaged or unsupported key" in tls_mistakes(None, folder / "cert.pem", folder / "odd.pem")[0].message
