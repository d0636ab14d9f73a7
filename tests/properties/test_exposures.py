"""Properties of the table `exposures`: it never fails, order does not matter, and hosts do not affect one another."""

from __future__ import annotations

import json
import time
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from dockerframe._derive.exposures import (
    EXCLUDED_REASONS,
    EXPOSURES,
    CaddySettings,
    TraefikSettings,
    caddy,
    exposures,
    traefik_labels,
    traefik_rules,
)

PARTS = st.sampled_from(
    [
        "traefik",
        "Traefik",
        "http",
        "HTTP",
        "tcp",
        "udp",
        "tls",
        "stores",
        "default",
        "docker",
        "enable",
        "routers",
        "services",
        "middlewares",
        "app",
        "App",
        "b",
        "a[0]",
        "[0]",
        "x]",
        "rule",
        "entrypoints",
        "service",
        "tls.certresolver",
        "tls.domains[0].main",
        "priority",
        "loadbalancer.server.port",
        "loadbalancer",
        "server",
        "url",
        "scheme",
        "headers.customrequestheaders.X",
        "chain.middlewares",
        "compress",
        "plugin",
        "network",
    ]
) | st.text("ab.[]_é\x00\x01\x02\x03\x04", max_size=4)
TRAEFIK_NAMES = st.lists(PARTS, max_size=5).map(lambda parts: ".".join(["traefik", *parts]))
RULES = st.lists(
    st.sampled_from(
        ["Host(`a`)", "PathPrefix(`/`)", "&&", "||", "!", "(", ")", "`", '"', "HostSNI(`*`)", "\n", ",", "é", "/*"]
    ),
    max_size=7,
).map(" ".join)
VALUES = (
    RULES
    | st.sampled_from(["true", "no", "web", "8080", "80:80", "a,b", "app", "app@docker", "http://1.2.3.4:5/x", ""])
    | st.text(max_size=5)
)
CADDY_NAMES = st.lists(
    st.sampled_from(
        [
            "caddy",
            "caddy_0",
            "caddy_1",
            "reverse_proxy",
            "0_reverse_proxy",
            "handle",
            "@m",
            "path",
            "to",
            "respond",
            "\\",
            "",
        ]
    ),
    min_size=1,
    max_size=4,
).map(".".join)
CADDY_VALUES = st.lists(
    st.sampled_from(
        [
            "a.test",
            "http://",
            ":80",
            "{{upstreams}}",
            "{{upstreams https 81}}",
            "{{",
            "}}",
            "@m",
            "/x",
            "*",
            '"',
            "`",
            "{{upper}}",
            "(s)",
            ",",
        ]
    ),
    max_size=4,
).map(" ".join)
LABELS = st.dictionaries(TRAEFIK_NAMES, VALUES, max_size=8) | st.dictionaries(CADDY_NAMES, CADDY_VALUES, max_size=6)
MODES = st.sampled_from(["bridge", "host", "none", "container:0", "container:1", "container:gone"])


@st.composite
def summaries(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        networks = {
            name: {"IPAddress": f"10.0.{number}.{at}"} for at, name in enumerate(draw(st.sets(st.sampled_from("ab"))))
        }
        found.append(
            {
                "Id": str(number),
                "Names": [f"/c{number}"],
                "Image": draw(st.sampled_from(["app", "traefik:v3", "lucaslorentz/caddy-docker-proxy"])),
                "State": draw(st.sampled_from(["running", "exited", "paused"])),
                "Status": draw(st.sampled_from(["Up", "Up (healthy)", "Up (unhealthy)"])),
                "Labels": draw(LABELS),
                "Ports": [
                    {"PrivatePort": port, "Type": "tcp"} for port in draw(st.sets(st.integers(0, 65535), max_size=2))
                ],
                "HostConfig": {"NetworkMode": draw(MODES)},
                "NetworkSettings": {"Networks": networks},
            }
        )
    return found


SETTINGS = st.builds(
    TraefikSettings,
    exposed_by_default=st.booleans(),
    network=st.sampled_from([None, "a", ""]),
    constraints=st.sampled_from([None, "Label(`a`, ``)", "!(", "x"]),
    default_rule=st.sampled_from(["Host(`{{ normalize .Name }}`)", "{{", "{{ if }}", "", "x"]),
    allow_empty_services=st.booleans(),
    use_bind_port_ip=st.booleans(),
    entrypoints=st.sampled_from([None, (), ("web", "dns/udp")]),
    providers=st.sampled_from([None, (), ("file",)]),
    only_labelled=st.booleans(),
)
CADDY = st.builds(CaddySettings, ingress_networks=st.sampled_from([None, ("a",)]), scan_stopped=st.booleans())
PROXIES = ("traefik", "caddy")


def rows(bodies: dict[str, list[dict[str, Any]]], traefik: TraefikSettings, caddy_settings: CaddySettings) -> list[Any]:
    containers = dkf.from_bodies({host: json.dumps(own).encode() for host, own in bodies.items()}).containers
    table = exposures(containers, proxies=PROXIES, traefik=traefik, caddy=caddy_settings)
    assert table.schema == EXPOSURES.schema
    return table.to_dicts()


@given(summaries(), SETTINGS, CADDY)
@settings(deadline=None, max_examples=60)
def test_any_labels_give_a_table_in_which_every_row_is_explained(
    own: list[dict[str, Any]], traefik: TraefikSettings, caddy_settings: CaddySettings
) -> None:
    found = rows({"h": own}, traefik, caddy_settings)
    for row in found:
        assert row["excluded_reason"] is None or row["excluded_reason"] in EXCLUDED_REASONS
        assert row["router"] is not None or row["excluded_reason"] is not None
        labels = own[int(row["container_id"])]["Labels"]
        assert row["source_labels"] == sorted(set(row["source_labels"]) & set(labels))
    if not traefik.only_labelled:
        assert {row["container_id"] for row in found if row["proxy"] == "traefik"} == {one["Id"] for one in own}


@given(summaries(), SETTINGS, CADDY, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_labels_and_containers_does_not_matter(
    own: list[dict[str, Any]], traefik: TraefikSettings, caddy_settings: CaddySettings, order: Any
) -> None:
    mixed = [{**one, "Labels": dict(order.sample(list(one["Labels"].items()), len(one["Labels"])))} for one in own]
    order.shuffle(mixed)
    assert rows({"h": mixed}, traefik, caddy_settings) == rows({"h": own}, traefik, caddy_settings)


@given(summaries(), summaries(), SETTINGS, CADDY)
@settings(deadline=None, max_examples=40)
def test_a_host_has_the_same_rows_whatever_others_are_there(
    own: list[dict[str, Any]], others: list[dict[str, Any]], traefik: TraefikSettings, caddy_settings: CaddySettings
) -> None:
    alone = rows({"h": own}, traefik, caddy_settings)
    together = rows({"g": others, "h": own}, traefik, caddy_settings)
    assert [row for row in together if row["host"] == "h"] == alone


def _fleet(count: int) -> list[dict[str, Any]]:
    return [
        {
            "Id": f"{number:04}",
            "Names": [f"/app{number}"],
            "State": "running",
            "Labels": {
                f"traefik.http.routers.app{number}.rule": f"Host(`app{number}.test`) && PathPrefix(`/{number}`)",
                f"traefik.http.services.app{number}.loadbalancer.server.port": str(number),
                "caddy": f"app{number}.test",
                "caddy.reverse_proxy": "{{upstreams 80}}",
            },
            "NetworkSettings": {"Networks": {"caddy": {"IPAddress": "172.17.0.2"}}},
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [10, 1000])
def test_python_reads_each_distinct_text_once(count: int) -> None:
    """Names and literals that differ from container to container cost no calls, except addresses of Caddy's sites."""
    traefik_rules._shape.cache_clear()
    with (
        patch.object(traefik_labels, "resolve", wraps=traefik_labels.resolve) as resolved,
        patch.object(traefik_rules, "parse", wraps=traefik_rules.parse) as parsed,
        patch.object(caddy, "read_key", wraps=caddy.read_key) as keys,
    ):
        found = rows({"h": _fleet(count)}, TraefikSettings(), CaddySettings(ingress_networks=("caddy",)))
    assert len(found) == 2 * count
    assert (resolved.call_count, parsed.call_count, keys.call_count) == (2, 1, 2)


@pytest.mark.parametrize(
    "labels",
    [
        {"traefik." + "a." * 30_000: "x"},
        {"traefik.http.routers." + "a" * 65_000 + ".rule": "x"},
        {f"traefik.http.routers.r{number}.rule": "!" * 50 + "(" * 50 for number in range(10_000)},
        {f"traefik.http.routers.r.{number}.{number}": "x" for number in range(10_000)},
        {f"traefik.http.services.s{number}.loadbalancer": "x" for number in range(10_000)},
        {f"traefik.http.middlewares.m{number}.chain.middlewares": f"m{number + 1}" for number in range(10_000)},
        {f"traefik.http.routers.{'R' if number % 2 else 'r'}{number // 2}.tls": "no" for number in range(10_000)},
        {"traefik.http.routers.r.rule": "(" * 65_000},
        {"traefik.http.routers.r.rule": "Host(`a`) || " * 4_000 + "Host(`b`)"},
        {"traefik.http.routers.r.rule": '"\\' * 30_000},
        {"caddy": "{{" * 30_000},
        {"caddy": '"' + "\\" * 60_000},
        {"caddy": "a ", **{"caddy." + "a_" * number + "b": "x" for number in range(2_000)}},
        {"caddy." + "a." * 60: "x" * 60_000},
    ],
)
def test_hostile_labels_are_read_in_bounded_time(labels: dict[str, str]) -> None:
    own = {"Id": "0", "Names": ["/c"], "State": "running", "Labels": labels, "Ports": [{"PrivatePort": 80}]}
    own["NetworkSettings"] = {"Networks": {"a": {"IPAddress": "10.0.0.1"}}}
    start = time.process_time()
    found = rows({"h": [own]}, TraefikSettings(), CaddySettings(ingress_networks=("a",)))
    assert found
    assert time.process_time() - start < 20
