"""GoDoxy's own answers from summary to served route, case by case (labels.md, section 13).

`routes.jsonl` has one case a line. A key that a route of `expected` lacks is left out on purpose and is not compared.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf

CASES = [json.loads(line) for line in (Path(__file__).parent / "routes.jsonl").read_text().splitlines()]
COMPARED = ("scheme", "target_host", "target_port", "listening_port", "excluded_reason")
SWITCHES = ("no_tls_verify", "disable_compression", "spa", "relay_proxy_protocol_header", "max_conns_per_host")
LABEL_ERRORS = {"invalid_label", "empty_alias", "shortcut_conflict", "label_conflict"}
"""Without `invalid_yaml` and `alias_ref_out_of_range`: GoDoxy finds these after its labels are parsed."""
NAMES_OF_ROUTES = re.compile(r" of routes? (.*?)(?: is '| is not a field)")


@pytest.fixture(scope="module")
def snapshot() -> dkf.Snapshot:
    """All cases as one fleet, one host each."""
    bodies = {case["name"]: json.dumps([case["summary"]]).encode() for case in CASES}
    return dkf.from_bodies(bodies, {case["name"]: case["url"] for case in CASES})


def _rows(snapshot: dkf.Snapshot, table: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {case["name"]: [] for case in CASES}
    for row in snapshot.tables[table].iter_rows(named=True):
        found[row["host"]].append(row)
    return found


def _is_judged_by_alias(route: dict[str, Any]) -> str:
    # An alias with fields is not yet in lower case where the reference was asked.
    return str(route["alias"]).lower()


def test_routes_are_those_of_the_reference(snapshot: dkf.Snapshot) -> None:
    routes = _rows(snapshot, "routes")
    for case in CASES:
        expected = case["expected"]
        if expected["container_error"]:
            assert {one["excluded_reason"] for one in routes[case["name"]]} <= {"error"}, case["name"]
            continue
        got = {one["alias"]: one for one in routes[case["name"]]}
        wanted = expected["routes"]
        assert sorted(one["served_alias"] for one in got.values()) == sorted(map(_is_judged_by_alias, wanted))
        for want in wanted:
            route = got.get(want["alias"]) or next(
                one for one in got.values() if one["served_alias"] == want["alias"].lower()
            )
            _compare(route, want, case["name"])


def _compare(route: dict[str, Any], want: dict[str, Any], name: str) -> None:
    if want["excluded_reason"] == "error" if "excluded_reason" in want else False:
        assert route["excluded_reason"] == "error", name
        return
    keys = [key for key in COMPARED if key in want]
    assert {key: route[key] for key in keys} == {key: want[key] for key in keys}, name
    switched_on: dict[str, Any] = {key: route[key] for key in SWITCHES if route[key]}
    timeout = route["response_header_timeout"]
    if timeout:
        switched_on["response_header_timeout"] = _in_go(timeout)
    assert switched_on == want.get("set", switched_on), name


def _in_go(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = f"{hours}h" if hours else ""
    return text + (f"{minutes}m" if hours or minutes else "") + f"{seconds % 60}s"


def test_errors_are_those_of_the_reference(snapshot: dkf.Snapshot) -> None:
    errors = _rows(snapshot, "errors")
    for case in CASES:
        if case["expected"]["container_error"]:
            continue
        wanted = {_identity(one) for one in case["expected"]["errors"]}
        got = {found for one in errors[case["name"]] for found in _found(one)}
        assert got == wanted, case["name"]


def _identity(error: dict[str, str]) -> tuple[str, str, str]:
    return error["alias"].lower(), error["kind"], error["check"] if "check" in error else error["field"]


def _found(error: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The errors of a row of the table, one for each route that its message names."""
    message = error["message"]
    if error["kind"] == "invalid_route":
        alias, check = re.match(r"The route (\S+) is not served \((\w+)\)", message).groups()
        return [(alias.lower(), "invalid_route", check)]
    if error["kind"] not in {"invalid_value", "unknown_field"}:
        return []
    field = message.partition(" of route")[0]
    if error["kind"] == "invalid_value":
        field = field.partition(".")[0].replace("_", "").lower()
    aliases = NAMES_OF_ROUTES.search(message).group(1).split(", ")
    return [(alias.lower(), error["kind"], field) for alias in aliases]


def test_labels_are_refused_where_the_reference_refuses_them(snapshot: dkf.Snapshot) -> None:
    errors = _rows(snapshot, "errors")
    for case in CASES:
        if case["expected"]["container_error"]:
            continue
        refused = any(one["kind"] in LABEL_ERRORS for one in errors[case["name"]])
        assert refused == case["expected"]["has_label_errors"], case["name"]


def test_containers_fail_where_they_do_in_the_reference(snapshot: dkf.Snapshot) -> None:
    errors = _rows(snapshot, "errors")
    for case in CASES:
        failed = any(one["kind"] in {"network_not_found", "no_network", "invalid_idle"} for one in errors[case["name"]])
        assert failed == case["expected"]["container_error"], case["name"]
