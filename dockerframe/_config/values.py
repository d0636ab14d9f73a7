"""Values of a fleet file: each as what it must be, or a mistake with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dockerframe.errors import Mistake

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fleet file is read in: its variables, its folder, and the URL of the engine on this machine."""

    environment: Mapping[str, str]
    folder: Path
    default_url: str


@dataclass(slots=True)
class CheckedValues:
    """Checks values, and remembers what is wrong: None stands for a value with a mistake."""

    surroundings: Surroundings
    mistakes: list[Mistake] = field(default_factory=list, kw_only=True)

    def port(self, value: object, path: str) -> int | None:
        """A port of 1 to 65535."""
        text = self.text(value, path)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text) < 2**16:
            return int(text)
        self.mistake(path, f"{text} is no port; a port is a number of 1 to 65535")
        return None

    def readable_file(self, value: object, path: str) -> Path | None:
        """The path of a file that can be read."""
        file = self.path_of(value, path)
        if file is None:
            return None
        try:
            with file.open("rb"):
                return file
        except OSError as error:
            self.mistake(path, f"{(error.strerror or str(error)).lower()}: {file}")
            return None

    def path_of(self, value: object, path: str) -> Path | None:
        """A path, relative to the folder of the file."""
        text = self.text(value, path)
        if text is None:
            return None
        try:
            return self.surroundings.folder / Path(text).expanduser()
        except RuntimeError:
            self.mistake(path, f"there is no such user's home folder: {text}")
            return None

    def text(self, value: object, path: str) -> str | None:
        """A text with its variables filled in."""
        if value is None or isinstance(value, bool | list | dict) or str(value) == "":
            self.mistake(path, "it is missing" if value is None or value == "" else f"it must be a text, not {value!r}")
            return None
        text = str(value)
        unset = [name for name in _VARIABLE.findall(text) if name not in self.surroundings.environment]
        if unset:
            self.mistake(path, f"the variable {unset[0]} is not set")
            return None
        return _VARIABLE.sub(lambda match: self.surroundings.environment[match[1]], text)

    def positive(self, value: Mapping[str, Any], key: str, path: str, default: float) -> float:
        """A number above 0; the default where there is none."""
        number = value.get(key)
        if number is None:
            return default
        if isinstance(number, int | float) and not isinstance(number, bool) and number > 0:
            return number
        self.mistake(f"{path}.{key}", f"it must be a number above 0, not {number!r}")
        return default

    def mapping(self, value: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        """A mapping under a key; empty where there is none."""
        found = value.get(key)
        if found is None:
            return {}
        if isinstance(found, Mapping):
            return found
        self.mistake(f"{path}.{key}".lstrip("."), "it must be a mapping")
        return {}

    def list_of(self, value: Mapping[str, Any], key: str, path: str) -> list[Any]:
        """A list under a key; empty where there is none."""
        found = value.get(key)
        if found is None:
            return []
        if isinstance(found, list):
            return found
        self.mistake(f"{path}.{key}", "it must be a list")
        return []

    def check_keys(self, value: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        """Other tools' keys are left alone, but one that is nearly ours is a slip."""
        for key in value:
            nearest = [] if key in known else difflib.get_close_matches(str(key), known, n=1, cutoff=0.75)
            if nearest:
                self.mistake(f"{path}.{key}", f"unknown key; did you mean {nearest[0]}?")

    def mistake(self, path: str, message: str) -> None:
        """Note something that is wrong."""
        self.mistakes.append(Mistake(path, message))
