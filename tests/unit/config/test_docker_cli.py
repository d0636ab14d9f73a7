"""Addresses, contexts and variables compared with the docker CLI of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import dockerframe as dkf

pytestmark = pytest.mark.skipif(shutil.which("docker") is None, reason="the docker CLI is not installed")


def docker(*arguments: str, **environment: str) -> str | None:
    """What the docker CLI prints; None where it refuses."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, check=False, env={**os.environ, **environment}, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else None


def address_of(text: str) -> str | None:
    return docker("-H", text, "context", "inspect", "default", "--format", "{{.Endpoints.docker.Host}}")


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.5:2375", "docker1", ":2376", "tcp://:2376", "tcp://docker1", " tcp://docker1:1 ", "[::1]:2375",
        "tcp://proxy:8080/docker", "unix:///run/docker.sock", "ssh://ops@docker1", "ssh://me%40corp@docker1/run/docker.sock", "tcp://docker1:65535",
    ],
)  # fmt: skip
def test_addresses_mean_the_same(text: str) -> None:
    given = address_of(text)
    assert given is not None
    assert dkf.Host("a", text).url == given.strip()


@pytest.mark.parametrize("text", ["ftp://a", "tcp://a b", "tcp://a:x", "TCP://a"])
def test_addresses_that_both_refuse(text: str) -> None:
    assert address_of(text) is None
    with pytest.raises(dkf.ConfigurationError):
        dkf.Host("a", text)


def test_contexts_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    urls = {"lab": "ssh://ops@lab/run/docker.sock", "plain": "tcp://plain:2375", "here": "unix:///run/docker.sock"}
    for name, url in urls.items():
        assert docker("context", "create", name, "--docker", f"host={url}") is not None
    assert {host.name: host.url for host in dkf.Fleet.from_contexts(list(urls)).hosts} == urls
    assert docker("context", "use", "lab") is not None
    assert dkf.Fleet.from_env().hosts[0].name == "lab" == docker("context", "show")
    monkeypatch.setenv("DOCKER_CONTEXT", "plain")
    assert dkf.Fleet.from_env().hosts[0].name == "plain" == docker("context", "show")
    monkeypatch.setenv("DOCKER_HOST", "tcp://named:1")
    assert dkf.Fleet.from_env().hosts[0].name == "default" == docker("context", "show")


def test_a_context_that_the_cli_made_without_verification_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert docker("context", "create", "open", "--docker", "host=tcp://x:2376,skip-tls-verify=true") is not None
    with pytest.raises(dkf.ConfigurationError, match="skips the verification"):
        dkf.Fleet.from_contexts(["open"])


@pytest.mark.parametrize("content", ["", '{"proxies": null}', '{"auths": {"r": {"auth": "!!notbase64"}}}'])
def test_a_configuration_that_the_cli_accepts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(content)
    assert docker("context", "show") == "default"
    assert dkf.Fleet.from_env().hosts[0].name == "default"
