"""Histories: snapshots are read back equal, many writers lose nothing, damage is an error, old snapshots expire."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal

import dockerframe as dkf
from dockerframe.schemas import INSPECTIONS
from dockerframe.tables import TABLES
from tests.summaries import snapshot_of, summary

NOW = datetime(2026, 6, 1, tzinfo=UTC)

SAVE_MANY = """
import sys
import dockerframe as dkf
snap = dkf.Fleet.demo().snapshot(progress=False)
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    snap.append_history(sys.argv[1])
    print("saved", flush=True)
"""


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


def taken(days: float, *names: str) -> dkf.Snapshot:
    snap = snapshot_of(*(summary(Id=name, Names=[f"/{name}"]) for name in names))
    return dkf.Snapshot(snap.tables, taken_at=NOW + timedelta(days=days))


def test_a_saved_snapshot_is_read_back_equal(demo: dkf.Snapshot, tmp_path: Path) -> None:
    inspected = demo.with_tables({"inspections": INSPECTIONS.empty()})
    inspected.append_history(tmp_path)
    back = dkf.read_history(tmp_path).last()
    for name, table in inspected.tables.items():
        assert_frame_equal(back.tables[name], table, check_row_order=name == "hosts")
        assert back.tables[name].schema == (TABLES | {"inspections": INSPECTIONS})[name].schema
    assert (back.taken_at, back.precedence) == (demo.taken_at, demo.precedence)
    assert dkf.diff(demo, back).height == 0


def test_at_a_time_between_two_and_over_time(tmp_path: Path) -> None:
    for days, names in ((0, ["a"]), (1, ["a", "b"]), (2, ["b"])):
        taken(days, *names).append_history(tmp_path)
    past = dkf.read_history(tmp_path)
    assert past.snapshots()["containers"].to_list() == [1, 2, 1]
    assert past.at(NOW + timedelta(days=1.5)).containers["container_name"].sort().to_list() == ["a", "b"]
    assert past.at(NOW).containers["container_name"].to_list() == ["a"]
    assert past.last().containers["container_name"].to_list() == ["b"]
    middle = past.between(NOW + timedelta(days=1), NOW + timedelta(days=2))
    assert middle.snapshots().height == 2
    seen = middle.scan("containers").group_by("container_name").len().sort("container_name").collect()
    assert seen.rows() == [("a", 1), ("b", 2)]
    found = dkf.diff(past.at(NOW), past.last())
    assert set(found.select("container_name", "change").rows()) == {("a", "removed"), ("b", "added")}


def test_a_missing_history_time_or_table_is_an_error(tmp_path: Path) -> None:
    past = dkf.read_history(tmp_path / "none")
    with pytest.raises(dkf.HistoryError, match="is not a history"):
        _ = past.snapshots()
    taken(0, "a").append_history(tmp_path)
    past = dkf.read_history(tmp_path)
    with pytest.raises(dkf.HistoryError, match="or before"):
        past.at(NOW - timedelta(days=1))
    with pytest.raises(dkf.HistoryError, match="has no time zone"):
        past.at(NOW.replace(tzinfo=None))
    with pytest.raises(dkf.HistoryError, match="no table 'nope'"):
        past.scan("nope")
    with pytest.raises(dkf.HistoryError, match="no snapshot of that time"):
        past.between(NOW + timedelta(days=1)).last()
    (tmp_path / "file").write_text("")
    with pytest.raises(dkf.HistoryError, match="was not saved"):
        taken(0, "a").append_history(tmp_path / "file")


def test_retention_by_age(tmp_path: Path) -> None:
    for days in range(5):
        taken(days, "a").append_history(tmp_path)
    past = dkf.read_history(tmp_path)
    assert past.expire(timedelta(days=2), now=NOW + timedelta(days=4), keep_files=timedelta(0)) == 2
    assert past.snapshots()["taken_at"].to_list() == [NOW + timedelta(days=days) for days in (2, 3, 4)]
    assert past.scan("containers").collect().height == 3
    assert past.last().containers.height == 1


def test_a_table_that_was_never_saved_is_empty(tmp_path: Path) -> None:
    taken(0, "a").append_history(tmp_path)
    assert dkf.read_history(tmp_path).scan("inspections").collect().height == 0


def _first(pattern: str) -> Callable[[Path], Path]:
    return lambda store: min(store.glob(pattern))


def _garble(file: Path) -> None:
    file.write_bytes(b"garbled" * 3)


@pytest.mark.parametrize(
    ("find", "damage"),
    [
        (_first("containers"), shutil.rmtree),
        (_first("hosts"), shutil.rmtree),
        (_first("errors"), shutil.rmtree),
        (_first("containers/_delta_log"), shutil.rmtree),
        (_first("snapshots/_delta_log"), shutil.rmtree),
        (_first("containers/*.parquet"), Path.unlink),
        (_first("snapshots/*.parquet"), Path.unlink),
        (_first("containers/*.parquet"), _garble),
        (_first("snapshots/*.parquet"), _garble),
        (_first("containers/_delta_log/*00.json"), _garble),
        (_first("containers/_delta_log/*00.json"), Path.unlink),
        # Without its last version, the table is as it was before the last snapshot.
        (_first("containers/_delta_log/*01.json"), Path.unlink),
        (_first("snapshots/_delta_log/*00.json"), _garble),
        (_first("containers/_delta_log/*00.json"), lambda file: file.write_text("{}\n[]\n")),
    ],
)
def test_a_damaged_history_is_an_error_that_names_the_table(
    tmp_path: Path, find: Callable[[Path], Path], damage: Callable[[Path], object]
) -> None:
    for days in (0, 1):
        taken(days, "a", "b").append_history(tmp_path)
    target = find(tmp_path)
    damage(target)
    past = dkf.read_history(tmp_path)
    table = target.relative_to(tmp_path).parts[0]
    with pytest.raises(dkf.HistoryError, match=str(tmp_path / table)):
        for number in range(2):
            past.at(NOW + timedelta(days=number))
    if table != "snapshots":
        with pytest.raises(dkf.HistoryError, match=str(tmp_path / table)):
            past.scan(table)


def test_rows_that_were_deleted_from_a_table_are_an_error(tmp_path: Path) -> None:
    taken(0, "a", "b").append_history(tmp_path)
    DeltaTable(str(tmp_path / "labels")).delete("container_id = 'a'")
    DeltaTable(str(tmp_path / "networks")).delete("container_id = 'a'")
    with pytest.raises(dkf.HistoryError, match=r"networks: the snapshot \w+ has 1 rows of 2"):
        dkf.read_history(tmp_path).last()


def test_saving_onto_a_table_of_another_type_is_refused(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "other" / "hosts"), pl.DataFrame({"x": [1]}))
    with pytest.raises(dkf.HistoryError, match="is not a table of a history"):
        taken(0, "a").append_history(tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["hosts"]
    taken(0, "a").append_history(tmp_path / "types")
    numbers = pl.read_delta(str(tmp_path / "types" / "containers")).with_columns(image=pl.lit(7))
    write_deltalake(str(tmp_path / "types" / "containers"), numbers, mode="overwrite", schema_mode="overwrite")
    for act in (lambda: taken(1, "a").append_history(tmp_path / "types"), dkf.read_history(tmp_path / "types").last):
        with pytest.raises(dkf.HistoryError, match="the column image has the type Int32, not String"):
            act()
    assert dkf.read_history(tmp_path / "types").snapshots().height == 1


def test_a_history_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    taken(0, "a", "b").append_history(tmp_path)
    place = str(tmp_path / "snapshots")
    write_deltalake(place, pl.read_delta(place).drop("tables"), mode="overwrite", schema_mode="overwrite")
    shutil.rmtree(tmp_path / "exposures")
    assert dkf.read_history(tmp_path).last().containers.height == 2
    assert dkf.read_history(tmp_path).last().exposures.height == taken(0, "a", "b").exposures.height
    taken(1, "a").append_history(tmp_path)
    assert dkf.read_history(tmp_path).last().containers.height == 1
    assert dkf.read_history(tmp_path).scan("containers").collect().height == 3
    shutil.rmtree(tmp_path / "errors")
    with pytest.raises(dkf.HistoryError, match=r"errors is missing"):
        dkf.read_history(tmp_path).at(NOW)


@pytest.mark.timeout(900)
def test_200_saves_of_4_processes_lose_nothing(demo: dkf.Snapshot, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SAVE_MANY, str(tmp_path), "50"]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    try:
        for process in running:
            _, problems = process.communicate(timeout=800)
            assert process.returncode == 0, problems.decode()
    finally:
        for process in running:
            process.kill()
    past = dkf.read_history(tmp_path)
    assert past.snapshots()["snapshot_id"].n_unique() == 200
    rows = past.scan("labels").group_by("snapshot_id").len().collect()
    assert rows.height == 200
    assert rows["len"].unique().to_list() == [demo.labels.height]


@pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX has it")
def test_a_save_that_is_killed_is_complete_or_absent(demo: dkf.Snapshot, tmp_path: Path) -> None:
    demo.append_history(tmp_path)
    for number in range(8):
        process = subprocess.Popen([sys.executable, "-c", SAVE_MANY, str(tmp_path), "1000"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        # Ready, and one save done; the next one is interrupted somewhere.
        process.stdout.readline()
        process.stdout.readline()
        time.sleep(0.017 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    past = dkf.read_history(tmp_path)
    assert past.snapshots().height >= 9
    counts = past.scan("containers").group_by("snapshot_id").len().collect()["len"]
    assert set(counts) == {demo.containers.height}
    assert pl.Series(past.snapshots()["containers"]).unique().to_list() == [demo.containers.height]
    demo.append_history(tmp_path)
