"""What is wrong with exposures, and the lists made of them: a case per rule, with one that it does not report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import dockerframe as dkf
from dockerframe._derive.exposures import CaddySettings, TraefikSettings, conflicts, exposures
from dockerframe._derive.exposures.lists import file_sd, homepage, hosts
from dockerframe._derive.exposures.suggestions import suggestion
from tests.summaries import summary

if TYPE_CHECKING:
    import polars as pl

RULE = {"traefik.http.routers.app.rule": "Host(`app.test`)"}


def app(labels: dict[str, str], name: str = "app", **own: Any) -> dict[str, Any]:
    return summary(Id=name, Names=[f"/{name}"], Labels=labels, **{"Ports": [{"PrivatePort": 80, "Type": "tcp"}], **own})


def tables(*summaries: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    containers = dkf.from_summaries(list(summaries)).containers
    caddy = CaddySettings(ingress_networks=("bridge",))
    return containers, exposures(containers, proxies=["traefik", "caddy"], traefik=TraefikSettings(), caddy=caddy)


def found(rows: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    assert rows.schema == conflicts.ROWS
    return rows.select(*columns).rows()


def test_a_hostname_on_several_containers_is_reported_with_the_others() -> None:
    second = app({"traefik.http.routers.b.rule": "Host(`app.test`)"}, "b")
    other_path = app({"traefik.http.routers.c.rule": "Host(`app.test`) && Path(`/c`)"}, "c")
    _, table = tables(app(RULE), second, other_path)
    rows = conflicts.hostname_on_several_containers(table)
    assert found(rows, "container_name", "value", "others") == [
        ("app", "app.test", ["local/b"]),
        ("b", "app.test", ["local/app"]),
    ]


def test_containers_that_share_a_router_share_its_hostname_on_purpose() -> None:
    service = {"traefik.http.services.app.loadbalancer.server.port": "80"}
    _, table = tables(app(RULE | service), app(RULE | service, "b"))
    assert conflicts.hostname_on_several_containers(table).is_empty()


def test_a_container_that_two_proxies_serve_is_reported() -> None:
    both = app(RULE | {"caddy": "app.test", "caddy.reverse_proxy": "{{upstreams}}"})
    _, table = tables(both)
    _, alone = tables(app(RULE, "b"))
    assert found(conflicts.exposed_by_two_proxies(table), "container_name", "detail") == [("app", "caddy, traefik")]
    assert conflicts.exposed_by_two_proxies(alone).is_empty()


@pytest.mark.parametrize(
    ("label", "value", "meant"),
    [
        ("traefik.http.routers.app.entrypoint", "web", "traefik.http.routers.app.entrypoints"),
        ("traefik.http.router.app.rule", "x", "traefik.http.routers.app.rule"),
        ("traefik.http.services.app.loadbalancer.port", "80", "traefik.http.services.app.loadbalancer.server.port"),
        ("traefik.http.middlewares.m.stripprefx.prefixes", "/a", "traefik.http.middlewares.m.stripprefix.prefixes"),
        ("traefik.http.docker.network", "web", "traefik.docker.network"),
        ("traefik.enabled", "true", "traefik.enable"),
        ("traefik.enable", "yes", "traefik.enable=true"),
        ("traefik.enable", "'false'", "traefik.enable=false"),
        ("Traefik.enable", "true", "traefik.enable"),
        ("traefik.http.routers.app.wholly.unlike", "x", None),
        ("traefik.http.routers.app.priority", "high", None),
    ],
)
def test_a_refused_label_has_what_was_probably_meant(label: str, value: str, meant: str | None) -> None:
    assert suggestion(label, value) == meant


def test_a_label_error_names_the_label_the_message_and_what_was_meant() -> None:
    containers, table = tables(app(RULE | {"traefik.http.routers.app.middleware": "m"}), app(RULE, "fine"))
    rows = conflicts.traefik_label_errors(containers, table)
    assert found(rows, "container_name", "label", "detail", "suggestion") == [
        (
            "app",
            "traefik.http.routers.app.middleware",
            "field not found, node: middleware",
            "traefik.http.routers.app.middlewares",
        )
    ]


def test_routers_that_are_not_served_and_routers_in_conflict_are_reported() -> None:
    _, table = tables(app(RULE | {"traefik.http.routers.app.middlewares": "m"}))
    assert found(conflicts.traefik_routers_disabled(table), "router", "detail") == [("app", "middleware_error")]
    _, table = tables(app(RULE), app({"traefik.http.routers.app.rule": "Host(`b`)"}, "b"))
    assert found(conflicts.traefik_router_conflicts(table), "router", "others") == [
        ("app", ["local/b"]),
        ("app", ["local/app"]),
    ]


def test_a_port_that_traefik_chooses_is_reported_unless_a_label_names_it() -> None:
    ports = [{"PrivatePort": 443, "Type": "tcp"}, {"PrivatePort": 22, "Type": "tcp"}]
    named = {"traefik.http.services.b.loadbalancer.server.port": "443"}
    containers, table = tables(app(RULE, Ports=ports), app(named, "b", Ports=ports), app({}, "c"))
    rows = conflicts.traefik_port_ambiguous(containers, table)
    assert found(rows, "container_name", "value", "detail") == [("app", "22", "22, 443")]


def test_a_network_that_traefik_chooses_is_reported_unless_a_label_names_it() -> None:
    networks = {"Networks": {"b": {"IPAddress": "10.0.0.2"}, "a": {"IPAddress": "10.0.1.2"}}}
    named = {"traefik.docker.network": "b"}
    wrong = {"traefik.docker.network": "B"}
    containers, table = tables(
        app({}, NetworkSettings=networks),
        app(named, "named", NetworkSettings=networks),
        app(wrong, "wrong", NetworkSettings=networks),
    )
    rows = conflicts.traefik_network_ambiguous(containers, table)
    assert found(rows, "container_name", "value", "detail") == [("app", None, "a, b"), ("wrong", "B", "a, b")]


@pytest.mark.parametrize(
    ("value", "is_reported"),
    [("yes", True), ("1", True), ("true ", True), ("true", False), ("", False), ("false", False)],
)
def test_tls_that_is_left_off_without_a_message_is_reported(value: str, is_reported: bool) -> None:
    containers, _ = tables(app(RULE | {"traefik.http.routers.app.tls": value}))
    assert conflicts.traefik_tls_ignored(containers).is_empty() is not is_reported


def test_ignored_labels_and_forgotten_names_are_reported() -> None:
    labels = {"traefik.frontend.rule": "x", "traefik.network": "y", "traefik.http.routers.rule": "z", "tier": "front"}
    containers, _ = tables(app(labels))
    assert found(conflicts.traefik_ignored_labels(containers), "label", "detail", "suggestion") == [
        ("traefik.frontend.rule", "ignored", None),
        ("traefik.http.routers.rule", "forgotten_name", "traefik.http.routers.<name>.rule"),
        ("traefik.network", "ignored", "traefik.docker.network"),
    ]


def test_what_is_exposed_without_being_asked_for_or_protected_is_reported() -> None:
    published = [{"PrivatePort": 80, "PublicPort": 8080, "IP": "0.0.0.0", "Type": "tcp"}]
    local = [{"PrivatePort": 80, "PublicPort": 8080, "IP": "127.0.0.1", "Type": "tcp"}]
    dashboard = {
        "traefik.http.routers.d.rule": "Host(`d`)",
        "traefik.http.routers.d.service": "api@internal",
        "traefik.http.routers.d.tls": "true",
    }
    containers, table = tables(
        app({}, "db", Image="postgres:16"), app(RULE, Ports=published), app(dashboard, "dash", Ports=local)
    )
    assert found(conflicts.exposed_by_default(table), "container_name") == [("db",)]
    assert found(conflicts.databases_exposed(containers, table), "container_name", "value") == [("db", "postgres")]
    assert found(conflicts.exposed_and_published(containers, table), "container_name", "detail") == [("app", "8080")]
    assert found(conflicts.public_dashboards(table), "router") == [("d",)]
    assert found(conflicts.exposed_without_tls(table), "container_name", "value") == [("app", "app.test"), ("db", "db")]


def test_a_site_outside_the_ingress_networks_is_reported() -> None:
    labels = {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"}
    outside = app(labels, NetworkSettings={"Networks": {"other": {"IPAddress": "10.0.0.2"}}})
    _, table = tables(outside, app(labels, "inside"))
    assert found(conflicts.caddy_not_in_ingress_network(table), "container_name", "value") == [("app", "a.test")]


def test_lists_hold_what_is_served() -> None:
    secure = {"traefik.http.routers.b.rule": "Host(`b.test`) && PathPrefix(`/x`)", "traefik.http.routers.b.tls": "true"}
    stopped = app({"traefik.http.routers.c.rule": "Host(`c.test`)"}, "c", State="exited")
    _, table = tables(app(RULE), app(secure, "b"), stopped)
    assert hosts(table) == "app.test\nb.test\n"
    assert [entry["targets"] for entry in json.loads(file_sd(table))] == [["172.17.0.2:80"], ["172.17.0.2:80"]]
    assert homepage(table) == (
        '- "local":\n    - "app":\n        href: "http://app.test/"\n    - "b":\n        href: "https://b.test/x"\n'
    )
