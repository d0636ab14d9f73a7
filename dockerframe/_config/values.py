"""Text values of a fleet file: variables filled in, paths found, addresses checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockerframe._config.urls import TLS_SCHEMES, checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE_PATTERN: Final = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
"""A variable of the environment inside a text."""

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DOCKER_HOST: Final = ("$DOCKER_HOST", "${DOCKER_HOST}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fleet file is read in: the environment, the folder of the file, and the URL of the engine here."""

    environment: Mapping[str, str]
    folder: Path
    default_url: str

    def filled_in(self, text: str) -> str:
        """A text with its variables filled in.

        Raises
        ------
        ValueError
            When one is not set.

        Examples
        --------
        >>> Surroundings({"NAME": "edge"}, Path(), "").filled_in("${NAME}.local")
        'edge.local'
        """
        unset = [name for name in _VARIABLE.findall(text) if name not in self.environment]
        if unset:
            raise ValueError(f"the variable {unset[0]} is not set; set it, or write the value")
        return _VARIABLE.sub(lambda match: self.environment[match[1]], text)

    def path(self, text: str) -> Path:
        """A path, relative to the folder of the file.

        Raises
        ------
        ValueError
            When it is in the home folder of a user that has none.
        """
        try:
            return self.folder / Path(text).expanduser()
        except RuntimeError:
            raise ValueError(f"that user has no home folder: {text}") from None

    def readable_file(self, text: str) -> Path:
        """The path of a file that can be read.

        Raises
        ------
        ValueError
            When it can't be read.
        """
        file = self.path(text)
        try:
            with file.open("rb"):
                return file
        except OSError as error:
            raise ValueError(f"{(error.strerror or str(error)).lower()}: {file}") from None

    def url(self, text: str) -> str:
        """A host URL; `$DOCKER_HOST` as the whole text is the variable, or the engine here where it is not set.

        Raises
        ------
        ValueError
            When a variable is not set, or the URL can't be used.
        """
        if text.strip() in _DOCKER_HOST:
            return checked_url(self.environment.get("DOCKER_HOST") or self.default_url)
        return checked_url(self.filled_in(text))

    def url_without_tls(self, text: str) -> str:
        """A host URL whose scheme needs no TLS files.

        Raises
        ------
        ValueError
            As `url`, and when it needs them.
        """
        url = self.url(text)
        if url.partition("://")[0] in TLS_SCHEMES:
            raise ValueError("TLS needs files; write scheme, host, port and tls: {ca_file, cert_file, key_file}")
        return url

    def agent_url(self, text: str) -> str:
        """The URL of an agent from its address.

        Raises
        ------
        ValueError
            When it can't be used.
        """
        return checked_url(f"agent://{self.filled_in(text).strip().removeprefix('agent://')}")
