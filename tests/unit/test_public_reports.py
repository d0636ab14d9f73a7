"""Reports of people who watch or audit containers, rebuilt as container summaries: each names the value that is right.

The source is the public thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from tests.summaries import snapshot_of, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    import dockerframe as dkf

HEX = "395f941d86f7c6bd3e0d1a3f0d6fd5d6f1b4f2ab7bb1f4f5a3b1c2d3e4f5a6b7"


class Report(NamedTuple):
    """A public report: what was misread, the containers as an engine lists them, and what is right."""

    source: str
    case: str
    containers: tuple[dict[str, Any], ...]
    read: Callable[[dkf.Snapshot], Any]
    expected: Any


def one(name: str, **own: Any) -> dict[str, Any]:
    return summary(Id=name.encode().hex().ljust(64, "0")[:64], Names=[f"/{name}"], **own)


def service(project: str, name: str, labels: dict[str, str] | None = None, **own: Any) -> dict[str, Any]:
    """A container of a Compose project, called `<project>-<service>` unless `called` names it."""
    compose = {"com.docker.compose.project": project, "com.docker.compose.service": name, **(labels or {})}
    return one(own.pop("called", f"{project}-{name}"), Labels=compose, **own)


def exited(code: int) -> dict[str, str]:
    return {"State": "exited", "Status": f"Exited ({code}) 5 hours ago"}


def port(ip: str, public: int, private: int) -> dict[str, Any]:
    return {"IP": ip, "PrivatePort": private, "PublicPort": public, "Type": "tcp"}


def bind(source: str, destination: str, *, rw: bool = True) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": source,
        "Destination": destination,
        "Mode": "",
        "RW": rw,
        "Propagation": "rprivate",
    }


def networks(**addresses: str) -> dict[str, Any]:
    return {"Networks": {name: {"IPAddress": address} for name, address in addresses.items()}}


def column(name: str) -> Callable[[dkf.Snapshot], list[Any]]:
    return lambda snap: snap.containers[name].to_list()


def serious(snap: dkf.Snapshot) -> list[tuple[str, str]]:
    """Rule and container of every finding that is high or critical."""
    found = snap.findings().filter(pl.col("severity").is_in(["high", "critical"]))
    return found.select("rule", "container_name").rows()


def found(rule: str) -> Callable[[dkf.Snapshot], list[str]]:
    """The containers that a rule reports."""
    return lambda snap: snap.findings().filter(pl.col("rule") == rule)["container_name"].sort().to_list()


def image_parts(snap: dkf.Snapshot) -> list[tuple[str | None, ...]]:
    return snap.containers.select("image_name", "image_tag", "image_digest").rows()


def resolved(snap: dkf.Snapshot) -> list[tuple[str, str | None]]:
    """Each dependency with the name of the container that it is."""
    names = dict(snap.containers.select("container_id", "container_name").rows())
    return [(name, names.get(one_id)) for name, one_id in snap.dependencies.select("dependency", "resolved_id").rows()]


def health_metrics(snap: dkf.Snapshot) -> list[str]:
    text = snap.to_prometheus() if hasattr(snap, "to_prometheus") else snap.metrics()
    return [
        line for line in text.splitlines() if line.startswith("dockerframe_") and "health" in line.partition("{")[0]
    ]


GLUETUN = one("gluetun", NetworkSettings=networks(proxy="172.20.0.5"), HostConfig={"NetworkMode": "proxy"})
NEXT_DIGEST = "sha256:" + "b" * 64

REPORTS = [
    Report(
        "moby/moby#46203, willfarrell/docker-autoheal#98",
        "a paused container whose checks cannot run is not unhealthy",
        (one("db", State="paused", Status="Up 3 days (Paused)", Health={"Status": "unhealthy", "FailingStreak": 0}),),
        lambda snap: (snap.containers["health"].to_list(), serious(snap)),
        ([None], []),
    ),
    Report(
        "google/cadvisor#2166",
        "a container without a health check has no health",
        (one("web", Health={"Status": "none", "FailingStreak": 0}),),
        lambda snap: (snap.containers["health"].to_list(), found("no-health-check")(snap)),
        ([None], ["web"]),
    ),
    Report(
        "google/cadvisor#2166",
        "no metric of health for a container without a check",
        (one("web"),),
        health_metrics,
        [],
    ),
    Report(
        "louislam/uptime-kuma#5860",
        "a container whose first checks are under way is not a fault",
        (one("web", Status="Up 5 seconds (health: starting)"),),
        lambda snap: (snap.containers.select("running", "health").rows(), serious(snap)),
        ([(True, "starting")], []),
    ),
    Report(
        "louislam/uptime-kuma#5228",
        "a container that Sablier has put to sleep is not down",
        (service("media", "web"), service("media", "books", {"sablier.enable": "true"}, **exited(137))),
        serious,
        [],
    ),
    Report(
        "luc-ass/docker-telegram-notifier#8",
        "a container that somebody stopped is not an alert",
        (service("shop", "web"), service("shop", "worker", **exited(143)), service("shop", "cron", **exited(137))),
        serious,
        [],
    ),
    Report(
        "luc-ass/docker-telegram-notifier#8",
        "a container that failed or crashed is an alert",
        (service("shop", "web"), service("shop", "a", **exited(1)), service("shop", "b", **exited(139))),
        lambda snap: sorted(name for _, name in serious(snap)),
        ["shop-a", "shop-b"],
    ),
    Report(
        "Finsys/dockhand#1026, louislam/dockge#806",
        "a migration that has ended well is not a fault of its project",
        (
            service("app", "web", {"com.docker.compose.depends_on": "migrate:service_completed_successfully:false"}),
            service("app", "migrate", **exited(0)),
        ),
        serious,
        [],
    ),
    Report(
        "docker/roadmap#656",
        "a one-off container that failed is not a fault of its project",
        (
            service("app", "web"),
            service("app", "web", {"com.docker.compose.oneoff": "True"}, called="app-web-run-1", **exited(1)),
        ),
        serious,
        [],
    ),
    Report(
        "jesseduffield/lazydocker#122",
        "a service name of another project is not the dependency",
        (
            service("shop", "web", {"com.docker.compose.depends_on": "db:service_started:false"}),
            service("shop", "db"),
            service("blog", "db", called="db", **exited(1)),
        ),
        lambda snap: (resolved(snap), found("dependency-stopped")(snap)),
        ([("db", "shop-db")], []),
    ),
    Report(
        "containrrr/watchtower#1266",
        "a dependency named as in the Compose file is the service of the same project",
        (service("shop", "web", {"proxy.depends_on": "db"}), service("shop", "db", called="shop-db-1")),
        resolved,
        [("db", "shop-db-1")],
    ),
    Report(
        "kurtosis-tech/kurtosis#2510, moby/moby#42442",
        "one port number is free to be IPv4's of one container and IPv6's of another",
        (
            one("dora", Ports=[port("0.0.0.0", 32837, 8080), port("::", 32835, 8080)]),
            one("lighthouse", Ports=[port("0.0.0.0", 32835, 5054), port("::", 32833, 5054)]),
        ),
        found("published-port-clash"),
        [],
    ),
    Report(
        "portainer/portainer#5038",
        "a port published on IPv4 and IPv6 is one port",
        (one("web", Ports=[port("0.0.0.0", 8080, 80), port("::", 8080, 80)]),),
        lambda snap: (
            [entry["public_port"] for entry in snap.containers["public_ports"][0]],
            snap.findings().filter(pl.col("rule") == "published-on-every-address").height,
        ),
        ([8080], 1),
    ),
    Report(
        "portainer/portainer#3523",
        "a port published on two addresses of a host is two bindings",
        (one("web", Ports=[port("192.168.8.3", 9000, 9000), port("198.51.100.13", 9000, 9000)]),),
        lambda snap: sorted(snap.ports.select("ip", "public_port").rows()),
        [("192.168.8.3", 9000), ("198.51.100.13", 9000)],
    ),
    Report(
        "containrrr/watchtower#1892",
        "an image of Swarm with tag and digest keeps both, and `latest` with a digest does not change",
        (
            one("db", Image=f"influxdb:1.8-alpine@{NEXT_DIGEST}"),
            one("sun", Image=f"bohdans/sungather:latest@{NEXT_DIGEST}"),
        ),
        lambda snap: (image_parts(snap), found("latest-tag")(snap)),
        ([("influxdb", "1.8-alpine", NEXT_DIGEST), ("sungather", "latest", NEXT_DIGEST)], []),
    ),
    Report(
        "containrrr/watchtower#396",
        "an image given as sha256 has no name and no tag",
        (one("web", Image=f"sha256:{HEX}", ImageID=f"sha256:{HEX}"),),
        lambda snap: (image_parts(snap), found("latest-tag")(snap)),
        ([(None, None, None)], []),
    ),
    Report(
        "containrrr/watchtower#1050",
        "an image given as bare digits of its id has no name and no tag",
        (one("a", Image=HEX, ImageID=f"sha256:{HEX}"), one("b", Image=HEX[:12], ImageID=f"sha256:{HEX}")),
        lambda snap: (image_parts(snap), found("latest-tag")(snap)),
        ([(None, None, None)] * 2, []),
    ),
    Report(
        "Finsys/dockhand#1221",
        "the container that holds a Podman pod has no image to update",
        (one("pod-infra", Image="", ImageID=""),),
        lambda snap: (image_parts(snap), found("latest-tag")(snap)),
        ([(None, None, None)], []),
    ),
    Report(
        "crazy-max/diun#679",
        "two tags of one image are not two images",
        (one("a", Image="crazymax/diun:4.22"), one("b", Image="crazymax/diun:latest")),
        found("tag-with-several-images"),
        [],
    ),
    Report(
        "traefik/traefik#756, passteque/gluetun#993",
        "a container in the network of another one is reached at that one's address",
        (
            GLUETUN,
            one("torrents", HostConfig={"NetworkMode": f"container:{GLUETUN['Id']}"}, NetworkSettings={"Networks": {}}),
        ),
        column("private_hostname"),
        ["172.20.0.5", "172.20.0.5"],
    ),
    Report(
        "traefik/traefik#2298",
        "the address of a Swarm task is not the one in ingress",
        (one("web", NetworkSettings=networks(ingress="10.255.0.10", web_net="10.0.1.7")),),
        column("private_hostname"),
        ["10.0.1.7"],
    ),
    Report(
        "podman-container-tools/podman#12734, #9553",
        "null lists of an engine are empty, without an error",
        (one("web", Mounts=None, Ports=None, Labels=None),),
        lambda snap: (snap.containers.select("mounts", "ports").rows(), snap.errors.height),
        ([([], [])], 0),
    ),
    Report(
        "portainer/portainer#2991",
        "the socket of a rootless Podman gives its user's account away",
        (one("agent", Mounts=[bind("/run/user/1000/podman/podman.sock", "/var/run/docker.sock")]),),
        serious,
        [("docker-socket-writable", "agent")],
    ),
    Report(
        "docker/docker-bench-security#212",
        "folders of the user that are called like folders of the system",
        (
            one(
                "web",
                Mounts=[bind("/home/kim/lib", "/lib"), bind("/srv/etc/ssh", "/etc/ssh"), bind("/data/proc", "/proc")],
            ),
        ),
        serious,
        [],
    ),
    Report(
        "docker/docker-bench-security#212",
        "a volume of the engine is not a folder of the system",
        (
            one(
                "web",
                Mounts=[{**bind("/var/lib/docker/volumes/etc/_data", "/etc"), "Type": "volume", "Name": "etc"}],
            ),
        ),
        serious,
        [],
    ),
    Report(
        "aquasecurity/docker-bench#105",
        "/etc of the host is found wherever it is mounted",
        (one("a", Mounts=[bind("/etc", "/etc")]), one("b", Mounts=[bind("/etc", "/host/etc")])),
        found("sensitive-path-mounted"),
        ["a", "b"],
    ),
    Report(
        "amir20/dozzle#4094",
        "mounts of the time zone do not matter",
        (one("web", Mounts=[bind(path, path, rw=False) for path in ("/etc/timezone", "/etc/localtime")]),),
        lambda snap: (snap.containers["running"].to_list(), serious(snap)),
        ([True], []),
    ),
    Report(
        "google/cadvisor#3628",
        "cAdvisor's documented read-only mounts, without a socket, are not high",
        (
            one(
                "cadvisor",
                Image="ghcr.io/google/cadvisor:v0.53.0",
                Mounts=[
                    bind(path, target, rw=False)
                    for path, target in (
                        ("/sys", "/sys"),
                        ("/dev/disk", "/dev/disk"),
                        ("/etc/machine-id", "/etc/machine-id"),
                    )
                ],
            ),
        ),
        serious,
        [],
    ),
    Report(
        "yusing/godoxy#107",
        "a label that is no field is an error, and the idle timeout belongs to the container",
        (one("app", Labels={"proxy.app.port": "80", "proxy.app.idle_timeout": "30s"}),),
        lambda snap: snap.errors.select("kind", "label").rows(),
        [("unknown_field", "proxy.app.idle_timeout")],
    ),
    Report(
        "yusing/godoxy#165",
        "a container that GoDoxy has put to sleep is not a service that has ended",
        (
            service("glance", "proxy"),
            service("glance", "glance", {"proxy.aliases": "glance", "proxy.idle_timeout": "30s"}, **exited(2)),
        ),
        serious,
        [],
    ),
    Report(
        "yusing/godoxy#6",
        "a published container is reached at its own port",
        (one("hello", Labels={"proxy.aliases": "hello"}, Ports=[port("0.0.0.0", 81, 80)]),),
        lambda snap: snap.routes.select("alias", "target_host", "target_port").rows(),
        [("hello", "172.17.0.2", 80)],
    ),
    Report(
        "fleetdm/fleet#42226",
        "of a development stack on all interfaces the databases are high, mail catchers and dashboards are not",
        (
            one("mysql", Image="mysql:8.4", Ports=[port("0.0.0.0", 3306, 3306)]),
            one("redis", Image="redis:7", Ports=[port("0.0.0.0", 6379, 6379)]),
            one("mailpit", Image="axllent/mailpit", Ports=[port("0.0.0.0", 8026, 8025)]),
            one("prometheus", Image="prom/prometheus", Ports=[port("0.0.0.0", 9090, 9090)]),
            one("safe", Image="mysql:8.4", Ports=[port("127.0.0.1", 3307, 3306)]),
        ),
        serious,
        [("database-published", "mysql"), ("database-published", "redis")],
    ),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report.source.split(',')[0]}: {report.case}")
def test_what_was_misread_elsewhere_is_read_correctly(report: Report) -> None:
    assert report.read(snapshot_of(*report.containers)) == report.expected


def test_each_report_names_a_public_thread() -> None:
    assert all("/" in report.source and "#" in report.source for report in REPORTS)
