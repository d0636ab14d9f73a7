"""Answers of a real Docker 29.7, in each API version that it speaks: the same facts give the same rows and findings.

`docker-29/containers-v*.json` are answers to `GET /containers/json?all=1`, one per form that the answer has in API 1.40
to 1.55; `inspections.jsonl` has one answer to `GET /containers/{id}/json` per line. Names of host and folders were
replaced before they came here.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._decode import decode_inspections
from dockerframe.tables import TABLES
from tests.unit.rules.fleets import has_column

FOLDER = Path(__file__).parent / "docker-29"
VERSIONS = sorted(path.stem.removeprefix("containers-v") for path in FOLDER.glob("containers-v*.json"))
NEWEST = "1.55"
# A container was restarting between two answers, and older versions send neither of the others.
CHANGES = {"containers": ("status", "failing_streak", "platform")}
HEALTH_IS_DERIVED = has_column("failing_streak")


@cache
def snapshot(version: str) -> dkf.Snapshot:
    return dkf.from_bodies({"engine": (FOLDER / f"containers-v{version}.json").read_bytes()})


@cache
def inspected() -> dkf.Snapshot:
    answers = (FOLDER / "inspections.jsonl").read_text().splitlines()
    rows = [{"host": "engine", "container_id": json.loads(answer)["Id"], "answer": answer} for answer in answers]
    decoded = decode_inspections(pl.DataFrame(rows))
    assert decoded.errors.height == 0
    return snapshot(NEWEST).with_tables({"inspections": decoded.inspections})


def same_facts(name: str, snap: dkf.Snapshot) -> pl.DataFrame:
    """A table in an order of its own, without what changed between the answers."""
    table = snap.tables[name].drop(CHANGES.get(name, ()), strict=False)
    return table.sort([column for column, dtype in table.schema.items() if not dtype.is_nested()])


def test_every_form_of_the_answer_is_there() -> None:
    assert len(VERSIONS) == 7
    assert (VERSIONS[0], VERSIONS[-1]) == ("1.40", NEWEST)


@pytest.mark.skipif(not HEALTH_IS_DERIVED, reason="health and the order of ports follow API 1.52 yet")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TABLES)
def test_each_version_of_the_api_gives_the_same_rows(version: str, name: str) -> None:
    assert same_facts(name, snapshot(version)).equals(same_facts(name, snapshot(NEWEST)))


@pytest.mark.skipif(not HEALTH_IS_DERIVED, reason="health and the order of ports follow API 1.52 yet")
@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_the_api_gives_the_same_findings(version: str) -> None:
    kept = ["container_id", "rule", "severity", "message"]
    found, newest = (snapshot(one).findings().select(kept).sort(kept) for one in (version, NEWEST))
    assert found.height > 0
    assert found.equals(newest)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_operator_should_see_of_it(version: str) -> None:
    found = snapshot(version).findings().filter(pl.col("severity") >= "high")
    seen = set(found.select("severity", "rule", "container_name").rows())
    expected = {
        ("critical", "docker-socket-writable", "mounts"),
        ("high", "restarting", "looping"),
        ("high", "unhealthy", "sick"),
    }
    assert expected <= seen
    # Tasks of one Swarm service share their alias on purpose; only the column swarm_service shows that they do.
    others = {rule for _, rule, _ in seen - expected}
    assert others <= (set() if has_column("swarm_service") else {"alias-on-several-containers"})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stopped_container_is_not_unhealthy(version: str) -> None:
    snap = snapshot(version)
    unhealthy = snap.findings().filter(pl.col("rule") == "unhealthy")["container_name"]
    assert unhealthy.to_list() == ["sick"]
    stopped = snap.containers.filter(pl.col("container_name") == "hstop")
    assert stopped["state"].to_list() == ["exited"]


def test_images_whose_tag_moved_on_are_found_and_images_by_id_are_not_latest() -> None:
    found = snapshot(NEWEST).findings()
    moved = found.filter(pl.col("rule") == "image-without-name")
    assert set(moved["container_name"]) == {"byid", "moved"}
    assert (
        found.filter((pl.col("rule") == "latest-tag") & pl.col("container_name").is_in(["byid", "moved"])).height == 0
    )


def inspection(name: str) -> dict[str, object]:
    snap = inspected()
    assert snap.inspections is not None
    with_names = snap.inspections.join(
        snap.containers.select("container_id", "container_name"), on="container_id", how="left"
    )
    (row,) = with_names.filter(pl.col("container_name") == name).to_dicts()
    return row


def test_inspections_have_devices_by_cdi_the_last_check_and_the_engines_defaults() -> None:
    cdi, sick, hard = inspection("cdi"), inspection("sick"), inspection("hard")
    assert cdi["device_requests"] == ["cdi: vendor.example/dev=one"]
    assert (cdi["runtime"], cdi["log_driver"]) == ("runc", "json-file")
    assert (sick["health_exit_code"], sick["health_output"], sick["failing_streak"]) == (1, "no\n", 1475)
    assert (hard["device_requests"], hard["devices"], hard["failing_streak"]) == ([], ["/dev/null"], None)
    assert inspection("killed")["exit_code"] == 137


def test_the_reason_why_a_container_is_dead_is_kept() -> None:
    inspections = inspected().inspections
    assert inspections is not None
    reasons = inspections["state_error"].drop_nulls().to_list()
    assert len(reasons) == 1
    assert reasons[0].startswith("unable to remove filesystem")


def test_the_rules_of_inspections_find_what_was_made() -> None:
    found = inspected().findings()
    rules = {name: set(rows["rule"]) for (name,), rows in found.group_by("container_name")}
    assert {"privileged", "shares-host-namespace", "strong-capabilities", "custom-ulimits"} <= rules["hard"]
    assert "host-devices" in rules["cdi"]
    assert "privileged" not in rules["cdi"]
    message = found.filter((pl.col("rule") == "unhealthy") & (pl.col("container_name") == "sick"))["message"].item()
    assert message == "The health check fails: no"
