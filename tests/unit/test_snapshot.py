"""Snapshots, the namespace, the exported names, the demo fleet, and exposed ports."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import dockerframe as dkf
from dockerframe import expr
from dockerframe.schemas import ERROR_KINDS, LABEL_ERROR_KINDS, SUMMARIES
from dockerframe.tables import TABLES
from dockerframe.tables.containers import TABLE as CONTAINERS
from tests.summaries import snapshot_of, summary

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

COLUMNS = {function.__name__: function for function in expr._COLUMNS}
FRAMES = {function.__name__: function for function in expr._FRAMES}


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


def test_dir_lists_exported_names_only() -> None:
    documented = {
        "Fleet", "from_summaries", "from_bodies", "concat", "read_snapshot", "aliases", "compose_project", "compose_service",
        "dependencies", "is_blacklisted", "blacklist_reasons", "is_explicit", "is_excluded", "image", "health", "route_fields",
        "routes", "dependency_edges", "new_client", "clients", "update_ports", "diff", "BUILTIN_RULES", "Registry",
    }  # fmt: skip
    assert documented <= set(dkf.__all__)
    assert all(hasattr(dkf, name) for name in dkf.__all__)
    assert set(dir(dkf)) == set(dkf.__all__)


def test_import_loads_neither_paramiko_nor_notebooks() -> None:
    code = "import sys, dockerframe; dockerframe.Fleet; print(sorted({'docker', 'paramiko', 'requests', 'pydantic', 'IPython', 'ipywidgets', 'anywidget', 'typer', 'rich', 'networkx', 'altair', 'deltalake', 'jinja2', 'distributed', 'dask'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode().strip() == "[]"


def test_demo_fleet_has_every_kind_of_host_container_and_error(demo: dkf.Snapshot) -> None:
    assert demo.hosts.height >= 4
    assert demo.hosts.filter(~pl.col("ok"))["host"].to_list() == ["backup"]
    assert demo.containers.height >= 60
    assert set(demo.hosts["engine"].drop_nulls()) == {"docker", "podman"}
    assert demo.hosts["engine_version"].n_unique() >= 4
    assert demo.containers["compose_project"].n_unique() >= 4
    assert demo.containers["is_host_network_mode"].sum() >= 2
    assert demo.containers["is_blacklisted"].sum() >= 10
    assert demo.containers["idle_timeout"].is_not_null().any()
    assert demo.networks["network"].n_unique() >= 6
    assert demo.ports["ip"].str.contains(":").any()
    assert set(demo.containers["state"]) >= {"running", "exited", "created", "paused", "restarting"}
    assert set(demo.containers["health"].drop_nulls()) >= {"healthy", "unhealthy"}
    assert set(demo.route_fields["origin"]) == {"alias", "reference", "shortcut", "wildcard"}
    assert set(demo.routes["excluded_reason"].drop_nulls()) >= {"error", "manual", "no_port", "blacklisted"}
    assert set(demo.errors["kind"]) >= {
        "invalid_bool",
        "invalid_yaml",
        "label_conflict",
        "alias_ref_out_of_range",
        "invalid_idle",
    }
    assert demo.dependencies["resolved_id"].is_not_null().any()
    assert demo.dependencies["resolved_id"].is_null().any()
    assert demo.hosts.filter(pl.col("host") == "data")["agent_name"].item() == "data"
    assert set(demo.errors["kind"]) <= set(LABEL_ERROR_KINDS)
    assert set(demo.hosts["error_kind"].drop_nulls()) <= set(ERROR_KINDS)


def test_every_expression_and_frame_function_is_a_method_of_eager_and_lazy_frames(demo: dkf.Snapshot) -> None:
    raw = demo.containers.select(SUMMARIES.schema.names()).join(
        demo.hosts.select("host", "url"), on="host", maintain_order="left"
    )
    for name, function in COLUMNS.items():
        added = function().struct.unnest() if name in {"image", "idle_settings"} else function()
        expected = raw.with_columns(added)
        assert_frame_equal(getattr(raw.docker, name)(), expected)  # type: ignore[attr-defined]
        assert_frame_equal(getattr(raw.lazy().docker, name)().collect(), expected)  # type: ignore[attr-defined]
    for name, function in FRAMES.items():
        expected = function(demo.containers)
        assert_frame_equal(getattr(demo.containers.docker, name)(), expected)  # type: ignore[attr-defined]
        assert_frame_equal(getattr(demo.containers.lazy().docker, name)().collect(), expected)  # type: ignore[attr-defined]
    assert set(COLUMNS) | set(FRAMES) <= set(dkf.__all__)


def test_expressions_give_the_columns_of_the_table(demo: dkf.Snapshot) -> None:
    raw = demo.containers.select(SUMMARIES.schema.names())
    for name in set(COLUMNS) & set(CONTAINERS.schema.names()) - {"public_hostname", "image"}:
        assert raw.select(COLUMNS[name]()).to_series().equals(demo.containers[name]), name
    assert dkf.route_fields(demo.containers).equals(demo.route_fields)
    assert dkf.dependency_edges(demo.containers).equals(demo.dependencies)
    assert dkf.routes(demo.containers, errors=demo.errors).height == demo.routes.height


def test_concat_joins_hosts(demo: dkf.Snapshot) -> None:
    other = snapshot_of(summary())
    both = dkf.concat([demo, other])
    assert both.hosts.height == demo.hosts.height + 1
    for name in TABLES:
        assert getattr(both, name).height == getattr(demo, name).height + getattr(other, name).height
    with pytest.raises(dkf.SnapshotError, match="local"):
        dkf.concat([other, other])
    with pytest.raises(dkf.SnapshotError, match="at least one"):
        dkf.concat([])
    with pytest.raises(dkf.SnapshotError, match="precedence"):
        dkf.concat([demo, snapshot_of(precedence="wildcard")])


def test_urls_of_unknown_bodies_are_an_error() -> None:
    with pytest.raises(dkf.SnapshotError, match="b"):
        dkf.from_bodies({"a": b"[]"}, urls={"b": "tcp://b"})


def test_tables_of_a_fleet_are_those_of_its_hosts(demo: dkf.Snapshot) -> None:
    """No row is lost, and hosts do not affect each other."""
    for host in demo.hosts.filter("ok")["host"]:
        alone = dkf.Fleet(
            [candidate for candidate in dkf.Fleet.demo().hosts if candidate.name == host], pool=dkf.Fleet.demo().pool
        ).snapshot(progress=False)
        for name in TABLES:
            if name != "hosts":
                together = getattr(demo, name).filter(pl.col("host") == host)
                assert_frame_equal(getattr(alone, name), together, check_row_order=name != "errors")


def test_update_ports_adds_exposed_ports(demo: dkf.Snapshot) -> None:
    updated = dkf.update_ports(demo)
    in_host_mode = updated.containers.filter("is_host_network_mode")
    found = {
        name: [port["public_port"] for port in ports]
        for name, ports in in_host_mode.select("container_name", "public_ports").iter_rows()
    }
    assert found["node-exporter"] == [9100]
    assert found["media-player-1"] == [8096]
    assert updated.ports.equals(demo.ports)
    by_alias = dict(
        updated.routes.filter(pl.col("container_name") == "node-exporter").select("alias", "target_port").iter_rows()
    )
    assert by_alias["node-exporter"] == 9100
    others = pl.col("container_name").is_in(list(found)).not_()
    assert updated.containers.filter(others).equals(demo.containers.filter(others))


def test_update_ports_reports_containers_that_cannot_be_inspected(demo: dkf.Snapshot) -> None:
    wanted = pl.DataFrame(
        {
            "host": ["edge", "edge", "backup", "nowhere"],
            "container_id": [
                "0" * 64,
                demo.containers.filter(pl.col("container_name") == "node-exporter")["container_id"].item(),
                "x",
                "y",
            ],
        }
    )
    updated = dkf.update_ports(demo, wanted)
    added = updated.errors.filter(pl.col("kind").is_in(["container_gone", "inspect_failed"]))
    assert set(added.select("host", "kind").rows()) == {
        ("edge", "container_gone"),
        ("backup", "inspect_failed"),
        ("nowhere", "inspect_failed"),
    }
    assert updated.containers.filter(pl.col("container_name") == "node-exporter")["public_ports"].list.len().item() == 1


def test_update_ports_without_a_fleet_is_an_error() -> None:
    with pytest.raises(dkf.SnapshotError, match="fleet="):
        dkf.update_ports(snapshot_of(summary()))
    assert dkf.update_ports(snapshot_of(summary()), fleet=dkf.Fleet.demo()).errors.height == 0


def test_explicit_only_hosts_route_explicit_containers_only() -> None:
    pool = dkf.Fleet.demo().pool
    hosts = [dkf.Host(host.name, host.url, explicit_only=host.name == "data") for host in dkf.Fleet.demo().hosts]
    snap = dkf.Fleet(hosts, pool=pool).snapshot(progress=False)
    explicit = snap.containers.filter("is_explicit").select("host", "container_id")
    assert (
        snap.routes.filter(pl.col("host") == "data").join(explicit, on=["host", "container_id"], how="anti").height == 0
    )
    assert (
        snap.routes.filter(pl.col("host") == "edge").join(explicit, on=["host", "container_id"], how="anti").height > 0
    )
    assert snap.explicit_only == {"data"}


def test_repr_shows_the_size_of_the_fleet_and_failed_hosts(demo: dkf.Snapshot) -> None:
    assert repr(demo).startswith(f"Snapshot(5 hosts, 1 of them failed, {demo.containers.height} containers")


def test_snapshot_of_an_earlier_version_has_nulls_in_new_columns(tmp_path: Path) -> None:
    snap = dkf.Fleet.demo().snapshot(progress=False)
    folder = snap.write(tmp_path)
    file = folder / "containers.parquet"
    pl.read_parquet(file).drop("network").write_parquet(file)
    read = dkf.read_snapshot(folder)
    assert read.containers.schema == snap.containers.schema
    assert read.containers["network"].null_count() == snap.containers.height
    assert read.findings().height
    assert dkf.diff(read, snap).filter(pl.col("change") != "changed").height == 0


def test_diff_of_several_mounts_at_one_destination_shows_only_the_change() -> None:
    def with_mounts(*sources: str) -> dkf.Snapshot:
        mounts = [{"Destination": "/data", "Source": source, "RW": True} for source in sources]
        # The alias `a.port` is not the port of the alias `a`.
        return snapshot_of(summary(Mounts=mounts, Labels={"proxy.aliases": "a,a.port", "proxy.a.port": "80"}))

    assert dkf.diff(with_mounts("/a", "/b"), with_mounts("/b", "/a")).is_empty()
    (row,) = dkf.diff(with_mounts("/a", "/b"), with_mounts("/a", "/c")).to_dicts()
    assert (row["change"], row["field"], row["before"], row["after"]) == (
        "mounts",
        "/data",
        "/a rw, /b rw",
        "/a rw, /c rw",
    )


def test_finding_with_missing_values_keeps_a_message() -> None:
    published = [{"PublicPort": 22}]
    found = snapshot_of(summary(Ports=published)).findings().filter(rule="privileged-port-published")
    assert found["message"].to_list() == ["A port below 1024 is published on the host."]
    assert found["evidence"].to_list() == ["ports.public_port: 22"]


def test_diff_ignores_duplicate_containers_and_the_order_of_rows() -> None:
    snap = snapshot_of(*(summary(Id=name, Names=[f"/{name}"], Labels={"at": name}) for name in "abc"))
    twice = snap.with_tables({"containers": pl.concat([snap.containers.head(1), snap.containers])})
    turned = snap.with_tables({"labels": snap.labels.reverse()})
    assert dkf.diff(twice, turned).is_empty()
    assert dkf.diff(turned, twice).is_empty()


def test_rules_run_once_per_snapshot() -> None:
    registry, runs = dkf.Registry(), []

    @registry.rule(severity="low", source="a test", remedy="Nothing.")
    def counted(fleet: FleetTables) -> pl.LazyFrame:
        """A rule that counts how often it runs."""
        runs.append(1)
        return fleet.containers.select("host", "container_id", message=pl.lit("m"), evidence=pl.lit("e"))

    snap = snapshot_of(summary(Id="1"), summary(Id="2"))
    assert snap.findings(registry).height == 2
    assert snap.rules(registry)["findings"].item() == 2
    assert len(runs) == 1
    fewer = snap.with_tables({"containers": snap.containers.head(1)})
    assert fewer.findings(registry).height == 1

    @registry.rule(severity="low", source="a test", remedy="Nothing.")
    def added_later(fleet: FleetTables) -> pl.LazyFrame:
        """A rule that is added after the first run."""
        return counted(fleet)

    assert snap.findings(registry).height == 4
    restored = pickle.loads(pickle.dumps(snap))
    assert restored.equals(snap)
    assert restored.findings(registry).equals(snap.findings(registry))


def test_columns_have_one_chunk_wherever_they_come_from(tmp_path: Path) -> None:
    parts = [dkf.from_summaries([summary(Id=name)], host=name) for name in ("a", "b", "c")]
    joined = dkf.concat(parts)
    twice = joined.with_tables({"labels": pl.concat([joined.labels, joined.labels], rechunk=False)})
    for snap in (joined, twice, dkf.read_snapshot(joined.write(tmp_path))):
        assert {name: set(table.n_chunks("all")) for name, table in snap.tables.items()} == {
            name: {1} for name in snap.tables
        }
