"""Small fleets for the tests of rules, and what a rule finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

import dockerframe as dkf
from dockerframe.schemas import INSPECTIONS
from dockerframe.tables.containers import TABLE as CONTAINERS
from tests.summaries import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FAILED = {"State": "exited", "Status": "Exited (1) 2 hours ago"}
STOPPED = {"State": "exited", "Status": "Exited (143) 2 hours ago"}


def one(name: str = "web", **own: Any) -> dict[str, Any]:
    """A container whose id is made of its name."""
    return summary(**{"Id": name * 3, "Names": [f"/{name}"], **own})


def fleet(*containers: dict[str, Any], url: str = "unix:///var/run/docker.sock") -> dkf.Snapshot:
    return dkf.from_summaries(list(containers), url=url)


def labelled(**labels: str) -> dict[str, Any]:
    """A container with labels; `__` stands for a dot in their names."""
    return one(Labels={name.replace("__", "."): value for name, value in labels.items()})


def service(name: str, **own: Any) -> dict[str, Any]:
    """A container of the project `shop`, of the service `api` unless its labels name another one."""
    labels = {PROJECT: "shop", SERVICE: "api", **own.pop("Labels", {})}
    return one(name, Labels=labels, **own)


def bind(source: str, *, rw: bool = True, **own: Any) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": "/at", "RW": rw, "Propagation": "rprivate", **own}


def mounted(source: str, *, rw: bool = True, image: str = "app", **own: Any) -> dkf.Snapshot:
    """A fleet of one container with one mount."""
    return fleet(one(Image=image, Mounts=[bind(source, rw=rw, **own)]))


def binding(private: int, public: int | None = None, ip: str = "0.0.0.0", kind: str = "tcp") -> dict[str, Any]:
    return {"IP": ip, "PrivatePort": private, "PublicPort": public or private, "Type": kind}


def inspected(*, engine: str | None = None, url: str = "unix:///var/run/docker.sock", **own: Any) -> dkf.Snapshot:
    """A fleet of one inspected container, created as the benchmark wants it but for what is given."""
    good = {
        "host": "local", "container_id": "webwebweb", "user": "1000", "privileged": False, "cap_add": [], "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"], "apparmor_profile": "docker-default", "read_only_root": True,
        "memory_limit": 2**28, "cpu_shares": 512, "pids_limit": 200, "restart_policy": "on-failure", "restart_retries": 5,
        "restart_count": 0, "pid_mode": "", "ipc_mode": "private", "uts_mode": "", "userns_mode": "", "cgroup_parent": "",
        "devices": [], "device_requests": [], "ulimits": [], "environment": [], "oom_killed": False, "exit_code": 0,
    }  # fmt: skip
    snap = fleet(one(**own.pop("summary", {})), url=url)
    hosts = snap.hosts.with_columns(engine=pl.lit(engine, pl.String))
    row = pl.DataFrame([{**good, **own}], schema=INSPECTIONS.schema)
    return snap.with_tables({"hosts": hosts, "inspections": row})


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
    """One container on each of the hosts `a` and `b`."""
    both = dkf.concat([dkf.from_summaries([first], host="a"), dkf.from_summaries([second], host="b")])
    return both.with_tables({"hosts": both.hosts.with_columns(pl.Series("arch", arch))})


def has_column(name: str) -> bool:
    """Whether the table `containers` has a column: other branches add some."""
    return name in CONTAINERS.schema


def run(snap: dkf.Snapshot, rule: str) -> pl.DataFrame:
    """The findings of one rule."""
    return snap.findings(rules=dkf.Registry([dkf.BUILTIN_RULES[rule]]))


def found(snap: dkf.Snapshot, rule: str) -> list[tuple[str, str]]:
    """Severity and evidence of the findings of one rule."""
    return run(snap, rule).select(pl.col("severity").cast(pl.String), "evidence").rows()


def evidence(snap: dkf.Snapshot, rule: str) -> list[str]:
    """The evidence of the findings of one rule."""
    return run(snap, rule)["evidence"].to_list()


def names(snap: dkf.Snapshot, rule: str) -> set[str]:
    """The names of the containers in which a rule finds something."""
    return set(run(snap, rule)["container_name"])


def found_by_container(snap: dkf.Snapshot, rule: str) -> dict[str, list[tuple[str, str]]]:
    """Severity and evidence of the findings of one rule, by the name of the container; containers without any too.

    One fleet for a whole table of cases is derived once.
    """
    cases: dict[str, list[tuple[str, str]]] = {name: [] for name in snap.containers["container_name"]}
    rows = run(snap, rule).select("container_name", pl.col("severity").cast(pl.String), "evidence")
    for name, severity, text in rows.iter_rows():
        cases[name].append((severity, text))
    return cases
