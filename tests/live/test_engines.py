"""With real engines: every container of `docker ps` is a row, and every value agrees with docker."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._transport.connection import ReadOnlyError
from tests.engines import Agent, Authority, Dockerd, Podman, Sshd, create_all
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


@pytest.mark.parametrize("url", ["ssh://{user}@127.0.0.1:{port}", "ssh://engine"])
def test_ssh_with_the_port_of_the_url_or_of_the_configuration(ssh_home: Sshd, plain: Dockerd, url: str) -> None:
    host = dkf.Host("remote", url.format(user="root", port=ssh_home.port))
    snap = dkf.Fleet([host]).snapshot(progress=False, strict=True)
    assert_agrees_with_docker(snap, plain, "remote")
    again = dkf.Fleet([host]).snapshot(progress=False, strict=True)
    assert again.containers.height == snap.containers.height


@pytest.mark.parametrize(("name", "logins"), [("engine", 1), ("inner", 2), ("innermost", 4)])
def test_ssh_by_way_of_jump_hosts(ssh_home: Sshd, plain: Dockerd, name: str, logins: int) -> None:
    before = ssh_home.logins()
    client = dkf.new_client(dkf.Host("remote", f"ssh://{name}"), unique=True)
    try:
        listed = client.get("/containers/json", {"all": "1"})
        assert ssh_home.logins() - before == logins
    finally:
        client.close()
    assert_agrees_with_docker(dkf.from_summaries(listed, host="remote"), plain, "remote")


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [("loop-a", "ssh", "in a circle"), ("lost", "ssh_authentication", "(at the jump host nobody@127.0.0.1:")],
)
def test_jump_hosts_that_lead_nowhere(ssh_home: Sshd, name: str, kind: str, told: str) -> None:
    row = dkf.Fleet([dkf.Host("remote", f"ssh://{name}")]).snapshot(progress=False).hosts.row(0, named=True)
    assert row["error_kind"] == kind
    assert told in row["error"]


def test_ssh_says_why_docker_does_not_answer_there(root: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    without_engine = Sshd(root / "without-engine", "unix:///none/docker.sock").start()
    monkeypatch.setenv("HOME", str(without_engine.home))
    try:
        host = dkf.Host("remote", without_engine.url)
        row = dkf.Fleet([host]).snapshot(progress=False).hosts.row(0, named=True)
    finally:
        without_engine.stop()
    assert row["error_kind"] == "ssh"
    assert "docker system dial-stdio: " in row["error"]
    assert "/none/docker.sock" in row["error"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ProxyCommand /none/nc", "No such file or directory: /none/nc"),
        ("Port many", "is no number: many"),
        ('Host "engine', ".ssh/config can't be read"),
    ],
)
def test_ssh_configurations_that_are_wrong(
    ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    _home_with(ssh_home, tmp_path, monkeypatch, line)
    with pytest.raises(dkf.HostError, match=re.escape(told)) as caught:
        dkf.new_client(dkf.Host("remote", "ssh://engine"), unique=True)
    assert caught.value.kind == "ssh"


@pytest.mark.parametrize(
    "line",
    ["IdentityFile /none/key", "ProxyCommand /bin/busybox nc 127.0.0.1 %p", "ProxyCommand none"],
)
def test_ssh_configurations_that_lead_there(
    ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """A key that is not there is passed over; a command goes before jumps."""
    _home_with(ssh_home, tmp_path, monkeypatch, line)
    for name in ("engine", "inner"):
        dkf.new_client(dkf.Host("remote", f"ssh://{name}"), unique=True).close()


@pytest.mark.parametrize("line", ["Compression no", "ProxyJump engine"])
def test_many_hosts_at_one_ssh_server_log_in_in_turn(
    ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """A server drops connections by chance once ten have not logged in yet."""
    _home_with(ssh_home, tmp_path, monkeypatch, line, hosts="many-*")
    address = f"Host many-*\n  HostName 127.0.0.1\n  Port {ssh_home.port}\n  User root\n"
    config = tmp_path / ".ssh" / "config"
    config.write_text(address + config.read_text())
    hosts = [dkf.Host(f"many-{number}", f"ssh://many-{number}") for number in range(30)]
    snap = dkf.Fleet(hosts).snapshot(progress=False)
    assert snap.hosts.filter(~pl.col("ok")).select("host", "error").rows() == []


def _home_with(
    sshd: Sshd, folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, hosts: str = "engine inner"
) -> None:
    """A home folder whose ssh configuration has a line more for some hosts."""
    shutil.copytree(sshd.home / ".ssh", folder / ".ssh")
    config = folder / ".ssh" / "config"
    config.write_text(f"Host {hosts}\n  {line}\n{config.read_text()}")
    monkeypatch.setenv("HOME", str(folder))


def test_ssh_keys_and_known_hosts_that_cannot_be_used(
    ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    known_hosts = tmp_path / ".ssh" / "known_hosts"

    def kind() -> str:
        with pytest.raises(dkf.HostError) as caught:
            dkf.new_client(dkf.Host("remote", ssh_home.url), unique=True)
        return caught.value.kind

    known_hosts.write_text(f"[127.0.0.1]:{ssh_home.port} ssh-ed25519 notbase64!\n")
    assert kind() == "ssh_host_key"
    known_hosts.write_bytes(b"\xff\xfe")
    assert kind() == "ssh_host_key"
    known_hosts.write_text((ssh_home.home / ".ssh" / "known_hosts").read_text())
    assert kind() == "ssh_authentication"


def test_ssh_refuses_what_it_does_not_know(ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = dkf.Host("remote", f"{ssh_home.url}")

    def kind() -> str:
        with pytest.raises(dkf.HostError) as caught:
            dkf.new_client(host, unique=True)
        return caught.value.kind

    known_hosts = ssh_home.home / ".ssh" / "known_hosts"
    content = known_hosts.read_text()
    try:
        known_hosts.write_text("")
        assert kind() == "ssh_host_key"
        other = (ssh_home.home / ".ssh" / "id_ed25519.pub").read_text().split()[1]
        known_hosts.write_text(f"[127.0.0.1]:{ssh_home.port} ssh-ed25519 {other}\n")
        assert kind() == "ssh_host_key"
    finally:
        known_hosts.write_text(content)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(content)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kind().startswith("ssh")


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
        session = client._connection._session  # type: ignore[union-attr]
        with pytest.raises(ReadOnlyError):
            session.stop("shop-web-1")
        with pytest.raises(ReadOnlyError):
            session.remove_container("shop-web-1", force=True)
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
