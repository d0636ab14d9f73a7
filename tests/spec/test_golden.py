"""The reference's own answers, case by case. How to read them: see the docstrings below."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf

CASES = [json.loads(line) for line in (Path(__file__).parent / "golden_cases.jsonl").read_text().splitlines()]
SAME = (
    "container_name", "aliases", "is_explicit", "is_excluded", "is_host_network_mode", "running", "state", "image_author",
    "image_name", "image_tag", "image_sha256", "network", "public_hostname", "private_hostname", "compose_project",
    "compose_service", "is_blacklisted", "image_version", "dependencies",
)  # fmt: skip
LABEL_ERRORS = {
    "alias_ref_out_of_range", "invalid_label", "empty_alias", "shortcut_conflict", "label_conflict", "invalid_yaml",
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshots() -> dict[str, dkf.Snapshot]:
    """All cases as one fleet, a host each, under both precedences."""
    bodies = {case["name"]: json.dumps([case["summary"]]).encode() for case in CASES}
    urls = {case["name"]: case["url"] for case in CASES}
    return {one: dkf.from_bodies(bodies, urls, precedence=one) for one in ("alias", "wildcard")}  # type: ignore[arg-type]


def _by_host(table: pl.DataFrame, *columns: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {case["name"]: [] for case in CASES}
    for host, *row in table.select("host", *columns).iter_rows():
        found[host].append(row)
    return found


def test_containers_hold_what_the_reference_answers(snapshots: dict[str, dkf.Snapshot]) -> None:
    """Sections 1 to 4 and 7 to 11: an empty text there and null here are the same answer."""
    rows = {row["host"]: row for row in snapshots["alias"].containers.to_dicts()}
    for case in CASES:
        got = {name: "" if rows[case["name"]][name] is None else rows[case["name"]][name] for name in SAME}
        assert got == {name: case["expected"][name] for name in SAME}, case["name"]
        assert (rows[case["name"]]["idle_timeout"] is not None) == case["expected"]["has_idle"], case["name"]


@pytest.mark.parametrize("column", ["public_ports", "private_ports"])
def test_ports_are_those_of_the_reference(snapshots: dict[str, dkf.Snapshot], column: str) -> None:
    """Section 3: there an absent address is empty, and an absent port 0."""
    rows = dict(snapshots["alias"].containers.select("host", column).iter_rows())
    for case in CASES:
        got = [
            [one["ip"] or "", one["private_port"] or 0, one["public_port"] or 0, one["type"]]
            for one in rows[case["name"]]
        ]
        assert sorted(got) == sorted(case["expected"][column]), case["name"]


GOLDEN_NAMES = {"alias": "explicit", "wildcard": "wildcard"}


@pytest.mark.parametrize("precedence", ["alias", "wildcard"])
def test_route_fields_are_those_of_the_reference(snapshots: dict[str, dkf.Snapshot], precedence: str) -> None:
    """Section 6, under both precedences."""
    rows = _by_host(snapshots[precedence].route_fields, "alias", "field", "value")
    for case in CASES:
        assert sorted(rows[case["name"]]) == case["expected"]["route_fields"][GOLDEN_NAMES[precedence]], case["name"]


def test_aliases_with_routes_are_those_of_the_reference(snapshots: dict[str, dkf.Snapshot]) -> None:
    """Section 6."""
    rows = _by_host(snapshots["alias"].routes, "alias")
    for case in CASES:
        assert sorted(alias for (alias,) in rows[case["name"]]) == case["expected"]["route_aliases"], case["name"]


def test_errors_are_where_the_reference_has_them(snapshots: dict[str, dkf.Snapshot]) -> None:
    """Sections 6 and 10: whether any label was refused, and how many errors the container itself has."""
    rows = _by_host(snapshots["alias"].errors, "kind")
    for case in CASES:
        kinds = [kind for (kind,) in rows[case["name"]]]
        assert bool(LABEL_ERRORS.intersection(kinds)) == case["expected"]["has_label_errors"], case["name"]
        own = [kind for kind in kinds if kind in {"network_not_found", "no_network"}]
        assert len(own) == case["expected"]["container_errors"], case["name"]
