"""The table `exposures`: the answers of the real Traefik, case by case, and the rules one by one.

A row of a case holds only what Traefik shows, so only the keys that it has are compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._derive.exposures import (
    EXPOSURES,
    CaddySettings,
    TraefikSettings,
    detected_proxies,
    exposures,
    recognized_caddy,
    recognized_traefik,
)
from dockerframe.errors import DockerframeError
from tests.summaries import summary

CASES = [json.loads(line) for line in (Path(__file__).parent / "exposures.jsonl").read_text().splitlines()]
ENTRYPOINTS = ("web", "websecure", "postgres", "ssh", "mqtt", "mydns/udp", "wireguard/udp")
NOT_COMPARED = {"container", "traefik_error"}


def _settings(case: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in case["settings"].items()}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[dict[str, Any]]]:
    """All cases as one fleet, a host each, with the settings of each case."""
    snap = dkf.from_bodies({case["name"]: json.dumps(case["summaries"]).encode() for case in CASES})
    found: dict[str, list[dict[str, Any]]] = {case["name"]: [] for case in CASES}
    for proxy in ("godoxy", "traefik", "caddy"):
        own = [case for case in CASES if case["proxy"] == proxy]
        table = exposures(
            snap.containers.filter(pl.col("host").is_in([case["name"] for case in own])),
            proxies=[proxy],
            traefik={case["name"]: TraefikSettings(entrypoints=ENTRYPOINTS, **_settings(case)) for case in own}
            if proxy == "traefik"
            else None,
            caddy={case["name"]: CaddySettings(**_settings(case)) for case in own} if proxy == "caddy" else None,
            routes=snap.routes,
            route_fields=snap.route_fields,
        )
        for row in table.to_dicts():
            found[row["host"]].append(row)
    return found


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(
        rows,
        key=lambda row: str(
            (row["container"], row["router"], row.get("protocol"), row.get("rule"), row.get("target_port"))
        ),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_rows_are_those_of_the_reference(answers: dict[str, list[dict[str, Any]]], case: dict[str, Any]) -> None:
    ids = [one["Id"] for one in case["summaries"]]
    got = [{**row, "container": ids.index(row["container_id"]) + 1} for row in answers[case["name"]]]
    # Where Traefik does not show a rule, it takes no part in the order.
    shown = [set(row) for row in _sorted(case["expected"])]
    assert len(got) == len(case["expected"])
    for row, expected, keys in zip(_sorted_as(got, case["expected"]), _sorted(case["expected"]), shown, strict=True):
        assert {key: row[key] for key in keys - NOT_COMPARED} == {key: expected[key] for key in keys - NOT_COMPARED}


def _sorted_as(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in the order of `_sorted`, by the keys that the expected row of the same router has."""
    keys = {(row["container"], row["router"], row.get("protocol")): set(row) for row in expected}
    shown = [
        {
            key: value
            for key, value in row.items()
            if key in keys.get((row["container"], row["router"], row["protocol"]), row)
        }
        for row in rows
    ]
    order = sorted(
        range(len(rows)),
        key=lambda at: str(
            tuple(shown[at].get(key) for key in ("container", "router", "protocol", "rule", "target_port"))
        ),
    )
    return [rows[at] for at in order]


def served(*summaries: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """The Traefik rows of one host."""
    settings.setdefault("entrypoints", ENTRYPOINTS)
    containers = dkf.from_summaries(list(summaries)).containers
    return exposures(containers, proxies=["traefik"], traefik=TraefikSettings(**settings)).to_dicts()


def app(labels: dict[str, str], name: str = "app", **own: Any) -> dict[str, Any]:
    """A container that Traefik can reach."""
    return summary(Id=name, Names=[f"/{name}"], Labels=labels, **{"Ports": [{"PrivatePort": 80, "Type": "tcp"}], **own})


def router(fields: dict[str, str], name: str = "app") -> dict[str, str]:
    return {"traefik.http.routers.app.rule": "Host(`app.test`)"} | {
        f"traefik.http.routers.{name}.{field}": value for field, value in fields.items()
    }


def test_empty_fleet_has_the_schema_of_a_full_one() -> None:
    containers = dkf.from_summaries([]).containers
    table = exposures(containers)
    assert table.schema == EXPOSURES.schema
    assert table.height == 0


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("traefik.http.routers.app.entrypoint", "web"),
        ("traefik.http.routers.app.certresolver", "le"),
        ("traefik.http.routers.app.tls.certresolvers", "le"),
        ("traefik.http.routers.app.rule.x", "y"),
        ("traefik.http.routers.", "x"),
        ("traefik.http.routers", "x"),
        ("traefik.http", "x"),
        ("traefik.httpx.y", "x"),
        ("traefik.http.routers.my.app.rule", "x"),
        ("traefik.http.routers.a[0].rule", "x"),
        ("traefik.http.routers.[0].rule", "x"),
        ("traefik.http.routers.app.observability.tracing", "yes"),
        ("traefik.http.services.app.loadbalancer", "x"),
        ("traefik.http.services.app.loadbalancer.server", "x"),
        ("traefik.http.services.app.loadbalancer.servers.port", "80"),
        ("traefik.http.services.app.loadbalancer.healthcheck.interval", "often"),
        ("traefik.http.middlewares.m.stripprefx.prefixes", "/a"),
        ("traefik.http.middlewares.m.headers.customresponseheader.X", "1"),
        ("traefik.http.middlewares.m.errors.statusrewrites.500", "many"),
        ("traefik.http.middlewares.m.basicauth", "x"),
        ("traefik.tcp.routers.db.tls.passthrough", "yes"),
        ("traefik.udp.routers.dns.rule", "x"),
        ("traefik.tls.stores.default.defaultgeneratedcert.resolve", "x"),
        ("Traefik.http.routers.app.rule", "x"),
        ("TRAEFIK.ENABLE", "true"),
        ("traefik.enable", "on"),
        ("traefik.docker.lbswarm", "maybe"),
        ("traefik.docker.", "x"),
        ("traefik.http.routers.app.tls.domains[0].san", "x"),
        ("traefik.http." + "a." * 3000 + "b", "x"),
        ("traefik.http.routers." + "a" * 70_000 + ".rule", "x"),
    ],
)
def test_a_label_that_traefik_refuses_loses_the_container(label: str, value: str) -> None:
    rows = served(app({"traefik.http.routers.other.rule": "Host(`other.test`)", label: value}))
    assert [(row["router"], row["excluded_reason"], row["source_labels"]) for row in rows] == [
        (None, "label_error", [label])
    ]


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("traefik.network", "x"),
        ("traefik.port", "80"),
        ("traefik.tls.options.x.minversion", "VersionTLS12"),
        ("traefik.http.routers.app", "x"),
        ("traefik.http.routers.app.entrypoints[0]", "web"),
        ("traefik.http.routers.app.tls.domains", "x"),
        ("traefik.http.middlewares.m.headers.customrequestheaders.X.Y", "x"),
        ("traefik.http.middlewares.m.plugin.any.thing.below", "x"),
        ("traefik.http.middlewares.m.compress", "no"),
        ("traefik.http.routers.app.priority", "+7"),
        ("traefik.http.services.app.loadbalancer.healthcheck.interval", "1m30s"),
        ("traefik.HTTP.Routers.app.RuleSyntax", "v3"),
        ("traefik.http.serverstransports.t.insecureskipverify", "perhaps"),
    ],
)
def test_a_label_that_traefik_accepts_or_ignores_keeps_the_container(label: str, value: str) -> None:
    rows = served(app(router({}) | {label: value}))
    assert [(row["router"], row["excluded_reason"]) for row in rows] == [("app", None)]


def test_a_value_below_a_switched_off_field_is_not_read() -> None:
    labels = {
        "traefik.http.services.app.loadbalancer.server.port": "80",
        "traefik.http.services.app.loadbalancer.sticky": "no",
        "traefik.http.services.app.loadbalancer.sticky.cookie.maxage": "long",
    }
    assert served(app(labels))[0]["excluded_reason"] is None
    assert (
        served(app(labels | {"traefik.http.services.app.loadbalancer.sticky": "true"}))[0]["excluded_reason"]
        == "label_error"
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"entrypoints": "WebSecure"}, "entrypoint_missing"),
        ({"entrypoints": "mydns"}, "entrypoint_missing"),
        ({"priority": "9223372036854774808"}, "priority_error"),
        ({"tls.options": "modern"}, "tls_options_missing"),
        ({"tls.options": "default"}, None),
        ({"tls.options": "modern", "tls": "no"}, None),
        ({"service": "nobody"}, "service_missing"),
        ({"service": "api@internal"}, None),
        ({"middlewares": "auth"}, "middleware_error"),
        ({"middlewares": "auth@file"}, "middleware_error"),
        ({"middlewares": ""}, None),
        ({"rule": "Host(app.test)"}, "rule_error"),
    ],
)
def test_a_router_that_is_loaded_and_not_served_has_a_reason(fields: dict[str, str], reason: str | None) -> None:
    assert served(app(router(fields)))[0]["excluded_reason"] == reason


def test_names_of_other_providers_are_not_missing_where_those_are_not_known() -> None:
    labels = router({"middlewares": "auth@file", "tls.options": "modern@file"})
    assert served(app(labels), providers=("file",))[0]["excluded_reason"] is None
    assert served(app(labels), providers=None)[0]["excluded_reason"] is None
    assert served(app(labels), providers=("redis",))[0]["excluded_reason"] == "tls_options_missing"


def test_entry_points_are_not_missing_where_they_are_not_known() -> None:
    row = served(app(router({"entrypoints": "https"})), entrypoints=None)[0]
    assert (row["excluded_reason"], row["entrypoints"]) == (None, ["https"])


def test_a_chain_works_when_all_its_members_do() -> None:
    chain = {"traefik.http.middlewares.both.chain.middlewares": "strip, inner"}
    strip = {"traefik.http.middlewares.strip.stripprefix.prefixes": "/a"}
    inner = {"traefik.http.middlewares.inner.chain.middlewares": "strip"}
    used = router({"middlewares": "both@docker"})
    assert served(app(used | chain | strip | inner))[0]["excluded_reason"] is None
    assert served(app(used | chain | strip))[0]["excluded_reason"] == "middleware_error"
    circle = {"traefik.http.middlewares.inner.chain.middlewares": "both"}
    assert served(app(used | chain | strip | circle))[0]["excluded_reason"] == "middleware_error"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("addprefix.prefix", "", "middleware_error"),
        ("addprefix.prefix", "/a", None),
        ("redirectscheme.port", "1", "middleware_error"),
        ("ipallowlist.rejectstatuscode", "403", "middleware_error"),
        ("ipallowlist.sourcerange", "10.0.0.0/8, 1.2.3.4", None),
        ("ipallowlist.sourcerange", "10.0.0.0/8, x", "middleware_error"),
        ("basicauth.users", "x", "middleware_error"),
        ("basicauth.users", "a:b,c:d", None),
        ("digestauth.users", "a:b", "middleware_error"),
        ("redirectregex.regex", "(", "middleware_error"),
        ("stripprefixregex.regex", "/a, (", "middleware_error"),
        ("compress.encodings", "gzip, lzma", "middleware_error"),
    ],
)
def test_a_middleware_that_traefik_cannot_build_disables_its_router(field: str, value: str, reason: str | None) -> None:
    labels = router({"middlewares": "m"}) | {f"traefik.http.middlewares.m.{field}": value}
    assert served(app(labels))[0]["excluded_reason"] == reason


def test_middlewares_of_a_dropped_container_are_missing() -> None:
    user = app(router({"middlewares": "strip"}))
    owner = app({"traefik.http.middlewares.strip.stripprefix.prefixes": "/a"}, "owner")
    assert [row["excluded_reason"] for row in served(user, owner)] == [None, None]
    stopped = owner | {"State": "exited"}
    assert [row["excluded_reason"] for row in served(user, stopped)] == ["middleware_error", "not_running"]


@pytest.mark.parametrize(
    ("first", "second", "is_conflict"),
    [
        ({"priority": "7"}, {"priority": "07"}, False),
        ({"priority": "7"}, {"priority": "8"}, True),
        ({"tls": "true"}, {}, True),
        ({"tls": "true"}, {"tls": ""}, False),
        ({"entrypoints": "web,ssh"}, {"entrypoints": "web, ssh"}, False),
        ({"observability.tracing": "true"}, {"observability.tracing": "1"}, False),
        ({"observability.tracing": "false"}, {}, True),
        ({"observability.tracing": "false", "observability.metrics": "1"}, {"observability.metrics": "1"}, True),
        ({"service": "s"}, {"service": "s@docker"}, True),
    ],
)
def test_routers_of_one_name_join_when_they_are_equal(
    first: dict[str, str], second: dict[str, str], is_conflict: bool
) -> None:
    service = {"traefik.http.services.s.loadbalancer.server.port": "80"}
    rows = served(app(router(first) | service), app(router(second) | service, "other"))
    assert [row["excluded_reason"] for row in rows] == ["router_conflict" if is_conflict else None] * 2


def test_a_default_in_a_label_is_equal_to_no_label() -> None:
    port = {"traefik.http.services.s.loadbalancer.server.port": "80"}
    one = app({"traefik.http.routers.a.rule": "Host(`a`)"} | port)
    same = {"traefik.http.services.s.loadbalancer.passhostheader": "1"}
    other = {"traefik.http.services.s.loadbalancer.passhostheader": "0"}
    named = {"traefik.http.routers.b.rule": "Host(`b`)"}
    assert {row["excluded_reason"] for row in served(one, app(named | port | same, "b"))} == {None}
    assert {row["excluded_reason"] for row in served(one, app(named | port | other, "b"))} == {"service_conflict"}


def test_hosts_do_not_meet() -> None:
    bodies = {
        host: json.dumps([app({"traefik.http.routers.app.rule": f"Host(`{host}`)"})]).encode() for host in ("a", "b")
    }
    table = exposures(dkf.from_bodies(bodies).containers, proxies=["traefik"])
    assert table.select("host", "excluded_reason").rows() == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    ("own", "target"),
    [
        ({"server.port": "8080"}, ("http", "172.17.0.2", 8080)),
        ({"server.port": "8080", "server.scheme": "h2c"}, ("h2c", "172.17.0.2", 8080)),
        ({"server.port": "99999"}, ("http", "172.17.0.2", None)),
        ({"server.port": "80/tcp"}, ("http", "172.17.0.2", 80)),
        ({"server.url": "https://10.0.0.1"}, ("https", "10.0.0.1", 443)),
        ({"server.url": "http://[fd00::1]:81/x"}, ("http", "fd00::1", 81)),
    ],
)
def test_target_is_what_the_service_says(own: dict[str, str], target: tuple[str, str, int | None]) -> None:
    row = served(app({f"traefik.http.services.s.loadbalancer.{field}": value for field, value in own.items()}))[0]
    assert (row["scheme"], row["target_host"], row["target_port"]) == target


def test_a_shared_network_is_followed_through_several_containers() -> None:
    vpn = app({}, "vpn", NetworkSettings={"Networks": {"front": {"IPAddress": "10.7.0.3"}}})
    port = {"traefik.http.services.s.loadbalancer.server.port": "81"}
    none: dict[str, Any] = {"Ports": [], "NetworkSettings": {"Networks": {}}}
    one = app(port, "one", HostConfig={"NetworkMode": "container:vpn"}, **none)
    two = app(
        {"traefik.http.services.t.loadbalancer.server.port": "82"},
        "two",
        HostConfig={"NetworkMode": "container:one"},
        **none,
    )
    found = {row["container_name"]: (row["target_host"], row["target_port"]) for row in served(vpn, one, two)}
    assert found == {"vpn": ("10.7.0.3", 80), "one": ("10.7.0.3", 81), "two": ("10.7.0.3", 82)}


def test_containers_that_share_each_others_network_have_no_address() -> None:
    port = {"traefik.http.services.s.loadbalancer.server.port": "81"}
    none: dict[str, Any] = {"Ports": [], "NetworkSettings": {"Networks": {}}}
    rows = served(
        *(app(port, name, HostConfig={"NetworkMode": f"container:{other}"}, **none) for name, other in ("ab", "ba"))
    )
    assert [row["excluded_reason"] for row in rows] == ["no_address"] * 2


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("Host(`{{ .Name }}.x`)", "Host(`app.x`)"),
        ("Host(`{{ trimPrefix `a` .ContainerName }}.x`)", "Host(`pp.x`)"),
        ('Host(`{{ index .Labels "vhost" }}`)', "Host(`v.x`)"),
        ('Host(`{{ default .Name (index .Labels "none") }}`)', "Host(`app`)"),
        ("Host(`{{ .Name | upper | lower }}`)", "Host(`app`)"),
        ("{{ if .Name }}Host(`x`){{ end }}", None),
    ],
)
def test_default_rules_are_evaluated(template: str, rule: str | None) -> None:
    row = served(app({"vhost": "v.x"}), default_rule=template)[0]
    assert row["rule"] == rule
    assert row["excluded_reason"] == (None if rule else "unsupported_template")


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        ("Label(`tier`, `front`)", None),
        ("!Label(`tier`, `front`)", "constraint"),
        ("Label(`none`, ``) && LabelRegex(`tier`, `^f`)", None),
        ("Label(`tier`, `x`) || LabelRegex(`tier`, `t$`)", None),
        ("Label(`tier`)", "constraint"),
        ("LabelRegex(`tier`, `(`)", "constraint"),
        ("nonsense", "constraint"),
    ],
)
def test_constraints_choose_containers(constraints: str, reason: str | None) -> None:
    assert served(app({"tier": "front"}), constraints=constraints)[0]["excluded_reason"] == reason


def test_only_labelled_leaves_the_others_out() -> None:
    rows = served(app({}, "plain"), app(router({})), only_labelled=True)
    assert [row["container_name"] for row in rows] == ["app"]


def sites(labels: dict[str, str], **settings: Any) -> list[dict[str, Any]]:
    """The Caddy rows of one container."""
    settings.setdefault("ingress_networks", ("bridge",))
    containers = dkf.from_summaries([app(labels)]).containers
    return exposures(containers, proxies=["caddy"], caddy=CaddySettings(**settings)).to_dicts()


@pytest.mark.parametrize(
    ("address", "hostnames", "entrypoints", "tls"),
    [
        ("a.test", ["a.test"], ["443"], True),
        ("http://A.test", ["a.test"], ["80"], False),
        ("a.test:80", ["a.test"], ["80"], False),
        ("a.test:8443", ["a.test"], ["8443"], True),
        (":8080", [], ["8080"], None),
        ("http://:8080", [], ["8080"], False),
        ("*.a.test", ["*.a.test"], ["443"], True),
    ],
)
def test_caddy_addresses(address: str, hostnames: list[str], entrypoints: list[str], tls: bool | None) -> None:
    row = sites({"caddy": address, "caddy.respond": "ok"})[0]
    assert (row["hostnames"], row["entrypoints"], row["tls"]) == (hostnames, entrypoints, tls)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"caddy": "http://a.test:443", "caddy.respond": "x"}, "label_error"),
        ({"caddy": "https://a.test:80", "caddy.respond": "x"}, "label_error"),
        ({"caddy": "a.test", "caddy.reverse_proxy": "{{nothing}}"}, "label_error"),
        ({"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams"}, "label_error"),
        ({"caddy": "a.test", "caddy.reverse_proxy": "{{upper `x`}}"}, "unsupported_template"),
        ({"caddy": '{{ env "HOST" }}', "caddy.reverse_proxy": "{{upstreams}}"}, "unsupported_template"),
        ({"caddy": "a.test", "caddy.reverse_proxy.lb_policy": "first"}, "no_server"),
        ({"caddy": "a.test", "caddy.reverse_proxy.to": "{{upstreams 81}}"}, None),
        ({"caddy": "a.test", "caddy.file_server": ""}, None),
    ],
)
def test_caddy_reasons(labels: dict[str, str], reason: str | None) -> None:
    assert [row["excluded_reason"] for row in sites(labels)] == [reason]


def test_caddy_named_matchers_and_enclosing_blocks_give_paths() -> None:
    labels = {
        "caddy": "a.test",
        "caddy.@api.path": "/api/* /v2/*",
        "caddy.1_reverse_proxy": "@api {{upstreams 81}}",
        "caddy.2_handle": "/docs/*",
        "caddy.2_handle.route.reverse_proxy": "{{upstreams 82}}",
    }
    assert [(row["paths"], row["target_port"]) for row in sites(labels)] == [
        (["/api/*", "/v2/*"], 81),
        (["/docs/*"], 82),
    ]


def test_caddy_networks_of_the_plugin_are_the_ingress_networks() -> None:
    labels = {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"}
    plugin = app({}, "caddy", Image="lucaslorentz/caddy-docker-proxy:2.9")
    for summaries, reason in (([app(labels)], "not_in_ingress_network"), ([app(labels), plugin], None)):
        table = exposures(dkf.from_summaries(summaries).containers, proxies=["caddy"])
        assert table["excluded_reason"].to_list() == [reason]


def test_settings_are_recognized_from_the_command_line() -> None:
    command = (
        "/entrypoint.sh traefik --providers.docker.exposedByDefault=false '--providers.docker.defaultrule="
        "Host(`{{ .Name }} x`)' --providers.docker.network proxy --providers.file.directory=/x "
        "--entrypoints.web.address=:80 --entrypoints.DNS.address=:53/udp"
    )
    containers = dkf.from_summaries([summary(Image="traefik:v3", Command=command)]).containers
    assert recognized_traefik(containers) == {
        "local": TraefikSettings(
            exposed_by_default=False,
            default_rule="Host(`{{ .Name }} x`)",
            network="proxy",
            providers=("file",),
            entrypoints=("dns/udp", "traefik", "web"),
        )
    }


def test_a_configuration_file_leaves_entry_points_unknown() -> None:
    own = summary(Image="traefik:v3", Command="traefik", Mounts=[{"Destination": "/etc/traefik/traefik.yml"}])
    found = recognized_traefik(dkf.from_summaries([own]).containers)["local"]
    assert (found.entrypoints, found.providers) == (None, None)


def test_settings_are_recognized_from_the_environment() -> None:
    variables = {"host": "local", "container_id": "c0ffee"}
    traefik = pl.DataFrame([{**variables, "name": "TRAEFIK_PROVIDERS_DOCKER_NETWORK", "value": "web"}])
    found = recognized_traefik(dkf.from_summaries([summary(Image="traefik")]).containers, traefik)
    assert found["local"].network == "web"
    caddy = pl.DataFrame([{**variables, "name": "CADDY_INGRESS_NETWORKS", "value": "a,b"}])
    plugin = dkf.from_summaries([summary(Image="lucaslorentz/caddy-docker-proxy")]).containers
    assert recognized_caddy(plugin, caddy)["local"].ingress_networks == ("a", "b")


def test_proxies_are_detected_by_image_and_by_label() -> None:
    own = [summary(Id="1", Image="traefik:v3"), summary(Id="2", Labels={"caddy_1": "x"}), summary(Id="3")]
    containers = dkf.from_summaries(own).containers
    assert detected_proxies(containers)["proxy"].to_list() == ["caddy", "traefik"]
    assert set(exposures(containers, proxies=None)["proxy"]) == {"traefik"}


def test_an_unknown_proxy_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(DockerframeError, match=r"trafik\. Did you mean traefik\?"):
        exposures(dkf.from_summaries([]).containers, proxies=["trafik"])
