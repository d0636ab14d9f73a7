"""labels.md, section 6: from labels to (alias, field, value)."""

from __future__ import annotations

import time

import pytest

from tests.summaries import errors as all_errors
from tests.summaries import fields, snapshot_of, summary

AB = {"proxy.aliases": "a, b"}


def errors(labels: dict[str, str]) -> list[tuple[str, str | None]]:
    """The errors of section 6: not those of fields that routes do not have, which stand for any field here."""
    return [one for one in all_errors(labels) if one[0] not in {"unknown_field", "invalid_value"}]


def test_every_alias_has_a_route() -> None:
    assert snapshot_of(summary(Labels=AB)).routes["alias"].to_list() == ["a", "b"]


def test_1_shortcut_gives_the_nth_item_to_the_nth_alias() -> None:
    assert fields({**AB, "proxy.ports": "80 81"}) == {("a", "port"): "80", ("b", "port"): "81"}


@pytest.mark.parametrize("full", ["proxy.b.port", "proxy.#1.port", "proxy.*.port", "proxy.#0.port", "proxy.#x.port"])
def test_1_shortcut_is_dropped_where_a_full_label_sets_the_field(full: str) -> None:
    labels = {**AB, "proxy.ports": "80,81", full: "9"}
    assert "80" not in fields(labels).values()
    assert ("shortcut_conflict", "proxy.ports") in errors(labels)
    messages = dict(snapshot_of(summary(Labels=labels)).errors.select("kind", "message").rows())
    assert full in messages["shortcut_conflict"]


@pytest.mark.parametrize("full", ["proxy.#0", "proxy.c"])
def test_1_shortcut_is_dropped_where_an_object_sets_the_field_even_if_its_reference_is_an_error(full: str) -> None:
    assert ("shortcut_conflict", "proxy.ports") in errors({**AB, "proxy.ports": "80,81", full: "{port: 9}"})


def test_1_shortcut_with_too_many_items() -> None:
    assert errors({**AB, "proxy.ports": "1,2,3"}) == [("alias_ref_out_of_range", "proxy.ports")]


def test_2_references_count_from_1() -> None:
    assert fields({**AB, "proxy.#2.port": "2", "proxy.$1.port": "1"}) == {("a", "port"): "1", ("b", "port"): "2"}


@pytest.mark.parametrize("reference", ["#0", "#3", "#x", "$", "#-1", "#99999999999999999999", "#１"])
def test_2_reference_out_of_range(reference: str) -> None:
    label = f"proxy.{reference}.port"
    assert errors({**AB, label: "1"}) == [("alias_ref_out_of_range", label)]
    assert fields({**AB, label: "1", "proxy.a.port": "2"}) == {("a", "port"): "2"}


def test_3_object_is_flattened_and_a_text_replaces_what_it_set() -> None:
    assert fields({"proxy.a": "port: 80", "proxy.a.port": "81"}) == {("a", "port"): "81"}


def test_3_mapping_adds_to_mapping_what_is_not_there() -> None:
    labels = {"proxy.a": "m: {o: {k: 1}}", "proxy.a.m.o": "{k: 9, z: 3}"}
    assert fields(labels) == {("a", "m.o.k"): "1", ("a", "m.o.z"): "3"}


def test_3_field_with_an_object_and_a_deeper_label() -> None:
    labels = {
        "proxy.app.middlewares.oidc": "allowed_groups: [everyone]",
        "proxy.app.middlewares.oidc.bypass": "- path /x",
    }
    assert fields(labels) == {
        ("app", "middlewares.oidc.allowed_groups"): '["everyone"]',
        ("app", "middlewares.oidc.bypass"): "- path /x",
    }


def test_3_text_where_a_mapping_is() -> None:
    labels = {"proxy.a": "m: {o: 1}", "proxy.a.m": "text"}
    assert fields(labels) == {("a", "m.o"): "1"}
    assert errors(labels) == [("label_conflict", "proxy.a.m")]


def test_3_label_below_a_text() -> None:
    labels = {"proxy.a.m": "text", "proxy.a.m.o": "1"}
    assert fields(labels) == {("a", "m"): "text"}
    assert errors(labels) == [("label_conflict", "proxy.a.m.o")]


def test_3_empty_text_that_another_extends_is_an_empty_mapping() -> None:
    assert fields({"proxy.a.m": "", "proxy.a.m.o": "1"}) == {("a", "m.o"): "1"}
    assert fields({"proxy.a": "", "proxy.a.m": "1"}) == {("a", "m"): "1"}
    assert errors({"proxy.a": "", "proxy.a.m": "1"}) == []


def test_3_scalars_keep_their_text_and_lists_are_json() -> None:
    value = "a: true\nb: 80\nc: 1.5\nd:\ne: [200-299, 101, yes, 12:30, ~, 1.5, '7', é]\nf: yes\ng: 12:30\nh: {}\n"
    assert fields({"proxy.x": value}) == {
        ("x", "a"): "true", ("x", "b"): "80", ("x", "c"): "1.5", ("x", "d"): "",
        ("x", "e"): '["200-299",101,"yes","12:30",null,1.5,"7","é"]', ("x", "f"): "yes", ("x", "g"): "12:30",
    }  # fmt: skip


def test_3_tabs_count_as_two_spaces() -> None:
    assert fields({"proxy.x": "a:\n\tb: 1"}) == {("x", "a.b"): "1"}


def test_3_bare_field_stays_text() -> None:
    assert fields({"proxy.a.m.bypass": "- path /x"}) == {("a", "m.bypass"): "- path /x"}
    assert fields({"proxy.a.m": "k: 1"}) == {("a", "m"): "k: 1"}


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "text",
        "- 1",
        "",
        "a: 1\na: 2",
        "a: 1\n---\nb: 2",
        "!!python/object:os.system {}",
        "a: *b",
        "[]: 1",
        "\x00: 1",
    ],
)
@pytest.mark.parametrize("label", ["proxy.a", "proxy.*", "proxy.#1"])
def test_3_yaml_that_is_no_mapping(label: str, value: str) -> None:
    labels = {label: value, "proxy.z.port": "1"}
    assert ("invalid_yaml", label) in errors(labels)
    assert {kind for kind, _ in errors(labels)} <= {"invalid_yaml", "invalid_route"}
    assert fields(labels) == {("z", "port"): "1"}


def _nested(levels: int) -> str:
    return "{a: " * levels + "1" + "}" * levels


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]" for n in range(9)
)


@pytest.mark.parametrize("value", [BOMB, _nested(100), _nested(33), "a: [" + "1," * 10_001 + "]"])
def test_3_bounds(value: str) -> None:
    started = time.monotonic()
    assert errors({"proxy.a": value}) == [("invalid_yaml", "proxy.a")]
    assert time.monotonic() - started < 20


def test_3_within_the_bounds() -> None:
    assert fields({"proxy.a": _nested(32)}) == {("a", ".".join("a" * 32)): "1"}


def test_4_wildcard_applies_to_every_alias_and_every_named_one() -> None:
    labels = {**AB, "proxy.c.port": "1", "proxy.*.scheme": "http"}
    assert {alias for alias, field in fields(labels) if field == "scheme"} == {"a", "b", "c"}


def test_4_wildcard_object_and_wildcard_of_several_lines() -> None:
    assert fields({**AB, "proxy.*": "{x: {y: 1}}"}) == {("a", "x.y"): "1", ("b", "x.y"): "1"}
    assert fields({"proxy.aliases": "a", "proxy.*.ignored": "x: 1\ny: 2\n"}) == {("a", "x"): "1", ("a", "y"): "2"}
    assert fields({"proxy.aliases": "a", "proxy.*.kept": "x: 1\n"}) == {("a", "kept"): "x: 1\n"}


def test_5_precedence() -> None:
    for own in ("proxy.a.port", "proxy.#1.port"):
        labels = {"proxy.aliases": "a", own: "1", "proxy.*.port": "2"}
        assert fields(labels) == {("a", "port"): "1"}
        assert fields(labels, "wildcard") == {("a", "port"): "2"}


def test_5_a_shortcut_and_a_wildcard_object_conflict() -> None:
    assert errors({"proxy.aliases": "a", "proxy.ports": "1", "proxy.*": "port: 2"}) == [
        ("shortcut_conflict", "proxy.ports")
    ]


def test_6_name_beats_its_reference_and_ties_go_to_the_last_name() -> None:
    assert fields({"proxy.aliases": "a", "proxy.a.port": "1", "proxy.#1.port": "2"}) == {("a", "port"): "1"}
    for precedence in ("alias", "wildcard"):
        # By their names alone the reference would be the last.
        labels = {"proxy.aliases": "!", "proxy.!.port": "1", "proxy.#1.port": "2"}
        assert fields(labels, precedence) == {("!", "port"): "1"}
    assert fields({"proxy.aliases": "a", "proxy.$1.port": "1", "proxy.#1.port": "2"}) == {("a", "port"): "1"}
    assert fields({"proxy.aliases": "a", "proxy.protos": "x", "proxy.schemes": "y"}) == {("a", "scheme"): "y"}


def test_origin_and_source() -> None:
    labels = {
        "proxy.aliases": "a",
        "proxy.a.w": "",
        "proxy.#1.x": "",
        "proxy.ports": "1",
        "proxy.*.y": "",
        "proxy.a": "z: 1",
    }
    rows = snapshot_of(summary(Labels=labels)).route_fields.select("field", "source_label", "origin").rows()
    assert rows == [
        ("port", "proxy.ports", "shortcut"), ("w", "proxy.a.w", "alias"), ("x", "proxy.#1.x", "reference"),
        ("y", "proxy.*.y", "wildcard"), ("z", "proxy.a", "alias"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("proxy.", "invalid_label"),
        ("proxy", "invalid_label"),
        ("proxy..x", "empty_alias"),
        ("proxy..", "empty_alias"),
        ("proxy.a.", "invalid_label"),
        ("proxy.a..b", "invalid_label"),
    ],
)
def test_labels_that_name_nothing(label: str, kind: str) -> None:
    labels = {label: "1", "proxy.web.port": "1"}
    assert errors(labels) == [(kind, label)]
    assert fields(labels) == {("web", "port"): "1"}


@pytest.mark.parametrize(
    ("label", "is_kept"),
    [
        ("proxy.a." + "x" * 1_016, True),
        ("proxy.a." + "x" * 1_017, False),
        ("proxy.a" + ".x" * 31, True),
        ("proxy.a" + ".x" * 32, False),
        ("proxy." + "." * 32_000, False),
        ("proxy" + ".a" * 16_000, False),
    ],
)
def test_a_name_past_the_bounds_is_an_error_before_it_is_split(label: str, is_kept: bool) -> None:
    started = time.monotonic()
    assert bool(fields({label: "1"})) is is_kept
    found = errors({label: "1"})
    assert time.monotonic() - started < 20
    assert [kind for kind, _ in found] == ([] if is_kept else ["invalid_label"])
    assert all(len(name or "") < 100 for kind, name in found if kind == "invalid_label")


@pytest.mark.parametrize(
    "value", [f"{'x.' * 40}y: 1", f"{'x' * 2_000}: 1", "b: &b " + "x" * 5_000 + "\nc: [" + "*b," * 9_000 + "]"]
)
def test_a_field_of_an_object_past_the_bounds_is_an_error(value: str) -> None:
    assert errors({"proxy.a": value, "proxy.z.port": "1"}) == [("invalid_yaml", "proxy.a")]


def test_hostile_labels_affect_only_their_container() -> None:
    """Bounded time and memory, an error row, the rest intact."""
    hostile = {
        "proxy.bomb": BOMB,
        "proxy.deep": _nested(100),
        "proxy.large": "x" * 10_000_000,
        "proxy.nul.\x00": "\x00",
        "proxy.aliases": ",".join(f"alias-{number}" for number in range(10_000)),
        **{f"proxy.*.field-{number}": "1" for number in range(101)},
    }
    started = time.monotonic()
    snap = snapshot_of(summary(Id="1", Labels=hostile), summary(Id="2", Labels={"proxy.web.port": "80"}))
    assert time.monotonic() - started < 30
    assert snap.containers.height == 2
    assert set(snap.errors.filter(snap.errors["container_id"] == "1")["kind"]) == {
        "invalid_yaml", "too_many_fields", "unknown_field",
    }  # fmt: skip
    assert snap.routes.filter(snap.routes["container_id"] == "1").height == 10_001
    assert snap.route_fields.filter(snap.route_fields["container_id"] == "2")["value"].to_list() == ["80"]
