"""labels.md, section 13: names, types and checks of route fields, one table row for each alternative."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._derive.routes.checks import CHECKS
from dockerframe._derive.routes.known_fields import value_types
from dockerframe._derive.routes.labels import SHORTCUTS
from tests.summaries import errors, fields, route, snapshot_of, summary

REMOTE = "tcp://docker1.local:2375"
PORT = [{"PrivatePort": 8081, "Type": "tcp"}]
UNPUBLISHED_80 = {"Ports": [{"PrivatePort": 80, "Type": "tcp"}]}


def _labels(**own: str) -> dict[str, str]:
    """Labels of the alias `web`, whose names have `__` for a dot."""
    return {f"proxy.web.{name.replace('__', '.')}": text for name, text in own.items()}


def _messages(labels: dict[str, str], **own: Any) -> list[str]:
    return snapshot_of(summary(Labels=labels, Ports=PORT, **own)).errors["message"].to_list()


def _checks(labels: dict[str, str], url: str = "unix:///var/run/docker.sock", **own: Any) -> list[str]:
    """The checks that the routes of a container fail."""
    snap = snapshot_of(summary(**{"Labels": labels, "Ports": PORT, **own}), url=url)
    found = snap.errors.filter(pl.col("kind") == "invalid_route")["message"].str.extract(r"\((\w+)\)").to_list()
    assert ("error" in snap.routes["excluded_reason"].to_list()) is bool(found)
    return sorted(found)


@pytest.mark.parametrize(
    ("field", "column", "text", "value"),
    [
        ("Port", "target_port", "81", 81),
        ("port_", "target_port", "81", 81),
        ("_host", "target_host", "backend", "backend"),
        ("HOST", "target_host", " Backend.LAN ", "backend.lan"),
        ("noTLSVerify", "no_tls_verify", "T", True),
        ("NO_TLS_VERIFY", "no_tls_verify", "0", False),
        ("Scheme", "scheme", "h2c", "h2c"),
        ("maxConnsPerHost", "max_conns_per_host", "+7", 7),
        ("relayproxyprotocolheader", "relay_proxy_protocol_header", "false", False),
    ],
)
def test_1_a_field_is_found_regardless_of_case_and_underscores(
    field: str, column: str, text: str, value: object
) -> None:
    labels = {f"proxy.web.{field}": text}
    assert route(Labels=labels, Ports=PORT)[column] == value
    assert fields(labels) == {("web", field): text}
    assert errors(labels, Ports=PORT) == []


@pytest.mark.parametrize("field", ["HEALTHCHECK.UseGet", "healthcheck.Disabled", "homepage.desc", "access_log.Keep.days",
                                   "LoadBalance.Sticky_Max_Age", "homepage.widget.anything.below", "Middlewares.OIDC.Scopes",
                                   "load_balance.options.any", "proxmox.service", "healthcheck", "idlewatcher.stopMethod", "PathLike"])  # fmt: skip
def test_1_and_2_the_same_holds_at_every_depth(field: str) -> None:
    found = {kind for kind, _ in errors({f"proxy.web.{field}": ""}, Ports=PORT)}
    assert found == ({"unknown_field"} if field == "PathLike" else {"invalid_value"} if "Keep" in field else set())


def test_1_of_two_spellings_the_one_that_names_the_alias_wins_then_the_one_that_sorts_last() -> None:
    labels = {"proxy.web.port": "81", "proxy.*.Port": "82"}
    assert route(Labels=labels)["target_port"] == 81
    assert snapshot_of(summary(Labels=labels), precedence="wildcard").routes["target_port"].to_list() == [82]
    assert route(Labels={"proxy.web.port": "81", "proxy.web.Port": "82"})["target_port"] == 81


@pytest.mark.parametrize(
    ("field", "at", "nearest"),
    [
        ("prot", "prot", "port"),
        ("no-tls-verify", "no-tls-verify", "no_tls_verify"),
        ("path_patterns", "path_patterns", None),
        ("healthcheck.use-get", "healthcheck.use-get", "healthcheck.use_get"),
        ("HomePage.catgory", "HomePage.catgory", "HomePage.category"),
        ("access_log.filters.hots.values", "access_log.filters.hots", "access_log.filters.host"),
        ("port.x", "port.x", None),
    ],
)
@pytest.mark.parametrize("text", ["x", ""])
def test_3_an_unknown_field_names_the_label_and_the_nearest(
    field: str, at: str, nearest: str | None, text: str
) -> None:
    labels = {f"proxy.web.{field}": text}
    assert ("unknown_field", f"proxy.web.{field}") in errors(labels, Ports=PORT)
    message = next(one for one in _messages(labels) if "is not a field" in one)
    assert message.startswith(f"{at} of route web is not a field of a route;")
    assert nearest is None or message.endswith(f"did you mean '{nearest}'?")
    assert route(Labels=labels, Ports=PORT)["excluded_reason"] is None


def test_3_the_route_keeps_its_other_fields() -> None:
    row = route(Labels=_labels(prot="x", scheme="https", port="81"))
    assert (row["scheme"], row["target_port"], row["excluded_reason"]) == ("https", 81, None)


def test_3_one_error_for_a_wildcard_whatever_the_number_of_aliases() -> None:
    labels = {"proxy.aliases": "a,b,c,d,e", "proxy.*.prot": "x", "proxy.*.scheme": "htttp"}
    assert errors(labels, Ports=PORT) == [("invalid_value", "proxy.*.scheme"), ("unknown_field", "proxy.*.prot")]
    assert any("of routes a, b, c and 2 more" in one for one in _messages(labels))


@pytest.mark.parametrize("field", ["port", "scheme", "bind", "no_tls_verify", "response_header_timeout", "max_conns_per_host",
                                   "healthcheck", "healthcheck.interval", "rules", "ssl_protocols", "access_log"])  # fmt: skip
def test_4_an_empty_text_is_not_set(field: str) -> None:
    assert errors({f"proxy.web.{field}": ""}, Ports=PORT) == []


VALUES = [
    ("no_tls_verify", ["1", "t", "True", "f", "FALSE"], ["yes", "on", " true", "2"]),
    ("max_conns_per_host", ["0", "+5", "-5", "007"], ["0x10", "1_000", "1.5", "99999999999999999999", "７"]),
    ("response_header_timeout", ["30s", "1h30m", "1d", "2w", "1M", "0", "-5s", ".5s"], ["30", "5 s", "1y", "s", "1h３m"]),
    ("scheme", ["http", "https", "h2c", "tcp", "udp", "fileserver"], ["HTTPS", "http ", "ftp", "htttp"]),
    ("port", ["80", "0", "8080:80", ":80", "+80", "0080", "65535", "0:0"],
     ["80 ", "80/tcp", "8080:", "1:2:3", "http", "70000", "70000:80", "-1", "", "８０"][:-2]),
    ("bind", ["127.0.0.1", "::1", "0.0.0.0"], ["host.example.com", "1.2.3.4/24", "localhost"]),
    ("healthcheck.interval", ["1s", "10s", "1m", "0"], ["10", "500ms", "-5s"]),
    ("healthcheck.timeout", ["2s"], ["999ms"]),
    ("healthcheck.path", ["/health", "/a%20b"], ["health", "/%zz"]),
    ("healthcheck.retries", ["3", "-1"], ["many", "1.5"]),
    ("healthcheck", ["interval: 10s"], ["disabled", "- a"]),
    ("load_balance.mode", ["anything"], []),
    ("load_balance.weight", ["3"], ["x"]),
    ("load_balance.sticky", ["true"], ["yes"]),
    ("homepage.show", ["false"], ["no"]),
    ("access_log.stdout", ["true"], ["false"]),
    ("access_log.path", ["/log"], []),
    ("access_log", ["path: /log", "{stdout: true, format: json}"], ["format: json", "path: ''", "text"]),
    ("ssl_protocols", ["tlsv1.2,tlsv1.3", "[tlsv1.2]", "- tlsv1.2"], ["[1"]),
    ("rules", ["- name: a\n  on: path /x\n  do: pass\n", "default {\n  bypass\n}"],
     ["- name: a\n  on: nope /x\n  do: pass\n", "- on: path /x\n  do: nope", "text", "- a"]),
    ("proxmox.vmid", ["100"], ["-1", "x"]),
    ("proxmox.services", ["nginx"], ["a;b"]),
    ("idlewatcher.idle_timeout", ["5m"], ["5"]),
    ("host.x", [], ["1"]),
]  # fmt: skip


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, good, _ in VALUES for text in good])
def test_5_and_6_values_that_fit(field: str, text: str) -> None:
    assert "invalid_value" not in {kind for kind, _ in errors({f"proxy.web.{field}": text}, Ports=PORT)}


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, _, bad in VALUES for text in bad])
def test_8_a_value_that_does_not_fit_is_an_error_and_excludes_nothing(field: str, text: str) -> None:
    labels = {f"proxy.web.{field}": text}
    assert errors(labels, Ports=PORT) == [("invalid_value", f"proxy.web.{field}")]
    assert route(Labels=labels, Ports=PORT)["excluded_reason"] is None


@pytest.mark.parametrize(("field", "kind"), [("log.fmt", "unknown_field"), ("log.format", None)])
def test_6_an_access_log_needs_a_place(field: str, kind: str | None) -> None:
    found = errors({f"proxy.web.access_{field}": "json"}, Ports=PORT)
    assert [one for one, _ in found] == ["invalid_value", *([kind] if kind else [])]
    assert errors({f"proxy.web.access_{field}": "json", "proxy.web.access_log.stdout": "t"}, Ports=PORT)[1:] == []


@pytest.mark.parametrize(
    ("text", "port", "bad"),
    [
        ("port: 0x50", 80, False),
        ("port: 0o17", 15, False),
        ("port: '0x50'", 8081, True),
        ("port: null", 8081, False),
        ("port:", 8081, False),
        ("port: true", 8081, True),
        ("port: 1.5", 8081, True),
        ("port: [1, 2]", 8081, True),
        ("port: 80:8080", 8080, False),
        ("{scheme: null, port: 81}", 81, False),
        ("scheme: 'null'", 8081, True),
        ("no_tls_verify: 1", 8081, False),
        ("response_header_timeout: 30", 8081, True),
        ("max_conns_per_host: 1.7", 8081, True),
    ],
)
def test_7_scalars_of_an_object_count_by_their_yaml_type(text: str, port: int, bad: bool) -> None:
    assert route(Labels={"proxy.web": text}, Ports=PORT)["target_port"] == port
    assert errors({"proxy.web": text}, Ports=PORT) == ([("invalid_value", "proxy.web")] if bad else [])
    # What is merged with other labels counts in the same way.
    merged = {"proxy.web": text, "proxy.web.healthcheck": "", "proxy.web.healthcheck.path": "/x"}
    assert route(Labels=merged, Ports=PORT)["target_port"] == port


def test_8_a_bad_scheme_gives_the_derived_one_and_a_bad_switch_leaves_the_certificate_checked() -> None:
    row = route(Labels=_labels(scheme="htttp", port="8443", no_tls_verify="yes"))
    assert (row["scheme"], row["no_tls_verify"]) == ("https", None)


def test_9_an_alias_is_served_trimmed_and_in_lower_case() -> None:
    snap = snapshot_of(summary(Labels={"proxy.aliases": "App,web", "proxy.App.port": "81"}, Ports=PORT))
    assert snap.routes.select("alias", "served_alias", "target_port").rows() == [
        ("App", "app", 81),
        ("web", "web", 8081),
    ]


def test_9_aliases_equal_but_for_case_are_both_rows_with_an_error_on_each() -> None:
    labels = {"proxy.aliases": "App,app,web", "proxy.#1.port": "81"}
    snap = snapshot_of(summary(Labels=labels, Ports=PORT))
    assert snap.routes["alias"].to_list() == ["App", "app", "web"]
    assert snap.errors["kind"].to_list() == ["duplicate_alias", "duplicate_alias"]


def test_10_a_fileserver_has_neither_host_nor_port_unless_it_is_excluded() -> None:
    labels = _labels(scheme="fileserver", root="/srv")
    row = route(Labels=labels, Ports=PORT)
    assert (row["target_host"], row["target_port"], row["excluded_reason"]) == (None, None, None)
    row = route(Labels={**labels, "proxy.exclude": "1"}, Ports=PORT)
    assert (row["target_host"], row["target_port"], row["excluded_reason"]) == ("172.17.0.2", 8081, "manual")
    assert route(Labels=labels)["excluded_reason"] == "no_port"


FAILING: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("agent_on_docker", _labels(agent="10.0.0.1:8890"), {}),
    ("agent_on_docker", {"proxy.agents": "x"}, {}),
    ("mtls_not_http", _labels(inbound_mtls_profile="a", scheme="udp"), {}),
    ("mtls_not_http", _labels(inbound_mtls_profile="a", port="53:53"), {}),
    ("reserved_port", _labels(host="localhost", port="80"), {}),
    ("reserved_port", _labels(host="LOCALHOST", port="8888"), {}),
    ("reserved_port", _labels(host="127.0.0.1", port="443", scheme="tcp"), {}),
    ("reserved_port", {"proxy.web": ""}, {}),
    ("reserved_port", {"proxy.#1": "~"}, {}),
    ("rules_and_rule_file", _labels(rules="- do: pass", rule_file="embed://webui.yml"), {}),
    ("rule_file", _labels(rule_file="embed://nope.yml"), {}),
    ("rule_file", _labels(rule_file="https://x/rules.yml"), {}),
    ("rule_file", _labels(rule_file="../rules.yml"), {}),
    ("healthcheck_disabled", _labels(load_balance__link="x", healthcheck__disable="true"), {}),
    ("healthcheck_disabled", _labels(load_balance="link: x", healthcheck="disabled: true"), {}),
    ("healthcheck_disabled", {"proxy.idle_timeout": "1m", **_labels(healthcheck__disable="true")}, {}),
    ("healthcheck_disabled", _labels(load_balance__link="x"), {"State": "exited"}),
    ("healthcheck_disabled", _labels(load_balance__link="x"), {"Ports": []}),
    ("relay_not_tcp", _labels(relay_proxy_protocol_header="true"), {}),
    ("relay_not_tcp", {"proxy.proxy_protocol_headers": "1"}, {}),
    ("tls_termination_not_tcp", _labels(tls_termination="true"), {}),
    ("tls_termination_listener", _labels(tls_termination="true", port="8443:81"), {}),
    ("tls_termination_listener", _labels(tls_termination="true", port="443:81", bind="127.0.0.1"), {}),
    ("bad_url", _labels(host="bad host"), {}),
    ("bad_url", _labels(host="a:b"), {}),
    ("bad_url", _labels(host="a%zz"), {}),
    ("bad_url", _labels(bind="127.0.0.1:80"), {}),
    ("fileserver_root", _labels(scheme="fileserver"), {}),
    ("fileserver_root", _labels(scheme="fileserver", root="srv"), {}),
    ("ssl_certificate", _labels(ssl_certificate="/a"), {}),
    ("ssl_certificate", _labels(ssl_certificate_key="/a", scheme="h2c"), {}),
    ("ssl_protocols", _labels(ssl_protocols="sslv3"), {}),
    ("ssl_protocols", _labels(ssl_protocols="[tlsv1.2, tlsv1.4]"), {}),
    ("unknown_middleware", _labels(middlewares__basic_auth__users="a:b"), {}),
    ("unknown_middleware", _labels(middlewares="{nope: {}}"), {}),
    ("middleware_option", _labels(middlewares__redirect_http__x="1"), {}),
    ("middleware_option", _labels(middlewares__rate_limit__average="100"), {}),
    ("middleware_option", _labels(middlewares__rate_limit="{average: 0, burst: 1}"), {}),
    ("middleware_option", _labels(middlewares__rate_limit="{average: 1, burst: 1, period: 5}"), {}),
    ("middleware_option", _labels(middlewares__cidr_whitelist__allow="nope"), {}),
    ("middleware_option", _labels(middlewares__cidr_whitelist__message="x"), {}),
    ("middleware_option", _labels(middlewares__real_ip__header="X-Real-IP"), {}),
    ("middleware_option", _labels(middlewares__real_ip="{from: 10.0.0.0/8, header: ''}"), {}),
    ("middleware_option", _labels(middlewares__crowdsec__route="crowdsec"), {}),
    ("middleware_option", _labels(middlewares__hcaptcha__secret="x"), {}),
    ("middleware_option", _labels(middlewares__themed__theme="pink"), {}),
    ("middleware_option", _labels(middlewares__oidc__bypass="path /x"), {}),
    ("middleware_option", _labels(middlewares__oidc__priority="first"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "labels", "own"), FAILING)
def test_12_a_route_that_fails_a_check_is_not_made(check: str, labels: dict[str, str], own: dict[str, Any]) -> None:
    assert _checks(labels, **own) == [check]


def test_12_every_check_has_a_failing_case() -> None:
    names = {check for check, *_ in FAILING}
    assert names == {one.name for one in CHECKS} | {"unknown_middleware", "middleware_option"}


PASSING: list[tuple[dict[str, str], dict[str, Any]]] = [
    (_labels(inbound_mtls_profile="a"), {}),
    (_labels(inbound_mtls_profile="a", scheme="fileserver", root="/srv"), {}),
    (_labels(host="127.0.0.1", port="81"), {}),
    (_labels(host="127.0.0.1", port="80", scheme="udp"), {}),
    (_labels(host="localhost.lan", port="80"), {}),
    ({**_labels(host="localhost", port="80"), "proxy.exclude": "true"}, {}),
    (_labels(host="localhost", port="80"), {"url": "agent://10.0.0.5:8890"}),
    (_labels(ssl_protocols="sslv3"), {"url": "agent://10.0.0.5:8890"}),
    (_labels(rule_file="rules.yml"), {}),
    (_labels(rule_file="embed://webui.yml"), {}),
    (_labels(load_balance__link="x"), {}),
    (_labels(load_balance__link="x", healthcheck__disable="true"), {"Status": "Up 2 hours (healthy)"}),
    (_labels(healthcheck__disable="true"), {}),
    ({"proxy.idle_timeout": "1m"}, {"State": "exited"}),
    ({"proxy.idle_timeout": "0", **_labels(healthcheck__disable="true")}, {}),
    (_labels(relay_proxy_protocol_header="true", scheme="tcp"), {}),
    (_labels(tls_termination="true", port="443:81"), {}),
    (_labels(tls_termination="true", port="443:81", bind="0.0.0.0"), {}),
    (_labels(host="2001:db8::1"), {}),
    (_labels(host="backend/path"), {}),
    (_labels(host=" backend "), {}),
    (_labels(ssl_certificate="/a", ssl_certificate_key="/b"), {}),
    (_labels(ssl_certificate="/a", scheme="tcp"), {}),
    (_labels(ssl_protocols="TLSv1.2 tlsv1.3"), {}),
    (_labels(middlewares__redirectHTTP=""), {}),
    (_labels(middlewares__rate_limit=""), {}),
    (_labels(middlewares__rate_limit="average: 1\nburst: 2\nperiod: 10s\n"), {}),
    (_labels(middlewares__cidr_whitelist__allow="127.0.0.1, 10.0.0.0/8"), {}),
    (_labels(middlewares__real_ip__from="- 10.0.0.0/8\n- ::1/128"), {}),
    (_labels(middlewares__oidc__allowed_groups="- a\n- b", middlewares__oidc__bypass="- path /x\n- path /y & method GET"), {}),
    (_labels(**{"middlewares__my_auth@file": "", "middlewares__Request__SetHeaders__X-A.b": "1"}), {}),
    (_labels(middlewares__nope="", scheme="tcp"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "own"), PASSING)
def test_12_near_misses_pass(labels: dict[str, str], own: dict[str, Any]) -> None:
    assert _checks(labels, **own) == []


def test_12_a_failed_check_precedes_every_other_reason() -> None:
    labels = {"proxy.exclude": "true", **_labels(agent="x")}
    assert route(Labels=labels, Names=["/web"])["excluded_reason"] == "error"


def test_12_checks_of_a_later_stage_are_not_made() -> None:
    assert _checks(_labels(agent="x", relay_proxy_protocol_header="true", ssl_protocols="sslv3")) == ["agent_on_docker"]
    both = _labels(relay_proxy_protocol_header="true", tls_termination="true", ssl_protocols="sslv3")
    assert _checks(both) == ["relay_not_tcp", "tls_termination_not_tcp"]


def test_12_the_error_names_the_label_at_fault() -> None:
    labels = {"proxy.aliases": "a,b", "proxy.*.scheme": "http", "proxy.b.relay_proxy_protocol_header": "true"}
    assert errors(labels, Ports=PORT) == [("invalid_route", "proxy.b.relay_proxy_protocol_header")]
    assert _messages(labels) == [
        "The route b is not served (relay_not_tcp): relay_proxy_protocol_header needs scheme tcp."
    ]


def test_12_known_middlewares_are_not_unknown() -> None:
    containers = snapshot_of(summary(Labels=_labels(middlewares__my_auth=""), Ports=PORT)).containers
    assert dkf.routes(containers)["excluded_reason"].to_list() == ["error"]
    assert dkf.routes(containers, known_middlewares=["myAuth"])["excluded_reason"].to_list() == [None]
    assert containers.docker.routes(known_middlewares=["my_auth"])["excluded_reason"].to_list() == [None]
    with_option = snapshot_of(summary(Labels=_labels(middlewares__my_auth__x="1"), Ports=PORT)).containers
    assert dkf.routes(with_option, known_middlewares=["my_auth"])["excluded_reason"].to_list() == ["error"]


@pytest.mark.parametrize("text", ["oidc", "- oidc"])
def test_12_a_text_in_place_of_middlewares_is_an_error_and_sets_nothing(text: str) -> None:
    labels = _labels(middlewares=text)
    assert errors(labels, Ports=PORT) == [("invalid_yaml", "proxy.web.middlewares")]
    assert route(Labels=labels, Ports=PORT)["excluded_reason"] is None


PAGE = (Path(__file__).parents[2] / "docs/reference/labels.md").read_text()


def test_the_published_page_lists_every_check_with_its_stage() -> None:
    listed = re.findall(r"^\| (\d) \| `(\w+)` \|", PAGE, re.MULTILINE)
    made = [(str(one.stage), one.name) for one in CHECKS]
    assert listed == [*made, ("7", "unknown_middleware"), ("7", "middleware_option")]


def test_the_published_page_lists_every_field_and_shortcut() -> None:
    rule = PAGE.partition("**Rule 2.**")[2].partition("**Rule 3.**")[0]
    names = {name for name in value_types() if "." not in name}
    assert names <= set(re.findall(r"`(\w+)`", rule))
    step = PAGE.partition("**Step 1, shortcuts.**")[2].partition("**Step 2")[0]
    assert {(f"proxy.{plural}", field) for plural, field in SHORTCUTS.items()} == {
        (plural, field)
        for plurals, field in re.findall(r"\| ((?:`proxy\.\w+`(?:, )?)+) \| `(\w+)`", step)
        for plural in re.findall(r"`(proxy\.\w+)`", plurals)
    }
