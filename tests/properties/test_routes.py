"""The vectorized rules against the plain ones, on generated containers: same rows, whatever the order of labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from tests.spec.reference import SHORTCUTS, resolve
from tests.summaries import summary

if TYPE_CHECKING:
    import random

HEADS = st.sampled_from(["a", "b", "web", "*", "#1", "#2", "$1", "$2", "#9", "#x", "#0", "$", "#+1", "x.y"])
PATHS = st.sampled_from(
    ["port", "scheme", "m", "m.o", "m.o.k", "m.o.k.d", "m.p", "host", "h.p", "m.", ".m", "m..o", ""]
)
VALUES = st.sampled_from(
    [
        "",
        "80",
        "x",
        "yes",
        "{k: 1}",
        "{o: {k: 1}}",
        "k: 9\nz: 3",
        "{o: x}",
        "{o: ''}",
        "- 1\n- b",
        "{}",
        "[1, x]",
        "{m: {o: {k: 7}}, port: 5}",
        "{m: {o: {}}}",
        "m: {o: 'k: 1'}",
        "port: 1\nscheme: tcp\nm: {p: 2}",
        "a\nb: 1\nc",
        "{m: {}}",
        "{o: {k: {}}}",
        "k: [a, 2]\n\nd: ~\n",
        "{",
        " ",
        "o:\n\tk: t",
        "~",
    ]
)
FULL = st.builds(lambda head, path: f"proxy.{head}.{path}", HEADS, PATHS)
OBJECTS = st.builds(lambda head: f"proxy.{head}", HEADS)
OTHERS = st.sampled_from(
    ["proxy", "proxy.", "proxy..x", "proxy..", "other", "proxy.network", "proxy.exclude", "com.docker.compose.project"]
)
PLURALS = st.sampled_from([f"proxy.{name}" for name in ("ports", "schemes", "protos", "hosts", "agents")])
LISTS = st.sampled_from(["80", "80, 81", "a b c", "", " , ", "1,,2"])
LABELS = st.dictionaries(FULL | OBJECTS | FULL | OTHERS, VALUES, max_size=7)
ALIASES = st.sampled_from([None, None, "a", "a,b", "b a", "a, a", "web", "", ",", "b,c,a"])
LABEL_ERRORS = [
    "invalid_label",
    "empty_alias",
    "alias_ref_out_of_range",
    "shortcut_conflict",
    "label_conflict",
    "invalid_yaml",
]
CONTAINERS = st.tuples(LABELS, st.dictionaries(PLURALS, LISTS, max_size=2), ALIASES)


def _labels(parts: tuple[dict[str, str], dict[str, str], str | None]) -> dict[str, str]:
    labels, plurals, aliases = parts
    return {**labels, **plurals, **({"proxy.aliases": aliases} if aliases is not None else {})}


@given(
    st.lists(CONTAINERS, min_size=40, max_size=120),
    st.sampled_from(["alias", "wildcard"]),
    st.randoms(use_true_random=False),
)
@pytest.mark.timeout(900)
@settings(max_examples=150)
def test_routes_are_those_of_the_plain_rules_in_any_order_of_labels(parts, precedence, shuffle: random.Random) -> None:
    """labels.md, sections 4 to 6."""
    all_labels = [_labels(one) for one in parts]
    snap = _snapshot(all_labels, precedence)
    got = _by_container(snap.route_fields.select("container_id", "alias", "field", "value", "source_label", "origin"))
    routes = _by_container(snap.routes.select("container_id", "alias"))
    errors = _by_container(
        snap.errors.filter(snap.errors["kind"].is_in(LABEL_ERRORS)).select("container_id", "kind", "label")
    )
    for number, labels in enumerate(all_labels):
        rows, wrong, with_route = resolve(labels, "web", precedence)
        assert sorted(got.get(str(number), [])) == rows, labels
        assert set(errors.get(str(number), [])) == wrong, labels
        assert {alias for (alias,) in routes.get(str(number), [])} == with_route, labels
    shuffled = [dict(shuffle.sample(sorted(labels.items()), len(labels))) for labels in all_labels]
    again = _snapshot(shuffled, precedence)
    assert again.route_fields.equals(snap.route_fields)
    assert again.routes.drop("fields").equals(snap.routes.drop("fields"))


def test_every_shortcut_sets_its_field() -> None:
    """labels.md, section 6.1."""
    all_labels = [{"proxy.aliases": "a b", f"proxy.{plural}": "1,2"} for plural in SHORTCUTS]
    got = _by_container(_snapshot(all_labels, "alias").route_fields.select("container_id", "alias", "field", "value"))
    for number, field in enumerate(SHORTCUTS.values()):
        assert got[str(number)] == [("a", field, "1"), ("b", field, "2")]


def _snapshot(all_labels, precedence) -> dkf.Snapshot:
    body = json.dumps([summary(Id=str(number), Labels=labels) for number, labels in enumerate(all_labels)]).encode()
    return dkf.from_summaries(body, precedence=precedence)


def _by_container(table) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {}
    for container_id, *row in table.iter_rows():
        found.setdefault(container_id, []).append(tuple(row))
    return found
