"""Snapshots, the namespace, the exported names, the demo fleet, and ports that are asked for."""

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
from dockerframe.schemas import CONTAINERS, ERROR_KINDS, LABEL_ERROR_KINDS, SUMMARIES
from dockerframe.tables import TABLES
from tests.summaries import snapshot_of, summary

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

COLUMNS = {function.__name__: function for function in expr._COLUMNS}
FRAMES = {function.__name__: function for function in expr._FRAMES}


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


def test_dir_lists_exported_names_only() -> None:
    of_api = {
        "Fleet", "from_summaries", "from_bodies", "concat", "read_snapshot", "aliases", "compose_project", "compose_service",
        "dependencies", "is_blacklisted", "blacklist_reasons", "is_explicit", "is_excluded", "image", "health", "route_fields",
        "routes", "dependency_edges", "new_client", "clients", "update_ports", "diff", "rule",
    }  # fmt: skip
    assert of_api <= set(dkf.__all__)
    assert all(hasattr(dkf, name) for name in dkf.__all__)
    assert set(dir(dkf)) == set(dkf.__all__)


def test_import_loads_neither_paramiko_nor_notebooks() -> None:
    code = "import sys, dockerframe; print(sorted({'IPython', 'ipywidgets', 'anywidget', 'typer', 'rich', 'networkx', 'altair', 'deltalake', 'jinja2', 'distributed', 'dask'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode().strip() == "[]"


def test_the_demo_fleet_has_what_it_promises(demo: dkf.Snapshot) -> None:
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


def test_every_expression_and_frame_hangs_on_frames_eager_and_lazy(demo: dkf.Snapshot) -> None:
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


def test_bodies_and_urls_go_together() -> None:
    with pytest.raises(dkf.SnapshotError, match="b"):
        dkf.from_bodies({"a": b"[]"}, urls={"b": "tcp://b"})


def test_derivation_of_many_hosts_is_that_of_each(demo: dkf.Snapshot) -> None:
    """Decoding loses no row, and a fleet is the sum of its hosts."""
    for host in demo.hosts.filter("ok")["host"]:
        alone = dkf.Fleet(
            [one for one in dkf.Fleet.demo().hosts if one.name == host], pool=dkf.Fleet.demo().pool
        ).snapshot(progress=False)
        for name in TABLES:
            if name != "hosts":
                together = getattr(demo, name).filter(pl.col("host") == host)
                assert_frame_equal(getattr(alone, name), together, check_row_order=name != "errors")


def test_update_ports_adds_what_images_expose(demo: dkf.Snapshot) -> None:
    updated = dkf.update_ports(demo)
    in_host_mode = updated.containers.filter("is_host_network_mode")
    found = {
        name: [one["public_port"] for one in ports]
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


def test_update_ports_of_what_is_gone_is_an_error_on_its_row(demo: dkf.Snapshot) -> None:
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


def test_update_ports_needs_a_fleet() -> None:
    with pytest.raises(dkf.SnapshotError, match="fleet="):
        dkf.update_ports(snapshot_of(summary()))
    assert dkf.update_ports(snapshot_of(summary()), fleet=dkf.Fleet.demo()).errors.height == 0


def test_hosts_that_end_in_an_exclamation_mark_route_explicit_containers_alone() -> None:
    pool = dkf.Fleet.demo().pool
    hosts = [dkf.Host(one.name, one.url, explicit_only=one.name == "data") for one in dkf.Fleet.demo().hosts]
    snap = dkf.Fleet(hosts, pool=pool).snapshot(progress=False)
    explicit = snap.containers.filter("is_explicit").select("host", "container_id")
    assert (
        snap.routes.filter(pl.col("host") == "data").join(explicit, on=["host", "container_id"], how="anti").height == 0
    )
    assert (
        snap.routes.filter(pl.col("host") == "edge").join(explicit, on=["host", "container_id"], how="anti").height > 0
    )
    assert snap.explicit_only == {"data"}


def test_a_snapshot_says_how_the_fleet_fares(demo: dkf.Snapshot) -> None:
    assert repr(demo).startswith(f"Snapshot(5 hosts, 1 of them failed, {demo.containers.height} containers")


def test_what_an_earlier_version_wrote_is_read_with_nulls_for_its_missing_columns(tmp_path: Path) -> None:
    snap = dkf.Fleet.demo().snapshot(progress=False)
    folder = snap.write(tmp_path)
    file = folder / "containers.parquet"
    pl.read_parquet(file).drop("network").write_parquet(file)
    again = dkf.read_snapshot(folder)
    assert again.containers.schema == snap.containers.schema
    assert again.containers["network"].null_count() == snap.containers.height
    assert again.findings().height
    assert dkf.diff(again, snap).filter(pl.col("change") != "changed").height == 0


def test_what_stands_at_one_place_twice_differs_from_nothing_but_what_changed() -> None:
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


def test_a_rule_that_is_not_told_enough_says_what_it_looks_for() -> None:
    published = [{"PublicPort": 22}]
    found = snapshot_of(summary(Ports=published)).findings().filter(rule="privileged-port-published")
    assert found["message"].to_list() == ["A port below 1024 published on the host."]
    assert found["evidence"].to_list() == ["ports.public_port: 22"]


def test_a_container_that_is_there_twice_differs_from_nothing() -> None:
    snap = snapshot_of(*(summary(Id=name, Names=[f"/{name}"], Labels={"at": name}) for name in "abc"))
    twice = snap.with_tables({"containers": pl.concat([snap.containers.head(1), snap.containers])})
    turned = snap.with_tables({"labels": snap.labels.reverse()})
    assert dkf.diff(twice, turned).is_empty()
    assert dkf.diff(turned, twice).is_empty()


def test_rules_run_once_for_a_snapshot_and_anew_for_another() -> None:
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
        """A rule that was not there when the others ran."""
        return counted(fleet)

    assert snap.findings(registry).height == 4
    again = pickle.loads(pickle.dumps(snap))
    assert again.equals(snap)
    assert again.findings(registry).equals(snap.findings(registry))


def test_tables_are_in_one_piece_wherever_they_come_from(tmp_path: Path) -> None:
    parts = [dkf.from_summaries([summary(Id=name)], host=name) for name in ("a", "b", "c")]
    whole = dkf.concat(parts)
    twice = whole.with_tables({"labels": pl.concat([whole.labels, whole.labels], rechunk=False)})
    for snap in (whole, twice, dkf.read_snapshot(whole.write(tmp_path))):
        assert {name: set(table.n_chunks("all")) for name, table in snap.tables.items()} == {
            name: {1} for name in snap.tables
        }
