"""The architecture page agrees with the import contract and with the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dockerframe"
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACT = next(contract for contract in SETTINGS["contracts"] if contract["type"] == "layers")


def floors_of_contract() -> list[set[str]]:
    """The rooms of each layer, lowest first."""
    return [
        {room.strip().removeprefix("dockerframe.") for room in re.split("[:|]", layer)}
        for layer in reversed(CONTRACT["layers"])
    ]


def floors_of_page() -> list[set[str]]:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    return [set(re.findall(r"`(\w+)`", rooms)) for _, rooms in rows]


def test_the_page_lists_the_layers_of_the_contract() -> None:
    contract = floors_of_contract()
    assert len(contract) > 5
    assert floors_of_page() == contract


def test_the_contract_has_every_room_of_the_package() -> None:
    present = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
    }
    assert present - {"__init__", "__main__"} == set().union(*floors_of_contract())


def test_the_contract_counts_type_checking_imports() -> None:
    assert not SETTINGS.get("exclude_type_checking_imports", False)
    assert "ignore_imports" not in CONTRACT


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:dockerframe/)?(?:\w+/)+(?:\w+\.(?:py|html))?)`", PAGE))
    assert len(named) > 20
    missing = {name for name in named if not (ROOT / name).exists() and not (PACKAGE / name).exists()}
    assert missing == set()
