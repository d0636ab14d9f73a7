"""States of containers and services, and containers that are stopped on purpose."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dockerframe.schemas import INSPECTIONS
from tests.unit.rules.fleets import (
    FAILED,
    SERVICE,
    STOPPED,
    evidence,
    fleet,
    found,
    inspected,
    names,
    one,
    run,
    service,
)

WEB = service("shop-web-1", Labels={SERVICE: "web"})
DEPENDS = "com.docker.compose.depends_on"


@pytest.mark.parametrize(
    ("state", "status", "fires"),
    [
        ("running", "Up 2 hours (unhealthy)", True),
        ("running", "Up 2 hours (healthy)", False),
        ("running", "Up 2 hours (health: starting)", False),
        ("running", "Up 2 hours", False),
    ],
)
def test_unhealthy(state: str, status: str, fires: bool) -> None:
    snap = fleet(one(State=state, Status=status))
    assert found(snap, "unhealthy") == ([("high", "containers.health: unhealthy")] if fires else [])


@pytest.mark.parametrize("state", ["exited", "paused", "created", "dead", "stopped"])
def test_a_container_that_does_not_run_is_not_unhealthy(state: str) -> None:
    # API 1.52 and later send this.
    assert evidence(fleet(one(State=state, Status="", Health={"Status": "unhealthy"})), "unhealthy") == []


def test_the_output_of_the_last_check_is_in_the_message() -> None:
    sick = {"summary": {"Status": "Up 2 hours (unhealthy)"}}
    assert run(inspected(**sick, health_output=" no route\n"), "unhealthy")["message"].to_list() == [
        "The health check fails: no route"
    ]
    for nothing in ("", "\n", None):
        assert run(inspected(**sick, health_output=nothing), "unhealthy")["message"].to_list() == [
            "The health check fails."
        ]


@pytest.mark.parametrize("rule", ["restarting", "dead-container"])
@pytest.mark.parametrize(
    "state", ["running", "restarting", "dead", "exited", "stopping", "removing", "created", "paused"]
)
def test_states_with_a_rule_of_their_own(rule: str, state: str) -> None:
    wanted = {"restarting": "restarting", "dead-container": "dead"}[rule]
    assert found(fleet(one(State=state)), rule) == (
        [("high", "containers.status: Up 2 hours")] if state == wanted else []
    )


@pytest.mark.parametrize(
    ("state", "status", "fires"),
    [("running", "Up 2 hours", True), ("running", "Up 2 hours (healthy)", False), ("exited", "Exited (0)", False)],
)
def test_no_health_check(state: str, status: str, fires: bool) -> None:
    assert len(evidence(fleet(one(State=state, Status=status)), "no-health-check")) == fires


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        ("Exited (1) 2 hours ago", "high"),
        ("Exited (2) 2 hours ago", "high"),
        ("Exited (134) 2 hours ago", "high"),
        ("Exited (139) 2 hours ago", "high"),
        ("Exited (255) 2 hours ago", "high"),
        ("Exited (127) 2 hours ago", "high"),
        ("Exited (129) 2 hours ago", "low"),
        ("Exited (130) 2 hours ago", "low"),
        ("Exited (131) 2 hours ago", "low"),
        ("Exited (137) 2 hours ago", "low"),
        ("Exited (143) 2 hours ago", "low"),
        ("stopped", "medium"),
        ("Exited (0) 2 hours ago", None),
    ],
)
@pytest.mark.parametrize("state", ["exited", "stopped"])
def test_a_service_that_ended_is_as_bad_as_its_exit_status(state: str, status: str, severity: str | None) -> None:
    snap = fleet(WEB, service("shop-api-1", State=state, Status=status))
    expected = [] if severity is None else [(severity, f"containers.status: {status}")]
    assert found(snap, "exited-service") == expected


@pytest.mark.parametrize("state", ["dead", "stopping", "removing", "created", "paused", "restarting"])
def test_other_states_are_not_an_ended_service(state: str) -> None:
    assert evidence(fleet(WEB, service("shop-api-1", State=state, Status="Exited (1)")), "exited-service") == []


@pytest.mark.parametrize(
    "own",
    [
        {"Labels": {"com.docker.compose.oneoff": "True"}},
        {"Names": ["/0123456789ab_shop-api-1"]},
        {"Labels": {"proxy.idle_timeout": "5m"}},
        {"Labels": {"sablier.enable": "true", "sablier.group": "shop"}},
        {"Labels": {"sablier.group": "shop"}},
        {"Labels": {"lazytainer.group": "shop"}},
        {"Labels": {"ofelia.enabled": "true", "ofelia.job-run.dump.schedule": "@daily"}},
        {"Labels": {"ofelia.job-exec.a.schedule": "@daily", "ofelia.job-run.b.schedule": "@daily"}},
        {"Labels": {"chadburn.enabled": "true", "chadburn.job-run.dump.schedule": "@daily"}},
        {"Labels": {"swarm.cronjob.enable": "true", "swarm.cronjob.schedule": "* * * * *"}},
    ],
)
def test_a_container_that_is_stopped_on_purpose_is_no_ended_service(own: dict[str, Any]) -> None:
    assert evidence(fleet(WEB, service("shop-api-1", **FAILED, **own)), "exited-service") == []


@pytest.mark.parametrize(
    "labels",
    [
        {"sablier.enable": "false", "sablier.group": "shop"},
        {"ofelia.enabled": "false", "ofelia.job-run.dump.schedule": "@daily"},
        # A job of this kind runs inside the container, which has to run for it.
        {"ofelia.enabled": "true", "ofelia.job-exec.dump.schedule": "@daily"},
        {"swarm.cronjob.enable": "0"},
        {"proxy.web.port": "80"},
        {"my.sablier.group": "shop"},
        {"com.docker.compose.oneoff": "False"},
    ],
)
def test_other_labels_do_not_excuse_an_ended_service(labels: dict[str, str]) -> None:
    assert names(fleet(WEB, service("shop-api-1", **FAILED, Labels=labels)), "exited-service") == {"shop-api-1"}


def test_what_only_sleeping_containers_need_sleeps_with_them() -> None:
    def named(name: str, needs: str = "", **labels: str) -> dict[str, Any]:
        more = {DEPENDS: f"{needs}:service_started:false"} if needs else {}
        return service(name, **FAILED, Labels={SERVICE: name, **more, **labels})

    app = named("app", "broker", **{"proxy.idle_timeout": "5m"})
    group = [app, named("broker", "disk"), named("disk")]
    assert evidence(fleet(WEB, *group), "exited-service") == []
    # Another container needs it, which is awake.
    other = service("other", Labels={SERVICE: "other", DEPENDS: "disk:service_started:false"})
    snap = fleet(WEB, *group, other)
    assert names(snap, "exited-service") == {"disk"}
    assert names(snap, "dependency-stopped") == {"other"}


def test_the_services_of_a_project_that_is_down_have_not_ended() -> None:
    down = [service("shop-web-1", **FAILED, Labels={SERVICE: "web"}), service("shop-api-1", **FAILED)]
    assert evidence(fleet(*down), "exited-service") == []
    assert evidence(fleet(one(), one("b", **FAILED)), "exited-service") == []


def test_a_replica_that_failed_while_others_run_is_medium() -> None:
    snap = fleet(service("shop-api-1"), service("shop-api-2", **FAILED), service("shop-api-3", **STOPPED))
    assert sorted(severity for severity, _ in found(snap, "exited-service")) == ["low", "medium"]


def test_the_exit_status_of_an_inspection_counts_where_the_list_has_none() -> None:
    snap = fleet(WEB, service("shop-api-1", State="stopped", Status="stopped"))
    ids = {"host": "local", "container_id": "shop-api-1" * 3}
    for code, severity in ((0, []), (1, ["high"]), (143, ["low"])):
        row = pl.DataFrame([{**ids, "exit_code": code}], schema=INSPECTIONS.schema)
        after = snap.with_tables({"inspections": row})
        assert [one_severity for one_severity, _ in found(after, "exited-service")] == severity


def test_what_could_not_be_read_is_info_and_no_fault_of_a_label() -> None:
    gone = {"host": "local", "container_id": "webwebweb", "label": None, "message": "It disappeared."}
    for kind in ("container_gone", "inspect_failed", "invalid_summary"):
        errors = pl.DataFrame([{**gone, "kind": kind}], schema=fleet().errors.schema)
        snap = fleet(one()).with_tables({"errors": errors})
        assert found(snap, "unreadable-container") == [("info", f"errors.kind: {kind}")]
        assert evidence(snap, "label-error") == []
    assert evidence(fleet(one(Labels={"proxy.exclude": "maybe"})), "unreadable-container") == []
    alone = one(NetworkSettings={"Networks": {}}, Labels={"proxy.web.port": "80"})
    assert evidence(fleet(alone), "unreadable-container") == []


def test_a_container_without_a_name_is_shown_by_its_short_id() -> None:
    nameless = one(Id="0123456789abcdef", Names=[], State="restarting")
    assert names(fleet(nameless), "restarting") == {"0123456789ab"}


@pytest.mark.parametrize("rule", ["restarting", "exited-service"])
def test_a_status_that_is_not_sent_is_named_in_the_evidence(rule: str) -> None:
    state = {"restarting": "restarting", "exited-service": "exited"}[rule]
    snap = fleet(WEB, service("shop-api-1", State=state, Status=None))
    assert evidence(snap, rule) == ["containers.status: not sent"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("Exited (1) now", "The service api of shop failed with exit status 1."),
        ("Exited (143) now", "The service api of shop was stopped."),
        ("stopped", "The service api of shop has ended."),
    ],
)
def test_the_message_of_an_ended_service_names_how_it_ended(status: str, message: str) -> None:
    snap = fleet(WEB, service("shop-api-1", State="exited", Status=status))
    assert run(snap, "exited-service")["message"].to_list() == [message]
