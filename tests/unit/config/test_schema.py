"""The JSON Schema of the fleet file judges as the reader does, and is the one of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from dockerframe import _config
from dockerframe._config.docker_config import host_defaults
from dockerframe._config.fleet_file import fleet_from_mapping, json_schema
from dockerframe._config.values import Surroundings
from tests.tls_files import write_tls_files

FILE = Path(_config.__file__).with_name("fleet_file.schema.json")
CHECKER = jsonschema.Draft202012Validator(json.loads(FILE.read_text()))
ENVIRONMENT = {"DOCKER_CONFIG": "/nowhere", "A": "a", "PORT": "1"}


def test_the_file_is_the_schema_of_the_models() -> None:
    assert FILE.read_text() == json_schema(), "run `make schema`"
    CHECKER.check_schema(json.loads(FILE.read_text()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fleet file, with files that it may name."""
    folder = tmp_path_factory.mktemp("fleet")
    write_tls_files(folder)
    (folder / "ssh").write_text("Host docker-1 docker-2\n")
    (folder / "inventory.ini").write_text("[docker]\nh1\n")
    return folder


def reader_accepts(document: dict[str, Any], folder: Path) -> bool:
    try:
        fleet_from_mapping(document, Surroundings(ENVIRONMENT, folder, "unix:///x"), host_defaults(ENVIRONMENT))
    except dkf.ConfigurationError as error:
        assert all(mistake.message for mistake in error.mistakes)
        return False
    return True


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


ODD = some(None, True, 0, 5, -1, 1.5, 2.0, 70000, "", " ", "x", "a b", [], ["x"], {}, {"x": 1}, "${A}", "tcp://a")
URLS = some(
    "tcp://a", "a", "a:1", ":2375", " tcp://a ", "tcp://a\n", "tcp://a/p", "tls://a", " https://a", "ssh://u@a/s", "ssh://u:p@a", "unix:///x", "unix://",
    "/x", "agent://a", "agent://a/p", "npipe:////./pipe/x", "ftp://a", "tcp://", "tcp://a:0", "tcp://a:65536", "tcp://a:x", "tcp://[::1]:1",
    "tcp://[fe80::1%25e]", "tcp://-a", "tcp://a..b", "tcp://a?x", "$DOCKER_HOST", "${DOCKER_HOST}", "tcp://${A}", "$A", "TCP://a", "ssh://-o@a", "tcp://ü",
)  # fmt: skip
SECONDS = some(1, 0.5, 0, -1, 86400, 86401, "1", True, None)
BYTES = some(1, 0, 1.5, 5.0, "5", True, None)
TAGS = some(["prod"], [], ["a b"], ["a\n"], "prod", None, [1], ["${A}"])
TLS = st.fixed_dictionaries(
    {},
    optional={
        "ca_file": some("ca.pem", "", 5, None),
        "cert_file": some("cert.pem", None),
        "key_file": some("key.pem", None),
        "ca": some("ca.pem"),
    },
)
TRAEFIK = {
    "exposed_by_default": some(True, "no", None, 0), "network": some("web", "", 5), "entrypoints": some(["web"], "web", [5], None),
    "use_bind_port_ip": some(False), "entry_points": some(["web"]),
}  # fmt: skip
PROXIES = st.fixed_dictionaries(
    {},
    optional={
        "traefik": st.fixed_dictionaries({}, optional=TRAEFIK) | some(None, True),
        "caddy": some({}, {"label_prefix": "c", "scan_stopped": True}, {"ingress_networks": ["x"]}, {"prefix": "x"}),
        "nginx": some({}),
    },
)
HOST = st.fixed_dictionaries(
    {},
    optional={
        "url": URLS | some(None, 5),
        "scheme": some("tcp", "tls", "https", "http", "ssh", "unix", "npipe", "agent", "ftp", "", None, 5, "TCP", "tcp\n"),
        "host": some("a", "a.b", "::1", "[::1]", "-a", "a b", "/x", "a/b", "", None, 5, "a\n", "${A}", "u@a", "fe80::1%e"),
        "port": some(1, 65535, 65536, 0, 1.0, 1.5, "1", "01", "65536", "abc", "1\n", "", None, True, "${PORT}"),
        "tls": TLS | some(None, "yes", []),
        "headers": some({"A": "b"}, {"A": 5}, {"A B": "x"}, {"A\n": "x"}, {"A": "x\ny"}, {"A": "x\n"}, {"A": ""}, {}, None, []),
        "tags": TAGS,
        "connect_timeout_seconds": SECONDS,
        "read_timeout_seconds": SECONDS,
        "max_answer_bytes": BYTES,
        "proxies": PROXIES | some(None, []),
        "prot": ODD,
        "colour": ODD,
    },
)  # fmt: skip
# Mostly a right host, with one or two keys that may be wrong.
NEARLY = st.builds(
    lambda right, other: {**right, **other},
    some(
        {"scheme": "tcp", "host": "a"}, {"url": "tcp://a"}, {"scheme": "tls", "host": "a", "tls": {"ca_file": "ca.pem"}},
        {"url": "https://a", "tls": {"ca_file": "ca.pem"}}, {"scheme": "ssh", "host": "a"}, {"scheme": "unix", "host": "/x"},
    ),
    HOST.flatmap(lambda host: st.lists(some(*host), max_size=2).map(lambda keys: {key: host[key] for key in keys}) if host else st.just({})),
)  # fmt: skip
SUPPRESSION = st.fixed_dictionaries(
    {},
    optional={
        "rule": some("x", "", None, 5), "host": some("h", None), "container": some("c"), "reason": some("why", " ", None, 5),
        "until": some("2027-01-31", "2027-13-01", "27-01-31", "2027-01-31\n", "20270131", None, 5), "rul": some("x"),
    },
)  # fmt: skip
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "connect_timeout_seconds": SECONDS, "max_answer_bytes": BYTES, "agent_certificates": some("certs", "", 5, None),
        "audit": some(None, [], {"off": ["x"]}, {"off": "x"}, {"off": [""]}, {"of": []}) | st.fixed_dictionaries({"suppress": st.lists(SUPPRESSION, max_size=2)}),
        "known_middlewares": some(["auth"], "auth", [5], None), "proxies": PROXIES, "read_timeout": some(1),
    },
)  # fmt: skip
SOURCE = st.fixed_dictionaries(
    {},
    optional={
        "ssh_config": some("docker-*", "", 5), "file": some("ssh", 5), "ansible_inventory": some("inventory.ini", ""), "group": some("docker", "all", 5),
        "tags": TAGS, "x": some(1),
    },
).filter(lambda source: "ssh_config" not in source or "file" in source)  # fmt: skip
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.fixed_dictionaries(
            {},
            optional={
                "docker": st.dictionaries(some("a", "b!", "!", "", " ", "ü\n"), URLS | NEARLY | HOST | ODD, max_size=2) | some(None, [], "x"),
                "agents": st.lists(some("c:1", "d", "agent://e:1", "f:0", "", "g/x", None, 5, "h\n", "${A}:1"), max_size=2, unique=True) | some(None, {}, "x"),
                "include": ODD, "agent": ODD, "docker_": ODD,
            },
        ) | ODD,
        "hosts_from": SOURCE | st.lists(SOURCE, max_size=1) | some(None, "x", 5),
        "dockerframe": SETTINGS | some(None, []),
        "dockerfame": some({}), "entrypoint": ODD, "provider": ODD, "Providers": ODD,
    },
)  # fmt: skip


@given(DOCUMENT)
@settings(max_examples=1500)
@example({"providers": {"docker": {"a": {"scheme": "agent", "host": "a"}}}})
@example({"providers": {"docker": {"a": {"scheme": "tcp", "host": "a", "port": "abc"}}}})
@example({"providers": {"docker": {"a": {"host": "a"}}}})
@example({"providers": {"docker": {"a": {"scheme": "tls", "host": "a", "tls": {}}}}})
@example({"providers": {"docker": {"a": {"scheme": "tcp", "host": "a", "prot": 1}}}})
@example({"providers": {"docker": {"a": {"scheme": "tcp", "host": "a", "max_answer_bytes": 1.5}}}})
@example({"providers": {"docker": {"a": {"scheme": "tcp", "host": 5}}}})
def test_reader_and_schema_judge_alike(folder: Path, document: dict[str, Any]) -> None:
    names = document.get("providers")
    agents = names.get("agents") if isinstance(names, dict) else None
    if isinstance(agents, list) and len({str(one).removeprefix("agent://") for one in agents}) < len(agents):
        return
    assert CHECKER.is_valid(document) == reader_accepts(document, folder), document


@given(
    URLS
    | st.text(max_size=20)
    | st.from_regex(r"(tcp|ssh|agent)://[a-z@:/\[\]%.-]{0,12}(:[0-9]{1,6})?", fullmatch=True)
)
@settings(max_examples=500)
def test_reader_and_schema_judge_urls_alike(folder: Path, url: str) -> None:
    document = {"providers": {"docker": {"a": url}}}
    accepted = reader_accepts(document, folder)
    if accepted or (url.isascii() and "[" not in url and "$" not in url):
        assert CHECKER.is_valid(document) == accepted, url
