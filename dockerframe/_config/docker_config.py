"""The docker CLI's own `config.json`: its current context and the headers that it sends, nothing else."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dockerframe._config.host import (
    DEFAULT_CONNECT_TIMEOUT,
    DEFAULT_MAX_ANSWER_BYTES,
    DEFAULT_READ_TIMEOUT,
    Headers,
    HostDefaults,
    header_problems,
)
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONTEXT: Final = "default"
_LOG: Final = logging.getLogger("dockerframe.config")


class UnreadableFileError(ValueError):
    """A file of the docker CLI that can't be read; the message has its path."""


def docker_folder(environment: Mapping[str, str]) -> Path:
    """The docker CLI's folder: `DOCKER_CONFIG`, else `~/.docker`."""
    # A user without a home folder, as in containers, has no such files; Path.expanduser would raise.
    return Path(environment.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file of the docker CLI; empty where the file is empty or does not exist.

    Raises
    ------
    UnreadableFileError
        When the file can't be read or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text) if text.strip() else {}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableFileError(f"{path} is not a JSON object")
    return document


def current_context(environment: Mapping[str, str]) -> str | None:
    """The context that the docker CLI uses while `DOCKER_HOST` is not set; None for the default one.

    Raises
    ------
    ConfigurationError
        When the configuration can't be read.
    """
    named = environment.get("DOCKER_CONTEXT") or _named_context(docker_folder(environment) / "config.json")
    return None if not named or named == DEFAULT_CONTEXT else named


def _named_context(file: Path) -> str | None:
    try:
        named = read_document(file).get("currentContext")
    except UnreadableFileError as error:
        raise _wrong_config(str(error)) from error
    if named is None or isinstance(named, str):
        return named
    raise _wrong_config(f"{file}: currentContext must be text, not {named!r}")


def _wrong_config(problem: str) -> ConfigurationError:
    remedy = "Fix the file, or set DOCKER_HOST or DOCKER_CONTEXT."
    return ConfigurationError("docker's configuration", [Mistake("", problem)], remedy=remedy)


def docker_headers(environment: Mapping[str, str]) -> Headers:
    """The `HttpHeaders` of the configuration. What can't be read or sent is left out: other programs own this file."""
    file = docker_folder(environment) / "config.json"
    try:
        named = read_document(file).get("HttpHeaders")
    except UnreadableFileError as error:
        _LOG.warning("no headers are read: %s", error)
        return Headers()
    found = named if isinstance(named, dict) else {}
    usable = {name: value for name, value in found.items() if not list(header_problems({name: value}))}
    for name in found.keys() - usable.keys():
        _LOG.warning("%s: the header %r can't be sent and is left out", file, name)
    return Headers(usable)


def host_defaults(
    environment: Mapping[str, str],
    *,
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT,
    read_timeout: float = DEFAULT_READ_TIMEOUT,
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
) -> HostDefaults:
    """The values of hosts that set none: these limits, and the headers of docker's configuration."""
    return HostDefaults(connect_timeout, read_timeout, max_answer_bytes, headers=docker_headers(environment))
