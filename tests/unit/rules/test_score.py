"""The score: its formula, and what counts."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.audit import letter_of, scores
from dockerframe.tables.findings import TABLE as FINDINGS
from dockerframe.tables.scores import TABLE as SCORES
from dockerframe.tables.unknown import TABLE as UNKNOWN
from tests.unit.rules.fleets import PROJECT, fleet, one, with_hosts

SHOP = {"Labels": {PROJECT: "shop"}}


def finding(rule: str, severity: str, container: str | None = "web", **own: Any) -> dict[str, Any]:
    return {"host": "local", "container_id": container and container * 3, "rule": rule, "severity": severity, **own}


def score_of(
    *findings: dict[str, Any], snap: dkf.Snapshot | None = None, unknown: pl.DataFrame | None = None
) -> pl.DataFrame:
    snap = fleet(one(**SHOP), one("db")) if snap is None else snap
    rows = pl.DataFrame(list(findings), schema_overrides=FINDINGS.schema) if findings else FINDINGS.empty()
    table = pl.concat([FINDINGS.empty(), rows], how="diagonal_relaxed")
    return scores(FINDINGS.conform(table), UNKNOWN.empty() if unknown is None else unknown, snap.containers, snap.hosts)


def fleet_score(*findings: dict[str, Any]) -> float:
    return score_of(*findings).filter(pl.col("scope") == "fleet")["score"].item()


@pytest.mark.parametrize(
    ("findings", "score"),
    [
        ([], 100.0),
        ([finding("a", "info")], 100.0),
        ([finding("a", "low")], 99.5),
        ([finding("a", "medium")], 97.5),
        ([finding("a", "high")], 92.5),
        ([finding("a", "critical")], 75.0),
        # A rule saturates: n of its findings take n / (n + 1) of its weight.
        ([finding("a", "critical")] * 2, 66.7),
        ([finding("a", "critical")] * 99, 50.5),
        # Rules multiply.
        ([finding("a", "critical"), finding("b", "critical")], 56.2),
        ([finding("a", "critical"), finding("b", "high"), finding("c", "medium"), finding("d", "low")], 67.3),
        # Severities of one rule count as rules of their own.
        ([finding("a", "critical"), finding("a", "high")], 69.4),
        # What is suppressed does not count.
        ([finding("a", "critical", suppressed="known")], 100.0),
        ([finding("a", "high", container=None)], 92.5),
    ],
)
def test_the_formula(findings: list[dict[str, Any]], score: float) -> None:
    assert fleet_score(*findings) == pytest.approx(score, abs=0.051)


def test_each_finding_counts_in_its_fleet_host_and_project() -> None:
    table = score_of(finding("a", "critical"), finding("b", "high", container="db"))
    assert table.schema == SCORES.schema
    assert table.select("scope", "host", "project", "score", "letter", "critical", "high").rows() == [
        ("fleet", None, None, 69.4, "D", 1, 1),
        ("host", "local", None, 69.4, "D", 1, 1),
        ("project", "local", "shop", 75.0, "C", 1, 0),
    ]


@pytest.mark.parametrize(
    ("score", "letter"),
    [
        (100, "A"),
        (90, "A"),
        (89.9, "B"),
        (80, "B"),
        (79.9, "C"),
        (70, "C"),
        (69.9, "D"),
        (60, "D"),
        (59.9, "F"),
        (0, "F"),
    ],
)
def test_letters(score: float, letter: str) -> None:
    assert letter_of(score) == letter


def test_the_letters_of_the_table_are_those_of_the_function() -> None:
    many = [finding(f"rule-{number}", "high") for number in range(40)]
    for number in range(40):
        row = score_of(*many[:number]).row(0, named=True)
        assert row["letter"] == letter_of(row["score"])


def test_what_is_unknown_is_shown_apart() -> None:
    unknown = pl.DataFrame(
        [("local", "privileged", 1, "r"), ("local", "oom-killed", 1, "r")], schema=UNKNOWN.schema, orient="row"
    )
    table = score_of(unknown=unknown)
    assert table.select("scope", "score", "unknown").rows() == [
        ("fleet", 100.0, 2),
        ("host", 100.0, 2),
        ("project", 100.0, 2),
    ]


def test_a_host_that_did_not_answer_has_no_score() -> None:
    both = with_hosts(ok=[True, False], error=[None, "Host h1: down."], error_kind=[None, "refused"])
    result = both.audit()
    assert result.scores.select("scope", "host", "score", "letter").rows() == [
        ("fleet", None, 92.5, "A"),
        ("host", "h0", 100.0, "A"),
        ("host", "h1", None, None),
    ]
    assert result.score == 92.5


def test_a_fleet_of_which_no_host_answers_has_no_score() -> None:
    down = with_hosts(ok=[False], error=["Host h0: down."], error_kind=["refused"])
    assert down.audit().score is None


def test_the_score_of_an_audit_leaves_out_what_is_suppressed() -> None:
    snap = fleet(one(State="restarting"))
    mapping = {
        "providers": {"docker": {"a": "unix:///x"}},
        "dockerframe": {"audit": {"suppress": [{"rule": "restarting", "reason": "known"}]}},
    }
    settings = dkf.Fleet.from_mapping(mapping).audit
    quiet = dkf.Snapshot(snap.tables, taken_at=snap.taken_at, audit_settings=settings)
    first, second = snap.audit().score, quiet.audit().score
    assert first is not None
    assert second is not None
    assert second > first


def test_fixing_one_of_many_raises_the_score() -> None:
    assert fleet_score(*[finding("a", "critical")] * 9) > fleet_score(*[finding("a", "critical")] * 10)
