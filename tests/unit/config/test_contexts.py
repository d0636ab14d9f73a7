"""Docker's contexts, its config.json and its variables, as the docker CLI reads them."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dockerframe as dkf
from tests.docker_contexts import write_context
from tests.users import without_user

if TYPE_CHECKING:
    from tests.engines.tls import Authority


@pytest.fixture
def docker_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, client_files: tuple[Path, Path]
) -> Path:
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name, url in (("prod", "tcp://prod:2376"), ("lab", "ssh://ops@lab"), ("bare", "https://bare:2376")):
        write_context(folder, name, url)
    write_tls(folder, "prod", ca=authority.ca_file, cert=client_files[0], key=client_files[1])
    return folder


def write_tls(folder: Path, name: str, **files: Path) -> Path:
    tls = folder / "contexts" / "tls" / hashlib.sha256(name.encode()).hexdigest() / "docker"
    tls.mkdir(parents=True)
    for file, source in files.items():
        (tls / f"{file}.pem").write_bytes(source.read_bytes())
    return tls


def write_meta(folder: Path, name: str, content: Any) -> Path:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True, exist_ok=True)
    meta.write_text(content if isinstance(content, str) else json.dumps({"Name": name, **content}))
    return meta


def mistakes(names: list[str] | None = None) -> dict[str, str]:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_contexts(names)
    assert str(caught.value).encode()
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


def test_contexts_by_name(docker_config: Path, authority: Authority) -> None:
    fleet = dkf.Fleet.from_contexts(["lab", "prod", "default", "lab"])
    assert [host.name for host in fleet.hosts] == ["lab", "prod", "default"]
    tls = fleet.host("prod").tls
    assert tls is not None
    assert tls.ca_file is not None
    assert tls.ca_file.read_bytes() == authority.ca_file.read_bytes()
    assert tls.key_file is not None
    assert fleet.host("lab").tls is None
    assert fleet.host("lab").origin == "Docker context lab"


def test_all_contexts(docker_config: Path) -> None:
    assert [host.name for host in dkf.Fleet.from_contexts().hosts] == ["default", "bare", "lab", "prod"]


@pytest.mark.parametrize("given", [["cert", "key"], ["ca"], []])
def test_tls_without_all_files_never_means_plain_http(
    docker_config: Path, authority: Authority, client_files: tuple[Path, Path], given: list[str]
) -> None:
    url = "tcp://x:2376" if given else "https://x:2376"
    write_context(docker_config, "x", url)
    sources = {"ca": authority.ca_file, "cert": client_files[0], "key": client_files[1]}
    if given:
        write_tls(docker_config, "x", **{name: sources[name] for name in given})
    host = dkf.Fleet.from_contexts(["x"]).hosts[0]
    assert host.uses_tls
    assert host.tls is not None
    found = {name: getattr(host.tls, f"{name}_file") is not None for name in sources}
    assert found == {name: name in given for name in sources}


def test_a_context_that_skips_verification_is_refused_with_the_way_to_fix_it(docker_config: Path) -> None:
    write_meta(docker_config, "x", {"Endpoints": {"docker": {"Host": "tcp://x:2376", "SkipTLSVerify": True}}})
    assert 'docker context update x --docker "host=tcp://x:2376,ca=ca.pem"' in mistakes(["x"])["x"]
    write_meta(docker_config, "y", {"Endpoints": {"docker": {"Host": "ssh://y", "SkipTLSVerify": True}}})
    assert dkf.Fleet.from_contexts(["y"]).hosts[0].url == "ssh://y"


def test_tls_files_of_a_context_are_checked(docker_config: Path, client_files: tuple[Path, Path]) -> None:
    write_context(docker_config, "x", "tcp://x:2376")
    tls = write_tls(docker_config, "x", ca=client_files[1])
    assert f"{tls / 'ca.pem'} holds a private key" in mistakes(["x"])["x"]
    write_context(docker_config, "y", "tcp://y:2376")
    tls = write_tls(docker_config, "y", cert=client_files[0])
    assert f"no such file: {tls / 'key.pem'}" in mistakes(["y"])["y"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"Endpoints": None}, "its Endpoints must be an object"),
        ({"Endpoints": {"docker": None}}, "its Docker endpoint must be an object"),
        ({"Endpoints": {"docker": {"Host": 5}}}, "its Host must be text"),
        ({"Endpoints": {"docker": {"Host": "tcp://me:hunter2@x"}}}, "must not hold a password"),
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_broken_context_is_one_entry_with_its_file(docker_config: Path, content: Any, problem: str) -> None:
    file = write_meta(docker_config, "x", content)
    for names in (["x"], None):
        found = mistakes(names)
        assert len(found) == 1
        message = next(iter(found.values()))
        assert problem in message
        assert str(file) in message
        assert "hunter2" not in message
    # Another one is still found missing, and named.
    assert set(mistakes(["gone"])) == {"gone"}
    assert [host.name for host in dkf.Fleet.from_contexts(["lab"]).hosts] == ["lab"]


def test_contexts_without_a_docker_endpoint_are_skipped(docker_config: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_meta(docker_config, "k8s", {"Endpoints": {"kubernetes": {}}})
    write_meta(docker_config, "none", {"Endpoints": {}})
    with caplog.at_level(logging.DEBUG, "dockerframe"):
        names = [host.name for host in dkf.Fleet.from_contexts().hosts]
    assert names == ["default", "bare", "lab", "prod"]
    assert "the context k8s has no Docker endpoint and is skipped" in caplog.text
    assert "no Docker endpoint" in mistakes(["k8s"])["k8s"]


def test_a_context_without_an_address_is_the_engine_here(docker_config: Path) -> None:
    write_meta(docker_config, "x", {"Endpoints": {"docker": {}}})
    assert dkf.Fleet.from_contexts(["x"]).hosts[0].url == "unix:///var/run/docker.sock"


def test_a_missing_context_is_reported_with_those_that_exist(docker_config: Path) -> None:
    assert mistakes(["gone"])["gone"] == "no such context. The contexts are: default, bare, lab, prod."
    assert mistakes(["prdo"])["prdo"] == "no such context. Did you mean prod?"
    assert "no such context" in next(iter(mistakes(["\udcff"]).values()))


def test_all_mistakes_are_reported_together(docker_config: Path) -> None:
    write_meta(docker_config, "x", {"Endpoints": None})
    write_meta(docker_config, "y", {"Endpoints": {"docker": {"Host": "ftp://y"}}})
    assert set(mistakes()) == {"x", "y"}
    assert set(mistakes(["x", "gone", "y", "lab"])) == {"x", "gone", "y"}


def test_a_user_without_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".docker/config.json").mkdir(parents=True)
    with pytest.raises(dkf.ConfigurationError, match=r"config\.json: .*Is a directory"):
        dkf.Fleet.from_env()
    without_user(monkeypatch)
    assert dkf.Fleet.from_env().hosts[0].url == "unix:///var/run/docker.sock"
    with pytest.raises(dkf.ConfigurationError, match="no such context"):
        dkf.Fleet.from_contexts(["gone"])


@pytest.mark.parametrize(
    "content",
    ["", " \n", "{}", '{"proxies": null}', '{"auths": {"r": {"auth": "!!notbase64"}}}', '{"currentContext": ""}', '{"currentContext": null}', "\ufeff{}"],
)  # fmt: skip
def test_what_else_is_in_the_configuration_is_ignored(docker_config: Path, content: str) -> None:
    (docker_config / "config.json").write_text(content)
    assert dkf.Fleet.from_env().hosts[0].name == "default"
    assert not dkf.Fleet.from_urls(["tcp://a"]).hosts[0].headers


@pytest.mark.parametrize("content", ["{", "[]", '{"currentContext": 5}'])
def test_a_configuration_that_cannot_be_read_matters_only_for_the_current_context(
    docker_config: Path, content: str
) -> None:
    (docker_config / "config.json").write_text(content)
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_env()
    assert "config.json" in str(caught.value)
    assert caught.value.remedy == "Fix the file, or set DOCKER_HOST or DOCKER_CONTEXT."
    assert dkf.Fleet.from_urls(["tcp://a"]).hosts[0].url == "tcp://a:2375"
    assert dkf.Fleet.from_contexts(["lab"]).hosts[0].url == "ssh://ops@lab"


def test_headers_of_the_configuration_go_to_hosts_over_tcp(
    docker_config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Meta": "hunter2", "Bad Name": "hunter3", "Line": "hunter4\n", "Number": 5}
    (docker_config / "config.json").write_text(json.dumps({"HttpHeaders": headers}))
    with caplog.at_level(logging.DEBUG, "dockerframe"):
        tcp, local = dkf.Fleet.from_urls(["tcp://a", "/run/docker.sock"]).hosts
    assert dict(tcp.headers) == {"X-Meta": "hunter2"}
    assert not local.headers
    assert "'Number'" in caplog.text
    assert "hunter" not in caplog.text
    mapping = {"providers": {"docker": {"a": {"url": "tcp://a", "headers": {"x-meta": "own"}}}}}
    assert dict(dkf.Fleet.from_mapping(mapping).hosts[0].headers) == {"x-meta": "own"}
    assert dict(dkf.Fleet.from_contexts(["prod"]).hosts[0].headers) == {"X-Meta": "hunter2"}
    (docker_config / "config.json").write_text('{"HttpHeaders": ["x"]}')
    assert not dkf.Fleet.from_urls(["tcp://a"]).hosts[0].headers


def test_environment_as_the_docker_cli_reads_it(
    docker_config: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: Authority,
    client_files: tuple[Path, Path],
) -> None:
    assert dkf.Fleet.from_env().hosts[0].name == "default"
    (docker_config / "config.json").write_text('{"currentContext": "lab"}')
    assert dkf.Fleet.from_env().hosts[0].url == "ssh://ops@lab"
    monkeypatch.setenv("DOCKER_CONTEXT", "prod")
    assert dkf.Fleet.from_env().hosts[0].url == "tcp://prod:2376"
    monkeypatch.setenv("DOCKER_HOST", "tcp://named")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(dkf.ConfigurationError, match=r"ca\.pem"):
        dkf.Fleet.from_env()
    (tmp_path / "ca.pem").write_bytes(authority.ca_file.read_bytes())
    (tmp_path / "cert.pem").write_bytes(client_files[0].read_bytes())
    with pytest.raises(dkf.ConfigurationError, match=r"no such file: .*key\.pem"):
        dkf.Fleet.from_env()
    (tmp_path / "key.pem").write_text("x")
    with pytest.raises(dkf.ConfigurationError, match=r"key\.pem holds no PEM block"):
        dkf.Fleet.from_env()
    (tmp_path / "key.pem").write_bytes(client_files[1].read_bytes())
    host = dkf.Fleet.from_env().hosts[0]
    assert (host.name, host.url, host.tls and host.tls.cert_file) == (
        "default",
        "tcp://named:2376",
        tmp_path / "cert.pem",
    )
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    assert dkf.Fleet.from_env().hosts[0].tls is None
    monkeypatch.setenv("DOCKER_HOST", "10.0.0.5:2375")
    assert dkf.Fleet.from_env().hosts[0].url == "tcp://10.0.0.5:2375"


def test_hosts_by_url() -> None:
    fleet = dkf.Fleet.from_urls(["tcp://a:1", "edge=tcp://a:2", "/run/docker.sock", "ssh://ops@lab", "10.0.0.5:1"])
    assert [(host.name, host.url) for host in fleet.hosts] == [
        ("a", "tcp://a:1"),
        ("edge", "tcp://a:2"),
        ("local", "unix:///run/docker.sock"),
        ("lab", "ssh://ops@lab"),
        ("10.0.0.5", "tcp://10.0.0.5:1"),
    ]
    with pytest.raises(dkf.ConfigurationError, match="NAME="):
        dkf.Fleet.from_urls(["tcp://a:1", "tcp://a:2"])
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_urls(["ftp://a", "a b", "tls://y"])
    assert {mistake.path for mistake in caught.value.mistakes} == {"'ftp://a'", "'a b'", "'tls://y'"}


@pytest.mark.parametrize(
    "url",
    [
        "tcp://me:hunter2@a",
        "edge=tcp://me:hunter2@a",
        "me:hunter2@a",
        "edge=me:hunter2@a",
        "a=b@c:hunter2@d",
        "x://me:hunter2@a",
    ],
)
def test_no_message_about_a_url_has_its_credentials(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_urls([url])
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("DOCKER_HOST", url)
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_env()
    assert "hunter2" not in str(caught.value)
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Host("a", url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["tcp://a-\udcff", "\udcff=tcp://a", "edge=\udcff"])
def test_bytes_that_are_not_utf_8_are_one_clear_error(url: str) -> None:
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_urls([url])
    assert len(caught.value.mistakes) == 1
    assert "not UTF-8" in str(caught.value)
    assert str(caught.value).encode()


def test_a_name_is_a_key() -> None:
    with pytest.raises(dkf.ConfigurationError, match="keys of every table"):
        dkf.Fleet([dkf.Host("a", "tcp://a"), dkf.Host("a", "tcp://b")])
    with pytest.raises(dkf.ConfigurationError, match="There are: a"):
        dkf.Fleet([dkf.Host("a", "tcp://a")]).host("b")
