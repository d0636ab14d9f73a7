"""Which label did it, and which ones lost."""

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


def test_every_label_that_would_have_set_a_field() -> None:
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


def test_precedence_counts() -> None:
    found = snapshot_of(summary(Labels=LABELS), precedence="wildcard").explain("app")
    assert found.fields.filter(found.fields["field"] == "port").row(0, named=True)["label"] == "proxy.*.port"


def test_text_that_another_label_opened_did_not_lose() -> None:
    labels = {"proxy.web.m": "{k: 1}", "proxy.web.m.o": "2"}
    assert set(snapshot_of(summary(Labels=labels)).explain("web").fields["outcome"]) == {"set"}


def test_an_alias_on_several_containers_is_explained_on_each() -> None:
    snap = snapshot_of(summary(Id="1", Names=["/a"]), summary(Id="2", Names=["/b"], Labels={"proxy.a.port": "1"}))
    text = repr(snap.explain("a"))
    assert "container a on local" in text
    assert "container b on local" in text
    assert "no label sets a field" in text


def test_control_characters_of_labels_do_not_reach_the_terminal() -> None:
    text = repr(snapshot_of(summary(Labels={"proxy.web.x": "\x1b[31mred\nline"})).explain("web"))
    assert "\x1b" not in text
    assert "red line" in text


def test_an_alias_that_is_not_there_names_those_near_it() -> None:
    with pytest.raises(dkf.SnapshotError, match="Did you mean web"):
        snapshot_of(summary()).explain("wep")
    with pytest.raises(dkf.SnapshotError, match=r"snap\.routes"):
        snapshot_of().explain("wep")
