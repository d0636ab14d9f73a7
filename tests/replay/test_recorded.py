"""Fleets as engines once answered them, with the network blocked. `python -m cassettes.record` records them anew."""

from __future__ import annotations

import os

import polars as pl
import pytest

import dockerframe as dkf


def _url(name: str, otherwise: str) -> str:
    """Where the engine is while its cassette is recorded; in a replay any URL of that kind will do."""
    return os.environ.get(f"DOCKERFRAME_RECORD_{name}", otherwise)


@pytest.mark.vcr
def test_docker_20() -> None:
    snap = dkf.Fleet([dkf.Host("old", _url("DOCKER_20", "unix:///recorded.sock"))]).snapshot(
        progress=False, strict=True
    )
    row = snap.hosts.row(0, named=True)
    assert (row["engine"], row["api_version"], row["engine_version"][:3]) == ("docker", "1.41", "20.")
    assert set(snap.containers["container_name"]) == {"shop-web-1", "shop-db-1", "exporter", "failed"}
    assert set(snap.containers["state"]) == {"running", "exited", "created"}
    assert snap.dependencies["resolved_id"].is_not_null().all()
    assert snap.ports.filter(pl.col("ip") == "::1").height == 1


@pytest.mark.vcr
def test_docker_26() -> None:
    snap = dkf.Fleet([dkf.Host("new", _url("DOCKER_26", "unix:///recorded.sock"))]).snapshot(
        progress=False, strict=True
    )
    row = snap.hosts.row(0, named=True)
    assert (row["engine"], row["api_version"], row["engine_version"][:3]) == ("docker", "1.45", "26.")
    assert snap.containers.height == 4
    assert snap.containers.filter(pl.col("container_name") == "shop-web-1")["private_hostname"].is_not_null().item()


@pytest.mark.vcr
def test_podman() -> None:
    snap = dkf.Fleet([dkf.Host("lab", _url("PODMAN", "unix:///recorded.sock"))]).snapshot(progress=False, strict=True)
    assert snap.hosts["engine"].item() == "podman"
    assert snap.containers["container_name"].to_list()
    assert snap.containers["network_mode"].is_null().all()
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
    snap = dkf.Fleet([dkf.Host("old", _url("DOCKER_20", "unix:///recorded.sock"))]).snapshot(
        progress=False, strict=True
    )
    updated = dkf.update_ports(snap)
    found = updated.containers.filter("is_host_network_mode")["public_ports"].item().to_list()
    assert [port["public_port"] for port in found] == [9100]
