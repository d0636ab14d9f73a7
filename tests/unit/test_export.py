"""Files of snapshots: complete or absent, read back equal, and errors that name a damaged file."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._storage import folders
from dockerframe._storage.folders import scan_tables, write_metrics
from dockerframe._storage.tables import write_table
from tests.summaries import snapshot_of, summary


@pytest.fixture(scope="module")
def demo() -> dkf.Snapshot:
    return dkf.Fleet.demo().snapshot(progress=False)


def test_a_written_snapshot_is_read_back_equal(demo: dkf.Snapshot, tmp_path: Path) -> None:
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


def test_two_reports_in_the_same_second_get_two_folders(demo: dkf.Snapshot, tmp_path: Path) -> None:
    first, second = demo.write(tmp_path), demo.write(tmp_path)
    assert first != second
    assert dkf.read_snapshot(first).equals(dkf.read_snapshot(second))


@pytest.mark.parametrize("formats", [["html5"], [], ["csv", "xlsx"]])
def test_an_unknown_format_is_an_error_that_names_the_known_ones(
    demo: dkf.Snapshot, tmp_path: Path, formats: list[str]
) -> None:
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


def test_a_file_in_place_of_the_folder_is_an_error(demo: dkf.Snapshot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dkf.SnapshotError, match="can be written"):
        demo.write(tmp_path / "file")


def test_a_folder_that_is_not_a_snapshot_is_an_error(demo: dkf.Snapshot, tmp_path: Path) -> None:
    with pytest.raises(dkf.SnapshotError, match="is not a snapshot"):
        dkf.read_snapshot(tmp_path)
    only_csv = demo.write(tmp_path, ["csv"])
    with pytest.raises(dkf.SnapshotError, match="formats"):
        dkf.read_snapshot(only_csv)
    (only_csv / folders.SNAPSHOT_FILE).write_text('{"layout": 99}')
    with pytest.raises(dkf.SnapshotError, match="layout 99"):
        dkf.read_snapshot(only_csv)


def test_csv_has_nested_values_as_json_and_no_formulas() -> None:
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


def test_differences_are_written_from_a_snapshot_or_from_a_table_of_differences(
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


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _change(**values: object) -> Callable[[Path], object]:
    """Change keys of `snapshot.json`; `...` removes one."""

    def change(file: Path) -> None:
        described = json.loads(file.read_text()) | values
        file.write_text(json.dumps({key: value for key, value in described.items() if value is not ...}))

    return change


def _rewrite(expression: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], object]:
    return lambda file: expression(pl.read_parquet(file)).write_parquet(file)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("snapshot.json", Path.unlink),
        ("snapshot.json", _truncate),
        ("snapshot.json", lambda file: file.write_text("[]")),
        ("snapshot.json", lambda file: file.write_text("7")),
        ("snapshot.json", lambda file: file.write_text("null")),
        ("snapshot.json", lambda file: file.write_text("[" * 100_000)),
        ("snapshot.json", lambda file: file.write_text('{"layout": ' + "9" * 5_000 + "}")),
        ("snapshot.json", lambda file: file.write_bytes(b"\xff\xfe\x00")),
        ("snapshot.json", lambda file: (file.unlink(), file.mkdir())),
        ("snapshot.json", _change(layout=99)),
        ("snapshot.json", _change(layout=...)),
        ("snapshot.json", _change(taken_at=...)),
        ("snapshot.json", _change(taken_at=7)),
        ("snapshot.json", _change(taken_at="soon")),
        ("snapshot.json", _change(taken_at="2026-06-01T00:00:00")),
        ("snapshot.json", _change(precedence="loudest")),
        ("snapshot.json", _change(precedence=[])),
        ("snapshot.json", _change(explicit_only=None)),
        ("snapshot.json", _change(explicit_only=[[]])),
        ("snapshot.json", _change(rows=["hosts"])),
        ("snapshot.json", _change(rows={"hosts": "many"})),
        ("snapshot.json", _change(formats=7)),
        ("hosts.parquet", Path.unlink),
        ("errors.parquet", Path.unlink),
        ("containers.parquet", _truncate),
        ("containers.parquet", lambda file: file.write_bytes(b"")),
        ("containers.parquet", lambda file: file.write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1")),
        ("containers.parquet", _rewrite(lambda table: table.head(40))),
        ("containers.parquet", _rewrite(lambda table: table.with_columns(pl.col("running").cast(pl.String)))),
        ("containers.parquet", _rewrite(lambda table: table.with_columns(labels=pl.lit(7)))),
        ("ports.parquet", _rewrite(lambda table: table.cast({"private_port": pl.Int64}))),
        ("routes.parquet", _rewrite(lambda table: table.drop("host"))),
    ],
)
def test_a_damaged_or_edited_snapshot_is_an_error_that_names_the_file(
    demo: dkf.Snapshot, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    folder = demo.write(tmp_path)
    damage(folder / name)
    with pytest.raises(dkf.SnapshotError) as caught:
        dkf.read_snapshot(folder)
    assert str(folder / name) in str(caught.value)


def test_a_snapshot_of_an_earlier_version_is_read(demo: dkf.Snapshot, tmp_path: Path) -> None:
    folder = demo.write(tmp_path)
    _change(rows=..., precedence="explicit")(folder / "snapshot.json")
    _rewrite(lambda table: table.drop("city"))(folder / "hosts.parquet")
    back = dkf.read_snapshot(folder)
    assert back.hosts["city"].to_list() == [None] * demo.hosts.height
    assert back.containers.equals(demo.containers)
    (folder / "exposures.parquet").unlink()
    assert dkf.read_snapshot(folder).exposures.equals(demo.exposures)
    with pytest.raises(dkf.SnapshotError, match="has no table exposures: an earlier version wrote it"):
        scan_tables([folder], "exposures")
    (folder / "errors.parquet").unlink()
    with pytest.raises(dkf.SnapshotError, match=r"errors\.parquet is missing"):
        dkf.read_snapshot(folder)


def test_scanning_many_snapshots_misses_no_row(demo: dkf.Snapshot, tmp_path: Path) -> None:
    pieces = [demo.write(tmp_path, name=name) for name in ("a", "b")]
    assert scan_tables(pieces, "containers").collect().height == 2 * demo.containers.height
    assert scan_tables(pieces, "inspections").collect().height == 0
    with pytest.raises(dkf.SnapshotError, match="no table 'nope'"):
        scan_tables(pieces, "nope")
    _rewrite(lambda table: table.head(3))(pieces[1] / "ports.parquet")
    with pytest.raises(dkf.SnapshotError, match=r"b/ports\.parquet has 3 rows"):
        scan_tables(pieces, "ports")
    _truncate(pieces[1] / "labels.parquet")
    with pytest.raises(dkf.SnapshotError, match=r"b/labels\.parquet is not a readable"):
        scan_tables(pieces, "labels")
    (pieces[0] / "containers.parquet").unlink()
    with pytest.raises(dkf.SnapshotError, match=r"a/containers\.parquet is missing"):
        scan_tables(pieces, "containers")
    shutil.rmtree(pieces[0])
    with pytest.raises(dkf.SnapshotError, match=r"a/snapshot\.json"):
        scan_tables(pieces, "hosts")


def test_many_threads_can_write_one_file(tmp_path: Path) -> None:
    target = tmp_path / "fleet.prom"
    failures: list[BaseException] = []
    written: list[str] = []

    def write(thread: int) -> None:
        for number in range(100):
            text = f"{thread} {number}\n" * 50
            try:
                write_metrics(text, target)
                written.append(text)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is shown
                failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(written) == 400
    assert target.read_text() in written
    assert os.listdir(tmp_path) == ["fleet.prom"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    "formula", ["=1", "+1", "-1", "@a", "\n=1", "\r\n =1", "\t", " =1", "＝1", "＋1", "－1", "＠a", "﹢1", "\ufeff=1", "\u00a0=1", "\u200b=1", "\x00=1", "−1"]
)  # fmt: skip
@pytest.mark.parametrize("dtype", [pl.String(), pl.Enum([]), pl.Categorical()])
def test_no_cell_of_a_csv_is_a_formula(formula: str, dtype: pl.DataType) -> None:
    kind = pl.Enum([formula, "a=1"]) if isinstance(dtype, pl.Enum) else dtype
    stream = io.BytesIO()
    write_table(pl.DataFrame({formula: pl.Series([formula, "a=1", None], dtype=kind)}), stream, "csv")
    rows = list(csv.reader(io.StringIO(stream.getvalue().decode(), newline="")))
    assert [row[0] for row in rows[:3]] == [f"'{formula}", f"'{formula}", "a=1"]
