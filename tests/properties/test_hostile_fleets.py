"""Fleets whose containers have arbitrary texts: nothing fails, and no container affects the rows of another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from dockerframe.audit.formats import junit, sarif
from tests.steering import steering_characters
from tests.summaries import snapshot_of, summary

PIECES = st.sampled_from([
    "proxy", "proxy.", ".", "#", "$", "*", "1", "１", "٣", "²", "0", "-", "+", "a", "web", "x-", "-old", " ", "\t", "\n", "\r", "\x00",
    "\x0b", "\x1b[31m", "\u2028", "\u00a0", "é", "µs", "h", "s", "ms", ":", "/", "//", "@", "sha256:", ",", ";", "{", "}", "[", "]", "'",
    '"', "\\", "%zz", "&a", "*a", "!!", "~", "null", "true", "yes", "80", "65536", "99999999999999999999", "1e5", "1.5", "NaN", "port",
    "scheme", "host", "aliases", "ports", "homepage", "com.docker.compose.", "project", "#99999999999", "😀", "<b>", "=cmd", "|", ">",
    "- ", "? ", "# ", "k: v", "{k: v}", "[1, 2]", "\n\n", "a: &x [1]\nb: *x",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=8)
COMPOSE = "com.docker.compose"
KNOWN = st.sampled_from([
    "proxy.aliases", "proxy.exclude", "proxy.network", "proxy.idle_timeout", "proxy.wake_timeout", "proxy.stop_timeout",
    "proxy.stop_method", "proxy.stop_signal", "proxy.start_endpoint", "proxy.depends_on", "proxy.no_loading_page",
    f"{COMPOSE}.project", f"{COMPOSE}.service", f"{COMPOSE}.depends_on", f"{COMPOSE}.config-hash", f"{COMPOSE}.oneoff",
    f"{COMPOSE}.project.config_files", "org.opencontainers.image.version", "proxy.a.port", "proxy.*.port", "proxy.#1.port",
    "proxy.ports", "proxy.schemes", "proxy.a", "proxy.*", "proxy.web.no_tls_verify", "proxy.web.response_header_timeout",
    "proxy.web.max_conns_per_host", "traefik.enable", "traefik.http.routers.a.rule",
])  # fmt: skip
NUMBERS = st.sampled_from([0, 1, 80, 65535, None])
MAYBE_TEXT = st.none() | TEXTS
HOSTILE = st.fixed_dictionaries(
    {"Labels": st.dictionaries(KNOWN | TEXTS.map("proxy.{}".format) | TEXTS, TEXTS, max_size=8)},
    optional={
        "Names": st.none() | st.lists(TEXTS, max_size=2),
        "Image": TEXTS,
        "ImageID": MAYBE_TEXT,
        "Status": MAYBE_TEXT,
        "State": MAYBE_TEXT,
        "Command": MAYBE_TEXT,
        "Created": st.none() | st.integers(-(2**63), 2**63 - 1),
        "SizeRw": st.none() | st.integers(-(2**63), 2**63 - 1),
        "NetworkSettings": st.fixed_dictionaries(
            {"Networks": st.dictionaries(TEXTS, st.none() | st.fixed_dictionaries({"IPAddress": TEXTS}), max_size=3)}
        ),
        "Mounts": st.lists(
            st.fixed_dictionaries(
                {"Destination": TEXTS, "Source": TEXTS, "Type": st.sampled_from(["bind", "volume", ""])}
            ),
            max_size=3,
        ),
        "Ports": st.lists(
            st.fixed_dictionaries(
                {"PrivatePort": NUMBERS, "PublicPort": NUMBERS, "IP": MAYBE_TEXT, "Type": MAYBE_TEXT}
            ),
            max_size=3,
        ),
    },
)
URLS = st.sampled_from(["unix:///var/run/docker.sock", "tcp://10.0.0.1:2375", "agent://10.0.0.5:8890"])
GOOD = summary(
    Id="good", Names=["/good"], Labels={"proxy.aliases": "g,h", "proxy.#1.port": "81", "proxy.idle_timeout": "5m"}
)


def _of(snap: dkf.Snapshot, container_id: str) -> dict[str, Any]:
    """All rows of one container, without the ids of its dependencies.

    Nor its exposures: which proxies count depends on the other containers of the host.
    """
    tables = {name: table for name, table in snap.tables.items() if "container_id" in table.columns}
    tables.pop("exposures", None)
    return {
        name: table.filter(container_id=container_id).drop("resolved_id", strict=False).to_dicts()
        for name, table in tables.items()
    }


@pytest.mark.timeout(900)
@settings(max_examples=40)
@given(st.lists(HOSTILE, min_size=1, max_size=25), URLS)
def test_a_container_has_the_same_rows_alone_and_among_others(hostile, url) -> None:
    summaries = [GOOD, *(summary(Id=str(number)) | one for number, one in enumerate(hostile))]
    together = snapshot_of(*summaries, url=url)
    assert together.containers["container_id"].to_list() == [one["Id"] for one in summaries]
    for one in (summaries[0], summaries[1], summaries[-1]):
        assert _of(together, one["Id"]) == _of(snapshot_of(one, url=url), one["Id"]), one


@pytest.mark.timeout(900)
@settings(max_examples=15)
@given(st.lists(HOSTILE, min_size=1, max_size=25), URLS)
def test_a_fleet_with_arbitrary_texts_can_be_audited_shown_and_written(tmp_path_factory, hostile, url) -> None:
    snap = snapshot_of(*(summary(Id=str(number)) | one for number, one in enumerate(hostile)), url=url)
    audited = snap.audit()
    assert steering_characters(junit(audited.findings, audited.rules)) == []
    assert steering_characters(json.loads(sarif(audited.findings, audited.rules))["runs"][0]["results"]) == []
    folder: Path = tmp_path_factory.mktemp("snapshots")
    back = dkf.read_snapshot(snap.write(folder, formats=["parquet", "csv", "json", "html"], reveal=True))
    for name, table in snap.tables.items():
        assert table.equals(back.tables[name]), name
    assert dkf.diff(snap, back).is_empty()
    assert steering_characters(snap.to_html(reveal=True)) == []
    for alias in snap.routes["alias"].unique().sort().head(3):
        assert steering_characters(repr(snap.explain(alias, reveal=True))) == []
    snap.redacted()
    snap.to_prometheus()
    snap.view()
