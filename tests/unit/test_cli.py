"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.cli.output import warn
from tests.terminal import shown_on_terminal


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    # Options of a pipe, not of the terminal that the tests may run in.
    return subprocess.run(
        [sys.executable, "-m", "dockerframe", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=300,
    )


@pytest.mark.parametrize("command", ["hosts", "containers", "ports", "routes", "errors"])
def test_tables_for_people(command: str) -> None:
    done = run(command, "--demo")
    assert done.returncode == 1
    assert b"refused" in done.stderr
    assert len(done.stdout.splitlines()) > 5


@pytest.mark.parametrize(("command", "table"), [("hosts", "hosts"), ("containers", "containers"), ("routes", "routes")])
def test_whole_tables_for_programs(command: str, table: str) -> None:
    snap = dkf.Fleet.demo().snapshot(progress=False)
    expected = getattr(snap, table)
    read = pl.read_parquet(io.BytesIO(run(command, "--demo", "--output", "parquet").stdout))
    assert read.schema == expected.schema
    assert read.drop("seconds", strict=False).equals(expected.drop("seconds", strict=False))
    lines = run(command, "--demo", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["host"] for line in lines] == expected["host"].to_list()
    csv = pl.read_csv(io.BytesIO(run(command, "--demo", "-o", "csv").stdout), infer_schema=False)
    assert csv.columns == expected.columns
    assert csv.height == expected.height


def test_a_terminal_that_is_not_utf_8_shows_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("providers: {docker: {ünïcode-☂: 'unix:///none.sock'}}", encoding="utf-8")
    for encoding in ("latin-1", "ascii"):
        shown = run("hosts", "--config", str(tmp_path / "fleet.yml"), PYTHONIOENCODING=encoding)
        assert shown.returncode == 3
        assert b"code-?" in shown.stdout
        for output in ("csv", "sarif", "junit"):
            given = ("--config", str(tmp_path / "fleet.yml"), "--output", output)
            assert "ünïcode-☂" in run("audit", *given, PYTHONIOENCODING=encoding).stdout.decode()


def test_exit_status(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("providers: {docker: {a: 'ftp://x'}}")
    assert run("hosts", "--host", f"unix://{tmp_path}/none.sock").returncode == 3
    assert run("hosts", "--config", str(tmp_path / "bad.yml")).returncode == 2
    assert run("hosts", "--config", str(tmp_path / "none.yml")).returncode == 2
    assert run("hosts", "--context", "none").returncode == 2
    assert run("hosts", "--demo", "--host", "tcp://x").returncode == 2
    assert run("hosts", "--nonsense").returncode == 2
    assert run("report", "--demo").returncode == 2
    assert run("demo").returncode == 0
    assert run("hosts", DOCKER_HOST=f"unix://{tmp_path}/none.sock").returncode == 3


def test_mistakes_are_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("providers: {docker: {a: 'ftp://x', b: 'tcp://y:0'}}")
    done = run("containers", "--config", str(tmp_path / "bad.yml"))
    assert b"providers.docker.a" in done.stderr
    assert b"providers.docker.b" in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_report_writes_every_table(tmp_path: Path) -> None:
    done = run("report", "--demo", "--out", str(tmp_path / "reports"), "--format", "parquet,csv")
    assert done.returncode == 1
    folder = Path(done.stdout.decode().strip())
    assert folder.parent == tmp_path / "reports"
    assert dkf.read_snapshot(folder).containers.height >= 60
    assert run("report", "--demo", "--out", str(tmp_path), "--format", "xlsx").returncode == 2


def test_demo_writes_a_report_too(tmp_path: Path) -> None:
    done = run("demo", "--out", str(tmp_path))
    assert done.returncode == 0
    assert len(os.listdir(tmp_path)) == 1


def test_config_of_several_hosts(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text(
        f"providers:\n  docker:\n    a: unix://{tmp_path}/a.sock\n    b: unix://{tmp_path}/b.sock\n"
    )
    done = run("hosts", "--config", str(tmp_path / "fleet.yml"), "-o", "json")
    assert done.returncode == 3
    assert [json.loads(line)["error_kind"] for line in done.stdout.splitlines()] == ["no_socket", "no_socket"]


def test_tables_fit_a_narrow_terminal() -> None:
    command = [sys.executable, "-m", "dockerframe", "containers", "--demo"]
    shown = shown_on_terminal(command, "stdout", {"COLUMNS": "60"})
    lines = [line for line in shown.splitlines() if line.startswith(("│", "┃"))]
    assert lines
    assert len(set(map(len, lines[1:]))) == 1
    assert "Left out" in shown


def test_labels_are_never_markup() -> None:
    shown = run("routes", "--demo").stdout.decode()
    assert "[bold]" not in shown


def test_what_hosts_say_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn("[http] It said: \x1b[2J\x07gone.\nTry again.")
    assert capsys.readouterr().err == "[http] It said: �[2J�gone.\nTry again.\n"


def test_ctrl_c_waits_for_no_host() -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        url = f"tcp://127.0.0.1:{black_hole.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "dockerframe", "hosts", "--host", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        connection, _ = black_hole.accept()
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=300)
        connection.close()
    # The host's own timeout is half a minute.
    assert time.monotonic() - started < 20
    assert process.returncode == 130
    assert b"Interrupted" in told
    assert b"Traceback" not in told


def test_version_and_help() -> None:
    assert run("--version").stdout.decode().strip() == f"dockerframe {dkf.__version__}"
    assert b"Exit status" in run("--help").stdout


def test_audit_for_people_and_for_what_runs_checks(tmp_path: Path) -> None:
    done = run("audit", "--demo", "--severity", "high")
    assert done.returncode == 1
    shown = done.stdout.decode()
    assert "docker-socket-writable" in shown
    assert "latest-tag" not in shown
    assert b"16 rules did not run: they need --inspect." in done.stderr
    log = json.loads(run("audit", "--demo", "-o", "sarif").stdout)
    results = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert len(results) == dkf.Fleet.demo().snapshot(progress=False).findings().height
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    suites = ET.fromstring(run("audit", "--demo", "-o", "junit").stdout)
    assert int(suites.attrib["failures"]) == len(results)
    assert suites.find("testsuite[@name='privileged']/testcase/skipped") is not None
    assert suites.find("testsuite[@name='dead-container']/testcase") is not None
    lines = run("audit", "--demo", "-o", "json").stdout.splitlines()
    assert json.loads(lines[0])["severity"] == "critical"


def test_audit_fails_on_what_is_bad_enough() -> None:
    assert run("audit", "--demo", "--fail-on", "critical").returncode == 4
    assert run("audit", "--demo", "--fail-on", "bad").returncode == 2
    assert run("audit", "--host", "unix:///nowhere.sock", "--fail-on", "info").returncode == 3


def test_reports_since_the_last(tmp_path: Path) -> None:
    out, store = str(tmp_path / "reports"), str(tmp_path / "store")
    first = run("report", "--demo", "--out", out, "--since", "last", "--format", "parquet,html", "--save", store)
    assert first.returncode == 1, first.stderr
    folder = Path(first.stdout.decode().splitlines()[0])
    assert {"report.html", "findings.parquet", "containers.parquet"} <= {file.name for file in folder.iterdir()}
    assert not (folder / "differences.parquet").exists()
    second = run("report", "--demo", "--out", out, "--since", "last", "--fail-on", "critical", "--save", store)
    assert second.returncode == 4
    assert b"nothing changed" in second.stdout
    assert (Path(second.stdout.decode().splitlines()[0]) / "differences.parquet").exists()
    assert dkf.read_history(store).snapshots().height == 2
    quiet = run("report", "--demo", "--out", out, "--since", str(folder), "--quiet", "--format", "csv")
    assert quiet.stdout == b""
    compared = run("diff", str(folder), "--demo")
    assert b"nothing changed" in compared.stdout
    assert run("diff", str(tmp_path), "--demo").returncode == 2


def test_two_reports_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dockerframe", "report", "--demo", "--out", str(tmp_path), "--since", "last"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(4)]
    folders = {process.communicate()[0].decode().splitlines()[0] for process in running}
    assert len(folders) == 4
    assert {str(file) for file in tmp_path.iterdir()} == folders
    for folder in folders:
        assert dkf.read_snapshot(folder).containers.height == 61


def test_watch_says_what_it_can_print() -> None:
    assert run("watch", "--demo", "-o", "csv").returncode == 2


def test_arguments_that_are_not_utf_8_are_one_clear_error() -> None:
    for arguments in (["hosts", "--host", b"tcp://\xff"], ["report", "--demo", "--out", b"\xff"]):
        done = subprocess.run([sys.executable, "-m", "dockerframe", *arguments], capture_output=True, check=False)
        assert done.returncode == 2
        assert "bytes that are not UTF-8" in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
