"""Whatever comes in from outside: one clear error or a result, never anything else, and no row lost."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe._config.ansible_inventory import InvalidInventoryError, inventory_hosts
from dockerframe._config.fleet_file import fleet_from_mapping
from dockerframe._config.host import HostDefaults
from dockerframe._config.urls import InvalidUrlError, checked_url
from dockerframe._config.values import Surroundings
from dockerframe._decode import decode_bodies
from dockerframe._derive.columns.durations import go_duration
from dockerframe._transport.failures import TransportFailure
from dockerframe._transport.paramiko_ssh import _login
from dockerframe._transport.ssh import ssh_target
from tests.summaries import summary

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "Id",
        "Names",
        "Image",
        "Labels",
        "Ports",
        "Mounts",
        "NetworkSettings",
        "HostConfig",
        "State",
        "Created",
        "Health",
        "New",
    ]
)
URLS = st.from_regex(
    r"(unix|tcp|http|https|tls|ssh|agent|npipe|ftp)://([a-z@]{0,4})?(\[?[a-f0-9:.]{1,12}\]?|[a-zA-Z0-9._-]{1,12})(:[0-9]{1,6})?(/.{0,3})?",
    fullmatch=True,
)
UNITS = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}


@given(URLS | TEXT)
@settings(max_examples=500)
def test_a_url_is_refused_or_written_one_way(text: str) -> None:
    try:
        url = checked_url(text)
    except InvalidUrlError as error:
        assert str(error)
        return
    assert checked_url(url) == url


HOST = st.dictionaries(
    st.sampled_from(
        ["scheme", "host", "port", "tls", "url", "x", "read_timeout_seconds", "headers", "tags", "proxies"]
    ),
    JSON | URLS | st.sampled_from(["tcp", "tls"]),
    max_size=5,
)


@given(
    st.fixed_dictionaries(
        {
            "providers": JSON
            | st.fixed_dictionaries(
                {"docker": JSON | st.dictionaries(TEXT, HOST | URLS | JSON, max_size=3), "agents": JSON}
            )
        }
    )
    | JSON.filter(lambda one: isinstance(one, dict))
)
@settings(max_examples=300)
def test_a_fleet_file_gives_hosts_or_all_its_mistakes(document: dict) -> None:
    surroundings = Surroundings({"HOME": "/root"}, Path("/nowhere"), "unix:///var/run/docker.sock")
    try:
        hosts = fleet_from_mapping(document, surroundings, HostDefaults()).hosts
    except dkf.ConfigurationError as error:
        assert error.mistakes
        assert all(mistake.message for mistake in error.mistakes)
        return
    assert hosts
    assert all(host.name and checked_url(host.url) == host.url for host in hosts)


@given(TEXT | st.text("{}[]:,-=\n\t ab19'\"", max_size=60))
@settings(max_examples=500)
@example("[a]\nx[1:2:0]\n")
@example("[a]\nx[a:\u00e9]\n")
def test_an_inventory_is_refused_or_read(text: str) -> None:
    try:
        hosts = inventory_hosts(text, "all")
    except InvalidInventoryError as error:
        assert str(error)
        return
    assert hosts
    assert all(host.url is None or host.url.startswith("ssh://") for host in hosts)


@given(TEXT | st.text("{}[]:,-&*!|>'\"#\n\t ab1~", max_size=60))
@settings(max_examples=500)
def test_yaml_is_refused_or_read(text: str) -> None:
    try:
        node = parse_yaml(text)
    except InvalidYamlError as error:
        assert str(error)
        return
    json.dumps(typed(node))


@given(JSON)
def test_json_is_yaml(value: object) -> None:
    """What Python writes as JSON is read back the same, but for numbers that YAML writes otherwise."""
    text = json.dumps(value)
    if "\\u" in text or re.search(r"\d[eE]", text) or any(len(word) > 900 for word in text.split()):
        return
    try:
        found = typed(parse_yaml(text))
    except InvalidYamlError:
        return
    assert found == json.loads(text)


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4
    )
)
@settings(max_examples=300)
def test_durations_are_the_sum_of_their_parts(parts: list[tuple[int, int, str]]) -> None:
    text = "".join(f"{whole}.{fraction}{unit}" for whole, fraction, unit in parts)
    expected = sum(float(f"{whole}.{fraction}") * UNITS[unit] for whole, fraction, unit in parts)
    found = pl.DataFrame({"text": [text]}).select(go_duration(pl.col("text"))).item()
    assert abs(found - timedelta(microseconds=expected)) <= timedelta(microseconds=2)


@given(st.text("0123456789.hmsnuµ+- x", max_size=8))
@example("2562047h")
@example("2562048h")
@settings(max_examples=300)
def test_what_is_no_duration_is_null(text: str) -> None:
    part = r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)"
    microseconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(part, text))
    # Go counts nanoseconds in 64 bits.
    is_one = re.fullmatch(rf"[-+]?(0|({part})+)", text) is not None and microseconds * 1_000 < 2**63
    found = pl.DataFrame({"text": [text]}).select(go_duration(pl.col("text"))).item()
    assert (found is not None) == is_one


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5) | JSON, max_size=6))
@settings(max_examples=300)
def test_decoding_loses_no_row(elements: list[object]) -> None:
    """Every element is a row or an error, whatever it is."""
    decoded = decode_bodies({"h": json.dumps(elements).encode(), "other": b'[{"Id": "1"}]'})
    assert decoded.failures == {}
    assert decoded.summaries.height + decoded.errors.height == len(elements) + 1


@given(st.binary(max_size=40))
@settings(max_examples=200)
def test_any_bytes_are_rows_or_a_failure_of_their_host(body: bytes) -> None:
    decoded = decode_bodies({"h": body, "other": b'[{"Id": "1"}]'})
    assert decoded.summaries.filter(pl.col("host") == "other").height == 1
    assert set(decoded.failures) <= {"h"}


@given(
    st.lists(
        st.dictionaries(
            st.just("proxy.").flatmap(lambda start: TEXT.map(lambda rest: start + rest)) | TEXT, TEXT, max_size=5
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=150)
def test_any_labels_leave_every_container_there(all_labels: list[dict[str, str]]) -> None:
    summaries = [summary(Id=str(number), Labels=labels) for number, labels in enumerate(all_labels)]
    snap = dkf.from_summaries([*summaries, summary(Id="last", Labels={"proxy.web.port": "80"})])
    assert snap.containers.height == len(summaries) + 1
    assert snap.route_fields.filter(pl.col("container_id") == "last").select("alias", "field", "value").rows() == [
        ("web", "port", "80")
    ]
    assert snap.labels.height == sum(map(len, all_labels)) + 1


SSH_WORDS = st.sampled_from(
    [
        *("Host", "Match", "Include", "Port", "User", "HostName", "IdentityFile", "ProxyJump", "ProxyCommand"),
        *(
            "all",
            "final",
            "user",
            "none",
            "*",
            "!a",
            "a",
            "b.c",
            '"',
            "'",
            "=",
            "%h",
            "%Z",
            "${HOME}",
            "~",
            "/",
            "-1",
            "#",
        ),
    ]
)
SSH_LINES = st.lists(st.lists(SSH_WORDS, max_size=5).map(" ".join), max_size=8).map("\n".join)


@given(SSH_LINES | TEXT, st.sampled_from(["a", "u@a:22", "[::1]:5", "me%40b@A:1/run/docker.sock"]))
@settings(deadline=None)
def test_an_ssh_configuration_is_refused_or_read(text: str, address: str) -> None:
    """As paramiko reads it, where there is no ssh program."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", home)
        patched.setenv("USER", "ops")
        config = Path(home, ".ssh", "config")
        config.parent.mkdir()
        config.write_text(text, encoding="utf-8", errors="replace")
        try:
            login = _login(ssh_target(dkf.Host("a", f"ssh://{address}")))
        except TransportFailure:
            return
        assert isinstance(login["port"], int)
        assert isinstance(login["username"], str)
