"""TLS: the same on every Python, with authorities as people make them, and no key ever on disk."""

from __future__ import annotations

import os
import ssl
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

import dockerframe as dkf
from dockerframe._transport import tls
from tests.engines.process import run
from tests.engines.tls import Authority, RecipeAuthority
from tests.unit.test_failures import LIST, answer, engine, serving, snapshot


def server_context(cert_file: Path, key_file: Path, trusted: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    if trusted is not None:
        context.load_verify_locations(trusted)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("intermediate", [False, True])
def test_authorities_by_the_recipe_of_docker(tmp_path: Path, intermediate: bool) -> None:
    authority = RecipeAuthority(tmp_path, intermediate=intermediate)
    context = server_context(*authority.issue("server", "127.0.0.1"))
    client = authority.issue("client", "client.example")
    with serving(engine(answer(LIST)), context) as url:
        row = snapshot(url.replace("tcp", "tls"), tls=dkf.TlsFiles(authority.ca_file, *client)).hosts.row(0, named=True)
        assert row["error"] is None
        other = RecipeAuthority(tmp_path / "other")
        row = snapshot(url.replace("tcp", "tls"), tls=dkf.TlsFiles(other.ca_file)).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = server_context(*authority.issue("server", "127.0.0.1"))
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(engine(answer(LIST)), context) as url:
        row = snapshot(url.replace("tcp", "tls"), tls=dkf.TlsFiles(authority.ca_file)).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"


def test_a_plain_url_at_a_port_for_tls(tmp_path: Path) -> None:
    context = server_context(*Authority(tmp_path).issue("server", "127.0.0.1"))
    with serving(engine(answer(LIST)), context) as url:
        row = snapshot(url).hosts.row(0, named=True)
    # Python's own server hangs up without a word; Go, nginx and OpenSSL say what is wrong.
    assert row["error_kind"] in {"disconnected", "wrong_scheme"}
    assert "TLS" in row["error"]


@pytest.mark.parametrize(
    ("name", "content"), [("cert.pem", b"no certificate"), ("key.pem", b"no key"), ("ca.pem", b"")]
)
def test_files_that_are_no_identity(tmp_path: Path, name: str, content: bytes) -> None:
    authority = Authority(tmp_path)
    cert_file, key_file = authority.issue("client", "client")
    files = {"ca.pem": authority.ca_file, "cert.pem": cert_file, "key.pem": key_file}
    files[name] = tmp_path / f"bad-{name}"
    files[name].write_bytes(content)
    row = snapshot("tls://127.0.0.1:1", tls=dkf.TlsFiles(*files.values())).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"
    assert f"{name.replace('.pem', '_file')}: " in row["error"]
    assert "_ssl.c" not in row["error"]


def test_an_encrypted_key_asks_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert_file, key_file = authority.issue("client", "client")
    locked = tmp_path / "locked.pem"
    run("openssl", "pkey", "-aes256", "-passout", "pass:x", "-in", str(key_file), "-out", str(locked))
    tls_files = dkf.TlsFiles(authority.ca_file, cert_file, locked)
    row = snapshot("tls://127.0.0.1:1", tls=tls_files).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"
    assert "key_file: " in row["error"]
    assert "encrypted" in row["error"]


@pytest.mark.parametrize("has_memory_files", [True, False])
def test_agents_and_their_keys_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_memory_files: bool
) -> None:
    authority = Authority(tmp_path / "ca")
    context = server_context(*authority.issue("agent", "godoxy.agent"), authority.ca_file)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create")
    seen: list[list[str]] = []
    real = tls._memory_file
    monkeypatch.setattr(tls, "_memory_file", lambda *given: (real(*given), seen.append(os.listdir(scratch)))[0])
    with serving(engine(answer(LIST)), context) as url:
        address = url.removeprefix("tcp://")
        authority.pack_agent(tmp_path / "certs", address)
        descriptors = len(os.listdir("/dev/fd"))
        row = snapshot(f"agent://{address}", agent_certificates=tmp_path / "certs").hosts.row(0, named=True)
    assert row["error"] is None
    assert seen == [[], []]
    assert len(os.listdir("/dev/fd")) <= descriptors + 4


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("other authority", "is not signed by the authority in ca_file. Give the ca_file"),
        ("other name", "certificate is for another address. Use a name"),
        ("expired", "certificate has expired. Renew it"),
        # Which of its messages a client sees is chance: the server may hang up before the client reads the alert.
        ("no client certificate", "client certificate. Give the host cert_file"),
        ("other client", "client certificate. Give the host cert_file"),
    ],
)
def test_messages_of_tls_use_the_words_of_operators(tmp_path: Path, case: str, text: str) -> None:
    authority, other = trustme.CA(), trustme.CA()
    yesterday = datetime.now(UTC) - timedelta(days=1) if case == "expired" else None
    leaf = authority.issue_cert("10.9.9.9" if case == "other name" else "127.0.0.1", not_after=yesterday)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    if "client" in case:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    files = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    (other if case == "other authority" else authority).cert_pem.write_to_path(str(files[0]))
    stranger = other.issue_cert("client")
    stranger.cert_chain_pems[0].write_to_path(str(files[1]))
    stranger.private_key_pem.write_to_path(str(files[2]))
    tls_files = dkf.TlsFiles(*(files if case == "other client" else files[:1]))
    with serving(engine(answer(LIST)), context) as url:
        row = snapshot(url.replace("tcp", "tls"), tls=tls_files).hosts.row(0, named=True)
    assert row["error_kind"] == "tls"
    assert text in row["error"]


def _zip(path: Path, **files: bytes) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(f"{name}.pem", content)


@pytest.mark.parametrize("damage", ["encrypted", "method", "corrupt", "lacks", "nonsense", "large", "truncated"])
def test_damaged_agent_archives(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "127.0.0.1:1.zip"
    files = {"ca": b"x" * 999, "cert": b"y" * 999, "key": b"z" * 999}
    if damage == "lacks":
        files.pop("key")
    if damage == "large":
        files["key"] = b"z" * (2**20 + 1)
    _zip(path, **files)
    content = bytearray(path.read_bytes())
    local, central = content.find(b"PK\x03\x04"), content.find(b"PK\x01\x02")
    match damage:
        case "encrypted":
            content[local + 6] |= 1
            content[central + 8] |= 1
        case "method":
            content[local + 8] = content[central + 10] = 99
        case "corrupt":
            content[local + 60] ^= 0xFF
        case "truncated":
            content = content[:-30]
    path.write_bytes(content)
    row = snapshot("agent://127.0.0.1:1", agent_certificates=tmp_path).hosts.row(0, named=True)
    assert row["error_kind"] == "unknown_agent"
    assert str(path) in row["error"]
