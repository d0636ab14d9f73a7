"""The folder of the cassettes, and what is replaced while recording."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dockerframe.testing import configuration

CASSETTES = Path(__file__).parents[2] / "cassettes"


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return configuration({os.environ.get("DOCKERFRAME_RECORD_FOLDER", ""): "/recorded"})


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / Path(request.node.fspath).stem)
