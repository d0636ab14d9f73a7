"""Rules and registries: the built-in ones, rules of one's own, and rules that fail."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.audit import rules as rules_package
from dockerframe.schemas import SEVERITIES
from tests.unit.rules.fleets import fleet, one

GIVEN = {"severity": "low", "source": "handbook", "remedy": "Do it."}


def registry_of(**columns: Any) -> dkf.Registry:
    registry = dkf.Registry()

    @registry.rule(**GIVEN)
    def own_rule(fleet: Any) -> pl.LazyFrame:
        """A rule of one's own."""
        return fleet.containers.select("host", "container_id", **columns)

    return registry


TEXTS = {"message": pl.lit("m"), "evidence": pl.lit("e")}


def test_every_built_in_rule_explains_itself() -> None:
    assert len(dkf.BUILTIN_RULES) > 40
    for rule in dkf.BUILTIN_RULES:
        assert rule.title.endswith("."), rule.id
        assert "does not fire" in " ".join(rule.explanation.split()), rule.id
        assert rule.remedy.endswith("."), rule.id
        assert rule.severity in SEVERITIES, rule.id
        assert all(re.fullmatch(r"[1-7]\.\d+", check) for check in rule.cis), rule.id
        assert all(check in rule.source for check in rule.cis), rule.id


def test_every_module_of_rules_is_found() -> None:
    modules = {rule.check.__module__.rpartition(".")[2] for rule in dkf.BUILTIN_RULES}
    assert modules == {path.stem for path in _rule_files() if path.stem != "__init__"}


def _rule_files() -> Any:
    from pathlib import Path

    return Path(rules_package.__path__[0]).glob("*.py")


@pytest.mark.parametrize(
    "name",
    ["dead-container", "exited-service", "oom-killed", "custom-ulimits", "custom-cgroup-parent", "unlimited-restarts"],
)
def test_ids_of_earlier_versions_are_renamed(name: str) -> None:
    assert name in dkf.BUILTIN_RULES
    old = {"dead-container": "dead", "exited-service": "ended-service", "oom-killed": "killed-for-memory",
           "custom-ulimits": "own-ulimits", "custom-cgroup-parent": "other-cgroup", "unlimited-restarts": "restarts-for-ever"}[name]  # fmt: skip
    assert old not in dkf.BUILTIN_RULES
    mapping = {"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": {"off": [old]}}}
    snap = dkf.Snapshot(fleet().tables, taken_at=fleet().taken_at, audit_settings=dkf.Fleet.from_mapping(mapping).audit)
    with pytest.raises(dkf.AuditError, match=f"Its name is {name} now"):
        snap.findings()


def test_built_in_rules_cannot_be_changed() -> None:
    before = len(dkf.BUILTIN_RULES)
    with pytest.raises(dkf.AuditError, match=r"cannot be changed.*mine = dkf.Registry"):
        dkf.BUILTIN_RULES.rule(**GIVEN)(lambda fleet: fleet.containers)
    both = dkf.BUILTIN_RULES + registry_of(**TEXTS)
    assert len(both) == before + 1
    assert len(dkf.BUILTIN_RULES) == before
    # The sum is one's own.
    both.rule(**GIVEN)(_another)
    assert "-another" in both


def _another(fleet: Any) -> Any:
    """Another rule."""
    return fleet.containers


def test_a_registry_shows_a_few_of_its_rules() -> None:
    assert repr(dkf.Registry()) == "Registry(0 rules)"
    assert repr(registry_of()) == "Registry(1 rule: own-rule)"
    assert re.fullmatch(r"Registry\(\d+ rules: [\w-]+, [\w-]+, [\w-]+, …\)", repr(dkf.BUILTIN_RULES))


def test_a_rule_of_ones_own_runs_next_to_the_built_in_ones() -> None:
    registry = registry_of(**TEXTS)
    found = fleet(one()).findings(rules=dkf.BUILTIN_RULES + registry)
    assert found.filter(pl.col("rule") == "own-rule").height == 1
    assert found["rule"].n_unique() > 1
    with pytest.raises(dkf.AuditError, match="has a rule own-rule already"):
        registry.rule(**GIVEN)(registry["own-rule"].check)
    with pytest.raises(dkf.AuditError, match="Severity 'bad' does not exist"):
        registry.rule(severity="bad", source="", remedy="")  # type: ignore[arg-type]


def test_a_rule_of_the_right_side_replaces_one_of_the_same_id() -> None:
    first, second = registry_of(**TEXTS), registry_of(**{**TEXTS, "message": pl.lit("second")})
    assert fleet(one()).findings(rules=first + second)["message"].to_list() == ["second"]


def test_a_rule_may_give_each_finding_its_severity() -> None:
    own = pl.Series("severity", ["critical", None])
    registry = dkf.Registry()

    @registry.rule(**GIVEN)
    def mixed(fleet: Any) -> pl.LazyFrame:
        return fleet.containers.select("host", "container_id", pl.lit(own), **TEXTS)

    found = fleet(one("a"), one("b")).findings(rules=registry)
    assert found.select("container_name", "severity").rows() == [("a", "critical"), ("b", "low")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"message": pl.lit("m")}, "returns no column evidence"),
        ({"message": pl.col("nope"), "evidence": pl.lit("e")}, "the rule own-rule failed.*nope"),
        ({"message": pl.col("state").str.to_integer(), "evidence": pl.lit("e")}, "the rule own-rule failed"),
        ({**TEXTS, "severity": pl.lit("awful")}, "the rule own-rule failed"),
    ],
)
def test_a_rule_that_fails_is_named(columns: dict[str, pl.Expr], message: str) -> None:
    with pytest.raises(dkf.AuditError, match=f"(?i){message}"):
        fleet(one()).findings(rules=registry_of(**columns))
