"""Types of values that several blocks of the fleet file have.

Importing this loads pydantic, so it is done only when a fleet file is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dockerframe._config.blocks import NOT_BLANK, Number, Text
from dockerframe._config.host import LONGEST_TIMEOUT
from dockerframe._config.urls import END

if TYPE_CHECKING:
    from dockerframe._config.values import Surroundings


def _filled_in(surroundings: Surroundings, text: str) -> str:
    filled = surroundings.filled_in(text)
    if not filled.strip():
        raise ValueError("it must not be empty")
    return filled


Plain = Annotated[str, Text({"pattern": NOT_BLANK}, variables=False)]
"""Text without variables."""

Filled = Annotated[str, Text({"pattern": NOT_BLANK})]
"""Text with variables filled in."""

ReadableFile = Annotated[
    Path, Text({"pattern": NOT_BLANK}, lambda here, text: here.readable_file(_filled_in(here, text)))
]
"""The path of a file that can be read."""

Folder = Annotated[Path, Text({"pattern": NOT_BLANK}, lambda here, text: here.path(_filled_in(here, text)))]
"""The path of a folder, which may not exist yet."""

Seconds = Annotated[float, Number(0, LONGEST_TIMEOUT, whole=False, exclusive=True)]
"""A time limit."""

Bytes = Annotated[int, Number(1)]
"""A size."""

TagName = Annotated[str, Text({"pattern": rf"^[^\s,]+{END}"}, problem="a tag is one word without commas")]
"""A word to select hosts by."""
