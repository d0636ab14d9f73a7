"""Errors of the labels of a container as a whole: their messages, and when there is one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.summaries import snapshot_of, summary


def messages(labels: dict[str, str], **own: Any) -> list[tuple[str, str | None, str]]:
    return snapshot_of(summary(Labels=labels, **own)).errors.select("kind", "label", "message").rows()


@pytest.mark.parametrize(
    ("text", "shown"), [("maybe", "'maybe'"), ("x" * 80, f"'{'x' * 80}'"), ("x" * 81, f"'{'x' * 80}…'"), ("", "''")]
)
def test_invalid_bool_shows_the_first_80_characters(text: str, shown: str) -> None:
    message = f"proxy.exclude is {shown}; it must be true or false."
    assert messages({"proxy.exclude": text}) == [("invalid_bool", "proxy.exclude", message)]


@pytest.mark.parametrize("text", ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"])
def test_what_go_calls_a_boolean_is_one(text: str) -> None:
    assert messages({"proxy.exclude": text}) == []


@pytest.mark.parametrize(("text", "is_empty"), [(",", True), (" , ,", True), ("a,", False), ("", False)])
def test_aliases_of_separators_only_are_an_error(text: str, is_empty: bool) -> None:
    found = messages({"proxy.aliases": text})
    assert [(kind, label) for kind, label, _ in found] == ([("empty_alias", "proxy.aliases")] if is_empty else [])


@pytest.mark.parametrize(
    ("networks", "hint"),
    [
        ({"back": {}, "front": {}}, "did you mean 'front'?"),
        ({"zzz": {}}, "did you mean 'zzz'?"),
        ({}, "it is in no network."),
    ],
)
def test_network_not_found_names_the_nearest_network(networks: dict[str, Any], hint: str) -> None:
    found = messages({"proxy.network": "frnt"}, NetworkSettings={"Networks": networks})
    message = f"proxy.network names 'frnt', which the container is not in; {hint}"
    assert ("network_not_found", "proxy.network", message) in found


@pytest.mark.parametrize("state", ["running", "exited"])
def test_no_network_only_while_it_runs(state: str) -> None:
    url = "tcp:///"
    snap = snapshot_of(summary(NetworkSettings=None, State=state, Status=""), url=url)
    assert snap.errors["kind"].to_list() == (["no_network"] if state == "running" else [])


def test_one_address_is_enough_to_reach_a_container() -> None:
    # Local, without a network of its own: published ports are at the loopback address.
    assert snapshot_of(summary(NetworkSettings=None)).errors.height == 0


def test_every_bad_idle_setting_has_its_own_row_and_message() -> None:
    labels = {"proxy.idle_timeout": "1h", "proxy.stop_method": "halt", "proxy.stop_timeout": "10"}
    assert messages(labels) == [
        ("invalid_idle", "proxy.stop_timeout", "proxy.stop_timeout is '10'; it must be a duration such as 90s, 5m or 1h30m."),
        ("invalid_idle", "proxy.stop_method", "proxy.stop_method is 'halt'; it must be one of pause, stop, kill."),
    ]  # fmt: skip
