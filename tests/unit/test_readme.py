"""Every command and code block of the README works."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

import dockerframe as dkf
from dockerframe.cli.commands import TABLES, all_commands
from tests.docker_contexts import write_context
from tests.faults.stand_in import stand_ins
from tests.tls_files import write_tls_files

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (dockerframe .*)$", README, re.MULTILINE)


def test_the_ten_lines_print_the_text_below_them(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=tmp_path)
    shown = done.stdout.decode()
    (expected,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)

    def timeless(text: str) -> str:
        return re.sub(r"taken [0-9-]+ [0-9:]+", "taken then", text)

    assert timeless(shown) == timeless(expected)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--demo" in command])
def test_commands_for_the_demo_fleet(command: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *shlex.split(command)], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str], dict[str, str]]]:
    """A folder with the files of the README's commands, environment variables, and hosts for its URLs."""
    folder = tmp_path_factory.mktemp("machine")
    with stand_ins(tmp_path_factory.mktemp("certificates")) as started:
        urls = {name: started.start(name) for name in ("edge", "lab", "production")}
        (folder / "fleet.yml").write_text(f"providers: {{docker: {{edge: '{urls['edge']}'}}}}")
        dkf.Fleet.from_file(folder / "fleet.yml").snapshot().write(folder / "reports", name="2026-11-24T060000Z")
        write_context(folder, "production", urls["production"])
        replaced = {"ssh://ops@edge.example.com": urls["edge"], "tcp://10.0.0.5:2375": urls["lab"]}
        yield folder, {**os.environ, "DOCKER_CONFIG": str(folder)}, replaced


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--demo" not in command])
def test_commands_for_hosts(command: str, machine: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    folder, environment, replaced = machine
    for url, stand_in in replaced.items():
        command = command.replace(url, stand_in)
    arguments = [sys.executable, "-m", *shlex.split(command)]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment
    ) as run:
        if " watch " in command:
            assert run.stderr is not None
            assert b"Ctrl-C ends it" in run.stderr.readline()
            run.send_signal(signal.SIGINT)
        shown, problems = run.communicate(timeout=300)
    assert run.returncode == (130 if " watch " in command else 0), problems
    assert shown or " watch " in command


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 5
    assert any("--demo" in command for command in COMMANDS)


def test_the_fleet_file_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "fleet.yml").write_text(text)
    write_tls_files(tmp_path)
    fleet = dkf.Fleet.from_file(tmp_path / "fleet.yml")
    assert [host.name for host in fleet.hosts] == ["local", "edge", "apps", "lab", "10.0.0.5:8890"]


def test_every_command_is_in_the_readme() -> None:
    commands = [command for command in all_commands() if command.section != TABLES]
    assert len(commands) > 10
    for command in commands:
        assert f"dockerframe {command.name}" in README or command.name == "demo", command.name


def test_pinned_packages_run_on_the_oldest_python() -> None:
    """Debian 12 has Python 3.11.2: a package that needs 3.11.5 would break `make demo` and `make test` there."""
    pinned = set((ROOT / "constraints.txt").read_text(encoding="utf-8").split())
    too_new = {
        package.name: needs
        for package in distributions()
        if f"{package.name}=={package.version}" in pinned
        if (needs := package.metadata.get("Requires-Python")) and "3.11.0" not in SpecifierSet(needs)
    }
    assert too_new == {}
