"""Findings as SARIF and JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import dockerframe as dkf
from dockerframe.audit.formats import junit, sarif
from tests.unit.rules.fleets import fleet, inspected, one


def cases(xml: str, rule: str) -> list[ET.Element]:
    (suite,) = ET.fromstring(xml).findall(f"testsuite[@name='{rule}']")
    assert suite.get("tests") == str(len(suite))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    return list(suite)


def test_a_rule_passes_fails_or_is_skipped_in_junit() -> None:
    audit = fleet(one(State="restarting")).audit()
    xml = junit(audit.findings, audit.rules, audit.unknown)
    (failed,) = cases(xml, "restarting")
    assert failed.find("failure") is not None
    (passed,) = cases(xml, "unhealthy")
    assert list(passed) == []
    (skipped,) = cases(xml, "privileged")
    assert skipped.find("skipped") is not None


def test_a_host_for_which_a_rule_is_unknown_is_skipped_and_not_passed() -> None:
    row = inspected().inspections
    assert row is not None
    both = dkf.concat([dkf.from_summaries([one()], host=host) for host in ("a", "b")])
    audit = both.with_tables(
        {"inspections": row.with_columns(host=dkf.from_summaries([], host="a").hosts["host"])}
    ).audit()
    (case,) = cases(junit(audit.findings, audit.rules, audit.unknown), "privileged")
    assert case.get("name") == "b"
    assert case.find("skipped") is not None


def test_the_checks_of_the_benchmark_are_tags_in_sarif() -> None:
    audit = fleet(one()).audit()
    (run,) = json.loads(sarif(audit.findings, audit.rules))["runs"]
    tags = {rule["id"]: rule["properties"]["tags"] for rule in run["tool"]["driver"]["rules"]}
    assert tags["docker-socket-writable"] == ["critical", "external/cis-docker/5.32"]
    assert tags["restarting"] == ["high"]
