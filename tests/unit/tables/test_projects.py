"""The table `projects`: which Compose projects are only partly up."""

from __future__ import annotations

import json
from typing import Any

import pytest

import dockerframe as dkf
from tests.summaries import snapshot_of, summary

PROJECT, SERVICE, ONEOFF = (f"com.docker.compose.{name}" for name in ("project", "service", "oneoff"))


def member(service: str, state: str = "running", status: str = "Up 3 hours") -> dict[str, Any]:
    own = {PROJECT: "shop", SERVICE: service}
    name = f"shop-{service}-{state}"
    return summary(Id=name, Names=[f"/{name}"], State=state, Status=status, Labels=own)


def row(*members: dict[str, Any]) -> dict[str, Any]:
    return snapshot_of(*members).projects.row(0, named=True)


@pytest.mark.parametrize(
    ("second", "is_up"),
    [
        (member("db"), True),
        (member("db", "paused", "Up 3 hours (Paused)"), False),
        (member("db", "exited", "Exited (0) 2 hours ago"), True),
        (member("db", "exited", "Exited (1) 2 hours ago"), False),
        (member("db", "exited", "Exited (137) 2 hours ago"), False),
        (member("db", "created", "Created"), False),
        (member("db", "restarting", "Restarting (1) 3 seconds ago"), False),
    ],
)
def test_project_is_up_when_each_service_runs_or_completed(second: dict[str, Any], is_up: bool) -> None:
    found = row(member("web"), second)
    assert found["is_up"] is is_up
    assert found["stopped_services"] == ([] if is_up else ["db"])
    assert (found["services"], found["services_up"]) == (2, 2 if is_up else 1)


def test_one_running_replica_is_enough() -> None:
    found = row(member("web"), member("web", "exited", "Exited (1) 2 hours ago"))
    assert found["is_up"]
    assert (found["containers"], found["running"]) == (2, 1)


def test_one_off_containers_do_not_count() -> None:
    oneoff = member("web", "exited", "Exited (1) now")
    oneoff["Labels"][ONEOFF] = "True"
    found = row(member("db"), oneoff)
    assert (found["containers"], found["services"], found["is_up"]) == (1, 1, True)


def test_unhealthy_containers_are_counted() -> None:
    assert row(member("web", status="Up 3 hours (unhealthy)"))["unhealthy"] == 1


def test_containers_without_a_project_are_left_out() -> None:
    assert snapshot_of(summary()).projects.height == 0


def test_figures_of_a_project() -> None:
    old = {**member("web"), "Created": 1_700_000_000}
    new = {**member("web", "exited", "Exited (1) 2 hours ago"), "Created": 1_800_000_000}
    replicas = [{**member("db", "exited", "Exited (1) now"), "Id": number} for number in "12"]
    found = row(old, new, *replicas, member("cache", "created", "Created"))
    assert (found["host"], found["compose_project"]) == ("local", "shop")
    assert (found["services"], found["services_up"], found["stopped_services"]) == (3, 1, ["cache", "db"])
    assert (found["containers"], found["running"], found["unhealthy"]) == (5, 1, 0)
    assert found["last_created"].timestamp() == 1_800_000_000


def test_status_that_is_not_sent_is_not_up() -> None:
    missing = {**member("db", "exited"), "Status": None}
    assert row(member("web"), missing)["stopped_services"] == ["db"]


def test_projects_are_sorted_and_those_of_the_same_name_on_two_hosts_are_two() -> None:
    def other(project: str) -> dict[str, Any]:
        return summary(Id=project, Labels={PROJECT: project, SERVICE: "web"})

    two = {host: json.dumps([other("shop"), other("blog")]).encode() for host in ("b", "a")}
    rows = dkf.from_bodies(two).projects.select("host", "compose_project").rows()
    assert rows == [("a", "blog"), ("a", "shop"), ("b", "blog"), ("b", "shop")]
