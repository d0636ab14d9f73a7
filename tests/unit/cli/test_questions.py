"""Commands that answer a question: audit, rules, explain, impact, start-order, free-ports."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._config.host import DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT
from dockerframe.cli.parameters import CONNECT_TIMEOUT, READ_TIMEOUT, SEVERITIES
from dockerframe.schemas import SEVERITIES as DECLARED_SEVERITIES
from tests.unit.cli.running import demo, run


def test_values_that_the_help_repeats_are_those_of_the_library() -> None:
    assert SEVERITIES == DECLARED_SEVERITIES
    assert (CONNECT_TIMEOUT, READ_TIMEOUT) == (DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT)


def test_the_message_of_a_finding_is_complete_at_80_columns() -> None:
    done = demo("audit", "--rule", "docker-socket-writable", columns=80, NO_COLOR="1")
    assert done.lines[0].split()[:3] == ["SEVERITY", "MESSAGE", "CONTAINER"]
    assert max(map(len, done.lines)) <= 80
    message = dkf.Fleet.demo().snapshot(progress=False).findings()["message"][0]
    assert set(message.split()) <= set(done.text.split())


def test_findings_by_severity_and_rule() -> None:
    high = demo("audit", "--severity", "HIGH", "-o", "jsonl").json_lines()
    assert {row["severity"] for row in high} == {"high", "critical"}
    rule = demo("audit", "--rule", "latest-tag", "--rule", "privileged", "-o", "jsonl").json_lines()
    assert {row["rule"] for row in rule} == {"latest-tag"}
    assert demo("audit", "--severity", "bad").status == 2
    assert "Did you mean latest-tag" in demo("audit", "--rule", "latest-tagg").errors


def test_rules_that_did_not_run_are_reported_with_the_option_they_need() -> None:
    assert "rules did not run: use --inspect." in demo("audit").errors
    assert "did not run" not in demo("audit", "--inspect", "--select", "lab").errors


def test_findings_for_systems_that_run_checks() -> None:
    snap = dkf.Fleet.demo().snapshot(progress=False)
    (log,) = json.loads(demo("audit", "-o", "sarif").data)["runs"]
    rules = log["tool"]["driver"]["rules"]
    assert len(log["results"]) == snap.findings().height
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in log["results"])
    suites = ET.fromstring(demo("audit", "-o", "junit").data)
    assert int(suites.attrib["failures"]) == snap.findings().height
    assert suites.find("testsuite[@name='privileged']/testcase/skipped") is not None


def test_findings_that_are_severe_enough_set_the_status() -> None:
    assert demo("audit", "--fail-on", "critical").status == 4
    assert demo("audit", "--fail-on", "bad").status == 2
    assert run("audit", "--host", "unix:///nowhere.sock", "--fail-on", "info").status == 3


def test_the_score_is_reported_and_can_set_the_status() -> None:
    done = demo("audit", "--select", "lab")
    score = float(re.findall(r"Score: ([0-9.]+) of 100 \([A-F]\)", done.errors)[0])
    assert demo("audit", "--select", "lab", "--min-score", str(score - 0.1)).status == 0
    assert demo("audit", "--select", "lab", "--min-score", "100").status == 4
    assert demo("audit", "--min-score", "101").status == 2
    assert "Score" not in demo("audit", "--select", "backup").errors


def test_hosts_are_checked_step_by_step() -> None:
    done = demo("doctor")
    assert done.status == 1
    assert "Fix: " in done.text
    assert demo("doctor", "lab").status == 0
    assert demo("doctor", "backup").status == 3
    rows = demo("doctor", "-o", "jsonl", "--where", "outcome = 'failed'").json_lines()
    assert {row["host"] for row in rows} == {"backup"}
    assert demo("doctor", "nope").status == 2


def test_rules_need_no_fleet() -> None:
    rows = run("rules", "-o", "jsonl").json_lines()
    assert {row["rule"] for row in rows} == {rule.id for rule in dkf.BUILTIN_RULES}
    assert "--inspect" in {row["needs"] for row in rows}
    assert run("rules", columns=80, NO_COLOR="1").lines[0].split() == ["RULE", "SEVERITY", "TITLE", "NEEDS"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("prometheus", "reaches http://apps.example.com:9090"),
        ("prometheus.example.com", "reaches http://apps.example.com:9090"),
        ("vpn", "no route: the label proxy.exclude is 1"),
        (
            "shop-db-1",
            "no route: it is blacklisted because of mount:/var/lib/postgresql/data, port:5432, image:postgres",
        ),
        ("blog-old", "its state is created"),
        ("auth-worker-1", "error: proxy.exclude: proxy.exclude is 'yes'"),
        ("uptime", "status (container uptime on apps)"),
        ("backup", "no route: the host did not answer."),
    ],
)
def test_explanations_of_every_kind_of_name(name: str, shown: str) -> None:
    assert shown in demo("explain", name).text


def test_what_depends_on_a_container() -> None:
    rows = demo("impact", "shop-db-1", "-o", "jsonl").json_lines()
    assert {(row["distance"], row["container_name"]) for row in rows} >= {(1, "shop-api-1"), (2, "shop-web-1")}
    assert demo("impact", "shop-dbb-1").status == 2


def test_the_order_in_which_a_project_starts() -> None:
    rows = demo("start-order", "auth", "-o", "jsonl").json_lines()
    steps = {row["container_name"]: row["step"] for row in rows}
    assert steps["auth-postgresql-1"] < steps["auth-server-1"]
    assert "Did you mean shop" in demo("start-order", "shopp").errors


def test_ports_in_use_and_the_next_free_ones() -> None:
    done = demo("free-ports", "apps", "--from", "3001", "--count", "2")
    assert done.status == 0
    assert done.lines[-1] == "Free from 3001 (tcp): 3003, 3004."
    used = dkf.Fleet.demo().snapshot(progress=False).ports.filter(host="apps").drop_nulls("public_port")
    assert set(used["public_port"].cast(pl.String)) <= {line.split()[0] for line in done.lines}
    assert demo("free-ports", "apps", "--from", "3001", "--type", "udp", "-q").lines[0] == "3001"


def test_ports_of_a_host_that_did_not_answer_are_not_called_free() -> None:
    done = demo("free-ports", "backup")
    assert (done.status, done.data) == (3, b"")
    assert demo("free-ports", "appss").status == 2
