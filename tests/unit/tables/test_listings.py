"""What people see of a table: the cells of its listing, and where the table is shown."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dockerframe._report.listings import listing
from dockerframe.tables import REGISTRY
from tests.summaries import snapshot_of, summary


def cells(name: str, *summaries: dict[str, Any]) -> dict[str, Any]:
    """The first row of a listing, by heading."""
    return listing(snapshot_of(*summaries).tables, name).row(0, named=True)


def port(public: int | None, ip: str | None = "0.0.0.0", kind: str = "tcp", private: int = 80) -> dict[str, Any]:
    return {"IP": ip, "PrivatePort": private, "PublicPort": public, "Type": kind}


def test_container_has_a_short_id_and_joined_lists() -> None:
    own = summary(Id="0123456789abcdef", Image="zabbix/mysql", Labels={"proxy.aliases": "a, b"})
    row = cells("containers", own)
    assert (row["id"], row["aliases"], row["blacklisted"]) == ("0123456789ab", "a, b", "image:mysql, author:zabbix")


@pytest.mark.parametrize(
    ("ports", "shown"),
    [
        ([], ""),
        ([port(None)], ""),
        ([port(None), port(8080, None)], "*:8080→80"),
        ([port(8080), port(8080, "::"), port(8080, "")], "*:8080→80"),
        ([port(9000, "10.0.0.1"), port(443, private=8443)], "*:443→8443, 10.0.0.1:9000→80"),
        ([port(53, kind="udp", private=53), port(53, private=53)], "*:53→53, *:53→53/udp"),
        ([port(80, "::1")], "::1:80→80"),
    ],
)
def test_published_ports_are_listed_once_by_public_port(ports: list[dict[str, Any]], shown: str) -> None:
    assert cells("containers", summary(Ports=ports))["published"] == shown


def test_published_is_sorted_by_the_lowest_public_port() -> None:
    (column,) = [one for one in REGISTRY["containers"].listing if one.heading == "published"]
    assert column.sort_by is not None
    table = snapshot_of(summary(Ports=[port(9000), port(443)])).containers
    assert table.select(column.sort_by).item() == 443


def test_dependency_is_found_where_its_container_exists() -> None:
    web = summary(Labels={"proxy.depends_on": "db"})
    assert cells("dependencies", web, summary(Id="2", Names=["/db"]))["found"] is True
    assert cells("dependencies", web)["found"] is False


def test_mount_shows_its_volume_else_its_path_and_its_access() -> None:
    volume = {"Type": "volume", "Name": "data", "Source": "/var/lib/x", "Destination": "/data", "RW": True}
    bind = {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": False}
    row = cells("mounts", summary(Mounts=[volume]))
    assert (row["source"], row["access"]) == ("data", "read-write")
    row = cells("mounts", summary(Mounts=[bind]))
    assert (row["source"], row["access"]) == ("/srv", "read-only")


def test_project_counts_what_is_up() -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    ended = {"State": "exited", "Status": "Exited (1) now"}
    other = summary(Id="2", Labels={**labels, "com.docker.compose.service": "db"}, **ended)
    row = cells("projects", summary(Labels=labels), other)
    assert (row["services"], row["not up"], row["containers"], row["up"]) == ("1/2", "db", "1/2", False)


@pytest.mark.parametrize(("number", "shown"), [(80, "http://10.0.0.2:80"), (None, "http://10.0.0.2:?")])
def test_exposure_shows_its_target_with_a_question_mark_for_an_unknown_port(number: int | None, shown: str) -> None:
    (column,) = [one for one in REGISTRY["exposures"].listing if one.heading == "target"]
    row = {"scheme": "http", "target_host": "10.0.0.2", "target_port": number}
    assert pl.DataFrame([row]).select(column.expression).item() == shown


def test_title_is_the_name_in_words() -> None:
    assert REGISTRY["route_fields"].title == "Route fields"


@pytest.mark.parametrize("name", REGISTRY)
def test_only_results_have_no_command_and_only_optional_tables_an_option(name: str) -> None:
    table = REGISTRY[name]
    assert table.command is (table.scope != "result")
    assert bool(table.option) is (table.scope == "optional")


@pytest.mark.parametrize("name", ["labels", "mounts", "networks", "route_fields"])
def test_report_leaves_out_the_longest_tables(name: str) -> None:
    assert not REGISTRY[name].in_report


@pytest.mark.parametrize("name", ["containers", "exposures", "findings", "hosts", "ports", "projects", "routes"])
def test_report_shows_the_tables_that_people_ask_for(name: str) -> None:
    assert REGISTRY[name].in_report
