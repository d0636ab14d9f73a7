"""The table `exposures` next to the real Traefik, which reads the same containers from a stand-in engine."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import TYPE_CHECKING, Any

import pytest

import dockerframe as dkf
from dockerframe._derive.exposures import TraefikSettings, exposures

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live

TRAEFIK = shutil.which("traefik", path=str(Path(sys.executable).parent)) or shutil.which("traefik")
ENTRYPOINTS = ("web", "websecure", "db", "dns/udp")
START_SECONDS = 60.0

ROUTER_FIELDS: tuple[dict[str, str], ...] = (
    {},
    {"rule": "Host(`a.test`) && (PathPrefix(`/x`) || Path(`/y`))"},
    {"rule": "Host(`a.test`) ||\nHost(`b.test`)"},
    {"rule": "Host(`a.test`)\n|| Host(`b.test`)"},
    {"rule": "Host(`a.test`)\n"},
    {"rule": "!(Host(`a.test`) || !Host(`b.test`))"},
    {"rule": "!!Host(`a.test`)"},
    {"rule": "((Host(`a.test`))"},
    {"rule": "Host(`a.test`) /* why */ && Path(`/`)"},
    {"rule": "Host(`a.test`,)"},
    {"rule": 'Host("a\\x62.test")'},
    {"rule": 'Host("a\\q.test")'},
    {"rule": "Host(`*`)"},
    {"rule": "Host(1)"},
    {"rule": "Host(Host(`a`))"},
    {"rule": "Host()"},
    {"rule": "Host(`a`) == Host(`b`)"},
    {"rule": "a.Host(`b`)"},
    {"rule": "HostRegexp(`^[a-z]{2,3}\\.test$`)"},
    {"rule": "HostRegexp(`{a}`)"},
    {"rule": "HostRegexp(`(?=a)`)"},
    {"rule": "HostRegexp(`a**`)"},
    {"rule": "HostRegexp(`[a`)"},
    {"rule": "HostRegexp(`\\pL+\\z`)"},
    {"rule": "HostRegexp(`\\u0041`)"},
    {"rule": "PathRegexp(`^/a/[0-9]+$`)"},
    {"rule": "Header(`X`)"},
    {"rule": "Query(`a`)"},
    {"rule": "QueryRegexp(`a`, `(`)"},
    {"rule": "HeaderRegexp(`(`, `a`)"},
    {"rule": "ClientIP(`10.0.0.0/8`)"},
    {"rule": "ClientIP(`10.0.0.0/255.0.0.0`)"},
    {"rule": "ClientIP(`fe80::1%eth0`)"},
    {"rule": "Hostregexp(`a`) && PATHPREFIX(`/`) && clientip(`1.2.3.4`)"},
    {"rule": "HostHeader(`a`)"},
    {"rule": "HostHeader(`a`, `b`)", "rulesyntax": "v2"},
    {"rule": "Path(`/{id:[0-9]+}`)", "rulesyntax": "v2"},
    {"rule": "PathRegexp(`x`)", "rulesyntax": "v2"},
    {"rule": "Host(`a`, `b`)", "rulesyntax": "V2"},
    {"entrypoints": "web,nothing"},
    {"entrypoints": "WEB"},
    {"entrypoints": "dns"},
    {"entrypoints": "db"},
    {"entrypoints[0]": "web"},
    {"priority": "9223372036854774807"},
    {"priority": "9223372036854774808"},
    {"priority": "9223372036854775808"},
    {"priority": "-5"},
    {"priority": "+7"},
    {"priority": " 7"},
    {"tls": "TRUE"},
    {"tls": "no", "tls.options": "x"},
    {"tls": "no", "tls.wrong": "x"},
    {"tls.options": "default"},
    {"tls.options": "x"},
    {"tls.domains": "a.test"},
    {"tls.domains[0]": "a.test"},
    {"tls.domains[0].main": "a.test"},
    {"tls.domains.x.main": "a.test"},
    {"tls.resolvedoptions": "x"},
    {"observability.tracing": "no"},
    {"observability": "true"},
    {"parentrefs": "x"},
    {"defaultrule": "maybe"},
    {"deniedencodedpathcharacters": "x"},
    {"deniedencodedpathcharacters.nothing": "x"},
    {"rule.x": "y"},
    {"middlewares": "nothing"},
    {"middlewares": "x@file"},
    {"middlewares": "a,,b"},
    {"service": "api@internal"},
    {"service": "x@file"},
    {"middlewares": "m{n}", "m:stripprefix.prefixes": "/a"},
    {"middlewares": "m{n}@docker", "m:compress": ""},
    {"middlewares": "m{n}", "m:compress": "no"},
    {"middlewares": "M{n}", "m:compress": "true"},
    {"middlewares": "m{n}", "m:headers.customrequestheaders.X.Y": "v", "m:headers.framedeny": "true"},
    {"middlewares": "m{n}", "m:headers.customrequestheader.X": "v"},
    {"middlewares": "m{n}", "m:chain.middlewares": "m{n}"},
    {"middlewares": "m{n}", "m:chain.middlewares": "nothing"},
    {"middlewares": "m{n}", "m:errors.statusrewrites.500": "many"},
    {"middlewares": "m{n}", "m:ipallowlist.sourcerange": "10.0.0.0/8", "m:ipallowlist.ipstrategy": "no"},
    {"middlewares": "m{n}", "m:ipallowlist.sourcerange": "10.0.0.0/8", "m:ipallowlist.ipstrategy.depth": "x"},
    {"middlewares": "m{n}", "m:ratelimit.average": "5", "m:ratelimit.period": "1m"},
    {"middlewares": "m{n}", "m:ratelimit.average": "5", "m:ratelimit.period": "often"},
    {"middlewares": "m{n}", "m:forwardauth.address": "http://a", "m:forwardauth.tls.caoptional": "x"},
    {"middlewares": "m{n}", "m:redirectscheme.scheme": "https", "m:redirectscheme.forcepermanentredirect": "x"},
    {"middlewares": "m{n}", "m:addprefix.prefix": ""},
    {"middlewares": "m{n}", "m:redirectscheme.port": "1"},
    {"middlewares": "m{n}", "m:ipallowlist.sourcerange": "10.0.0.0/8, x"},
    {"middlewares": "m{n}", "m:ipallowlist.rejectstatuscode": "403"},
    {"middlewares": "m{n}", "m:basicauth.users": "x"},
    {"middlewares": "m{n}", "m:basicauth.users": "a:b,c:d"},
    {"middlewares": "m{n}", "m:digestauth.users": "a:b"},
    {"middlewares": "m{n}", "m:redirectregex.regex": "("},
    {"middlewares": "m{n}", "m:stripprefixregex.regex": "/a, ("},
    {"middlewares": "m{n}", "m:compress.encodings": "gzip, lzma"},
    {"m:requestheadermodifier.set.X": "y"},
    {"m:requestheadermodifier.sets.X": "y"},
    {"m:basicauth": "x"},
    {"m:plugin.any.a.b.c": "x"},
    {"s:server.port": "80/tcp"},
    {"s:server.port": "80 "},
    {"s:server.port": "x"},
    {"s:server.port": "80@b"},
    {"s:server.scheme": "h t"},
    {"s:server.scheme": "h2c"},
    {"s:server.url": "http://1.2.3.4:99/x"},
    {"s:server.url": "1.2.3.4:99"},
    {"s:server.url": "http://[fd00::1]:9"},
    {"s:server.weight": "x"},
    {"s:server.fenced": "x"},
    {"s:server": "x"},
    {"s:servers.port": "80"},
    {"s:server[0].port": "80"},
    {"s:sticky": "no", "s:sticky.cookie.maxage": "x"},
    {"s:sticky": "true", "s:sticky.cookie.maxage": "x"},
    {"s:sticky.cookie": ""},
    {"s:healthcheck.interval": "1h2m3.5s"},
    {"s:healthcheck.interval": "5"},
    {"s:healthcheck.interval": "5 s"},
    {"s:healthcheck.headers.X": "y"},
    {"s:healthcheck": ""},
    {"s:serverstransport": "default@internal"},
    {"s:serverstransport": "x@file"},
    {"s:nginxupstreamhashby": "x"},
)
"""The labels of a container each: of its router, `m:` of its middleware, `s:` of its service's load balancer."""

LABELS: tuple[dict[str, str], ...] = (
    {"traefik.http.routers": "x"},
    {"traefik.http": "x"},
    {"traefik.http-foo.x": "x"},
    {"traefik.http.routers.": "x"},
    {"traefik.http..routers": "x"},
    {"traefik.http.routers.a[0].rule": "Host(`a`)"},
    {"traefik.http.routers.[0].rule": "Host(`a`)"},
    {"traefik.http.serverstransports.t.insecureskipverify": "x"},
    {"traefik.http.serverstransports.t.nothing": "x"},
    {"traefik.http.models.t.middlewares": "x"},
    {"traefik.http.services.w{n}.weighted": "x"},
    {"traefik.http.services.w{n}": "x"},
    {"traefik.tls.stores.default.defaultgeneratedcert.resolver": "x"},
    {"traefik.tls.stores.defaultx.nothing": "x"},
    {"traefik.tls.stores.other.nothing": "x"},
    {"traefik.docker.": "x"},
    {"traefik.docker": "x"},
    {"traefik.dockerx.y": "x"},
    {"traefik.docker.network.x": "y"},
    {"traefik.docker.network": ""},
    {"traefik.docker.lbswarm": "maybe"},
    {"traefik.enable.x": "true"},
    {"traefik.ENABLE": "true"},
    {"TRAEFIK.enable": "true"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`a.test`)", "traefik.tcp.routers.t{n}.tls": "true"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`*`) && ClientIP(`10.0.0.0/8`)"},
    {"traefik.tcp.routers.t{n}.rule": "!HostSNI(`a.test`)"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`a b`)", "traefik.tcp.routers.t{n}.tls.passthrough": "true"},
    {"traefik.tcp.routers.t{n}.rule": "ALPN(`h2`)", "traefik.tcp.routers.t{n}.tls.passthrough": "true"},
    {"traefik.tcp.routers.t{n}.rule": "ALPN(`acme-tls/1`)", "traefik.tcp.routers.t{n}.tls": "true"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNIRegexp(`(`)"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`*`)", "traefik.tcp.routers.t{n}.middlewares": "x"},
    {
        "traefik.tcp.routers.t{n}.rule": "HostSNI(`*`)",
        "traefik.tcp.routers.t{n}.middlewares": "i{n}",
        "traefik.tcp.middlewares.i{n}.inflightconn.amount": "5",
    },
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`*`)", "traefik.tcp.services.t{n}.loadbalancer.server.address": "x"},
    {"traefik.tcp.routers.t{n}.rule": "HostSNI(`*`)", "traefik.tcp.services.t{n}.loadbalancer.proxyprotocol": "no"},
    {"traefik.udp.routers.u{n}.entrypoints": "dns"},
    {"traefik.udp.routers.u{n}.entrypoints": "web"},
    {"traefik.udp.routers.u{n}": ""},
    {"traefik.udp.services.u{n}.weighted.services[0].name": "x"},
)


def _labels(fields: dict[str, str], number: int) -> dict[str, str]:
    prefixes = {
        "m": f"traefik.http.middlewares.m{number}.",
        "s": f"traefik.http.services.s{number}.loadbalancer.",
    }
    labels = {f"traefik.http.routers.r{number}.rule": f"Host(`{number}.test`)"}
    for field, value in fields.items():
        kind, _, name = field.rpartition(":")
        label = prefixes.get(kind, f"traefik.http.routers.r{number}.") + name
        labels[label] = value.replace("{n}", str(number))
    return labels


def _containers() -> list[dict[str, Any]]:
    every = [_labels(fields, number) for number, fields in enumerate(ROUTER_FIELDS)]
    for number, labels in enumerate(LABELS, len(every)):
        every.append(
            {name.replace("{n}", str(number)): value.replace("{n}", str(number)) for name, value in labels.items()}
        )
    return [
        {
            "Id": f"{number:064x}",
            "Names": [f"/c{number}"],
            "Image": "app",
            "State": "running",
            "Status": "Up",
            "Labels": labels,
            "Ports": [{"PrivatePort": 80, "Type": "tcp"}],
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": f"172.17.{number // 250}.{number % 250 + 2}"}}},
        }
        for number, labels in enumerate(every)
    ]


class _Engine(BaseHTTPRequestHandler):
    """An engine that knows its containers and nothing else."""

    containers: tuple[dict[str, Any], ...] = ()

    def address_string(self) -> str:
        return "engine"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives
        """Write nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = re.sub(r"^/v[0-9.]+", "", self.path.partition("?")[0])
        found = re.fullmatch(r"/containers/(.+)/json", path)
        if path == "/events":
            threading.Event().wait(START_SECONDS)
        elif path == "/containers/json":
            self._answer(self.containers)
        elif found:
            self._answer(next(_inspected(one) for one in self.containers if one["Id"] == found.group(1)))
        else:
            self._answer({"ApiVersion": "1.51", "Version": "28.0", "MinAPIVersion": "1.24"})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Api-Version", "1.51")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _inspected(container: dict[str, Any]) -> dict[str, Any]:
    ports = {f"{port['PrivatePort']}/{port['Type']}": None for port in container["Ports"]}
    return {
        "Id": container["Id"],
        "Name": container["Names"][0],
        "State": {"Status": container["State"]},
        "HostConfig": container["HostConfig"],
        "Config": {"Labels": container["Labels"]},
        "NetworkSettings": {**container["NetworkSettings"], "Ports": ports},
    }


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return numbers


@pytest.fixture(scope="module")
def containers() -> list[dict[str, Any]]:
    return _containers()


@pytest.fixture(scope="module")
def rawdata(containers: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What Traefik answers for the containers."""
    if TRAEFIK is None:
        pytest.skip("there is no traefik on this machine; install the extra dev")
    folder = tmp_path_factory.mktemp("traefik")
    engine = type("Engine", (_Engine,), {"containers": tuple(containers)})
    with ThreadingUnixStreamServer(str(folder / "engine.sock"), engine) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api, *others = _free_ports(1 + len(ENTRYPOINTS))
        entrypoints = [
            f"--entrypoints.{name.partition('/')[0]}.address=127.0.0.1:{port}{'/udp' if name.endswith('/udp') else ''}"
            for name, port in zip(ENTRYPOINTS, others, strict=True)
        ]
        command = [
            TRAEFIK,
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            "--api.insecure=true",
            f"--entrypoints.traefik.address=127.0.0.1:{api}",
            f"--providers.docker.endpoint=unix://{folder / 'engine.sock'}",
            "--log.level=ERROR",
            *entrypoints,
        ]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process,
        ):
            try:
                yield _answer(f"http://127.0.0.1:{api}/api/rawdata", folder / "log")
            finally:
                process.terminate()
                server.shutdown()


def _answer(url: str, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except OSError:
            found = {}
        if any(name.endswith("@docker") for name in found.get("routers", {})):
            return found
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def _shown(rawdata: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What Traefik loaded: rule, entry points that it names, and whether it serves the router, by protocol and name."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for protocol, key in (("http", "routers"), ("tcp", "tcpRouters"), ("udp", "udpRouters")):
        for name, router in rawdata.get(key, {}).items():
            if name.endswith("@docker"):
                own = name.removesuffix("@docker")
                found[protocol, own] = (router.get("rule"), router["service"], router["status"] == "disabled")
    return found


def test_routers_are_those_that_traefik_loads_and_serves(
    rawdata: dict[str, Any], containers: list[dict[str, Any]]
) -> None:
    table = exposures(
        dkf.from_summaries(containers).containers,
        proxies=["traefik"],
        traefik=TraefikSettings(entrypoints=(*ENTRYPOINTS, "traefik")),
    )
    removed = {"no_rule", "several_services", "router_conflict", "unsupported_template"}
    rows = [row for row in table.to_dicts() if row["router"] and row["excluded_reason"] not in removed]
    got = {
        (row["protocol"], row["router"]): (
            row["rule"],
            row["service"],
            row["excluded_reason"] not in {None, "no_server"},
        )
        for row in rows
    }
    expected = _shown(rawdata)
    different = {key: (got.get(key), expected.get(key)) for key in got | expected if got.get(key) != expected.get(key)}
    assert not different


def test_targets_are_those_that_traefik_uses(rawdata: dict[str, Any], containers: list[dict[str, Any]]) -> None:
    table = exposures(
        dkf.from_summaries(containers).containers,
        proxies=["traefik"],
        traefik=TraefikSettings(entrypoints=(*ENTRYPOINTS, "traefik")),
    )
    compared = 0
    for row in table.to_dicts():
        if row["protocol"] != "http" or row["target_port"] is None or row["excluded_reason"] or "@" in row["service"]:
            continue
        (server,) = rawdata["services"][f"{row['service']}@docker"]["loadBalancer"]["servers"]
        url = urllib.request.urlparse(server["url"])  # type: ignore[attr-defined]
        assert (url.scheme, url.hostname) == (row["scheme"], row["target_host"]), row["router"]
        assert f":{row['target_port']}" in f"{url.netloc}:80", row["router"]
        compared += 1
    assert compared > len(ROUTER_FIELDS) // 3
