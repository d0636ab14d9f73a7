"""What the README says works by that line alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dockerframe as dkf

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (dockerframe .*)$", README, re.MULTILINE)


def test_the_ten_lines(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=tmp_path)
    shown = done.stdout.decode()
    (expected,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)

    def timeless(text: str) -> str:
        return re.sub(r"taken [0-9-]+ [0-9:]+", "taken then", text)

    assert timeless(shown) == timeless(expected)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--demo" in command])
def test_commands_of_the_demo(command: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command.split()], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 5
    assert any("--demo" in command for command in COMMANDS)


def test_the_fleet_file_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "fleet.yml").write_text(text)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    fleet = dkf.Fleet.from_file(tmp_path / "fleet.yml")
    assert [host.name for host in fleet.hosts] == ["local", "edge", "apps", "lab", "10.0.0.5:8890"]


def test_every_command_is_in_the_readme() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "dockerframe", "--help"],
        capture_output=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    ).stdout.decode()
    listed = set(re.findall(r"^│ (\w+)  ", shown, re.MULTILINE))
    assert listed >= {"hosts", "containers", "report"}
    for name in listed - {"errors", "demo"}:
        assert f"dockerframe {name}" in README, name
