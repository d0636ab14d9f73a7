"""The vectorized columns and effective routes against plain ones, on generated containers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from tests.spec.reference import resolve
from tests.spec.reference_of_containers import container, edges
from tests.spec.reference_of_routes import excluded_reason, failed_checks, read, route
from tests.summaries import snapshot_of

if TYPE_CHECKING:
    import random

FIELD_KINDS = {"unknown_field", "invalid_value"}
EXCLUDING = {"network_not_found", "no_network", "invalid_idle"}
OWN_KINDS = {"invalid_bool", "network_not_found", "no_network", "invalid_idle"}

URLS = st.sampled_from([
    "unix:///var/run/docker.sock", "tcp://localhost:2375", "tcp://127.3.2.1:2375", "tcp://[::1]:2375", "tcp://0.0.0.0:1",
    "tcp://10.0.0.1:2375", "ssh://ops@docker1.local", "agent://10.0.0.5:8890", "tcp://[2001:db8::1]:2375",
    "tcp://localhost.example.com:1",
])  # fmt: skip
NUMBERS = st.sampled_from([80, 443, 8080, 8443, 3000, 5432, 53, 1443, 9000, 9001, 6379, 0, None])
BINDINGS = st.fixed_dictionaries({
    "IP": st.sampled_from(["0.0.0.0", "::", "", None]), "PrivatePort": NUMBERS, "PublicPort": NUMBERS,
    "Type": st.sampled_from(["tcp", "udp", "sctp"]),
})  # fmt: skip
DURATIONS = st.sampled_from([
    "", "1h30m", "500ms", "10s", "10", "0", "0s", "soon", "1.5h", ".5s", "1.s", "s", "1h 30m", "-5s", "+5s", "１h30m", "1h２m",
    "1µs", "1500ns", "99999999999h", "1h1", "５", "1d", "2w", "1M", "1.5d", "-0", "+0", "1D",
])  # fmt: skip
TEXTS = st.sampled_from(["", "1", "true", "T", "yes", "0", "False", "no", "１"])
NAMES = st.sampled_from(["web", "db", "x-web", "Web-Old", "buildx_0", "Portainer", "adguard-home", "nginx", ""])
FIELD_TEXTS = {
    "port": [
        "", "80", "0", "0080", "9000:80", "9000:", ":80", ":", "8443:443", "53", "1443", "65535", "65536", "1:2:3", "-1", "+1", "８０",
        "99999999999999999999", "8080", "http", "80 ", "000000000000000000000443", "443:8443",
    ],
    "Port_": ["81", "x", ""],
    "scheme": ["", "https", "tcp", "udp", "h2c", "HTTPS", "fileserver"],
    "host": ["", "Example.COM", "docker1.local", "127.0.0.1", "localhost", "bad host", "::1", "a:b"],
    "bind": ["", "0.0.0.0", "127.0.0.1", "127.0.0.1:80", "nowhere", "::"],
    "root": ["/srv", "srv", ""],
    "no_tls_verify": ["true", "maybe", "", "1"],
    "noTLSVerify": ["true", "0"],
    "no-tls-verify": ["true"],
    "response_header_timeout": ["30s", "x", "1h２m", "", "1d", "30"],
    "max_conns_per_host": ["7", "-1", "７", "99999999999999999999", "", "+8", "1_000"],
    "agent": ["", "10.0.0.1:8890"],
    "inbound_mtls_profile": ["corp", ""],
    "rule_file": ["rules.yml", "embed://webui.yml", "embed://nope.yml", "/etc/rules.yml", "http://x/y", ""],
    "relay_proxy_protocol_header": ["true", "false", "yes"],
    "tls_termination": ["true", "0", ""],
    "ssl_certificate": ["/a.pem", ""],
    "ssl_certificate_key": ["/a.key", ""],
    "ssl_protocols": ["tlsv1.2, TLSv1.3", "sslv3", ""],
    "healthcheck.disable": ["true", "f", ""],
    "healthcheck.Disabled": ["true"],
    "healthcheck.interval": ["10s", "500ms", "10", "0", ""],
    "load_balance.link": ["group", ""],
    "homepage.name": ["A", ""],
    "homepage.titel": ["A"],
    "prot": ["tcp", ""],
    "middlewares.redirect_http": [""],
    "middlewares.redirectHTTP.x": ["1"],
    "middlewares.rate_limit.average": ["1", "0", "", "x"],
    "middlewares.rate_limit.burst": ["2", ""],
    "middlewares.Request.Set_Headers.X-A": ["b"],
    "middlewares.nope": [""],
}  # fmt: skip
FIELDS = st.sampled_from([(name, text) for name, texts in FIELD_TEXTS.items() for text in texts])
HEADS = st.sampled_from(["web", "a", "b-old", "x-c", "*", "#1", "#2", "#１", "$1"])
OTHERS = st.fixed_dictionaries({}, optional={
    "proxy.aliases": st.sampled_from(["", "a", "a, b-old", " , ", "x-c\ta", "web", "A", "X-c, b-OLD"]),
    "proxy.exclude": TEXTS,
    "proxy.network": st.sampled_from(["", "front", "back", "gone"]),
    "proxy.idle_timeout": DURATIONS,
    "proxy.wake_timeout": DURATIONS,
    "proxy.stop_timeout": DURATIONS,
    "proxy.stop_method": st.sampled_from(["", "stop", "kill", "pause", "STOP"]),
    "proxy.stop_signal": st.sampled_from(["", "SIGINT", "HUP", "SIGUSR1"]),
    "proxy.start_endpoint": st.sampled_from(["", "/", "/a#b", "#b", "a", "/%zz", "/%20", "/a b", "/é"]),
    "proxy.no_loading_page": TEXTS,
    "proxy.depends_on": st.sampled_from(["", "a, b", ",", "db:service_healthy:true,c", "- a\n- b:x", "[a, 'b']", "a\nb", "-"]),
    "com.docker.compose.depends_on": st.sampled_from(["", "c:service_started:false, ,d"]),
    "com.docker.compose.project": st.sampled_from(["", "shop"]),
    "com.docker.compose.service": st.sampled_from(["", "db"]),
    "com.docker.swarm.service.name": st.sampled_from(["", "shop_web"]),
    "org.opencontainers.image.version": st.sampled_from(["", "1.2"]),
    "other": TEXTS,
})  # fmt: skip
NETWORKS = st.dictionaries(
    st.sampled_from(["front", "shop_front", "back", "_front", "ingress", "zone"]),
    st.none()
    | st.fixed_dictionaries(
        {
            "IPAddress": st.sampled_from(["", "172.18.0.2", "172.19.0.3"]),
            "GlobalIPv6Address": st.sampled_from(["", "2001:db8::2", None]),
        }
    ),
    max_size=3,
)
SUMMARIES = st.fixed_dictionaries({
    "Names": st.none() | st.lists(NAMES.map(lambda name: f"/{name}"), max_size=2),
    "Image": st.sampled_from([
        "nginx", "nginx:1.27", "postgres:16", "org/redis", "reg.local:5000/team/app:2", "localhost/app", "localhost:5000/app",
        "zabbix/agent", "docker.io/selenium/hub", "app@sha256:ab", "reg.io/a/b:1@sha256:cd", "sha256:abcd", "portainer/portainer-ce",
        "foo.bar", "a/b/c", "", "<none>", "<none>:<none>", "a" * 64, "deadbeef", "deadbe", "decade0", "DEADBEEF",
    ]),
    "ImageID": st.sampled_from(["sha256:ab", "ab", "", None, "sha256:deadbeefdecade0"]),
    "Ports": st.none() | st.lists(BINDINGS, max_size=5),
    "Mounts": st.none() | st.lists(st.fixed_dictionaries({"Destination": st.sampled_from(["/var/lib/mysql", "/data", "/var/lib/mysql/", "/var/lib/postgresql/data"])}), max_size=3),
    "State": st.sampled_from(["running", "exited", "paused", "restarting", None]),
    "Status": st.sampled_from(["Up 2 hours", "running", "Up (healthy)", "Up 1 second (health: starting)", "Up (unhealthy) ", "(healthy) no", None]),
    "Health": st.sampled_from([None, {"Status": "unhealthy"}, {"Status": ""}, {"Status": "none", "FailingStreak": 0}]),
    "HostConfig": st.sampled_from([
        None, {"NetworkMode": "host"}, {"NetworkMode": "bridge"}, {"NetworkMode": "container:0"}, {"NetworkMode": "container:web"},
    ]),
    "NetworkSettings": st.none() | st.fixed_dictionaries({"Networks": st.none() | NETWORKS}),
    "Labels": st.builds(
        lambda fields, others: {f"proxy.{head}.{name}": text for head, (name, text) in fields} | others,
        st.lists(st.tuples(HEADS, FIELDS), max_size=4),
        OTHERS,
    ),
})  # fmt: skip


@pytest.mark.timeout(900)
@settings(max_examples=100)
@given(st.lists(SUMMARIES, min_size=40, max_size=120), URLS, st.sampled_from(["alias", "wildcard"]))
def test_columns_and_routes_are_those_of_the_plain_rules(summaries, url, precedence) -> None:
    """labels.md, sections 1 to 5 and 7 to 13."""
    summaries = [{"Id": str(number), **one} for number, one in enumerate(summaries)]
    snap = snapshot_of(*summaries, url=url, precedence=precedence)
    rows = snap.containers.to_dicts()
    routes = _by_container(snap.routes.to_dicts())
    errors = _by_container(snap.errors.to_dicts())
    for one, row in zip(summaries, rows, strict=True):
        expected, own = container(one, url, summaries)
        assert {name: row[name] for name in expected} == expected, one
        found = {(error["kind"], error["label"]) for error in errors.get(one["Id"], [])}
        # A label of a route may have an empty alias, too.
        assert {(kind, label) for kind, label in found if kind in OWN_KINDS or label == "proxy.aliases"} == own, one
        wanted, wrong = _expected(one, expected, own, precedence, url)
        assert _routes(routes.get(one["Id"], [])) == wanted, one
        assert {(kind, label) for kind, label in found if kind in FIELD_KINDS} == wrong, one


def _shuffled(value: Any, shuffle: random.Random, key: str = "") -> Any:
    """What an engine sends, with every list and map in another order; the first of `Names` is the container's."""
    if isinstance(value, dict):
        return {name: _shuffled(value[name], shuffle, name) for name in shuffle.sample(sorted(value), len(value))}
    if isinstance(value, list) and key != "Names":
        return shuffle.sample(value, len(value))
    return value


@pytest.mark.timeout(900)
@settings(max_examples=50)
@given(st.lists(SUMMARIES, max_size=30), URLS, st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_what_an_engine_sends(summaries, url, shuffle: random.Random) -> None:
    """labels.md, section 3."""
    summaries = [{"Id": str(number), **one} for number, one in enumerate(summaries)]
    snap = snapshot_of(*summaries, url=url)
    other = snapshot_of(*(_shuffled(one, shuffle) for one in summaries), url=url)
    for name, table in snap.tables.items():
        if name != "hosts":
            # Labels of containers stay in the order in which they are sent.
            maps = ["labels"] if name == "containers" else []
            assert other.tables[name].drop(maps).to_dicts() == table.drop(maps).to_dicts(), name


NAMED = st.fixed_dictionaries({
    "Names": st.sampled_from([None, ["/w"], ["/x"], ["/y"], ["/0123456789ab_w"]]),
    "Created": st.sampled_from([1, 2, 3]),
    "Labels": st.fixed_dictionaries({}, optional={
        "proxy.depends_on": st.sampled_from(["", "w", "x, y", "db", "w:service_healthy:true", "web:c", ":a:b", " ,w", "z:service_started:maybe", "0123456789ab_w"]),
        "com.docker.compose.depends_on": st.sampled_from(["", "db:service_started:false", "x", "w:service_healthy:true"]),
        "com.docker.compose.oneoff": st.sampled_from(["True", "False"]),
        "com.docker.compose.project": st.sampled_from(["shop", "wiki", ""]),
        "com.docker.compose.service": st.sampled_from(["db", "web", "w", ""]),
    }),
})  # fmt: skip


@settings(max_examples=100)
@given(st.lists(NAMED, max_size=8), st.lists(NAMED, max_size=8))
def test_dependencies_mean_the_containers_of_the_plain_rules(first, second) -> None:
    """labels.md, section 8."""
    hosts = {
        host: [{"Id": f"{host}{number}", **one} for number, one in enumerate(summaries)]
        for host, summaries in (("a", first), ("b", second))
    }
    found = dkf.from_bodies({host: json.dumps(summaries).encode() for host, summaries in hosts.items()}).dependencies
    assert found.drop("host").rows() == [
        (one["Id"], *edge) for summaries in hosts.values() for one in summaries for edge in edges(one, summaries)
    ]


def _routes(routes: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    columns = ("target_host", "scheme", "target_port", "listening_port", "excluded_reason")
    return {one["alias"]: tuple(one[name] for name in columns) for one in routes}


def _expected(summary, row, own, precedence, url) -> tuple[dict[str, tuple[Any, ...]], set[tuple[str, str]]]:
    rows, _, aliases = resolve(summary["Labels"], row["container_name"], precedence)
    found, errors = {}, set()
    for alias in aliases:
        fields = {path: value for other, path, value, *_ in rows if other == alias}
        sources = {path: label for other, path, _, label, _ in rows if other == alias}
        values, wrong, _ = read(fields, sources, precedence)
        errors |= wrong
        reached = route(row, alias, values)
        reached["excluded_reason"] = excluded_reason(row, alias, reached["target_port"])
        has_error = any(kind in EXCLUDING for kind, _ in own)
        if has_error or failed_checks(row, reached, values, fields, url):
            reached["excluded_reason"] = "error"
        del reached["port"]
        if reached["scheme"] == "fileserver" and reached["excluded_reason"] is None:
            reached |= {"target_host": None, "target_port": None}
        found[alias] = tuple(reached.values())
    return found, errors


def _by_container(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["container_id"], []).append(row)
    return found
