"""Recorded answers of engines, with the network blocked. `python -m cassettes.record` records them again."""

from __future__ import annotations

import os

import polars as pl
import pytest

import dockerframe as dkf
from tests.engines.fleets import LAB


def _url(name: str, replayed: str) -> str:
    """The URL of the engine while its cassette is recorded; in a replay any URL of the same kind."""
    return os.environ.get(f"DOCKERFRAME_RECORD_{name}", replayed)


def _recorded(name: str) -> dkf.Snapshot:
    """A snapshot of the recorded engine."""
    host = dkf.Host("recorded", _url(name, "unix:///recorded.sock"))
    return dkf.Fleet([host]).snapshot(progress=False, strict=True)


def _engine(snap: dkf.Snapshot) -> tuple[str, str, str]:
    """The engine, the API version, and the major version of the engine."""
    row = snap.hosts.row(0, named=True)
    return row["engine"], row["api_version"], row["engine_version"].partition(".")[0]


@pytest.mark.vcr
def test_docker_20() -> None:
    snap = _recorded("DOCKER_20")
    assert _engine(snap) == ("docker", "1.41", "20")
    assert set(snap.containers["container_name"]) == {"shop-web-1", "shop-db-1", "exporter", "failed"}
    assert set(snap.containers["state"]) == {"running", "exited", "created"}
    assert snap.dependencies["resolved_id"].is_not_null().all()
    assert snap.ports.filter(pl.col("ip") == "::1").height == 1


@pytest.mark.vcr
def test_docker_26() -> None:
    snap = _recorded("DOCKER_26")
    assert _engine(snap) == ("docker", "1.45", "26")
    assert snap.containers.height == 4
    assert snap.containers.filter(pl.col("container_name") == "shop-web-1")["private_hostname"].is_not_null().item()


@pytest.mark.vcr
def test_docker_28() -> None:
    snap = _recorded("DOCKER_28")
    assert _engine(snap) == ("docker", "1.51", "28")
    assert set(snap.containers["state"]) == {"running", "exited", "created"}
    assert snap.containers.filter(pl.col("container_name") == "shop-web-1")["private_hostname"].is_not_null().item()
    assert snap.errors.height == 0


@pytest.mark.vcr
def test_podman_4() -> None:
    snap = _recorded("PODMAN_4")
    assert _engine(snap) == ("podman", "1.41", "4")
    _check_podman(snap, network_mode=None)


@pytest.mark.vcr
def test_podman_5() -> None:
    snap = _recorded("PODMAN_5")
    assert _engine(snap) == ("podman", "1.44", "5")
    _check_podman(snap, network_mode=None)


@pytest.mark.vcr
def test_podman_6() -> None:
    snap = _recorded("PODMAN_6")
    assert _engine(snap) == ("podman", "1.44", "6")
    _check_podman(snap, network_mode="bridge")


def _check_podman(snap: dkf.Snapshot, *, network_mode: str | None) -> None:
    """Versions before 6 do not send the network mode."""
    assert set(snap.containers["container_name"]) == {container.name for container in LAB[:3]}
    assert snap.containers["network_mode"].unique().to_list() == [network_mode]
    assert snap.networks["network"].unique().to_list() == ["podman"]
    assert snap.errors.height == 0


@pytest.mark.vcr
def test_two_hosts_over_tcp_at_once() -> None:
    hosts = [
        dkf.Host("a", _url("TCP_A", "tcp://127.0.0.1:23751")),
        dkf.Host("b", _url("TCP_B", "tcp://127.0.0.1:23752")),
    ]
    snap = dkf.Fleet(hosts).snapshot(progress=False, strict=True)
    assert snap.hosts["containers"].to_list() == [4, 4]
    assert snap.hosts["engine_id"].n_unique() == 2


@pytest.mark.vcr
def test_update_ports() -> None:
    snap = _recorded("OWN")
    updated = dkf.update_ports(snap)
    found = updated.containers.filter("is_host_network_mode")["public_ports"].item().to_list()
    assert [port["public_port"] for port in found] == [9100]
