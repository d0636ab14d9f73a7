"""Some hosts of a fleet, by name and by tag."""

from __future__ import annotations

from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._config.selection import Selection, read_selection, select_hosts

FLEET = [
    dkf.Host("web-1", "tcp://a", tags=frozenset({"prod", "eu"})),
    dkf.Host("web-2", "tcp://b", tags=frozenset({"prod"})),
    dkf.Host("db", "tcp://c", tags=frozenset({"eu"})),
]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["web-1", "web-2", "db"]),
        ({"hosts": "web-*"}, ["web-1", "web-2"]),
        ({"hosts": "db"}, ["db"]),
        ({"hosts": ["db", "web-[1]"]}, ["web-1", "db"]),
        ({"tags": "prod"}, ["web-1", "web-2"]),
        ({"tags": ["prod", "eu"]}, ["web-1"]),
        ({"tags": "eu", "hosts": "web-*"}, ["web-1"]),
    ],
)
def test_hosts_by_name_and_tag(options: dict[str, Any], names: list[str]) -> None:
    assert [host.name for host in select_hosts(FLEET, **options)] == names


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"hosts": "we-1"}, "we-1: no host matches. Did you mean web-1"),
        ({"hosts": "DB"}, "DB: no host matches"),
        ({"hosts": ["db", "x*"]}, r"x\*: no host matches. The hosts are: web-1, web-2, db"),
        ({"tags": "prodd"}, "prodd: no host has this tag. Did you mean prod"),
        ({"tags": "xyz"}, "The tags are: eu, prod"),
        ({"tags": "prod", "hosts": "db"}, "no host has the tags prod and a name like db"),
    ],
)
def test_a_selection_without_hosts_is_an_error(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(dkf.ConfigurationError, match=problem):
        select_hosts(FLEET, **options)


def test_a_selection_of_the_command_line() -> None:
    selection = read_selection(["tag:prod", " web-* ", "", "tag:eu"])
    assert selection == Selection(("prod", "eu"), ("web-*",))
    assert [host.name for host in select_hosts(FLEET, **selection._asdict())] == ["web-1"]
