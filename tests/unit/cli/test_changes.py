"""Commands about time, and those that write: diff, watch, history, report, view, demo."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe.cli.changes import _time
from tests.unit.cli.running import demo, run


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two reports of the demo fleet, and a history of both."""
    out = tmp_path_factory.mktemp("reports")
    for _ in range(2):
        done = demo("report", "--out", str(out), "--since", "last", "--save", str(out / "store"))
        assert done.status == 1
    return out


def folders(out: Path) -> list[Path]:
    return sorted(folder for folder in out.iterdir() if folder.name != "store")


def test_a_report_has_every_table(tmp_path: Path) -> None:
    done = demo("report", "--out", str(tmp_path / "reports"), "--format", "parquet, csv")
    folder = Path(done.lines[0])
    assert folder.parent == tmp_path / "reports"
    assert dkf.read_snapshot(folder).containers.height == 61
    assert {"findings.parquet", "containers.csv"} <= set(os.listdir(folder))
    assert demo("report", "--out", str(tmp_path), "--format", "xlsx").status == 2


def test_a_report_compares_with_the_last_one(reports: Path) -> None:
    first, second = folders(reports)
    assert not (first / "differences.parquet").exists()
    assert (second / "differences.parquet").exists()


def test_a_report_without_news_is_quiet(reports: Path, tmp_path: Path) -> None:
    since = ("--since", str(folders(reports)[0]))
    assert "nothing changed" in demo("report", "--out", str(tmp_path), *since).text
    assert demo("report", "--out", str(tmp_path), *since, "--quiet").data == b""
    assert demo("report", "--out", str(tmp_path), *since, "--fail-on", "critical").status == 4


def test_differences_of_a_report_and_now(reports: Path, tmp_path: Path) -> None:
    first, second = folders(reports)
    now = demo("diff", str(first))
    assert now.status == 1
    assert "nothing changed" in now.text
    assert run("diff", str(first), str(second)).status == 0
    assert run("diff", str(first), str(second), "-o", "json").data == b"[\n\n]\n"
    both = demo("diff", str(first), str(second))
    assert both.status == 2
    assert "Use either a second folder or --demo." in both.errors
    assert demo("diff", str(tmp_path)).status == 2


def test_the_snapshots_of_a_history(reports: Path) -> None:
    store = str(reports / "store")
    assert len(run("history", store, "-q").lines) == 2
    assert run("history", store, columns=80, NO_COLOR="1").lines[0].split()[:3] == ["TAKEN", "AT", "HOSTS"]
    assert run("history", store, "--since", "2100-01-01", "-q").lines == []
    assert "Did you mean" in run("history", store, "--table", "port").errors


def test_a_table_over_time(reports: Path) -> None:
    rows = run("history", str(reports / "store"), "--table", "ports", "--since", "1d", "-o", "jsonl").json_lines()
    assert len({row["taken_at"] for row in rows}) == 2
    assert all(row["container_name"] for row in rows)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T06:00+01:00", datetime(2026, 11, 24, 5, tzinfo=UTC)),
    ],
)
def test_times_of_options(text: str, time: datetime) -> None:
    assert _time(text) == time


def test_durations_count_from_now() -> None:
    time = _time("2H")
    assert time is not None
    assert abs(datetime.now(UTC) - timedelta(hours=2) - time) < timedelta(minutes=1)


def test_a_time_that_is_none_names_the_forms(tmp_path: Path) -> None:
    done = run("history", str(tmp_path), "--since", "yesterday")
    assert done.status == 2
    assert "2026-11-24T06:00 or 7d" in done.errors


def test_the_demo_fleet_cannot_be_watched() -> None:
    done = demo("watch")
    assert done.status == 2
    assert "never changes" in done.errors
    assert run("watch", "-o", "csv").status == 2


@pytest.mark.parametrize("options", [("--demo",), ("--demo", "--select", "e*", "--reveal")])
def test_the_notebook_of_a_view_runs_up_to_the_view(options: tuple[str, ...]) -> None:
    notebook = json.loads(run("view", "--print", *options).data)
    (cell,) = notebook["cells"]
    scope: dict[str, dkf.Fleet] = {}
    exec(cell["source"].rpartition("\n")[0], scope)
    assert [host.name for host in scope["fleet"].hosts][:1] == ["edge"]
    assert cell["source"].endswith(f"fleet.snapshot().view({'reveal=True' if '--reveal' in options else ''})")


def test_a_view_of_a_fleet_file_names_it_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet.yml").write_text("providers: {docker: {a: 'unix:///a.sock'}}")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "fleet.yml") in run("view", "--print", "--config", "fleet.yml").text
    assert run("view", "--print", "--config", "other.yml").status == 2


def test_a_view_opens_jupyterlab_with_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("dockerframe.cli.reports.find_spec", lambda name: object())
    monkeypatch.setattr("dockerframe.cli.reports.subprocess.call", lambda command: called.append(command) or 7)
    assert demo("view").status == 7
    ((_, *module, notebook),) = called
    assert module == ["-m", "jupyterlab"]
    assert json.loads(Path(notebook).read_text())["nbformat"] == 4


def test_a_view_without_jupyterlab_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockerframe.cli.reports.find_spec", lambda name: None)
    done = demo("view")
    assert done.status == 2
    assert "pip install jupyterlab, or use --print" in done.errors


def test_the_demo_shows_its_tables_and_writes_a_report(tmp_path: Path) -> None:
    done = run("demo", "--out", str(tmp_path), "--format", "csv")
    assert done.status == 0
    assert len(os.listdir(tmp_path)) == 1
    assert [line for line in done.lines if line.endswith(":")] == [
        "Hosts:", "Containers:", "Routes:", "Findings, high and critical:",
    ]  # fmt: skip
