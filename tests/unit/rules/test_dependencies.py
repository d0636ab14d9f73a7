"""Dependencies that are missing, stopped or circular."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.unit.rules.fleets import FAILED, SERVICE, STOPPED, evidence, fleet, found, labelled, names, one, service

DEPENDS = "com.docker.compose.depends_on"


def needs_db(condition: str = "service_healthy", **own: Any) -> dict[str, Any]:
    return service("web", Labels={SERVICE: "web", DEPENDS: f"db:{condition}:true", **own})


def db(name: str = "db", **own: Any) -> dict[str, Any]:
    labels = {SERVICE: "db", **own.pop("Labels", {})}
    return service(name, Labels=labels, **own)


def test_a_dependency_that_does_not_exist() -> None:
    assert found(fleet(labelled(proxy__depends_on="db")), "dependency-missing") == [
        ("medium", "dependencies.source_label: proxy.depends_on")
    ]
    assert evidence(fleet(one("db"), labelled(proxy__depends_on="db")), "dependency-missing") == []


def test_a_dependency_that_only_had_to_complete_may_be_gone() -> None:
    assert evidence(fleet(needs_db()), "dependency-missing") == [f"dependencies.source_label: {DEPENDS}"]
    assert evidence(fleet(needs_db("service_completed_successfully")), "dependency-missing") == []


def test_a_one_off_container_may_run_without_what_its_service_needs() -> None:
    snap = fleet(needs_db(**{"com.docker.compose.oneoff": "True"}))
    assert evidence(snap, "dependency-missing") == []


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("exited", "Exited (1) 2 hours ago"),
        ("exited", "Exited (0) 2 hours ago"),
        ("exited", "Exited (137) 2 hours ago"),
        ("restarting", "Restarting (1) 2 seconds ago"),
        ("created", "Created"),
        ("paused", "Up 2 hours (Paused)"),
        ("dead", "Dead"),
        ("stopped", "Stopped"),
    ],
)
def test_a_running_container_needs_its_dependency_running(state: str, status: str) -> None:
    snap = fleet(db(State=state, Status=status), needs_db())
    assert found(snap, "dependency-stopped") == [("high", f"dependencies.dependency: db; its status: {status}")]


def test_a_dependency_whose_status_is_not_sent_is_found() -> None:
    snap = fleet(db(State="exited", Status=None), needs_db())
    assert evidence(snap, "dependency-stopped") == ["dependencies.dependency: db; its status: not sent"]


def test_a_dependency_may_be_stopped_when() -> None:
    # It runs.
    assert evidence(fleet(db(), needs_db()), "dependency-stopped") == []
    # It had only to complete.
    assert evidence(fleet(db(**FAILED), needs_db("service_completed_successfully")), "dependency-stopped") == []
    # What needs it does not run.
    assert evidence(fleet(db(**FAILED), {**needs_db(), **STOPPED}), "dependency-stopped") == []
    # A proxy or a scheduler starts it.
    for labels in ({"proxy.idle_timeout": "5m"}, {"sablier.enable": "true"}, {"ofelia.job-run.x.schedule": "@daily"}):
        assert evidence(fleet(db(**FAILED, Labels=labels), needs_db()), "dependency-stopped") == []


def test_one_running_replica_is_enough() -> None:
    snap = fleet(db("db-1", **FAILED), db("db-2"), needs_db())
    ids = {name: name * 3 for name in ("db-1", "db-2", "web")}
    edge = {
        "host": "local",
        "container_id": ids["web"],
        "dependency": "db",
        "condition": None,
        "restart": None,
        "source_label": DEPENDS,
    }
    edges = [{**edge, "resolved_id": ids["db-1"]}, {**edge, "resolved_id": ids["db-2"]}]

    def after(*rows: dict[str, Any]) -> list[str]:
        table = pl.DataFrame(list(rows), schema=snap.dependencies.schema)
        return evidence(snap.with_tables({"dependencies": table}), "dependency-stopped")

    assert after(*edges) == []
    assert len(after(edges[0])) == 1
    # Stopped replicas are one finding.
    both = fleet(db("db-1", **FAILED), db("db-2", **FAILED), needs_db())
    table = pl.DataFrame(edges, schema=snap.dependencies.schema)
    assert len(evidence(both.with_tables({"dependencies": table}), "dependency-stopped")) == 1


def test_a_cycle() -> None:
    cycle = fleet(
        *(one(a, Labels={"proxy.depends_on": b}) for a, b in ("ab", "bc", "ca")),
        one("d", Labels={"proxy.depends_on": "a"}),
    )
    assert names(cycle, "dependency-cycle") == {"a", "b", "c"}
    line = fleet(*(one(a, Labels={"proxy.depends_on": b}) for a, b in ("ab", "bc", "cd")), one("d"))
    assert evidence(line, "dependency-cycle") == []
