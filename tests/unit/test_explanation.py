"""What a name reaches, which label sets each field, and why there is no route."""

from __future__ import annotations

import pytest

import dockerframe as dkf
from tests.summaries import snapshot_of, summary

LABELS = {
    "proxy.aliases": "app, other",
    "proxy.#1.port": "1",
    "proxy.app.port": "2",
    "proxy.*.port": "3",
    "proxy.app": "{port: 4, m: {o: 1}}",
    "proxy.app.m": "text",
    "proxy.other": "{",
    "proxy.#9.port": "1",
}


def test_labels_that_lost_are_listed() -> None:
    found = snapshot_of(summary(Labels=LABELS)).explain("app")
    rows = found.fields.select("field", "outcome", "value", "label").rows()
    assert rows == [
        ("m", "lost", "text", "proxy.app.m"),
        ("m.o", "set", "1", "proxy.app"),
        ("port", "set", "2", "proxy.app.port"),
        ("port", "lost", "1", "proxy.#1.port"),
        ("port", "lost", "3", "proxy.*.port"),
        ("port", "lost", "4", "proxy.app"),
    ]
    assert set(found.errors["kind"]) == {"label_conflict", "alias_ref_out_of_range", "unknown_field"}


def test_wildcard_precedence_is_applied() -> None:
    found = snapshot_of(summary(Labels=LABELS), precedence="wildcard").explain("app")
    assert found.fields.filter(found.fields["field"] == "port").row(0, named=True)["label"] == "proxy.*.port"


def test_scalar_that_another_label_extends_did_not_lose() -> None:
    labels = {"proxy.web.m": "{k: 1}", "proxy.web.m.o": "2"}
    assert set(snapshot_of(summary(Labels=labels)).explain("web").fields["outcome"]) == {"set"}


def test_alias_on_several_containers_is_explained_for_each() -> None:
    snap = snapshot_of(summary(Id="1", Names=["/a"]), summary(Id="2", Names=["/b"], Labels={"proxy.a.port": "1"}))
    text = repr(snap.explain("a"))
    assert "container a on local" in text
    assert "container b on local" in text
    assert "no label sets a field" in text


def test_control_characters_of_labels_are_removed() -> None:
    text = repr(snapshot_of(summary(Labels={"proxy.web.x": "\x1b[31mred\nline"})).explain("web"))
    assert "\x1b" not in text
    assert "�[31mred�line" in text


def test_a_name_that_does_not_exist_suggests_similar_ones() -> None:
    with pytest.raises(dkf.SnapshotError, match="Did you mean web"):
        snapshot_of(summary()).explain("wep")
    with pytest.raises(dkf.SnapshotError, match=r"snap\.routes"):
        snapshot_of().explain("wep")


def lines_of(name: str, **own: object) -> list[str]:
    return [line.strip() for line in repr(snapshot_of(summary(**own)).explain(name)).splitlines()[1:]]


PORT = {"Ports": [{"PrivatePort": 80, "Type": "tcp"}]}


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({**PORT, "Labels": {"proxy.exclude": "1"}}, "the label proxy.exclude is 1"),
        ({}, "no port is known: no label sets one, and the container offers none"),
        ({**PORT, "State": "created"}, "the container does not run: its state is created"),
        (
            {"Image": "postgres:17", "Ports": [{"PrivatePort": 5432, "Type": "tcp"}]},
            "it is blacklisted because of port:5432, image:postgres; any label that begins with proxy. would allow it",
        ),
        ({**PORT, "Labels": {"proxy.web.agent": "x"}}, "an error excludes it; the errors are listed below"),
        ({**PORT, "Labels": {"proxy.aliases": "web-old, web"}, "Names": ["/x"]}, None),
    ],
)
def test_every_reason_for_no_route_is_given(own: dict[str, object], reason: str | None) -> None:
    lines = lines_of("web", **own)
    assert [line for line in lines if line.startswith("no route: ")] == ([f"no route: {reason}"] if reason else [])
    assert any(line.startswith("reaches") for line in lines) == (reason is None)


def test_several_reasons_are_all_given() -> None:
    labels = {"proxy.exclude": "true", "proxy.web.port": "8080", "proxy.web.agent": "x"}
    assert [line for line in lines_of("web", State="exited", Labels=labels) if line.startswith("no route")] == [
        "no route: an error excludes it; the errors are listed below",
        "no route: the label proxy.exclude is true",
        "no route: the container does not run: its state is exited",
    ]


def test_the_errors_behind_a_reason_are_listed() -> None:
    found = snapshot_of(summary(Labels={"proxy.exclude": "maybe"})).explain("web")
    assert found.errors["kind"].to_list() == ["invalid_bool"]
    assert "error: proxy.exclude: proxy.exclude is 'maybe'" in repr(found)


def test_the_failed_check_of_another_route_is_not_listed() -> None:
    labels = {"proxy.aliases": "web,b", "proxy.web.agent": "x", "proxy.b.port": "8080"}
    snap = snapshot_of(summary(Labels=labels))
    assert snap.explain("web").errors["kind"].to_list() == ["invalid_route"]
    assert snap.explain("b").errors["kind"].to_list() == []


def test_a_container_that_sleeps_is_started_by_a_request() -> None:
    labels = {"proxy.idle_timeout": "5m", "proxy.web.port": "80"}
    assert lines_of("web", State="exited", Labels=labels)[0].startswith(
        "asleep: the first request starts the container"
    )


def test_a_container_stands_for_all_of_its_aliases() -> None:
    snap = snapshot_of(
        summary(Names=["/app"], Labels={"proxy.aliases": "a,b", "proxy.a.port": "1", "proxy.b.port": "2"})
    )
    for name in ("app", "c0ffee", "c0ff"):
        found = snap.explain(name)
        assert found.routes["alias"].to_list() == ["a", "b"]
        assert found.fields.select("alias", "value").rows() == [("a", "1"), ("b", "2")]
    text = repr(snap.explain("app"))
    first, second = text.split("\n\n")
    assert "port = 1" in first
    assert "port = 1" not in second


def test_a_host_name_stands_for_the_alias_that_is_its_first_part() -> None:
    snap = snapshot_of(
        summary(Id="1", **PORT), summary(Id="2", Names=["/x"], Labels={"proxy.aliases": "web.lan"}, **PORT)
    )
    assert snap.explain("web.example.com").routes["container_name"].to_list() == ["web"]
    assert snap.explain("web.lan").routes["container_name"].to_list() == ["x"]


def test_a_host_stands_for_all_of_its_routes() -> None:
    snap = dkf.from_bodies({"a": b'[{"Id": "1", "Names": ["/web"]}]', "b": b"<html>", "empty": b"[]"})
    assert snap.explain("a").routes["alias"].to_list() == ["web"]
    assert "no route: the host did not answer." in repr(snap.explain("b"))
    assert repr(snap.explain("empty")) == "The host has no containers."


def test_a_name_that_may_be_on_a_host_that_failed_is_reported_so() -> None:
    snap = dkf.from_bodies({"a": b"[]", "down": b"<html>"})
    with pytest.raises(dkf.SnapshotError, match="down"):
        snap.explain("web")


def test_a_container_without_routes_is_explained() -> None:
    no_alias = snapshot_of(summary(Labels={"proxy.aliases": ","}))
    assert repr(no_alias.explain("web")) == "container web on local\n  no route: it has no alias"
    snap = snapshot_of(summary())
    explicit_only = snap.with_tables({"routes": snap.routes.clear()})
    assert "no route: this host has routes for containers with proxy. labels only" in repr(explicit_only.explain("web"))


def test_a_container_without_a_name_is_shown_by_its_id() -> None:
    assert "(container c0ffee on local)" in repr(snapshot_of(summary(Names=[])).explain("c0ffee"))


def test_secrets_are_left_out_unless_asked_for() -> None:
    snap = snapshot_of(summary(Labels={"proxy.web.client_secret": "t0p-s3cret", "proxy.web.port": "1"}))
    assert "t0p-s3cret" not in repr(snap.explain("web"))
    assert "t0p-s3cret" not in str(snap.explain("web").routes["fields"].to_list())
    assert "t0p-s3cret" in repr(snap.explain("web", reveal=True))
