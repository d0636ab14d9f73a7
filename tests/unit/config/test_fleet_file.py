"""Fleet files: what they describe, and every mistake with its path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._config.docker_config import host_defaults
from dockerframe._config.fleet_file import FleetDescription, fleet_from_mapping
from dockerframe._config.host import Timeouts
from dockerframe._config.proxy_options import CaddyOptions, TraefikOptions
from dockerframe._config.values import Surroundings
from tests.unit.config.conftest import docker, mistakes_of


def described(mapping: dict[str, Any]) -> FleetDescription:
    return fleet_from_mapping(mapping, Surroundings({}, Path("/nowhere"), "unix:///x"), host_defaults({}))


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
    assert fleet.host("remote1").origin == f"providers.docker.remote1 in {file}"
    assert fleet.host("10.0.0.5:8890").origin == f"providers.agents.0 in {file}"


def test_docker_host_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    for value in ("$DOCKER_HOST", "${DOCKER_HOST}", {"url": "$DOCKER_HOST"}):
        assert dkf.Fleet.from_mapping(docker(a=value)).hosts[0].url == "tcp://elsewhere:2375"


def test_variables_stand_in_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"H": "a", "S": "tcp", "P": "99", "T": "prod", "TOKEN": "hunter2"}.items():
        monkeypatch.setenv(name, value)
    host = dkf.Fleet.from_mapping(
        docker(a={"scheme": "${S}", "host": "x${H}", "port": "${P}", "tags": ["${T}"], "headers": {"A": "B ${TOKEN}"}})
    ).hosts[0]
    assert (host.url, host.tags, host.headers["A"]) == ("tcp://xa:99", {"prod"}, "B hunter2")
    monkeypatch.setenv("P", "abc")
    monkeypatch.setenv("TOKEN", "hunter2\n")
    found = mistakes_of(docker(a={"scheme": "tcp", "host": "a", "port": "${P}", "headers": {"A": "${TOKEN}"}}))
    assert set(found) == {"providers.docker.a.port", "providers.docker.a.headers.A"}
    assert "hunter2" not in str(found)
    # A scheme from a variable needs its files too.
    monkeypatch.setenv("S", "tls")
    assert "providers.docker.a.tls" in mistakes_of(docker(a={"scheme": "${S}", "host": "a"}))


def test_every_mistake_is_reported_with_its_path(tls_files: dict[str, str]) -> None:
    mapping = docker(
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
    found = mistakes_of(mapping)
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
    ("host", "path", "problem"),
    [
        ({"scheme": "tcp", "host": "a", "port": "abc"}, "port", "from 1 to 65535, not 'abc'"),
        ({"host": "a"}, "scheme", "it is missing"),
        ({"scheme": "tcp"}, "host", "it is missing"),
        ({}, "scheme", "it is missing"),
        ({"scheme": "tls", "host": "a"}, "tls", "tls needs it"),
        ({"url": "https://a"}, "tls", "https needs it"),
        ({"scheme": "tls", "host": "a", "tls": {}}, "tls.ca_file", "it is required"),
        ({"scheme": "tcp", "host": "a", "prot": 1}, "prot", "did you mean port?"),
        ({"scheme": "tcp", "host": "a", "connect_timeout": 1}, "connect_timeout", "did you mean connect_timeout_seconds?"),
        ({"scheme": "tcp", "host": "a", "colour": 1}, "colour", "the keys are url, scheme, host"),
        ({"scheme": "tcp", "host": "a", "max_answer_bytes": 1.5}, "max_answer_bytes", "a whole number above 0, not 1.5"),
        ({"scheme": "tcp", "host": "a", "max_answer_bytes": True}, "max_answer_bytes", "not true"),
        ({"scheme": "tcp", "host": 5}, "host", "it must be text, not 5; write it in quotes"),
        ({"scheme": "gopher", "host": "a"}, "scheme", "it must be one of unix, npipe, tcp"),
        ({"scheme": "tcp", "host": "a:2375/x"}, "host", "without a port"),
        ({"url": "tcp://a", "port": 1}, "port", "url has it already"),
        ({"scheme": "tcp", "host": "a", "read_timeout_seconds": 1e9}, "read_timeout_seconds", "up to 86400"),
        ({"scheme": "tcp", "host": "a", "tags": "prod"}, "tags", "it must be a list"),
        ({"scheme": "tcp", "host": "a", "tags": ["a,b"]}, "tags.0", "one word without commas"),
        ({"scheme": "tcp", "host": "a", "headers": {"A B": "x"}}, "headers.A B", "the name of a header"),
        ({"scheme": "tcp", "host": "a", "proxies": {"nginx": {}}}, "proxies.nginx", "the keys are traefik, caddy"),
    ],
)  # fmt: skip
def test_a_host_with_one_mistake(host: dict[str, Any], path: str, problem: str) -> None:
    found = mistakes_of(docker(a=host))
    assert problem in found[f"providers.docker.a.{path}"]


@pytest.mark.parametrize(
    ("host", "paths"),
    [
        ({"scheme": "https", "host": "a", "port": 0}, {"tls", "port"}),
        ({"url": "tls://a", "tags": 5}, {"tls", "tags"}),
        ({"scheme": "ssh", "host": "a b", "tls": {}}, {"tls", "tls.ca_file", "host"}),
        ({"url": "ftp://a", "port": 1, "colour": 2}, {"url", "port", "colour"}),
    ],
)
def test_mistakes_of_one_key_do_not_hide_those_of_several(host: dict[str, Any], paths: set[str]) -> None:
    assert set(mistakes_of(docker(a=host))) == {f"providers.docker.a.{path}" for path in paths}


@pytest.mark.parametrize(
    "host",
    [
        {"scheme": "agent", "host": "10.0.0.5"},
        {"scheme": "tcp", "host": "a", "max_answer_bytes": 5.0, "port": None, "tls": None},
        {"scheme": "unix", "host": "/run/docker.sock"},
        {"url": "tcp://a:1/prefix", "tags": ["prod", "eu"]},
        {"scheme": "tcp", "host": "2001:db8::1"},
    ],
)
def test_hosts_without_mistakes(host: dict[str, Any]) -> None:
    assert dkf.Fleet.from_mapping(docker(a=host)).hosts[0].name == "a"


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ({}, "providers"),
        ({"providers": []}, "providers"),
        ({"providers": {}}, "providers"),
        ({"providers": {"docker": {}, "agents": []}}, "providers"),
        ({"providers": {"docker": [1]}}, "providers.docker"),
        ({"providers": {"agents": {}}}, "providers"),
        ({"providers": {"agents": {"a": "b"}}}, "providers.agents"),
        (docker(**{"a": "tcp://x", "a!": "tcp://y"}), "providers"),
        (docker(**{"!": "tcp://x"}), "providers.docker.!"),
        (docker(a="tcp://x") | {"dockerframes": {}}, "dockerframes"),
        ({"providers": {"docker": {"a": "tcp://x"}, "agnets": []}}, "providers.agnets"),
        (docker(a="tcp://x") | {"dockerframe": {"conect_timeout_seconds": 1}}, "dockerframe.conect_timeout_seconds"),
    ],
)
def test_mistakes_of_the_file_as_a_whole(mapping: dict[str, Any], path: str) -> None:
    assert path in mistakes_of(mapping)


def test_other_keys_are_left_alone() -> None:
    mapping = docker(a="tcp://a") | {"entrypoint": {}, "acl": 1, "homepage": None, "autocert": {"provider": "x"}}
    mapping["providers"] |= {"include": ["a"], "proxmox": [], "notification": [], "maxmind": {}}
    assert [host.name for host in dkf.Fleet.from_mapping(mapping).hosts] == ["a"]


@pytest.mark.parametrize(
    "value",
    ["tcp://me:hunter2@a", {"url": "ssh://me:hunter2@a"}, {"scheme": "tcp://me:hunter2@a", "host": "me:hunter2@a"}, {"tls": "tcp://me:hunter2@a"}],
)  # fmt: skip
def test_no_message_has_the_credentials_of_a_url(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in str(mistakes_of(docker(a=value)))
    assert "hunter2" not in str(mistakes_of({"providers": {"agents": ["me:hunter2@a"]}}))
    monkeypatch.setenv("DOCKER_HOST", "tcp://me:hunter2@a")
    assert "hunter2" not in str(mistakes_of(docker(a="$DOCKER_HOST")))


@pytest.mark.parametrize(
    ("content", "problem"), [("a: [", "not YAML"), ("- x", "mapping"), ("a: 1\na: 2", "twice"), ("\xff", "UTF-8")]
)
def test_files_that_cannot_be_read(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "fleet.yml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(dkf.ConfigurationError, match=problem):
        dkf.Fleet.from_file(file)
    with pytest.raises(dkf.ConfigurationError, match="[Nn]o such file"):
        dkf.Fleet.from_file(tmp_path / "other.yml")


def test_a_path_with_bytes_that_are_not_utf_8_is_one_error_that_can_be_printed(tmp_path: Path) -> None:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_file(f"{tmp_path}/fleet-\udcff.yml")
    assert str(caught.value).encode()


def test_a_fleet_of_many_hosts_is_read(tmp_path: Path) -> None:
    lines = [f"    h{number}: {{scheme: tcp, host: h{number}, port: 2375, tags: [x]}}" for number in range(3000)]
    file = tmp_path / "fleet.yml"
    file.write_text("\n".join(["providers:", "  docker:", *lines]))
    assert len(dkf.Fleet.from_file(file).hosts) == 3000


def test_limits_by_call_by_file_and_by_host() -> None:
    mapping = docker(a="tcp://a", b={"scheme": "tcp", "host": "b", "connect_timeout_seconds": 1.5})
    fleet = dkf.Fleet.from_mapping(mapping, read_timeout=7)
    assert [host.timeouts for host in fleet.hosts] == [Timeouts(5, 7), Timeouts(1.5, 7)]
    mapping["dockerframe"] = {"read_timeout_seconds": 9, "max_answer_bytes": 10, "agent_certificates": "/certs"}
    fleet = dkf.Fleet.from_mapping(mapping, read_timeout=7)
    assert {host.read_timeout for host in fleet.hosts} == {9}
    assert {(host.max_answer_bytes, host.agent_certificates) for host in fleet.hosts} == {(10, Path("/certs"))}
    assert dkf.Fleet.from_mapping(docker(a="tcp://a")).hosts[0].timeouts == Timeouts(5, 30)


def test_mappings_of_python_may_be_of_any_type() -> None:
    mapping = MappingProxyType({"providers": MappingProxyType({"docker": {"a": "tcp://a"}, "agents": ("b:1",)})})
    assert [host.name for host in dkf.Fleet.from_mapping(mapping).hosts] == ["a", "b:1"]


def test_settings_of_proxies_for_all_hosts_and_for_one() -> None:
    mapping = docker(
        a={"url": "tcp://a", "proxies": {"traefik": {"network": "edge", "entrypoints": ["web"]}}}, b="tcp://b"
    ) | {
        "dockerframe": {
            "known_middlewares": ["auth"],
            "proxies": {"traefik": {"network": "web", "exposed_by_default": False}, "caddy": {"scan_stopped": True}},
        }
    }
    settings = described(mapping).settings
    assert settings.known_middlewares == ("auth",)
    assert settings.proxies_of("b").traefik == TraefikOptions(exposed_by_default=False, network="web")
    assert settings.proxies_of("a").traefik == TraefikOptions(False, "edge", entrypoints=("web",))
    assert settings.proxies_of("a").caddy == CaddyOptions(scan_stopped=True)
    assert described(docker(a="tcp://a")).settings.proxies_of("a").traefik == TraefikOptions()


def test_suppressions_of_the_audit() -> None:
    suppress = [{"rule": "x", "reason": "y", "until": "2027-01-31"}, {"host": "h", "reason": "z"}]
    audit = described(docker(a="tcp://a") | {"dockerframe": {"audit": {"off": ["z"], "suppress": suppress}}}).audit
    assert audit.off == {"z"}
    assert [(one.rule, one.host, str(one.until)) for one in audit.suppressions] == [
        ("x", None, "2027-01-31"),
        (None, "h", "None"),
    ]
    wrong = [
        {"rule": "x"},
        {"reason": " ", "rule": "x"},
        {"reason": "y"},
        {"rule": "x", "reason": "y", "until": "2027-02-30"},
    ]
    found = mistakes_of(docker(a="tcp://a") | {"dockerframe": {"audit": {"suppress": wrong}}})
    assert [path.removeprefix("dockerframe.audit.suppress.") for path in found] == [
        "0.reason",
        "1.reason",
        "2.rule",
        "3.until",
    ]


def test_importing_the_package_does_not_load_pydantic() -> None:
    code = "import sys, dockerframe; dockerframe.Fleet.from_urls(['tcp://a']); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
