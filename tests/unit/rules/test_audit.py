"""A whole audit: order, suppressions, and what it cannot know."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.audit import NOT_INSPECTED
from dockerframe.schemas import SEVERITIES
from dockerframe.tables.unknown import TABLE as UNKNOWN
from tests.unit.rules.fleets import fleet, has_column, inspected, one, with_hosts

INSPECTION_RULES = {rule.id for rule in dkf.BUILTIN_RULES if "inspections" in rule.needs}


def test_an_empty_fleet_has_no_findings() -> None:
    assert fleet().findings().height == 0
    assert fleet().findings().schema == dkf.Fleet.demo().snapshot(progress=False).findings().schema


def test_the_demo_fleet_shows_many_rules_worst_first() -> None:
    found = dkf.Fleet.demo().snapshot(progress=False).findings()
    assert found["rule"].n_unique() >= 20
    assert found["severity"].to_list() == sorted(found["severity"], key=SEVERITIES.index, reverse=True)


def test_rules_that_could_not_run_say_so() -> None:
    rules = fleet(one()).rules()
    skipped = rules.filter(~pl.col("ran"))
    assert set(skipped["rule"]) == INSPECTION_RULES
    assert set(skipped["reason"]) == {NOT_INSPECTED}
    assert skipped["findings"].null_count() == skipped.height
    assert skipped["unknown_hosts"].to_list() == [1] * skipped.height
    assert inspected().rules()["ran"].all()
    assert inspected().rules()["unknown_hosts"].sum() == 0


def test_rules_name_the_checks_of_the_benchmark() -> None:
    checks = dict(fleet().rules().select("rule", "cis").rows())
    assert checks["docker-socket-writable"] == ["5.32"]
    assert checks["restarting"] == []


def test_a_host_that_was_not_inspected_is_unknown_for_the_rules_that_need_it() -> None:
    both = dkf.concat([dkf.from_summaries([one()], host=host) for host in ("a", "b", "c")])
    row = inspected().inspections
    assert row is not None
    of_a = row.with_columns(host=pl.lit("a"))
    audit = both.with_tables({"inspections": of_a}).audit(
        dkf.Registry(rule for rule in dkf.BUILTIN_RULES if rule.id == "privileged")
    )
    reason = "the table inspections has no rows of them"
    assert audit.unknown.rows() == [("b", "privileged", 1, reason), ("c", "privileged", 1, reason)]
    assert audit.rules["ran"].to_list() == [True]
    assert audit.rules["unknown_hosts"].to_list() == [2]


def test_a_host_that_did_not_answer_is_unknown_for_all_but_the_rules_of_hosts() -> None:
    down = with_hosts(ok=[False], error=["Host h0: down."], error_kind=["refused"])
    unknown = down.audit().unknown
    assert unknown.schema == UNKNOWN.schema
    assert set(unknown["rule"]) == {rule.id for rule in dkf.BUILTIN_RULES} - {"host-failed", "engine-over-plain-tcp"}
    assert set(unknown["reason"]) == {"the host did not answer"}
    assert unknown["containers"].null_count() == unknown.height


def test_a_rule_that_is_switched_off_is_not_unknown() -> None:
    mapping = {"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": {"off": ["privileged"]}}}
    snap = dkf.Snapshot(
        fleet(one()).tables, taken_at=fleet().taken_at, audit_settings=dkf.Fleet.from_mapping(mapping).audit
    )
    assert "privileged" not in snap.audit().unknown["rule"]
    assert "runs-as-root" in snap.audit().unknown["rule"]


@pytest.mark.skipif(not has_column("failing_streak"), reason="health is not null for `none` yet")
def test_the_findings_of_an_upgrade_of_the_engine_are_the_same() -> None:
    before = fleet(one(), one("b", State="exited", Status="Exited (0) 1 hour ago"))
    after = fleet(
        one(Health={"Status": "none"}),
        one("b", State="exited", Status="Exited (0) 1 hour ago", Health={"Status": "unhealthy"}),
    )
    assert before.findings().equals(after.findings())


def test_suppressions(tmp_path: Any) -> None:
    (tmp_path / "fleet.yml").write_text(
        """
providers: {docker: {local: unix:///nowhere.sock}}
dockerframe:
  audit:
    off: [no-version-label]
    suppress:
      - {rule: default-bridge, container: web, reason: an old friend, until: 2999-01-01}
      - {rule: no-health-check, host: local, reason: not now, until: 2020-01-01}
"""
    )
    source = dkf.Fleet.from_file(tmp_path / "fleet.yml")
    snap = dkf.Snapshot(fleet(one(), one("db")).tables, taken_at=fleet().taken_at, audit_settings=source.audit)
    shown = snap.findings()
    bridge = shown.filter(pl.col("rule") == "default-bridge")
    assert bridge["container_name"].to_list() == ["db"]
    assert "no-health-check" in shown["rule"].to_list()
    assert shown.filter(pl.col("rule") == "suppression-expired")["message"].item().endswith("2020-01-01: not now")
    result = snap.audit()
    assert result.findings.filter(pl.col("suppressed").is_not_null())["suppressed"].to_list() == ["an old friend"]
    assert result.active.equals(shown)
    assert snap.findings(suppressed=True).equals(result.findings)
    rules = snap.rules()
    assert rules.filter(pl.col("rule") == "no-version-label")["reason"].item() == "it is switched off"
    assert rules.filter(pl.col("rule") == "default-bridge")["findings"].item() == 1


def test_mistakes_in_suppressions_are_reported_all_together() -> None:
    audit = {
        "of": [],
        "off": "latest-tag",
        "suppress": [{"rule": "x"}, {"reason": "r"}, {"rule": "x", "reason": "r", "until": "soon", "why": 1}, "text"],
    }
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_mapping({"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": audit}})
    paths = {mistake.path.removeprefix("dockerframe.audit.") for mistake in caught.value.mistakes}
    assert paths == {
        "of", "off", "suppress.0.reason", "suppress.1.rule", "suppress.2.until", "suppress.2.why", "suppress.3",
    }  # fmt: skip


def test_a_rule_that_the_fleet_file_misspells() -> None:
    mapping = {"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": {"off": ["latest-tags"]}}}
    snap = dkf.Snapshot(fleet().tables, taken_at=fleet().taken_at, audit_settings=dkf.Fleet.from_mapping(mapping).audit)
    with pytest.raises(dkf.AuditError, match="Did you mean latest-tag"):
        snap.findings()


def test_the_audit_of_small_fleets_is_the_same_every_time() -> None:
    # Polars' streaming engine panicked in about one of twenty such audits.
    demo = dkf.Fleet.demo()
    for names in (["edge", "apps"], ["data", "lab"], ["backup"]):
        snap = dkf.Fleet([demo.host(name) for name in names], pool=demo.pool).snapshot(progress=False)
        first = snap.findings()
        # A copy has not been audited yet.
        assert all(snap.with_tables({}).findings().equals(first) for _ in range(40))
