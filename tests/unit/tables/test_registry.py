"""The registry of tables: a table is declared once, and everything follows from the declaration."""

from __future__ import annotations

import dataclasses
import pickle
import threading

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._report.listings import listing
from dockerframe._snapshot.lazy_tables import LazyTables
from dockerframe.tables import OPTIONAL_TABLES, REGISTRY, STORED_TABLES, TABLES
from tests.summaries import snapshot_of, summary


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


@pytest.mark.parametrize("name", REGISTRY)
def test_declaration_is_complete(name: str) -> None:
    table = REGISTRY[name]
    assert table.name == name
    assert table.row
    assert table.source
    assert set(table.key) <= set(table.schema.names())
    assert all(column.meaning for column in table.columns)
    assert any(column.priority == 1 for column in table.listing)
    assert len({column.heading for column in table.listing}) == len(table.listing)


def test_orders_are_distinct() -> None:
    assert len({table.order for table in REGISTRY.values()}) == len(REGISTRY)


@pytest.mark.parametrize("name", TABLES)
def test_snapshot_has_every_table_with_its_schema(name: str, demo: dkf.Snapshot) -> None:
    assert getattr(demo, name).schema == TABLES[name].schema
    assert getattr(dkf.from_summaries(b"[]"), name).schema == TABLES[name].schema
    assert name in dir(demo)


@pytest.mark.parametrize("name", TABLES)
def test_key_identifies_rows(name: str, demo: dkf.Snapshot) -> None:
    key = list(TABLES[name].key)
    unique = demo.tables[name].select(key).is_duplicated().sum() == 0
    # The same label may be wrong in several ways, and a port may be bound twice.
    assert unique or name in {"errors", "ports"}


@pytest.mark.parametrize("name", STORED_TABLES)
def test_listing_has_one_row_per_row(name: str, demo: dkf.Snapshot) -> None:
    tables = {**demo.tables, **{one: table.empty() for one, table in OPTIONAL_TABLES.items()}}
    assert listing(tables, name).height == tables[name].height


def test_optional_table_that_was_not_asked_for_names_the_option(demo: dkf.Snapshot) -> None:
    with pytest.raises(dkf.MissingTableError, match="has no table inspections.*inspect=True"):
        _ = demo.inspections
    assert not hasattr(demo, "inspections")


def test_unknown_attribute_is_an_attribute_error(demo: dkf.Snapshot) -> None:
    with pytest.raises(AttributeError, match="no attribute 'container'"):
        _ = demo.container


class TestOnDemand:
    def test_containers_do_not_derive_routes(self) -> None:
        snap = snapshot_of(summary(), summary(Id="other"))
        assert snap.containers.height == 2
        assert isinstance(snap.tables, LazyTables)
        assert snap.tables.derivation is not None
        assert "routes" not in snap.tables.derivation._parts

    def test_asking_for_names_derives_nothing(self) -> None:
        snap = snapshot_of(summary())
        assert "routes" in snap.tables
        assert list(snap.tables) == list(TABLES)
        assert snap.tables.derivation._parts == {}  # type: ignore[attr-defined]

    def test_table_is_derived_once(self) -> None:
        snap = snapshot_of(summary())
        assert snap.routes is snap.routes

    def test_small_fleets_use_no_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(thread: threading.Thread) -> None:
            raise AssertionError(f"{thread.name} was started")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        snap = dkf.from_summaries([summary(Id=str(number)) for number in range(3)])
        assert len(dict(snap.tables.items())) == len(TABLES)

    def test_tables_of_a_large_fleet_are_the_same(self, monkeypatch: pytest.MonkeyPatch, demo: dkf.Snapshot) -> None:
        monkeypatch.setattr("dockerframe._snapshot.lazy_tables._FEW_CONTAINERS", 0)
        again = pickle.loads(pickle.dumps(dkf.concat([demo])))
        assert again.equals(demo)
        fresh = dkf.Fleet.demo().snapshot(progress=False)
        for name, table in fresh.tables.items():
            assert table.drop("seconds", strict=False).equals(demo.tables[name].drop("seconds", strict=False)), name

    def test_bad_input_is_a_row_of_errors_not_an_exception(self) -> None:
        snap = snapshot_of(summary(Labels={"proxy.exclude": "perhaps", "proxy.#9.port": "80"}))
        assert set(snap.errors["kind"]) == {"invalid_bool", "alias_ref_out_of_range"}

    def test_pickled_snapshot_is_equal_whether_derived_or_not(self) -> None:
        snap = snapshot_of(summary(Labels={"proxy.a.port": "80"}))
        assert pickle.loads(pickle.dumps(snap)).equals(snap)
        assert pickle.loads(pickle.dumps(snap)).equals(snap)

    def test_replaced_table_stays_and_others_do_not_follow(self) -> None:
        snap = snapshot_of(summary(), summary(Id="other"))
        fewer = snap.with_tables({"containers": snap.containers.head(1)})
        assert fewer.containers.height == 1
        assert fewer.routes.height == 2
        assert snap.containers.height == 2


def test_snapshot_fields_cannot_be_assigned(demo: dkf.Snapshot) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        demo.taken_at = None  # type: ignore[misc, assignment]


def test_written_snapshot_without_a_derived_table_derives_it(demo: dkf.Snapshot) -> None:
    older = {name: table for name, table in demo.tables.items() if name != "projects"}
    assert dkf.Snapshot(older, taken_at=demo.taken_at).projects.equals(demo.projects)
    assert isinstance(demo.projects, pl.DataFrame)
