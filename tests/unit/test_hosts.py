"""Where fleets are described: files, contexts, the environment."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._config.host import Timeouts
from dockerframe._config.urls import InvalidUrlError, checked_url
from tests.docker_contexts import write_context
from tests.users import without_user


@pytest.fixture
def tls_files(tmp_path: Path) -> dict[str, str]:
    files = {}
    for key in ("ca_file", "cert_file", "key_file"):
        (tmp_path / f"{key}.pem").write_text("x")
        files[key] = str(tmp_path / f"{key}.pem")
    return files


def _mistakes(mapping: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_mapping(mapping)
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


def _docker(**hosts: Any) -> dict[str, Any]:
    return {"providers": {"docker": hosts}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:///run/docker.sock", "unix:///run/docker.sock"), ("unix://run/docker.sock", "unix:///run/docker.sock"),
        ("/run/docker.sock", "unix:///run/docker.sock"), ("tcp://a", "tcp://a:2375"), ("http://a:80/", "http://a:80"),
        ("https://a", "https://a:2376"), ("tls://a:1", "tls://a:1"), ("ssh://u@a:2222", "ssh://u@a:2222"), ("ssh://a", "ssh://a"),
        ("agent://10.0.0.5", "agent://10.0.0.5:8890"), ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine"), ("tcp://A.Example", "tcp://a.example:2375"),
    ],
)  # fmt: skip
def test_urls_are_written_one_way(text: str, expected: str) -> None:
    assert checked_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:2375",
        "ftp://a",
        "tcp://",
        "tcp://a:0",
        "tcp://a:65536",
        "tcp://a:x",
        "tcp://u@a",
        "ssh://u:secret@a",
        "tcp://a/path",
        "tcp://a?x",
        "unix://",
        "tcp://a b",
        "tcp://-a",
        "tcp://::1:2375",
        "tcp://[::1",
    ],
)
def test_urls_that_are_none(text: str) -> None:
    with pytest.raises(InvalidUrlError) as caught:
        checked_url(text)
    assert "secret" not in str(caught.value)


def test_a_file_of_godoxy_works_unchanged(
    tmp_path: Path, tls_files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAME", "docker3")
    file = tmp_path / "config.yml"
    file.write_text(
        """
entrypoint: {middlewares: []}
providers:
  include: [a.yml]
  docker:
    local: ${DOCKER_HOST}
    other: $DOCKER_HOST
    remote1: {scheme: tcp, host: docker1.local, port: 2375}
    remote2!:
      scheme: tls
      host: docker2.local
      port: 2376
      tls: {ca_file: ca_file.pem, cert_file: cert_file.pem, key_file: key_file.pem}
    remote3: ssh://ops@${NAME}.local
  agents:
    - 10.0.0.5:8890
"""
    )
    fleet = dkf.Fleet.from_file(file)
    default = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"
    assert {host.name: host.url for host in fleet.hosts} == {
        "local": default, "other": default, "remote1": "tcp://docker1.local:2375", "remote2": "tls://docker2.local:2376",
        "remote3": "ssh://ops@docker3.local", "10.0.0.5:8890": "agent://10.0.0.5:8890",
    }  # fmt: skip
    assert [host.name for host in fleet.hosts if host.explicit_only] == ["remote2"]
    assert fleet.host("remote2").tls == dkf.TlsFiles(
        *(Path(tls_files[key]) for key in ("ca_file", "cert_file", "key_file"))
    )
    assert fleet.host("10.0.0.5:8890").agent_certificates == tmp_path / "certs"


def test_docker_host_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert dkf.Fleet.from_mapping(_docker(a="$DOCKER_HOST")).hosts[0].url == "tcp://elsewhere:2375"


def test_every_mistake_is_told_at_once_with_its_path(tls_files: dict[str, str]) -> None:
    mapping = _docker(
        a={"scheme": "tls", "host": "x", "port": 99999, "tls": {"cert_file": "/nope", "ca_file": tls_files["ca_file"]}},
        b="ftp://x",
        c={"scheme": "tcp", "host": "${UNSET_VARIABLE}"},
        d=["x"],
        e={"host": "x", "prt": 1},
        f="tls://x",
        g={"scheme": "ssh", "host": "x", "tls": tls_files},
        h={"scheme": "https", "host": "x"},
        i={"scheme": "tcp", "host": "x", "read_timeout_seconds": -1, "tls": "yes"},
    )
    mapping["providers"]["agents"] = ["10.0.0.5:0", None]
    found = _mistakes(mapping)
    assert set(found) == {
        "providers.docker.a.port", "providers.docker.a.tls.cert_file", "providers.docker.a.tls.key_file", "providers.docker.b",
        "providers.docker.c.host", "providers.docker.d", "providers.docker.e.prt", "providers.docker.e.scheme", "providers.docker.f",
        "providers.docker.g.tls", "providers.docker.h.tls", "providers.docker.i.read_timeout_seconds", "providers.docker.i.tls",
        "providers.agents.0", "providers.agents.1",
    }  # fmt: skip
    assert found["providers.docker.a.tls.cert_file"].startswith("no such file")
    assert "UNSET_VARIABLE" in found["providers.docker.c.host"]
    assert "did you mean port?" in found["providers.docker.e.prt"]


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ({}, "providers"),
        ({"providers": []}, "providers"),
        ({"providers": {"docker": [1]}}, "providers.docker"),
        ({"providers": {"agents": {}}}, "providers.agents"),
        (_docker(**{"a": "tcp://x", "a!": "tcp://y"}), "providers"),
        (_docker(**{"!": "tcp://x"}), "providers.docker.!"),
    ],
)
def test_mistakes_of_the_whole(mapping: dict[str, Any], path: str) -> None:
    assert path in _mistakes(mapping)


@pytest.mark.parametrize(
    ("content", "problem"), [("a: [", "no YAML"), ("- x", "mapping"), ("a: 1\na: 2", "twice"), ("\xff", "UTF-8")]
)
def test_files_that_are_none(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "fleet.yml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(dkf.ConfigurationError, match=problem):
        dkf.Fleet.from_file(file)
    with pytest.raises(dkf.ConfigurationError, match="[Nn]o such file"):
        dkf.Fleet.from_file(tmp_path / "other.yml")


def test_limits_by_call_by_file_and_by_host() -> None:
    mapping = _docker(a="tcp://a", b={"scheme": "tcp", "host": "b", "connect_timeout_seconds": 1.5})
    fleet = dkf.Fleet.from_mapping(mapping, read_timeout_seconds=7)
    assert [host.timeouts for host in fleet.hosts] == [Timeouts(5, 7), Timeouts(1.5, 7)]
    mapping["dockerframe"] = {"read_timeout_seconds": 9, "max_answer_bytes": 10, "agent_certificates": "/certs"}
    fleet = dkf.Fleet.from_mapping(mapping, read_timeout_seconds=7)
    assert {host.timeouts.read_seconds for host in fleet.hosts} == {9}
    assert {(host.max_answer_bytes, host.agent_certificates) for host in fleet.hosts} == {(10, Path("/certs"))}
    assert dkf.Fleet.from_mapping(_docker(a="tcp://a")).hosts[0].timeouts == Timeouts(5, 30)


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name, url in (("prod", "tcp://prod:2376"), ("lab", "ssh://ops@lab"), ("bare", "https://bare:2376")):
        write_context(folder, name, url)
    tls = folder / "contexts" / "tls" / hashlib.sha256(b"prod").hexdigest() / "docker"
    tls.mkdir(parents=True)
    for file in ("ca.pem", "cert.pem", "key.pem"):
        (tls / file).write_text("x")
    return folder


def test_contexts_by_name(docker_config: Path) -> None:
    fleet = dkf.Fleet.from_contexts(["lab", "prod", "default"])
    assert [host.name for host in fleet.hosts] == ["lab", "prod", "default"]
    tls = fleet.host("prod").tls
    assert tls is not None
    assert tls.ca_file.read_text() == "x"
    assert fleet.host("lab").tls is None


def test_all_contexts_and_those_that_cannot_be_used(docker_config: Path) -> None:
    with pytest.raises(dkf.ConfigurationError, match="bare: it uses TLS"):
        dkf.Fleet.from_contexts()
    with pytest.raises(dkf.ConfigurationError, match="default, bare, lab, prod"):
        dkf.Fleet.from_contexts(["gone"])
    (docker_config / "contexts" / "meta" / hashlib.sha256(b"bare").hexdigest() / "meta.json").unlink()
    assert [host.name for host in dkf.Fleet.from_contexts().hosts] == ["default", "lab", "prod"]


def test_where_the_docker_cli_has_no_folder_or_one_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".docker/config.json").mkdir(parents=True)
    with pytest.raises(dkf.ConfigurationError, match=r"config\.json: .*Is a directory"):
        dkf.Fleet.from_env()

    without_user(monkeypatch)
    assert dkf.Fleet.from_env().hosts[0].url == "unix:///var/run/docker.sock"
    with pytest.raises(dkf.ConfigurationError, match="no such context"):
        dkf.Fleet.from_contexts(["gone"])


def test_environment_as_the_docker_cli_reads_it(
    docker_config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert dkf.Fleet.from_env().hosts[0].name == "default"
    (docker_config / "config.json").write_text('{"currentContext": "lab"}')
    assert dkf.Fleet.from_env().hosts[0].url == "ssh://ops@lab"
    monkeypatch.setenv("DOCKER_CONTEXT", "prod")
    assert dkf.Fleet.from_env().hosts[0].url == "tcp://prod:2376"
    monkeypatch.setenv("DOCKER_HOST", "tcp://named:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(dkf.ConfigurationError, match=r"ca\.pem"):
        dkf.Fleet.from_env()
    (tmp_path / "ca.pem").write_text("x")
    with pytest.raises(dkf.ConfigurationError):
        (tmp_path / "cert.pem").write_text("x")
        dkf.Fleet.from_env()
    (tmp_path / "key.pem").write_text("x")
    host = dkf.Fleet.from_env().hosts[0]
    assert (host.name, host.url, host.tls and host.tls.cert_file) == (
        "default",
        "tcp://named:2376",
        tmp_path / "cert.pem",
    )
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    assert dkf.Fleet.from_env().hosts[0].tls is None


def test_hosts_by_url() -> None:
    fleet = dkf.Fleet.from_urls(["tcp://a:1", "edge=tcp://a:2", "/run/docker.sock"])
    assert [(host.name, host.url) for host in fleet.hosts] == [
        ("a", "tcp://a:1"),
        ("edge", "tcp://a:2"),
        ("local", "unix:///run/docker.sock"),
    ]
    with pytest.raises(dkf.ConfigurationError, match="NAME="):
        dkf.Fleet.from_urls(["tcp://a:1", "tcp://a:2"])
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_urls(["ftp://a", "x", "tls://y"])
    assert len(caught.value.mistakes) >= 3


def test_a_name_is_a_key() -> None:
    with pytest.raises(dkf.ConfigurationError, match="key of every table"):
        dkf.Fleet([dkf.Host("a", "tcp://a"), dkf.Host("a", "tcp://b")])
    with pytest.raises(dkf.ConfigurationError, match="There are: a"):
        dkf.Fleet([dkf.Host("a", "tcp://a")]).host("b")
