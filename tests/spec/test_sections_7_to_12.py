"""labels.md, sections 7 to 12: Compose, dependencies, blacklist, hostnames, idle settings, effective routes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._derive.routes.well_known_ports import BY_ALIAS, BY_IMAGE
from tests.spec.reference_of_routes import WELL_KNOWN
from tests.summaries import container, errors, labelled, route, snapshot_of, summary

COMPOSE = "com.docker.compose"
REMOTE = "tcp://docker1.local:2375"


def test_7_compose_labels() -> None:
    row = container(Labels={f"{COMPOSE}.project": "shop", f"{COMPOSE}.service": "db"})
    assert (row["compose_project"], row["compose_service"]) == ("shop", "db")
    assert container()["compose_project"] is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, []),
        ({"proxy.depends_on": "a, b"}, ["a", "b"]),
        ({"proxy.depends_on": "", f"{COMPOSE}.depends_on": "c"}, ["c"]),
        ({"proxy.depends_on": "a", f"{COMPOSE}.depends_on": "c"}, ["a"]),
        ({f"{COMPOSE}.depends_on": "db:service_healthy:true,,cache:service_started:false"}, ["db", "cache"]),
        ({f"{COMPOSE}.depends_on": ""}, []),
        ({"proxy.depends_on": "- redis:service_healthy\n- db"}, ["redis", "db"]),
        ({"proxy.depends_on": "[redis, 'db']"}, ["redis", "db"]),
        ({"proxy.depends_on": "redis\ndb\r\n\ncache"}, ["redis", "db", "cache"]),
    ],
)
def test_8_dependencies(labels: dict[str, str], expected: list[str]) -> None:
    assert container(Labels=labels)["dependencies"] == expected


def _in_project(number: str, name: str, service: str, **labels: str) -> dict[str, Any]:
    return summary(
        Id=number, Names=[f"/{name}"], Labels={f"{COMPOSE}.project": "shop", f"{COMPOSE}.service": service, **labels}
    )


def _resolved(*summaries: dict[str, Any]) -> list[tuple[str, str | None]]:
    return snapshot_of(*summaries).dependencies.select("dependency", "resolved_id").rows()


def test_8_a_name_of_compose_is_every_container_of_the_service_in_the_project() -> None:
    depends = {f"{COMPOSE}.depends_on": "db:service_healthy:true,cache:service_started:false,gone"}
    snap = snapshot_of(
        _in_project("1", "shop-web-1", "web", **depends),
        _in_project("3", "shop-db-2", "db"),
        _in_project("2", "shop-db-1", "db"),
        summary(Id="4", Names=["/cache"]),
        _in_project("5", "shop-cache-1", "cache"),
    )
    columns = ("dependency", "condition", "restart", "resolved_id", "source_label")
    assert snap.dependencies.select(columns).rows() == [
        ("db", "service_healthy", True, "2", f"{COMPOSE}.depends_on"),
        ("db", "service_healthy", True, "3", f"{COMPOSE}.depends_on"),
        ("cache", "service_started", False, "5", f"{COMPOSE}.depends_on"),
        ("gone", None, None, None, f"{COMPOSE}.depends_on"),
    ]


def test_8_a_name_of_proxy_is_a_container_first_then_a_service() -> None:
    web = _in_project("1", "shop-web-1", "web", **{"proxy.depends_on": "cache, db:service_healthy:true"})
    others = (summary(Id="4", Names=["/cache"]), _in_project("5", "shop-cache-1", "cache"), _in_project("2", "x", "db"))
    assert _resolved(web, *others) == [("cache", "4"), ("db", "2")]


def test_8_one_off_containers_are_never_meant() -> None:
    web = _in_project("1", "shop-web-1", "web", **{"proxy.depends_on": "db, shop-db-run-1"})
    run = _in_project("2", "shop-db-run-1", "db", **{f"{COMPOSE}.oneoff": "True"})
    assert _resolved(web, run) == [("db", None), ("shop-db-run-1", None)]
    service = _in_project("3", "shop-db-1", "db", **{f"{COMPOSE}.oneoff": "False"})
    assert _resolved(web, run, service) == [("db", "3"), ("shop-db-run-1", None)]


def test_8_what_an_interrupted_recreate_left_behind_is_never_meant() -> None:
    web = _in_project("1", "shop-web-1", "web", **{f"{COMPOSE}.depends_on": "db"})
    old = {**_in_project("2", "0123456789ab_shop-db-1", "db"), "Created": 1}
    new = {**_in_project("3", "shop-db-1", "db"), "Created": 2}
    assert _resolved(web, old, new) == [("db", "3")]
    # Alone it is the container of the service.
    assert _resolved(web, old) == [("db", "2")]
    assert _resolved(web, {**old, "Created": 3}, new) == [("db", "2"), ("db", "3")]


def test_8_a_service_of_another_project_or_host_is_not_meant() -> None:
    web = _in_project("1", "shop-web-1", "web", **{"proxy.depends_on": "db"})
    other = summary(Id="2", Names=["/x"], Labels={f"{COMPOSE}.project": "other", f"{COMPOSE}.service": "db"})
    assert snapshot_of(web, other).dependencies["resolved_id"].to_list() == [None]
    elsewhere = dkf.from_summaries([summary(Id="2", Names=["/db"])], host="elsewhere")
    assert dkf.concat([snapshot_of(web), elsewhere]).dependencies["resolved_id"].to_list() == [None]


@pytest.mark.parametrize(
    ("own", "reasons"),
    [
        ({"Mounts": [{"Destination": "/var/lib/mysql"}]}, ["mount:/var/lib/mysql"]),
        ({"Mounts": [{"Destination": "/var/lib/mysql/"}]}, []),
        ({"Ports": [{"PrivatePort": 6379, "PublicPort": 1}, {"PrivatePort": 5432}, {"PrivatePort": 6379}]}, ["port:5432", "port:6379"]),
        ({"Ports": [{"PrivatePort": 80, "PublicPort": 5432}]}, []),
        ({"Image": "bitnami/mariadb:11"}, ["image:mariadb"]),
        ({"Image": "selenium/standalone"}, ["author:selenium"]),
        ({"Image": "zabbix/postgres", "Ports": [{"PrivatePort": 3306}], "Mounts": [{"Destination": "/var/lib/rabbitmq"}]},
         ["mount:/var/lib/rabbitmq", "port:3306", "image:postgres", "author:zabbix"]),
        ({"Image": "getwud/wud"}, []),
        ({"Image": "sha256:abc"}, []),
    ],
)  # fmt: skip
def test_9_blacklist(own: dict[str, Any], reasons: list[str]) -> None:
    row = container(**own)
    assert row["blacklist_reasons"] == reasons
    assert row["is_blacklisted"] is bool(reasons)


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        *(({"Mounts": [{"Destination": f"/var/lib/{folder}"}]}, f"mount:/var/lib/{folder}") for folder in (
            "postgresql/data", "mysql", "mongodb", "mariadb", "memcached", "rabbitmq",
        )),
        *(({"Ports": [{"PrivatePort": port}]}, f"port:{port}") for port in (5432, 3306, 6379, 11211, 27017)),
        *(({"Image": f"org/{name}:1"}, f"image:{name}") for name in (
            "postgres", "mysql", "mariadb", "redis", "memcached", "mongo", "rabbitmq", "couchdb", "neo4j", "telegraf",
            "elasticsearch", "meilisearch", "kibana", "solr",
        )),
        *(({"Image": f"{author}/x"}, f"author:{author}") for author in (
            "selenium", "browserless", "zenika", "zabbix", "moby", "docker",
        )),
    ],
)  # fmt: skip
def test_9_every_entry_of_the_blacklist(own: dict[str, Any], reason: str) -> None:
    assert container(**own)["blacklist_reasons"] == [reason]


def test_9_mounts_and_ports_are_sorted_and_named_once() -> None:
    mounts = [{"Destination": f"/var/lib/{name}"} for name in ("rabbitmq", "mysql", "mysql")]
    ports = [{"PrivatePort": port} for port in (27017, 3306, 27017)]
    assert container(Mounts=mounts, Ports=ports)["blacklist_reasons"] == [
        "mount:/var/lib/mysql", "mount:/var/lib/rabbitmq", "port:3306", "port:27017",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("unix:///var/run/docker.sock", True), ("tcp://localhost:2375", True), ("tcp://127.0.0.1:2375", True),
        ("tcp://127.9.9.9:1", True), ("tcp://[::1]:2375", True), ("tcp://0.0.0.0:2375", True), ("tcp://[::]:2375", True),
        ("tcp://10.0.0.1:2375", False), ("ssh://ops@docker1", False), ("agent://10.0.0.1:8890", False),
        ("tcp://localhost.example.com:1", False), ("tcp://1127.0.0.1:1", False),
    ],
)  # fmt: skip
def test_10_local_hosts(url: str, local: bool) -> None:
    assert (container(url=url)["public_hostname"] == "127.0.0.1") is local


def test_10_the_host_of_docker_host_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", REMOTE)
    assert container(url=REMOTE)["public_hostname"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (REMOTE, "docker1.local"),
        ("ssh://ops@10.1.2.3", "10.1.2.3"),
        ("tcp://[2001:db8::1]:2375", "2001:db8::1"),
        ("agent://10.0.0.5:8890", "10.0.0.5"),
    ],
)
def test_10_public_hostname(url: str, expected: str) -> None:
    assert container(url=url)["public_hostname"] == expected
    assert container(url=url, State="exited")["public_hostname"] is None


def _networks(**addresses: str | None) -> dict[str, Any]:
    return {
        "Networks": {name: None if address is None else {"IPAddress": address} for name, address in addresses.items()}
    }


@pytest.mark.parametrize(
    ("networks", "wanted", "network", "address"),
    [
        (_networks(b="2", a="1"), None, "a", "1"),
        (_networks(a="", b="2"), None, "b", "2"),
        (_networks(a=None, b=""), None, None, None),
        (_networks(ingress="1", web="2"), None, "web", "2"),
        (_networks(ingress="1", web=""), None, "ingress", "1"),
        ({"Networks": {"a": {"IPAddress": "", "GlobalIPv6Address": "2001:db8::2"}}}, None, "a", "2001:db8::2"),
        ({"Networks": {"a": {"IPAddress": "1", "GlobalIPv6Address": "2001:db8::2"}}}, "a", "a", "1"),
        (_networks(a="1", front="2"), "front", "front", "2"),
        (_networks(a="1", shop_front="2"), "front", "shop_front", "2"),
        (_networks(a="1", front="", shop_front="2"), "front", "front", None),
        (_networks(a="1", front=None), "front", "front", None),
        (_networks(a="1"), "front", "front", None),
    ],
)
def test_10_private_hostname(
    networks: dict[str, Any], wanted: str | None, network: str | None, address: str | None
) -> None:
    labels = {f"{COMPOSE}.project": "shop", **({"proxy.network": wanted} if wanted else {})}
    for url in ("unix:///var/run/docker.sock", "agent://10.0.0.5:8890"):
        row = container(url=url, Labels=labels, NetworkSettings=networks)
        assert (row["network"], row["private_hostname"]) == (network, address)
    row = container(url=REMOTE, Labels=labels, NetworkSettings=networks)
    assert (row["network"], row["private_hostname"]) == (wanted, None)


@pytest.mark.parametrize("other", ["vpn-id", "vpn"])
def test_10_a_container_in_the_network_of_another_has_its_addresses_and_published_ports(other: str) -> None:
    ports = [{"PrivatePort": 8080, "PublicPort": 80, "Type": "tcp"}, {"PrivatePort": 5432, "Type": "tcp"}]
    vpn = summary(Id="vpn-id", Names=["/vpn"], Ports=ports, NetworkSettings=_networks(front="172.18.0.9"))
    web = summary(Id="1", HostConfig={"NetworkMode": f"container:{other}"}, NetworkSettings={"Networks": {}})
    row = snapshot_of(web, vpn).containers.row(0, named=True)
    assert (row["network"], row["private_hostname"]) == ("front", "172.18.0.9")
    assert [one["public_port"] for one in row["public_ports"]] == [80]
    assert (row["ports"], row["networks"], row["blacklist_reasons"]) == ([], {}, [])
    route = snapshot_of(web, vpn).routes.row(0, named=True)
    assert (route["target_host"], route["target_port"]) == ("172.18.0.9", 8080)
    elsewhere = snapshot_of(web).containers.row(0, named=True)
    assert (elsewhere["private_hostname"], elsewhere["public_ports"]) == (None, [])


def test_10_network_that_is_not_there_suggests_the_nearest() -> None:
    snap = snapshot_of(summary(Labels={"proxy.network": "frnt"}, NetworkSettings=_networks(back="1", front="2")))
    assert snap.errors.select("kind", "label").rows() == [("network_not_found", "proxy.network")]
    assert "did you mean 'front'?" in snap.errors["message"].item()


def test_10_no_network() -> None:
    snap = dkf.from_summaries([summary(NetworkSettings=None)], url="tcp:///")
    assert snap.errors["kind"].to_list() == ["no_network"]


def test_11_idle_settings_and_their_defaults() -> None:
    row = labelled(idle_timeout="1h30m")
    assert (row["idle_timeout"], row["wake_timeout"], row["stop_timeout"]) == (
        timedelta(minutes=90), timedelta(minutes=3), timedelta(minutes=1),
    )  # fmt: skip
    assert (row["stop_method"], row["stop_signal"], row["start_endpoint"], row["no_loading_page"]) == (
        "stop",
        "",
        "",
        False,
    )
    everything = labelled(
        idle_timeout="500ms",
        wake_timeout="1.5s",
        stop_timeout="10s",
        stop_method="kill",
        stop_signal="HUP",
        start_endpoint="/a#b",
        no_loading_page="t",
    )
    assert (everything["idle_timeout"], everything["wake_timeout"]) == (
        timedelta(milliseconds=500),
        timedelta(seconds=1.5),
    )
    assert everything["stop_timeout"] == timedelta(seconds=10)
    assert (everything["stop_signal"], everything["start_endpoint"], everything["no_loading_page"]) == (
        "HUP",
        "/a",
        True,
    )


@pytest.mark.parametrize("idle", [{}, {"idle_timeout": ""}, {"stop_method": "nonsense"}])
def test_11_only_with_an_idle_timeout(idle: dict[str, str]) -> None:
    row = labelled(**idle)
    assert row["idle_timeout"] is None
    assert row["stop_method"] is None
    assert errors({f"proxy.{name}": text for name, text in idle.items()}) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("idle_timeout", "soon"), ("idle_timeout", "10"), ("stop_timeout", "10"), ("idle_timeout", "1h 30m"), ("wake_timeout", "10"),
        ("idle_timeout", "99999999999h"), ("stop_timeout", "1x"), ("stop_method", "STOP"), ("stop_signal", "SIGUSR1"), ("start_endpoint", "start"),
        ("start_endpoint", "#top"), ("start_endpoint", "/%zz"), ("no_loading_page", "yes"), ("idle_timeout", "１h30m"), ("stop_timeout", "５"),
    ],
)  # fmt: skip
def test_11_one_bad_value_takes_the_idle_configuration(name: str, text: str) -> None:
    idle = {"idle_timeout": "10s", name: text}
    assert labelled(**idle)["idle_timeout"] is None
    assert errors({f"proxy.{one}": value for one, value in idle.items()}) == [("invalid_idle", f"proxy.{name}")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("stop_method", method) for method in ("pause", "stop", "kill")),
        *(("stop_signal", prefix + name) for name in ("INT", "TERM", "KILL", "QUIT", "HUP") for prefix in ("SIG", "")),
        *(("start_endpoint", path) for path in ("/", "/a%2Fb", "/a?b=c")),
    ],
)
def test_11_every_choice_is_valid(name: str, text: str) -> None:
    row = labelled(idle_timeout="10s", **{name: text})
    assert (row["idle_timeout"], row[name]) == (timedelta(seconds=10), text)


@pytest.mark.parametrize(("zero", "default"), [("wake_timeout", 180), ("stop_timeout", 60)])
def test_11_a_timeout_of_zero_stands_for_its_default(zero: str, default: int) -> None:
    assert labelled(idle_timeout="10s", **{zero: "0s"})[zero] == timedelta(seconds=default)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1us", 1), ("1µs", 1), ("1μs", 1), ("1999ns", 1), ("3ms", 3_000), ("1.5s", 1_500_000), (".5s", 500_000),
        ("2.s", 2_000_000), ("+1m", 60_000_000), ("2h", 7_200_000_000), ("9223372036s", 9_223_372_036_000_000),
    ],
)  # fmt: skip
def test_11_units_down_to_nanoseconds(text: str, microseconds: int) -> None:
    assert labelled(idle_timeout=text)["idle_timeout"] == timedelta(microseconds=microseconds)


@pytest.mark.parametrize("text", ["9223372037s", "1h-5m", "1 h", "s", ".s", "00"])
def test_11_other_texts_are_not_durations(text: str) -> None:
    assert labelled(idle_timeout=text)["idle_timeout"] is None
    assert errors({"proxy.idle_timeout": text}) == [("invalid_idle", "proxy.idle_timeout")]


@pytest.mark.parametrize("off", ["0", "0s", "-5s", "-1h"])
def test_11_zero_and_negative_timeouts_mean_no_idle_watcher(off: str) -> None:
    others = {"stop_method": "STOP", "stop_signal": "SIGUSR1", "start_endpoint": "start"}
    row = labelled(idle_timeout=off, **others)
    assert (row["idle_timeout"], row["stop_method"]) == (None, None)
    labels = {f"proxy.{name}": text for name, text in {"idle_timeout": off, **others}.items()}
    assert errors(labels) == []
    assert errors({**labels, "proxy.wake_timeout": "10"}) == [("invalid_idle", "proxy.wake_timeout")]
    assert errors({**labels, "proxy.no_loading_page": "yes"}) == [("invalid_idle", "proxy.no_loading_page")]


@pytest.mark.parametrize(("text", "days"), [("2d", 2), ("1w", 7), ("1M", 30), ("1d12h", 1.5), ("0.5w", 3.5)])
def test_11_days_weeks_and_months_are_units(text: str, days: float) -> None:
    assert labelled(idle_timeout=text)["idle_timeout"] == timedelta(days=days)


PORTS_80_81 = [{"PrivatePort": 81, "Type": "tcp"}, {"PrivatePort": 80, "Type": "tcp"}]


@pytest.mark.parametrize(
    ("labels", "own", "expected"),
    [
        ({}, {"Ports": PORTS_80_81}, ("http", 80, None)),
        ({}, {"Ports": [{"PrivatePort": 9001}, {"PrivatePort": 9000}]}, ("http", 9000, None)),
        ({}, {"Ports": [{"PrivatePort": 8443}]}, ("https", 8443, None)),
        ({}, {}, ("http", None, None)),
        ({"port": "81"}, {"Ports": PORTS_80_81}, ("http", 81, None)),
        ({"port": "9000:81"}, {}, ("tcp", 81, 9000)),
        ({"port": ":81"}, {}, ("http", 81, None)),
        ({"port": "9000:0"}, {"Ports": PORTS_80_81}, ("tcp", 80, 9000)),
        ({}, {"Names": ["/Portainer"]}, ("https", 9443, None)),
        ({"scheme": "https"}, {"Image": "postgres"}, ("https", 5432, None)),
        ({}, {"Image": "org/postgres:16"}, ("tcp", 5432, None)),
        ({}, {"Names": ["/portainer"]}, ("https", 9443, None)),
        ({}, {"Names": ["/portainer"], "Image": "nginx"}, ("http", 80, None)),
        ({"port": "53"}, {"Ports": [{"PrivatePort": 53, "PublicPort": 53, "Type": "udp"}]}, ("udp", 53, None)),
    ],
)
def test_12_scheme_and_port(labels: dict[str, str], own: dict[str, Any], expected: tuple[str, int, int]) -> None:
    name = own.get("Names", ["/web"])[0][1:]
    row = route(**own, Labels={f"proxy.{name}.{field}": text for field, text in labels.items()})
    assert (row["scheme"], row["target_port"], row["listening_port"]) == expected


def test_12_target_host() -> None:
    assert route()["target_host"] == "172.17.0.2"
    assert route(url=REMOTE)["target_host"] == "docker1.local"
    assert route(Labels={"proxy.web.host": "Example.COM"})["target_host"] == "example.com"


def test_12_published_ports_outside_private_ports_inside() -> None:
    published = [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]
    assert route(Ports=published)["target_port"] == 80
    assert route(Ports=published, Labels={"proxy.web.port": "8080"})["target_port"] == 80
    assert route(url=REMOTE, Ports=published)["target_port"] == 8080
    assert route(url=REMOTE, Ports=published, Labels={"proxy.web.port": "80"})["target_port"] == 8080
    assert route(url=REMOTE, Ports=[{"PrivatePort": 80}])["target_port"] is None


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"Ports": PORTS_80_81}, None),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.network": "gone"}}, "error"),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.idle_timeout": "soon"}}, "error"),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.web.no_tls_verify": "maybe"}}, None),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.exclude": "yes"}}, None),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.web": "{"}}, None),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.#9.port": "1"}}, None),
        ({"Ports": PORTS_80_81, "Labels": {"proxy.exclude": "1"}}, "manual"),
        ({}, "no_port"),
        ({"Labels": {"proxy.idle_timeout": "1m"}}, None),
        ({"Labels": {"proxy.idle_timeout": "0"}}, "no_port"),
        ({"Image": "redis"}, "blacklisted"),
        ({"Image": "redis", "Labels": {"proxy.web.port": "1"}}, None),
        ({"Names": ["/buildx_x"], "Ports": PORTS_80_81}, "buildx"),
        ({"Names": ["/x-anchor"], "Ports": PORTS_80_81}, "yaml_anchor"),
        ({"Names": ["/web-old"], "Ports": PORTS_80_81}, "renaming"),
        ({"Names": ["/Web-OLD"], "Ports": PORTS_80_81}, "renaming"),
        ({"Names": ["/x-web-old"]}, "no_port"),
    ],
)
def test_12_excluded_reason(own: dict[str, Any], reason: str | None) -> None:
    assert route(**own)["excluded_reason"] == reason


def test_12_a_failed_check_of_one_route_leaves_the_other() -> None:
    labels = {"proxy.aliases": "a,b", "proxy.a.agent": "x", "proxy.a.port": "80", "proxy.b.port": "80"}
    assert snapshot_of(summary(Labels=labels)).routes.select("alias", "excluded_reason").rows() == [
        ("a", "error"),
        ("b", None),
    ]


def test_12_a_port_of_an_engine_that_is_0_is_none() -> None:
    published = [{"PrivatePort": 80, "PublicPort": 0, "Type": "tcp"}]
    assert route(url=REMOTE, Ports=published)["target_port"] is None
    published = [{"PrivatePort": 0, "PublicPort": 8080, "Type": "tcp"}]
    assert route(Ports=published, Labels={"proxy.web.port": "8080"})["target_port"] == 8080


def test_12_well_known_ports_are_those_of_the_specification() -> None:
    known = {
        **{("image", name): port for name, port in BY_IMAGE.items()},
        **{("alias", name): port for name, port in BY_ALIAS.items()},
    }
    assert known == WELL_KNOWN


def test_12_well_known_ports_are_those_of_the_published_page() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/labels.md").read_text()
    rows = re.findall(r"^\| ([a-z0-9., -]+) \| (https?|tcp) (\d+) \|$", page, re.MULTILINE)
    published = {("image", name): (scheme, int(port)) for names, scheme, port in rows for name in names.split(", ")}
    aliases = re.findall(r"`(\w+)`(?: is)? (https) (\d+)", page)
    published |= {("alias", name): (scheme, int(port)) for name, scheme, port in aliases}
    assert published == WELL_KNOWN


def test_12_typed_fields() -> None:
    labels = {
        "no_tls_verify": "true",
        "response_header_timeout": "30s",
        "max_conns_per_host": "7",
        "spa": "0",
        "homepage.name": "X",
    }
    row = route(Labels={f"proxy.web.{name}": text for name, text in labels.items()})
    assert row["no_tls_verify"] is True
    assert row["response_header_timeout"] == timedelta(seconds=30)
    assert row["max_conns_per_host"] == 7
    assert row["spa"] is False
    assert row["disable_compression"] is None
    assert row["fields"] == dict(sorted(labels.items()))
