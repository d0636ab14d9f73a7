"""Files of snapshots: whole or not at all, and back again."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._storage import folders
from dockerframe._storage.tables import write_table
from tests.summaries import snapshot_of, summary


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


def test_what_is_written_is_read_back_equal(demo: dkf.Snapshot, tmp_path: Path) -> None:
    folder = demo.write(tmp_path)
    assert folder.parent == tmp_path
    assert folder.name == f"{demo.taken_at:%Y-%m-%dT%H%M%SZ}"
    back = dkf.read_snapshot(folder)
    assert back.equals(demo)
    assert (back.taken_at, back.precedence, back.explicit_only, back.source) == (
        demo.taken_at,
        "alias",
        frozenset(),
        None,
    )


def test_every_table_in_every_format_is_there_and_nothing_else(demo: dkf.Snapshot, tmp_path: Path) -> None:
    folder = demo.write(tmp_path, ["parquet", "csv", "json", "csv"])
    expected = {f"{name}.{one}" for name in (*demo.tables, "findings") for one in ("parquet", "csv", "json")} | {
        "snapshot.json"
    }
    assert {file.name for file in folder.iterdir()} == expected
    assert os.listdir(tmp_path) == [folder.name]
    for name, table in demo.tables.items():
        assert len(list(csv.reader(io.StringIO((folder / f"{name}.csv").read_text())))) == table.height + 1
        lines = (folder / f"{name}.json").read_text().splitlines()
        assert [set(json.loads(line)) for line in lines] == [set(table.columns)] * table.height


def test_two_reports_of_one_second_do_not_harm_each_other(demo: dkf.Snapshot, tmp_path: Path) -> None:
    first, second = demo.write(tmp_path), demo.write(tmp_path)
    assert first != second
    assert dkf.read_snapshot(first).equals(dkf.read_snapshot(second))


@pytest.mark.parametrize("formats", [["html5"], [], ["csv", "xlsx"]])
def test_unknown_formats_name_the_known_ones(demo: dkf.Snapshot, tmp_path: Path, formats: list[str]) -> None:
    with pytest.raises(dkf.SnapshotError, match="parquet, csv, json"):
        demo.write(tmp_path / "x", formats)
    assert not (tmp_path / "x").exists()


def test_a_failure_leaves_nothing_behind(demo: dkf.Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "_write_bytes", full)
    with pytest.raises(dkf.SnapshotError, match="No space left"):
        demo.write(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(demo: dkf.Snapshot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dkf.SnapshotError, match="can be written"):
        demo.write(tmp_path / "file")


def test_folders_that_are_no_snapshots(demo: dkf.Snapshot, tmp_path: Path) -> None:
    with pytest.raises(dkf.SnapshotError, match="no snapshot"):
        dkf.read_snapshot(tmp_path)
    only_csv = demo.write(tmp_path, ["csv"])
    with pytest.raises(dkf.SnapshotError, match="formats"):
        dkf.read_snapshot(only_csv)
    (only_csv / folders.SNAPSHOT_FILE).write_text('{"layout": 99}')
    with pytest.raises(dkf.SnapshotError, match="layout 99"):
        dkf.read_snapshot(only_csv)


def test_csv_holds_nested_values_as_json_and_no_formula() -> None:
    labels = {"a": 'quote " and, comma', "b": "=cmd()"}
    snap = snapshot_of(summary(Names=["/=1+1"], Labels=labels, Ports=[{"PrivatePort": 80, "Type": "tcp"}]))
    stream = io.BytesIO()
    write_table(snap.containers, stream, "csv")
    (row,) = csv.DictReader(io.StringIO(stream.getvalue().decode()))
    assert json.loads(row["labels"]) == labels
    assert json.loads(row["ports"]) == [{"ip": None, "private_port": 80, "public_port": None, "type": "tcp"}]
    assert row["container_name"] == "'=1+1"
    assert row["idle_timeout"] == ""


def test_durations_are_seconds_outside_parquet() -> None:
    snap = snapshot_of(summary(Labels={"proxy.idle_timeout": "1m30s"}))
    stream = io.BytesIO()
    write_table(snap.containers, stream, "json")
    assert json.loads(stream.getvalue())["idle_timeout"] == 90
    stream = io.BytesIO()
    write_table(snap.containers.select(pl.col("idle_timeout")), stream, "csv")
    assert stream.getvalue() == b"idle_timeout\n90.0\n"


def test_what_differs_is_written_from_a_snapshot_or_from_what_was_said_of_it(
    demo: dkf.Snapshot, tmp_path: Path
) -> None:
    before = demo.with_tables({"containers": demo.containers.head(3)})
    changes = dkf.diff(before, demo)
    assert changes.height > 3
    written = [pl.read_parquet(demo.write(tmp_path, since=one) / "differences.parquet") for one in (before, changes)]
    assert written[0].equals(written[1])
    assert demo.to_html(since=changes) == demo.to_html(since=before)
    one_host = changes.filter(pl.col("host") == changes["host"][0])
    assert pl.read_parquet(demo.write(tmp_path, since=one_host) / "differences.parquet").height == one_host.height
