"""Routes, and the labels that make them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.schemas import LABEL_ERROR_KINDS
from tests.unit.rules.fleets import (
    FAILED,
    SERVICE,
    evidence,
    fleet,
    found,
    has_column,
    labelled,
    names,
    one,
    run,
    service,
)

X = {"proxy.aliases": "x", "proxy.x.port": "80"}
SWARM = "com.docker.swarm.service.name"
CLASH = "alias-on-several-containers"
ROUTE_RULES = {one_rule.id for one_rule in dkf.BUILTIN_RULES if one_rule.check.__module__.endswith(".routes")}


def test_two_containers_ask_for_one_alias() -> None:
    snap = fleet(one("a", Labels=X), one("b", Labels=X))
    assert found(snap, CLASH) == [("high", "routes.alias: x: a on local, b on local")] * 2


def test_the_hosts_of_a_fleet_share_their_aliases() -> None:
    bodies = {host: dkf.from_summaries([one(host, Labels=X)], host=host) for host in "ab"}
    assert names(dkf.concat(list(bodies.values())), CLASH) == {"a", "b"}


@pytest.mark.parametrize(
    "containers",
    [
        # Nobody asks for a route.
        [one("node-exporter"), one("node-exporter", Id="2")],
        # Only one of them does.
        [one("x", Labels=X), one("x", Id="2")],
        # They are balanced.
        [one(name, Labels={**X, "proxy.x.load_balance.link": "l"}) for name in "ab"],
        # One is excluded.
        [one("a", Labels=X), one("b", Labels={**X, "proxy.exclude": "true"})],
        # They are replicas.
        [service("shop-api-1", Labels=X), service("shop-api-2", Labels=X)],
    ],
)
def test_containers_that_do_not_fight_for_an_alias(containers: list[dict[str, Any]]) -> None:
    assert evidence(fleet(*containers), CLASH) == []


def test_two_services_of_a_project_fight_for_an_alias() -> None:
    snap = fleet(service("shop-api-1", Labels=X), service("shop-web-1", Labels={**X, SERVICE: "web"}))
    assert names(snap, CLASH) == {"shop-api-1", "shop-web-1"}


def test_a_project_on_two_hosts_fights_for_an_alias() -> None:
    both = [dkf.from_summaries([service("shop-api-1", Labels=X)], host=host) for host in "ab"]
    assert len(evidence(dkf.concat(both), CLASH)) == 2


@pytest.mark.skipif(not has_column("swarm_service"), reason="the column swarm_service is not derived yet")
def test_replicas_of_a_swarm_service_are_one_claim() -> None:
    def task(host: str, of: str) -> dkf.Snapshot:
        return dkf.from_summaries([one(f"{of}.{host}", Labels={**X, SWARM: of})], host=host)

    assert evidence(dkf.concat([task("a", "vote"), task("b", "vote")]), CLASH) == []
    assert len(evidence(dkf.concat([task("a", "vote"), task("b", "result")]), CLASH)) == 2


def test_the_claim_of_a_swarm_service_is_read_from_its_column() -> None:
    snap = fleet(one("a", Labels=X), one("b", Labels=X))
    task = pl.lit("vote").alias("swarm_service")
    assert evidence(snap.with_tables({"containers": snap.containers.with_columns(task)}), CLASH) == []


def test_a_fleet_without_labels_of_the_proxy_has_no_findings_about_routes() -> None:
    snap = fleet(
        one("a", NetworkSettings={"Networks": {}}),
        one("b", **FAILED),
        one("b", Id="2", Ports=[{"PrivatePort": 80, "Type": "tcp"}]),
        one("c", Labels={"traefik.http.routers.c.rule": "Host(`c`)", "com.docker.compose.project": "p"}),
    )
    registry = dkf.Registry(one_rule for one_rule in dkf.BUILTIN_RULES if one_rule.id in ROUTE_RULES)
    assert len(registry) > 5
    assert snap.findings(rules=registry).height == 0


@pytest.mark.skipif("unknown_field" not in LABEL_ERROR_KINDS, reason="the error unknown_field is not derived yet")
def test_a_route_field_that_does_not_exist() -> None:
    assert names(fleet(labelled(proxy__web__prot="80")), "unknown-route-field") == {"web"}
    assert evidence(fleet(labelled(proxy__web__noTLSVerify="true")), "unknown-route-field") == []


def with_error(kind: str, label: str | None, **own: Any) -> dkf.Snapshot:
    snap = fleet(one(**own))
    row = {"host": "local", "container_id": "webwebweb", "kind": kind, "label": label, "message": "m"}
    return snap.with_tables({"errors": pl.DataFrame([row], schema=snap.errors.schema)})


EXPLICIT = {"Labels": {"proxy.web.port": "80"}}


@pytest.mark.parametrize(
    ("kind", "label", "own", "rule"),
    [
        ("unknown_field", "proxy.web.prot", EXPLICIT, "unknown-route-field"),
        ("invalid_bool", "proxy.exclude", EXPLICIT, "label-error"),
        ("invalid_value", "proxy.web.port", EXPLICIT, "label-error"),
        ("network_not_found", "proxy.network", EXPLICIT, "network-not-usable"),
        ("no_network", None, EXPLICIT, "network-not-usable"),
        ("no_network", None, {}, None),
        ("container_gone", None, EXPLICIT, "unreadable-container"),
        ("a_later_kind", None, {}, "unreadable-container"),
        ("a_later_kind", "proxy.x", EXPLICIT, "label-error"),
    ],
)
def test_each_error_has_one_rule(kind: str, label: str | None, own: dict[str, Any], rule: str | None) -> None:
    snap = with_error(kind, label, **own)
    rules = ("unknown-route-field", "label-error", "network-not-usable", "unreadable-container")
    assert [one_rule for one_rule in rules if evidence(snap, one_rule)] == ([rule] if rule else [])


def test_a_label_outside_of_the_aliases() -> None:
    rule = "alias-outside-aliases"
    assert found(fleet(labelled(proxy__wep__port="80")), rule) == [
        ("low", "containers.aliases: web; labels: proxy.wep")
    ]
    assert evidence(fleet(labelled(proxy__aliases="wep", proxy__wep__port="80")), rule) == []
    assert evidence(fleet(labelled(**{"proxy__*__port": "80", "proxy__#1__scheme": "http"})), rule) == []


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        ({"proxy.*.port": "80", "proxy.web.port": "81"}, "port"),
        ({"proxy.*.port": "80", "proxy.#1.port": "81"}, "port"),
        # A shortcut gives way to every full label, wildcards among them.
        ({"proxy.*.port": "80", "proxy.ports": "81"}, None),
        ({"proxy.*.port": "80", "proxy.web": "{port: 81}"}, "port"),
        ({"proxy.*": "{port: 80}", "proxy.web.port": "81"}, "port"),
        # More than one line under a wildcard is a mapping for every field (labels.md, section 6.4).
        ({"proxy.*.homepage": "port: 80\nscheme: http\nhost: a", "proxy.web.port": "81"}, "port"),
        ({"proxy.*.homepage.show": "false", "proxy.web.homepage.name": "Web"}, None),
        ({"proxy.*.homepage": "port: 80", "proxy.web.port": "81"}, None),
        ({"proxy.*.scheme": "http", "proxy.web.port": "81"}, None),
    ],
)
def test_alias_and_wildcard_set_one_field_however_they_are_written(labels: dict[str, str], field: str | None) -> None:
    result = run(fleet(one(Labels=labels)), "alias-and-wildcard-set-one-field")
    assert [message.partition(" ")[0] for message in result["message"]] == ([] if field is None else [field])


def test_a_route_without_a_port() -> None:
    rule = "route-without-port"
    assert found(fleet(labelled(proxy__web__scheme="http")), rule) == [("medium", "routes.excluded_reason: no_port")]
    assert evidence(fleet(one()), rule) == []
    assert evidence(fleet(labelled(proxy__web__port="80")), rule) == []


@pytest.mark.parametrize(
    ("labels", "fires"),
    [
        ({"proxy.web.port": "80"}, True),
        ({"proxy.web.port": "80", "proxy.idle_timeout": "5m"}, False),
        ({"proxy.web.port": "80", "sablier.enable": "true"}, False),
        ({"proxy.web.port": "80", "proxy.exclude": "true"}, False),
        ({}, False),
    ],
)
def test_a_route_to_a_container_that_does_not_run(labels: dict[str, str], fires: bool) -> None:
    snap = fleet(one(**FAILED, Labels=labels))
    assert names(snap, "route-to-stopped-container") == ({"web"} if fires else set())
    assert evidence(fleet(one(Labels=labels)), "route-to-stopped-container") == []


def test_a_network_that_the_container_is_not_in() -> None:
    assert names(fleet(labelled(proxy__network="nope")), "network-not-usable") == {"web"}
    assert evidence(fleet(labelled(proxy__network="bridge")), "network-not-usable") == []


def test_a_label_that_can_not_be_used() -> None:
    assert names(fleet(labelled(proxy__exclude="maybe")), "label-error") == {"web"}
    assert evidence(fleet(labelled(proxy__exclude="true")), "label-error") == []
