"""What an operator thinks of every high and critical finding of the real fleets.

`verdicts.jsonl` has one line per finding: `right`, `wrong`, or `missed` for what nothing reported when the verdicts
were given. `about` is what the finding is about (a path, a private port, an alias, a dependency), null when a container
can have only one finding of the rule. `or_rule` is another rule that may report the same fact.

A finding that has no verdict fails the tests: read it as the operator of that fleet would, then add a line.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
import pytest

from tests.real_fleets.summaries import fleet, fleet_names, snapshot, summaries

VERDICTS: Final = Path(__file__).parent / "verdicts.jsonl"
OLD_NAMES: Final = {"dead-container": "dead", "exited-service": "ended-service"}
"""Rules that were renamed after the verdicts were given."""
RIGHT_SHARE: Final = 0.95
KEYS: Final = {"fleet", "host", "container", "rule", "about", "verdict", "reason"}


class Finding(NamedTuple):
    """A reported finding, with the texts in which `about` is looked for."""

    fleet: str
    host: str
    container: str | None
    rule: str
    text: str


@cache
def verdicts() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VERDICTS.read_text("utf-8").splitlines()]


@cache
def reported() -> list[Finding]:
    """All high and critical findings of all fleets."""
    columns = ["host", "container_name", "rule", "evidence", "message"]
    return [
        Finding(name, host, container, OLD_NAMES.get(rule, rule), f"{evidence} {message}")
        for name in fleet_names()
        for host, container, rule, evidence, message in snapshot(name)
        .findings()
        .filter(pl.col("severity").is_in(["high", "critical"]))
        .select(columns)
        .iter_rows()
    ]


def is_about(verdict: dict[str, Any], finding: Finding) -> bool:
    """Whether a verdict was given on a finding."""
    same_place = (finding.fleet, finding.host, finding.container) == (
        verdict["fleet"],
        verdict["host"],
        verdict["container"],
    )
    same_rule = finding.rule in (verdict["rule"], verdict.get("or_rule"))
    return same_place and same_rule and mentions(finding.text, verdict["about"])


def mentions(text: str, about: str | None) -> bool:
    """Whether a text has a path, port or name as a word of its own: `/etc` is not in `/etc/pihole`."""
    if about is None:
        return True
    if about.isdigit():
        return re.search(rf"(?<!\d){about}(?!\d)", text) is not None
    path = f"{re.escape(about.rstrip('/'))}/?" if about != "/" else "/"
    return re.search(rf"(?<![\w/.-]){path}(?![\w/-]|\.\w)", text) is not None


def shown(verdict: dict[str, Any]) -> str:
    return f"{verdict['fleet']}/{verdict['host']}/{verdict['container']}: {verdict['rule']} {verdict['about']}"


def named(wanted: str) -> list[dict[str, Any]]:
    return [verdict for verdict in verdicts() if verdict["verdict"] == wanted]


def test_the_fleets_are_large_enough_and_of_all_kinds() -> None:
    bodies = {(name, host): summaries(name, host) for name in fleet_names() for host in fleet(name)["hosts"]}
    labels = {key for body in bodies.values() for one in body for key in one["Labels"]}
    assert len(fleet_names()) >= 5
    assert sum(map(len, bodies.values())) >= 500
    for wanted in ("proxy.aliases", "traefik.enable", "com.docker.swarm.task.name", "PODMAN_SYSTEMD_UNIT"):
        assert wanted in labels


@pytest.mark.parametrize("name", fleet_names())
def test_every_summary_becomes_a_container_without_an_error(name: str) -> None:
    snap = snapshot(name)
    assert snap.containers.height == sum(len(summaries(name, host)) for host in fleet(name)["hosts"])
    assert snap.errors.is_empty()


@pytest.mark.parametrize("name", fleet_names())
def test_a_container_is_named_once_per_host(name: str) -> None:
    for host in fleet(name)["hosts"]:
        names = [one["Names"][0] for one in summaries(name, host)]
        assert len(names) == len(set(names))


def test_each_verdict_is_complete_and_names_a_container_of_its_fleet() -> None:
    containers = {
        (name, host, one["Names"][0].removeprefix("/"))
        for name in fleet_names()
        for host in fleet(name)["hosts"]
        for one in summaries(name, host)
    }
    for verdict in verdicts():
        assert verdict.keys() - {"or_rule"} == KEYS
        assert verdict["verdict"] in ("right", "wrong", "missed")
        assert verdict["reason"].endswith(".")
        if verdict["container"] is not None:
            assert (verdict["fleet"], verdict["host"], verdict["container"]) in containers


def test_no_two_verdicts_are_given_on_one_finding() -> None:
    assert [f for f in reported() if sum(is_about(verdict, f) for verdict in verdicts()) > 1] == []


def test_no_wrong_finding_is_reported() -> None:
    assert [shown(verdict) for verdict in named("wrong") if any(is_about(verdict, f) for f in reported())] == []


def test_every_right_finding_is_reported() -> None:
    assert [shown(verdict) for verdict in named("right") if not any(is_about(verdict, f) for f in reported())] == []


def test_every_missed_finding_is_reported() -> None:
    assert [shown(verdict) for verdict in named("missed") if not any(is_about(verdict, f) for f in reported())] == []


def test_every_reported_finding_has_a_verdict() -> None:
    assert [f for f in reported() if not any(is_about(verdict, f) for verdict in verdicts())] == []


def test_nearly_all_reported_findings_are_right() -> None:
    believed = [verdict for verdict in verdicts() if verdict["verdict"] != "wrong"]
    right = sum(any(is_about(verdict, f) for verdict in believed) for f in reported())
    assert right / len(reported()) >= RIGHT_SHARE


@pytest.mark.parametrize(
    ("text", "about", "expected"),
    [
        ("mounts: /etc at /host/etc, read-only", "/etc", True),
        ("mounts: /etc/pihole at /etc/pihole", "/etc", False),
        ("mounts: / at /host, read-only", "/", True),
        ("mounts: /etc at /x", "/", False),
        ("mounts: /etc/pihole/ at /x", "/etc/pihole", True),
        ("mounts: /etc/pihole at /x", "/etc/pihole/", True),
        ("ports: *:5532→5432/tcp", "5432", True),
        ("ports: *:54321→80/tcp", "5432", False),
        ("It has / of its host.", "/", True),
        ("anything", None, True),
    ],
)
def test_a_path_or_port_is_found_as_a_word_of_its_own(text: str, about: str | None, expected: bool) -> None:
    assert mentions(text, about) is expected
