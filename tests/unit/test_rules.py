"""Each rule of the audit: a fleet in which it fires, and a near miss in which it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.schemas import INSPECTIONS, SEVERITIES
from tests.summaries import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPOSE = {"com.docker.compose.project": "shop", "com.docker.compose.service": "api"}
EVERY = {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}
LOOPBACK = {**EVERY, "IP": "127.0.0.1"}
SOCKET = {"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": True, "Propagation": "rprivate"}


def one(name: str = "web", **own: Any) -> dict[str, Any]:
    """A container whose id is made of its name."""
    return summary(Id=name * 3, Names=[f"/{name}"], **own)


def fleet(*containers: dict[str, Any], url: str = "unix:///var/run/docker.sock") -> dkf.Snapshot:
    return dkf.from_summaries(list(containers), url=url)


def labelled(**labels: str) -> dict[str, Any]:
    return one(Labels={name.replace("__", "."): value for name, value in labels.items()})


def service(name: str, **own: Any) -> dict[str, Any]:
    labels = {**COMPOSE, **own.pop("Labels", {})}
    return one(name, Labels=labels, **own)


def mounted(source: str, **own: Any) -> dict[str, Any]:
    return one(Mounts=[{**SOCKET, "Source": source, **own}])


def inspected(**own: Any) -> dkf.Snapshot:
    """A fleet of one inspected container, created as the benchmark wants it but for what is given."""
    good = {
        "host": "local", "container_id": "webwebweb", "user": "1000", "privileged": False, "cap_add": [], "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"], "apparmor_profile": "docker-default", "read_only_root": True,
        "memory_limit": 2**28, "cpu_shares": 512, "pids_limit": 200, "restart_policy": "on-failure", "restart_retries": 5,
        "restart_count": 0, "pid_mode": "", "ipc_mode": "private", "uts_mode": "", "userns_mode": "", "cgroup_parent": "",
        "devices": [], "ulimits": [], "environment": [], "oom_killed": False, "exit_code": 0,
    }  # fmt: skip
    return fleet(one()).with_tables({"inspections": pl.DataFrame([{**good, **own}], schema=INSPECTIONS.schema)})


def with_hosts(**columns: Sequence[object]) -> dkf.Snapshot:
    """Hosts with some columns replaced."""
    hosts = dkf.from_bodies({f"h{number}": b"[]" for number in range(len(next(iter(columns.values()))))}).hosts
    return fleet().with_tables(
        {
            "hosts": hosts.with_columns(
                pl.Series(name, list(values), hosts.schema[name]) for name, values in columns.items()
            )
        }
    )


def two_hosts(
    first: dict[str, Any], second: dict[str, Any], arch: tuple[str, str] = ("x86_64", "x86_64")
) -> dkf.Snapshot:
    both = dkf.concat([dkf.from_summaries([first], host="a"), dkf.from_summaries([second], host="b")])
    return both.with_tables({"hosts": both.hosts.with_columns(pl.Series("arch", arch))})


RUNNING = service("shop-web-1", Labels={"com.docker.compose.service": "web"})
ENDED = {"State": "exited", "Status": "Exited (1) 2 hours ago"}
DB = {"Image": "postgres:17"}
HASH = "com.docker.compose.config-hash"
FILES = "com.docker.compose.project.config_files"
VERSION = {"org.opencontainers.image.version": "1"}

CASES: Mapping[str, tuple[dkf.Snapshot, dkf.Snapshot]] = {
    "alias-on-several-containers": (
        fleet(one("a", Labels={"proxy.aliases": "x", "proxy.x.port": "80"}), one("b", Labels={"proxy.x.port": "80", "proxy.aliases": "x"})),
        fleet(*(one(name, Labels={"proxy.aliases": "x", "proxy.x.port": "80", "proxy.x.load_balance.link": "l"}) for name in "ab")),
    ),
    "unknown-route-field": (fleet(labelled(proxy__web__prot="80", proxy__web__middleware__x="1")), fleet(labelled(proxy__web__port="80", proxy__web__own="1"))),
    "alias-outside-aliases": (fleet(labelled(proxy__wep__port="80")), fleet(labelled(proxy__aliases="wep", proxy__wep__port="80"))),
    "alias-and-wildcard-set-one-field": (
        fleet(one(Labels={"proxy.*.port": "80", "proxy.web.port": "81"})),
        fleet(one(Labels={"proxy.*.scheme": "http", "proxy.web.port": "81"})),
    ),
    "route-without-port": (fleet(labelled(proxy__web__scheme="http")), fleet(one())),
    "route-to-stopped-container": (
        fleet(one(**ENDED, Labels={"proxy.web.port": "80"})),
        fleet(one(**ENDED, Labels={"proxy.web.port": "80", "proxy.idle_timeout": "5m"})),
    ),
    "network-not-usable": (fleet(labelled(proxy__network="nope")), fleet(labelled(proxy__network="bridge"))),
    "label-error": (fleet(labelled(proxy__exclude="maybe")), fleet(labelled(proxy__exclude="true"))),
    "database-published": (fleet(one(**DB, Ports=[EVERY])), fleet(one(**DB, Ports=[LOOPBACK]))),
    "published-on-every-address": (fleet(one(Ports=[{**EVERY, "IP": "::"}])), fleet(one(Ports=[LOOPBACK]))),
    "privileged-port-published": (fleet(one(Ports=[{**EVERY, "PublicPort": 25}])), fleet(one(Ports=[{**EVERY, "PublicPort": 443}]))),
    "published-port-clash": (
        fleet(one("a", Ports=[EVERY]), one("b", Ports=[{**EVERY, "IP": "::"}])),
        fleet(one("a", Ports=[EVERY]), one("b", Ports=[{**EVERY, "Type": "udp"}])),
    ),
    "docker-socket-writable": (fleet(one(Mounts=[SOCKET])), fleet(one(Mounts=[{**SOCKET, "RW": False}]))),
    "docker-socket-mounted": (fleet(one(Mounts=[{**SOCKET, "RW": False}])), fleet(mounted("/var/run/other.sock", RW=False))),
    "sensitive-path-mounted": (fleet(mounted("/etc")), fleet(mounted("/etc/localtime"))),
    "shared-mount-propagation": (fleet(mounted("/srv", Propagation="rshared")), fleet(mounted("/srv", Propagation="rslave"))),
    "host-network": (fleet(one(HostConfig={"NetworkMode": "host"})), fleet(one(HostConfig={"NetworkMode": "hostel"}))),
    "default-bridge": (fleet(one()), fleet(one(NetworkSettings={"Networks": {"front": {"IPAddress": "10.1.1.1"}}}))),
    "host-failed": (with_hosts(ok=[False], error=["Host h0: down."], error_kind=["refused"]), fleet()),
    "engine-over-plain-tcp": (fleet(url="tcp://10.0.0.1:2375"), fleet(url="tcp://127.0.0.1:2375")),
    "engine-listed-twice": (with_hosts(engine_id=["x", "x"]), with_hosts(engine_id=["x", "y"])),
    "latest-tag": (fleet(one(Image="nginx")), fleet(one(Image="nginx@sha256:" + "0" * 64))),
    "image-without-name": (fleet(one(Image="sha256:" + "0" * 64)), fleet(one(Image="nginx:1"))),
    "tag-with-several-images": (
        two_hosts(one(Image="nginx:1", ImageID="sha256:a"), one(Image="nginx:1", ImageID="sha256:b")),
        two_hosts(one(Image="nginx:1", ImageID="sha256:a"), one(Image="nginx:1", ImageID="sha256:b"), arch=("x86_64", "arm64")),
    ),
    "no-version-label": (fleet(one()), fleet(one(Labels=VERSION))),
    "unhealthy": (fleet(one(Status="Up 2 hours (unhealthy)")), fleet(one(Status="Up 2 hours (healthy)"))),
    "restarting": (fleet(one(State="restarting")), fleet(one(State="exited"))),
    "dead": (fleet(one(State="dead")), fleet(one(State="exited"))),
    "no-health-check": (fleet(one()), fleet(one(Status="Up 2 hours (health: starting)"))),
    "ended-service": (
        fleet(RUNNING, service("shop-api-1", **ENDED)),
        fleet(RUNNING, service("shop-api-1", **ENDED, Labels={"com.docker.compose.oneoff": "True"})),
    ),
    "dependency-missing": (fleet(labelled(proxy__depends_on="db")), fleet(one("db"), labelled(proxy__depends_on="db"))),
    "dependency-stopped": (
        fleet(one("db", **ENDED), one(Labels={"proxy.depends_on": "db:service_healthy:true"})),
        fleet(one("db", **ENDED), one(Labels={"proxy.depends_on": "db:service_completed_successfully:true"})),
    ),
    "dependency-cycle": (
        fleet(*(one(a, Labels={"proxy.depends_on": b}) for a, b in ("ab", "bc", "ca"))),
        fleet(*(one(a, Labels={"proxy.depends_on": b}) for a, b in ("ab", "bc", "cd")), one("d")),
    ),
    "orphan-of-project": (
        fleet(service("a", Labels={FILES: "/old.yml"}, Created=1), service("b", Labels={FILES: "/new.yml"}, Created=2)),
        fleet(service("a", Labels={FILES: "/new.yml"}, Created=1), service("b", Labels={FILES: "/new.yml"}, Created=2)),
    ),
    "config-drift": (
        fleet(service("a", Labels={HASH: "1"}), service("b", Labels={HASH: "2"})),
        fleet(service("a", Labels={HASH: "1"}), service("b", Labels={HASH: "2", "com.docker.compose.service": "web"})),
    ),
    "privileged": (inspected(privileged=True), inspected()),
    "strong-capabilities": (inspected(cap_add=["SYS_ADMIN"]), inspected(cap_add=["CHOWN"])),
    "runs-as-root": (inspected(user=""), inspected(user="rooter")),
    "writable-root": (inspected(read_only_root=False), inspected()),
    "no-memory-limit": (inspected(memory_limit=None), inspected()),
    "no-cpu-limit": (inspected(cpu_shares=None), inspected(cpu_shares=None, nano_cpus=10**9)),
    "no-process-limit": (inspected(pids_limit=None), inspected()),
    "new-privileges": (inspected(security_opt=["no-new-privileges:false"]), inspected(security_opt=["no-new-privileges:true"])),
    "security-profile-off": (inspected(security_opt=["seccomp=unconfined"]), inspected(security_opt=["seccomp=/p.json"])),
    "restarts-for-ever": (inspected(restart_policy="always"), inspected(restart_policy="no")),
    "restarted-often": (inspected(restart_count=5), inspected(restart_count=4)),
    "killed-for-memory": (inspected(oom_killed=True), inspected()),
    "shares-host-namespace": (inspected(pid_mode="host"), inspected(pid_mode="container:abc")),
    "host-devices": (inspected(devices=["/dev/sda"]), inspected()),
    "other-cgroup": (inspected(cgroup_parent="/mine"), inspected()),
    "own-ulimits": (inspected(ulimits=["nofile"]), inspected()),
}  # fmt: skip


def rules_of(snap: dkf.Snapshot) -> set[str]:
    return set(snap.findings()["rule"])


@pytest.mark.parametrize("rule", CASES)
def test_rule_fires_and_spares_the_near_miss(rule: str) -> None:
    fires, spares = CASES[rule]
    assert rule in rules_of(fires)
    assert rule not in rules_of(spares)


def test_every_rule_has_a_case_and_says_what_it_is() -> None:
    assert set(CASES) == {one.id for one in dkf.BUILTIN_RULES}
    for one_rule in dkf.BUILTIN_RULES:
        assert one_rule.title.endswith((".", ":")), one_rule.id
        assert one_rule.remedy.endswith("."), one_rule.id
        assert one_rule.severity in SEVERITIES


def test_an_empty_fleet_has_no_findings() -> None:
    assert fleet().findings().height == 0
    assert fleet().findings().schema == dkf.Fleet.demo().snapshot(progress=False).findings().schema


def test_the_demo_fleet_shows_many_rules() -> None:
    found = dkf.Fleet.demo().snapshot(progress=False).findings()
    assert found["rule"].n_unique() >= 20
    assert found["severity"].to_list() == sorted(found["severity"], key=SEVERITIES.index, reverse=True)


def test_rules_that_could_not_run_say_so() -> None:
    rules = fleet(one()).rules()
    skipped = rules.filter(~pl.col("ran"))
    assert "privileged" in skipped["rule"].to_list()
    assert skipped["findings"].null_count() == skipped.height
    assert inspected().rules()["ran"].all()


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
    ],
)
def test_alias_and_wildcard_set_one_field_however_they_are_written(labels: dict[str, str], field: str | None) -> None:
    found = fleet(one(Labels=labels)).findings().filter(pl.col("rule") == "alias-and-wildcard-set-one-field")
    assert [message.partition(" ")[0] for message in found["message"]] == ([] if field is None else [field])


def test_docker_socket_findings_tell_read_write_from_read_only() -> None:
    assert rules_of(fleet(one(Mounts=[SOCKET]))) & {"docker-socket-mounted", "docker-socket-writable"} == {
        "docker-socket-writable"
    }
    # A folder with the socket in it is no better.
    assert "docker-socket-writable" in rules_of(fleet(mounted("/var/run/"))) | rules_of(fleet(mounted("/var/run")))


def test_a_rule_of_ones_own() -> None:
    registry = dkf.Registry()

    @registry.rule(severity="high", source="handbook", remedy="Do it.")
    def no_owner(fleet: Any) -> pl.LazyFrame:
        """A container without an owner."""
        return fleet.containers.select("host", "container_id", message=pl.lit("m"), evidence=pl.lit("e"))

    found = fleet(one()).findings(rules=registry + dkf.BUILTIN_RULES)
    assert found.filter(pl.col("rule") == "no-owner").height == 1
    with pytest.raises(dkf.AuditError, match="no-owner already"):
        registry.rule(severity="high", source="", remedy="")(no_owner)
    with pytest.raises(dkf.AuditError, match="no severity 'bad'"):
        registry.rule(severity="bad", source="", remedy="")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"message": pl.lit("m")}, "gives no column evidence"),
        ({"message": pl.col("nope"), "evidence": pl.lit("e")}, "the rule bad-rule failed.*nope"),
        ({"message": pl.col("state").str.to_integer(), "evidence": pl.lit("e")}, "the rule bad-rule failed"),
    ],
)
def test_a_rule_that_fails_is_named(columns: dict[str, pl.Expr], message: str) -> None:
    registry = dkf.Registry()

    @registry.rule(severity="low", source="", remedy="")
    def bad_rule(fleet: Any) -> pl.LazyFrame:
        return fleet.containers.select("host", "container_id", **columns)

    with pytest.raises(dkf.AuditError, match=f"(?i){message}"):
        fleet(one()).findings(rules=registry)


def test_suppressions(tmp_path: Any) -> None:
    (tmp_path / "fleet.yml").write_text(
        """
providers: {docker: {local: unix:///nowhere.sock}}
dockerframe:
  audit:
    off: [no-version-label]
    suppress:
      - {rule: default-bridge, container: web, reason: an old friend, until: 2999-01-01}
      - {rule: no-health-check, host: local, reason: not now, until: 2020-01-01}
"""
    )
    source = dkf.Fleet.from_file(tmp_path / "fleet.yml")
    snap = dkf.Snapshot(**fleet(one(), one("db")).tables, taken_at=fleet().taken_at, audit_settings=source.audit)
    shown = snap.findings()
    bridge = shown.filter(pl.col("rule") == "default-bridge")
    assert bridge["container_name"].to_list() == ["db"]
    assert "no-health-check" in shown["rule"].to_list()
    assert shown.filter(pl.col("rule") == "suppression-expired")["message"].item().endswith("2020-01-01: not now")
    whole = snap.findings(suppressed=True)
    assert whole.filter(pl.col("suppressed").is_not_null())["suppressed"].to_list() == ["an old friend"]
    rules = snap.rules()
    assert rules.filter(pl.col("rule") == "no-version-label")["reason"].item() == "it is switched off"
    assert rules.filter(pl.col("rule") == "default-bridge")["findings"].item() == 1


def test_mistakes_in_suppressions_are_told_all_at_once() -> None:
    audit = {
        "of": [],
        "off": "latest-tag",
        "suppress": [{"rule": "x"}, {"reason": "r"}, {"rule": "x", "reason": "r", "until": "soon", "why": 1}, "text"],
    }
    with pytest.raises(dkf.ConfigurationError) as caught:
        dkf.Fleet.from_mapping({"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": audit}})
    paths = {mistake.path.removeprefix("dockerframe.audit.") for mistake in caught.value.mistakes}
    assert paths == {
        "of",
        "off",
        "suppress.0.reason",
        "suppress.1.rule",
        "suppress.2.until",
        "suppress.2.why",
        "suppress.3",
    }


def test_a_rule_that_the_fleet_file_misspells() -> None:
    mapping = {"providers": {"docker": {"a": "unix:///x"}}, "dockerframe": {"audit": {"off": ["latest-tags"]}}}
    snap = dkf.Snapshot(
        **fleet().tables, taken_at=fleet().taken_at, audit_settings=dkf.Fleet.from_mapping(mapping).audit
    )
    with pytest.raises(dkf.AuditError, match="Did you mean latest-tag"):
        snap.findings()


def test_the_audit_of_small_fleets_is_the_same_every_time() -> None:
    # Polars' streaming engine panicked in about one of twenty such audits.
    demo = dkf.Fleet.demo()
    for names in (["edge", "apps"], ["data", "lab"], ["backup"]):
        snap = dkf.Fleet([demo.host(name) for name in names], pool=demo.pool).snapshot(progress=False)
        first = snap.findings()
        # A copy has not been audited yet.
        assert all(snap.with_tables({}).findings().equals(first) for _ in range(40))
