"""Code, commands and fleet files of the documentation work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import dockerframe as dkf
from dockerframe._bounded_yaml import parse_yaml, typed
from tests.tls_files import write_tls_files

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXT = "\n".join(page.read_text() for page in [*PAGES, DOCS.parent / "README.md"])
COMMANDS = sorted(set(re.findall(r"dockerframe ([a-z]+) (--[^\n`]*)", TEXT.replace("\\\n", " "))))


@pytest.mark.parametrize("page", ["tutorial.md", "how-to/rules.md", "how-to/columns.md"])
def test_python_of_a_page_runs(page: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert blocks
    code = "\n".join(blocks)
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


@pytest.mark.parametrize("page", ["tutorial.md", "how-to/hosts.md", "how-to/rules.md", "reference/fleet-file.md"])
def test_fleet_files_of_a_page_are_valid(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tls_files(tmp_path)
    (tmp_path / "inventory.yml").write_text("docker: {hosts: {web1: }}")
    monkeypatch.setenv("TOKEN", "x")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host docker-1\n")
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert blocks
    for text in blocks:
        document = (
            text
            if re.search("^(providers|hosts_from):", text, re.MULTILINE)
            else f"{text}\nproviders: {{docker: {{a: 'unix:///x'}}}}"
        )
        (tmp_path / "fleet.yml").write_text(document)
        dkf.Fleet.from_file(tmp_path / "fleet.yml")


def test_options_on_pages_exist() -> None:
    helped: dict[str, str] = {}
    assert len(COMMANDS) > 8
    for command, options in COMMANDS:
        if command not in helped:
            helped[command] = subprocess.run(
                [sys.executable, "-m", "dockerframe", command, "--help"],
                capture_output=True,
                check=True,
                env={"COLUMNS": "200", "PATH": ""},
            ).stdout.decode()
        for option in re.findall(r"--[a-z-]+", options):
            assert option in helped[command], f"{command} {option}"


def test_rules_on_pages_exist() -> None:
    named = set(re.findall(r"(?:rule: |off: \[)([a-z-]+)", TEXT))
    assert named <= {rule.id for rule in dkf.BUILTIN_RULES}
    assert named


SCHEMA = json.loads((DOCS.parent / "dockerframe" / "_config" / "fleet_file.schema.json").read_text())


def test_json_schema_accepts_the_pages_and_refuses_mistakes() -> None:
    checker = jsonschema.Draft202012Validator(SCHEMA)
    checker.check_schema(SCHEMA)
    shown = [text for page in PAGES for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)]
    described = [typed(parse_yaml(text)) for text in shown if "providers:" in text or "hosts_from:" in text]
    assert len(described) >= 5
    for document in described:
        checker.validate(document)
    for audit in ({"of": []}, {"off": "x"}, {"suppress": [{"rule": "x"}]}, {"suppress": [{"reason": "x"}]}):
        assert not checker.is_valid({"providers": {}, "dockerframe": {"audit": audit}})
    assert not checker.is_valid({"providers": {"docker": {"a": {"scheme": "tls", "tls": {"cert_file": "x"}}}}})


def test_the_page_of_the_fleet_file_names_every_key() -> None:
    page = (DOCS / "reference" / "fleet-file.md").read_text()
    keys = {key for block in [SCHEMA, *SCHEMA["$defs"].values()] for key in block["properties"]}
    assert len(keys) > 30
    assert not {key for key in keys if not re.search(rf"\b{key}\b", page)}
