"""How the command line starts and ends as a process: what it imports, encodings, signals, completion."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe.cli.output import warn
from tests.unit.cli.running import run

HEAVY = {
    "polars",
    "docker",
    "requests",
    "paramiko",
    "urllib3",
    "jinja2",
    "networkx",
    "rich",
    "typer",
    "pydantic",
    "yaml",
}


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dockerframe", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=300,
    )


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--help"], {}),
        (["--version"], {}),
        (["containers", "--help"], {}),
        (["completion", "zsh"], {}),
        ([], {"_DOCKERFRAME_COMPLETE": "bash_complete", "COMP_WORDS": "dockerframe hosts --co", "COMP_CWORD": "2"}),
    ],
)
def test_help_version_and_completion_load_nothing_heavy(arguments: list[str], environment: dict[str, str]) -> None:
    code = f"""
import sys
from dockerframe.cli import main
try:
    main({arguments})
except SystemExit:
    print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, **environment}
    )
    assert done.stderr.decode().strip() == "[]"
    assert done.stdout


def test_version_and_help() -> None:
    assert run("--version").text.strip() == f"dockerframe {dkf.__version__}"
    assert "Exit status" in run("--help").text
    assert run("-h").text == run("--help").text
    assert run("hosts", "-h").text == run("hosts", "--help").text


def test_every_command_is_explained_on_one_line_of_80_columns() -> None:
    lines = run("--help", columns=80).lines
    commands = [line for line in lines if line.startswith("  ") and "  " in line.strip()]
    assert len(commands) > 20
    assert max(map(len, lines)) <= 80
    assert "..." not in "".join(lines).replace("[ARGS]...", "")


def test_a_terminal_that_is_not_utf_8_shows_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("providers: {docker: {ünïcode-☂: 'unix:///none.sock'}}", encoding="utf-8")
    config = ("--config", str(tmp_path / "fleet.yml"))
    shown = process("hosts", *config, PYTHONIOENCODING="ascii")
    assert shown.returncode == 3
    assert b"code-?" in shown.stdout
    for output in ("csv", "sarif", "junit"):
        data = process("audit", *config, "--output", output, PYTHONIOENCODING="latin-1").stdout
        assert "ünïcode-☂" in data.decode()


def test_text_of_hosts_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn("[http] It answered: \x1b[2J\x07gone.\nTry again.")
    assert capsys.readouterr().err == "[http] It answered: �[2J�gone.\nTry again.\n"


@pytest.mark.parametrize("arguments", [["hosts", "--host", b"tcp://\xff"], ["report", "--demo", "--out", b"\xff"]])
def test_arguments_that_are_not_utf_8_are_one_clear_error(arguments: list[str | bytes]) -> None:
    done = subprocess.run([sys.executable, "-m", "dockerframe", *arguments], capture_output=True, check=False)
    assert done.returncode == 2
    assert "bytes that are not UTF-8" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_ctrl_c_waits_for_no_host() -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        url = f"tcp://127.0.0.1:{black_hole.getsockname()[1]}"
        command = [sys.executable, "-m", "dockerframe", "hosts", "--host", url]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = black_hole.accept()
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=300)
        connection.close()
    # The host's own timeout is half a minute.
    assert time.monotonic() - started < 20
    assert running.returncode == 130
    assert b"Interrupted" in errors
    assert b"Traceback" not in errors


def test_reports_that_are_written_at_the_same_time_do_not_harm_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dockerframe", "report", "--demo", "--out", str(tmp_path), "--since", "last"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(3)]
    written = {one.communicate()[0].decode().splitlines()[0] for one in running}
    assert {str(file) for file in tmp_path.iterdir()} == written
    assert [dkf.read_snapshot(folder).containers.height for folder in written] == [61, 61, 61]


def completed(line: str, **environment: str) -> list[str]:
    """What bash offers at the end of a line."""
    words = line.split(" ")
    done = process(
        **{
            "_DOCKERFRAME_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            **environment,
        }
    )
    assert done.stderr == b""
    return [word.partition(",")[2] for word in done.stdout.decode().split()]


def test_completion_of_commands_and_options() -> None:
    assert completed("dockerframe cont") == ["containers"]
    assert "--connect-timeout" in completed("dockerframe hosts --con")


def test_completion_of_names(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("providers: {docker: {edge: 'unix:///a', lab: 'unix:///b'}}")
    assert completed(f"dockerframe hosts --config {tmp_path}/fleet.yml --select e") == ["edge"]
    assert completed("dockerframe audit --rule docker-socket-w") == ["docker-socket-writable"]
    assert completed("dockerframe explain --demo prom") == ["prometheus"]
    assert completed("dockerframe start-order --demo sh") == ["shop"]
    assert completed("dockerframe hosts --context d", DOCKER_CONFIG=str(tmp_path)) == ["default"]


def test_completion_of_a_fleet_that_cannot_be_read_offers_nothing(tmp_path: Path) -> None:
    assert completed(f"dockerframe hosts --config {tmp_path}/none.yml --select e") == []
    assert completed(f"dockerframe explain --host unix://{tmp_path}/none.sock prom") == []
