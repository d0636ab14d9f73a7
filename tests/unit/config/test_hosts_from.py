"""Hosts that a fleet file takes from an ssh configuration or an Ansible inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dockerframe as dkf
from dockerframe._config.ansible_inventory import InvalidInventoryError, InventoryHost, inventory_hosts
from dockerframe._config.ssh_hosts import ssh_host_names
from tests.unit.config.conftest import mistakes_of

INI = """\
# comment
bastion ansible_host=10.0.0.1

[docker]
web[01:03] ansible_port=2222
db ansible_host=10.0.0.9 ansible_user=admin   # its own
six ansible_host=2001:db8::6
here ansible_connection=local

[docker:vars]
ansible_user=ops

[other]
x-[a:c]

[all:children]
docker

[site:children]
docker
other

[site:vars]
ansible_user = site
ansible_port=99
"""
YAML = """\
---
all:
  hosts:
    bastion:
  children:
    site:
      vars: {ansible_user: site, ansible_port: 99}
      children:
        docker:
          vars: {ansible_user: ops}
          hosts:
            web[01:03]: {ansible_port: 2222}
            db: {ansible_host: 10.0.0.9, ansible_user: admin}
            six: {ansible_host: "2001:db8::6"}
            here: {ansible_connection: local}
        other:
          hosts: {"x-[a:c]": }
"""


@pytest.mark.parametrize("text", [INI, YAML])
def test_hosts_of_a_group(text: str) -> None:
    assert inventory_hosts(text, "docker") == [
        InventoryHost("web01", "ssh://ops@web01:2222"),
        InventoryHost("web02", "ssh://ops@web02:2222"),
        InventoryHost("web03", "ssh://ops@web03:2222"),
        InventoryHost("db", "ssh://admin@10.0.0.9:99"),
        InventoryHost("six", "ssh://ops@[2001:db8::6]:99"),
        InventoryHost("here", None),
    ]
    assert [host.name for host in inventory_hosts(text, "site")][-3:] == ["x-a", "x-b", "x-c"]
    assert inventory_hosts(text, "other")[0].url == "ssh://site@x-a:99"
    assert "bastion" in [host.name for host in inventory_hosts(text, "all")]


@pytest.mark.parametrize(
    ("text", "group", "problem"),
    [
        (INI, "dokcer", "no group dokcer. Did you mean docker"),
        ("[a]\n", "a", "the group a has no hosts"),
        ("[a]\nx ansible_host={{ip}}\n", "a", "ansible_host of x is a template"),
        ("[a]\nx ansible_host='{{ ip }}'\n", "a", "ansible_host of x is a template"),
        ("all: [x]\n", "all", "the group all must be a mapping"),
        ("all:\n  hosts: {x: {ansible_host: !vault y}}\n", "all", "the tag !vault is not allowed"),
        ("[a]\nx[1:9999999]\n", "a", "more than 100000 hosts"),
        ("[a]\nx[1:999][1:999]\n", "a", "more than 100000 hosts"),
        ("[a]\nx[aa:b]\n", "a", "is not a range"),
        ("[a\nx\n", "a", "line 1 is neither a section nor a host"),
    ],
)
def test_inventories_that_cannot_be_used(text: str, group: str, problem: str) -> None:
    with pytest.raises(InvalidInventoryError, match=problem):
        inventory_hosts(text, group)


def test_groups_that_are_children_of_each_other_end() -> None:
    assert [host.name for host in inventory_hosts("[a:children]\nb\n[b:children]\na\n[b]\nx\n", "a")] == ["x"]


def test_user_names_are_percent_encoded() -> None:
    assert inventory_hosts("[a]\nx ansible_user=me@corp\n", "a")[0].url == "ssh://me%40corp@x"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    (ssh / "conf.d").mkdir()
    (ssh / "config").write_bytes(
        b"Include conf.d/*.conf missing\n# Host docker-no\nHost docker-1 web # docker-comment\n  Port 2222 # \xe4\n"
        b'host="docker-2" docker-3 !docker-4 docker-?\nMatch host docker-5\nHOST = Docker-6 docker-*\nHostName docker-7\n'
    )
    (ssh / "conf.d" / "a.conf").write_text("Host docker-a docker-1\nInclude ~/.ssh/conf.d/a.conf\n")
    return tmp_path


def test_names_of_an_ssh_configuration(home: Path) -> None:
    config = home / ".ssh" / "config"
    assert ssh_host_names(config, "docker-*") == ["docker-a", "docker-1", "docker-2", "docker-3"]
    assert ssh_host_names(config, "Docker-?") == ["Docker-6"]
    assert ssh_host_names(config, "*") == ["docker-a", "docker-1", "web", "docker-2", "docker-3", "Docker-6"]


def test_a_fleet_from_other_files(home: Path) -> None:
    (home / "inventory.yml").write_text(YAML)
    (home / "fleet.yml").write_text(
        """
providers: {docker: {local: unix:///run/docker.sock}}
hosts_from:
  - {ssh_config: "docker-[12]", tags: [lab]}
  - {ansible_inventory: inventory.yml, group: docker}
dockerframe: {connect_timeout_seconds: 2}
"""
    )
    fleet = dkf.Fleet.from_file(home / "fleet.yml")
    assert [host.name for host in fleet.hosts] == [
        "local",
        "docker-1",
        "docker-2",
        "web01",
        "web02",
        "web03",
        "db",
        "six",
        "here",
    ]
    assert fleet.host("docker-1").url == "ssh://docker-1"
    assert fleet.host("docker-1").tags == {"lab"}
    assert fleet.host("here").url == "unix:///var/run/docker.sock"
    assert {host.connect_timeout for host in fleet.hosts} == {2}
    assert fleet.host("db").origin == f"hosts_from.1 in {home / 'fleet.yml'}"


@pytest.mark.parametrize(
    "line",
    [
        "x ansible_port=abc",
        "x ansible_host='a b'",
        "x ansible_host=u:hunter2@h",
        "'a b'",
        "x ansible_user=-oProxyCommand=x",
    ],
)
def test_a_host_whose_address_cannot_be_used_is_a_mistake(tmp_path: Path, line: str) -> None:
    (tmp_path / "inventory").write_text(f"[a]\n{line}\nright\n")
    found = mistakes_of({"hosts_from": [{"ansible_inventory": str(tmp_path / "inventory"), "group": "a"}]})
    assert list(found) == ["hosts_from.0.ansible_inventory"]
    assert "hunter2" not in str(found)


def test_an_alias_of_ssh_that_is_no_host_name_is_a_mistake(home: Path) -> None:
    (home / ".ssh" / "config").write_text("Host -docker docker%x\n")
    assert "hosts_from.ssh_config" in mistakes_of({"hosts_from": {"ssh_config": "*"}})


def test_one_source_needs_no_list(home: Path) -> None:
    fleet = dkf.Fleet.from_mapping({"hosts_from": {"ssh_config": "web"}})
    assert [host.url for host in fleet.hosts] == ["ssh://web"]


@pytest.mark.parametrize(
    ("source", "path", "problem"),
    [
        ({"ssh_config": "nothing-*"}, "hosts_from.ssh_config", "no Host in"),
        ({"ssh_config": "x", "file": "/nope"}, "hosts_from.file", "no such file"),
        ([{"ssh_config": "web", "grup": "x"}], "hosts_from.0.grup", "unknown key"),
        ([{"ansible_inventory": "/nope"}], "hosts_from.0.ansible_inventory", "no such file"),
        ([{"ansible_inventory": "{home}/.ssh/config", "group": "x"}], "hosts_from.0.group", "no group x"),
        ([{"group": "x"}], "hosts_from.0", "a mapping with ssh_config or ansible_inventory"),
        (["web"], "hosts_from.0", "a mapping with ssh_config or ansible_inventory"),
        ([{"ssh_config": "web"}, {"ssh_config": "web"}], "providers", "two hosts are called web"),
    ],
)
def test_sources_with_a_mistake(home: Path, source: Any, path: str, problem: str) -> None:
    if isinstance(source, list) and isinstance(source[0], dict) and "{home}" in str(source[0]):
        (home / ".ssh" / "config").write_text("[docker]\nx\n")
        source = [source[0] | {"ansible_inventory": str(home / ".ssh" / "config")}]
    assert problem in mistakes_of({"hosts_from": source})[path]


def test_without_an_ssh_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = mistakes_of({"hosts_from": {"ssh_config": "web"}})
    assert "no such file" in found["hosts_from.ssh_config"]
