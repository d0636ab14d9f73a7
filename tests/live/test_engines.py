"""With real engines: every container of `docker ps` is a row, and every value agrees with docker."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._transport.connection import ReadOnlyError
from tests.engines import Agent, Authority, Dockerd, Podman, create_all
from tests.engines.containers import Created


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def assert_agrees_with_docker(snap: dkf.Snapshot, engine: Dockerd, host: str) -> None:
    """Compare every value with `docker ps` and `docker inspect`."""
    rows = {row["container_id"]: row for row in snap.containers.filter(pl.col("host") == host).to_dicts()}
    shown = {one["ID"]: one for one in _lines(engine.docker("ps", "-a", "--no-trunc", "--format", "{{json .}}"))}
    inspected = {one["Id"]: one for one in json.loads(engine.docker("inspect", *shown))}
    assert set(rows) == set(shown) != set()
    for container_id, row in rows.items():
        _agrees_with_ps(row, shown[container_id])
        _agrees_with_inspect(row, inspected[container_id])
        _tables_agree(snap, row, inspected[container_id])
    assert snap.hosts.filter(pl.col("host") == host)["containers"].item() == len(shown)


def _agrees_with_ps(row: dict[str, Any], shown: dict[str, Any]) -> None:
    assert row["container_name"] == shown["Names"]
    assert row["image"] == shown["Image"]
    assert row["state"] == shown["State"]
    assert row["command"] == json.loads(shown["Command"])
    assert row["status"].split(" (")[0].split()[0] == shown["Status"].split()[0]
    assert ",".join(sorted(row["networks"])) == ",".join(sorted(filter(None, shown["Networks"].split(","))))


def _agrees_with_inspect(row: dict[str, Any], one: dict[str, Any]) -> None:
    assert row["labels"] == (one["Config"]["Labels"] or {})
    assert row["image_id"] == one["Image"]
    assert row["running"] == (one["State"]["Status"] == "running")
    assert row["network_mode"] == one["HostConfig"]["NetworkMode"]
    created = datetime.fromisoformat(one["Created"].split(".")[0].rstrip("Z")).replace(tzinfo=UTC)
    assert row["created"] == created
    health = one["State"].get("Health")
    assert row["health"] == (health and health["Status"])


def _tables_agree(snap: dkf.Snapshot, row: dict[str, Any], one: dict[str, Any]) -> None:
    def of(table: pl.DataFrame) -> list[dict[str, Any]]:
        return table.filter(pl.col("host") == row["host"], pl.col("container_id") == row["container_id"]).to_dicts()

    mounts = {mount["Destination"]: mount for mount in one["Mounts"]}
    found = {mount["destination"]: mount for mount in of(snap.mounts)}
    assert set(found) == set(mounts)
    for destination, mount in found.items():
        wire = mounts[destination]
        assert (mount["type"], mount["rw"], mount["mode"], mount["source"] or "") == (
            wire["Type"],
            wire["RW"],
            wire["Mode"],
            wire["Source"] if wire["Type"] == "bind" else mount["source"] or "",
        )
    networks = one["NetworkSettings"]["Networks"]
    for attachment in of(snap.networks):
        wire = networks[attachment["network"]]
        for ours, theirs in (
            ("ip_address", "IPAddress"),
            ("gateway", "Gateway"),
            ("endpoint_id", "EndpointID"),
            ("mac_address", "MacAddress"),
            ("network_id", "NetworkID"),
            ("global_ipv6_address", "GlobalIPv6Address"),
            ("ip_prefix_len", "IPPrefixLen"),
        ):
            assert attachment[ours] == wire[theirs], ours
    bound = {
        (binding["HostIp"], int(port.split("/")[0]), int(binding["HostPort"]), port.split("/")[1])
        for port, bindings in (one["NetworkSettings"]["Ports"] or {}).items()
        for binding in bindings or []
    }
    assert {
        (port["ip"], port["private_port"], port["public_port"], port["type"])
        for port in of(snap.ports)
        if port["public_port"]
    } == bound


def _secured_host(secured: Dockerd, authority: Authority) -> dkf.Host:
    cert_file, key_file = authority.issue("client", "client")
    return dkf.Host(
        "secured", f"tls://127.0.0.1:{secured.tls_port}", tls=dkf.TlsFiles(authority.ca_file, cert_file, key_file)
    )


def test_three_engines_and_one_that_is_down(
    plain: Dockerd, secured: Dockerd, authority: Authority, podman: Podman, root: Path
) -> None:
    hosts = [
        dkf.Host("plain", plain.url),
        _secured_host(secured, authority),
        dkf.Host("podman", podman.url),
        dkf.Host("down", f"unix://{root}/down.sock"),
    ]
    snap = dkf.Fleet(hosts).snapshot(progress=False)
    assert snap.hosts.select("host", "ok", "error_kind").rows() == [
        ("plain", True, None),
        ("secured", True, None),
        ("podman", True, None),
        ("down", False, "no_socket"),
    ]
    assert_agrees_with_docker(snap, plain, "plain")
    assert_agrees_with_docker(snap, secured, "secured")
    engines = snap.hosts.filter("ok")
    assert engines["engine"].to_list() == ["docker", "docker", "podman"]
    assert engines["engine_id"].drop_nulls().n_unique() >= 2
    assert engines["cpus"].min() >= 1
    assert engines["memory"].min() > 10**8


def test_derived_columns_of_a_real_engine(plain: Dockerd) -> None:
    snap = dkf.Fleet([dkf.Host("plain", plain.url)]).snapshot(progress=False)
    rows = {row["container_name"]: row for row in snap.containers.to_dicts()}
    web, db = rows["shop-web-1"], rows["shop-db-1"]
    address = json.loads(plain.docker("inspect", "shop-web-1"))[0]["NetworkSettings"]["Networks"]["front"]["IPAddress"]
    assert (web["aliases"], web["network"], web["private_hostname"], web["public_hostname"]) == (
        ["shop", "www"],
        "front",
        address,
        "127.0.0.1",
    )
    assert db["blacklist_reasons"] == ["mount:/var/lib/postgresql/data", "port:5432", "image:postgres"]
    assert snap.dependencies.select("dependency", "condition", "restart", "resolved_id").rows() == [
        ("db", "service_healthy", True, db["container_id"])
    ]
    assert rows["exporter"]["is_host_network_mode"] is True
    assert rows["failed"]["image_registry"] == "registry.example.com:5000"
    by_alias = {row["alias"]: row for row in snap.routes.to_dicts()}
    assert (by_alias["shop"]["target_host"], by_alias["shop"]["target_port"]) == (address, 80)
    assert by_alias["never"]["excluded_reason"] == "manual"


def test_sizes_are_null_unless_requested(plain: Dockerd) -> None:
    fleet = dkf.Fleet([dkf.Host("plain", plain.url)])
    assert fleet.snapshot(progress=False).containers["size_root_fs"].null_count() > 0
    with_sizes = fleet.snapshot(progress=False, size=True).containers
    assert with_sizes["size_root_fs"].null_count() == 0
    assert with_sizes["size_root_fs"].min() > 100_000


def test_podman(podman: Podman) -> None:
    snap = dkf.Fleet([dkf.Host("lab", podman.url)]).snapshot(progress=False)
    shown = {one["Id"]: one for one in json.loads(podman.podman("ps", "-a", "--no-trunc", "--format", "json"))}
    assert set(snap.containers["container_id"]) == set(shown)
    for row in snap.containers.to_dicts():
        assert row["container_name"] == shown[row["container_id"]]["Names"][0]
        assert row["labels"] == (shown[row["container_id"]]["Labels"] or {})
        assert row["state"] == "created"
    row = snap.hosts.row(0, named=True)
    assert (row["engine"], row["ok"]) == ("podman", True)
    assert row["engine_version"][0].isdigit()


def test_agent(agent: Agent, secured: Dockerd, authority: Authority, tmp_path: Path) -> None:
    authority.pack_agent(tmp_path / "certs", agent.address)
    (tmp_path / "fleet.yml").write_text(f"providers:\n  agents: ['{agent.address}', '127.0.0.1:1']\n")
    snap = dkf.Fleet.from_file(tmp_path / "fleet.yml").snapshot(progress=False)
    assert_agrees_with_docker(snap, secured, agent.address)
    known, unknown = snap.hosts.to_dicts()
    assert (known["agent_name"], known["agent_version"], known["ok"]) == ("attic", "0.18.2", True)
    assert unknown["error_kind"] == "unknown_agent"
    assert snap.containers.filter(pl.col("container_name") == "mysql")["private_hostname"].item() is not None


def test_agent_whose_certificate_has_another_name(secured: Dockerd, authority: Authority, tmp_path: Path) -> None:
    address = f"127.0.0.1:{secured.tls_port}"
    authority.pack_agent(tmp_path, address)
    snap = dkf.Fleet([dkf.Host("x", f"agent://{address}", agent_certificates=tmp_path)]).snapshot(progress=False)
    assert snap.hosts["error_kind"].item() == "tls"


def test_tls_needs_the_right_certificates(secured: Dockerd, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    cert_file, key_file = other.issue("stranger", "stranger")
    url = f"tls://127.0.0.1:{secured.tls_port}"
    for tls in (
        dkf.TlsFiles(authority.ca_file),
        dkf.TlsFiles(authority.ca_file, cert_file, key_file),
        dkf.TlsFiles(other.ca_file),
    ):
        with pytest.raises(dkf.HostError) as caught:
            dkf.new_client(dkf.Host("secured", url, tls=tls), unique=True).get("/containers/json")
        assert caught.value.kind in {"tls", "disconnected"}


def test_update_ports_inspects_containers(plain: Dockerd) -> None:
    snap = dkf.Fleet([dkf.Host("plain", plain.url)]).snapshot(progress=False)
    updated = dkf.update_ports(snap)
    row = updated.containers.filter(pl.col("container_name") == "exporter").row(0, named=True)
    assert row["public_ports"] == [{"ip": None, "private_port": 9100, "public_port": 9100, "type": "tcp"}]
    assert updated.errors.height == snap.errors.height


def test_client_cannot_change_a_host(plain: Dockerd) -> None:
    with dkf.new_client(dkf.Host("plain", plain.url), unique=True) as client:
        sockets = client._connection._pool  # type: ignore[union-attr]
        for method, path in (("POST", "/containers/shop-web-1/stop"), ("DELETE", "/containers/shop-web-1?force=1")):
            with pytest.raises(ReadOnlyError):
                sockets.urlopen(method, path)
    assert "shop-web-1" in plain.docker("ps", "--format", "{{.Names}}")


def test_engines_that_stop_restart_and_change(spare: Callable[[str], Dockerd], plain: Dockerd) -> None:
    """A stopped engine changes only its own row, and is found again after a restart."""
    engine = spare("spare")
    create_all(engine, [Created("one", "app"), Created("two", "app", start=False)])
    fleet = dkf.Fleet([dkf.Host("plain", plain.url), dkf.Host("spare", engine.url)])
    before = fleet.snapshot(progress=False)
    assert_agrees_with_docker(before, engine, "spare")
    engine.stop()
    stopped = fleet.snapshot(progress=False)
    assert stopped.hosts.select("host", "ok").rows() == [("plain", True), ("spare", False)]
    assert stopped.hosts["error_kind"].to_list()[1] in {"refused", "no_socket"}
    columns = ["container_id", "names", "image", "state", "labels", "aliases", "is_blacklisted"]
    assert stopped.containers.select(columns).equals(
        before.containers.filter(pl.col("host") == "plain").select(columns)
    )
    engine.start()
    engine.docker("rm", "two")
    after = fleet.snapshot(progress=False)
    assert after.hosts["ok"].to_list() == [True, True]
    assert_agrees_with_docker(after, engine, "spare")


def test_contexts_of_the_docker_cli(
    secured: Dockerd, plain: Dockerd, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contexts created by docker, with TLS files."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    cert_file, key_file = authority.issue("context", "client")
    tls = f"host=tcp://127.0.0.1:{secured.tls_port},ca={authority.ca_file},cert={cert_file},key={key_file}"
    secured.docker("--config", str(tmp_path), "context", "create", "secured", "--docker", tls)
    plain.docker("--config", str(tmp_path), "context", "create", "plain", "--docker", f"host={plain.url}")
    snap = dkf.Fleet.from_contexts(["plain", "secured"]).snapshot(progress=False, strict=True)
    assert_agrees_with_docker(snap, plain, "plain")
    assert_agrees_with_docker(snap, secured, "secured")
    monkeypatch.setenv("DOCKER_CONTEXT", "secured")
    assert dkf.Fleet.from_env().snapshot(progress=False, strict=True).containers.height == 2
    monkeypatch.setenv("DOCKER_HOST", plain.url)
    assert dkf.Fleet.from_env().snapshot(progress=False, strict=True).containers.height > 2
