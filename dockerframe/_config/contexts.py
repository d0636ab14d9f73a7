"""Docker's own contexts, as `docker context` keeps them, their TLS files included."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dockerframe._config.host import Host, TlsFiles
from dockerframe._config.urls import InvalidUrlError, checked_url
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_CONTEXT: Final = "default"
_SOURCE: Final = "Docker contexts"


def docker_folder(environment: Mapping[str, str]) -> Path:
    """The docker CLI's folder: `DOCKER_CONFIG`, else `~/.docker`."""
    # Where a user has no home folder, as in containers, nothing lies there; Path would raise.
    return Path(environment.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111


def current_context(environment: Mapping[str, str]) -> str | None:
    """The context that the docker CLI would use where `DOCKER_HOST` is not set; None for the default one.

    Raises
    ------
    ConfigurationError
        When the CLI's configuration can't be read.
    """
    named = environment.get("DOCKER_CONTEXT")
    if not named:
        named = _document(docker_folder(environment) / "config.json").get("currentContext")
    return None if not named or named == DEFAULT_CONTEXT else str(named)


def context_names(environment: Mapping[str, str]) -> list[str]:
    """The names of all contexts but the default one, sorted."""
    files = sorted((docker_folder(environment) / "contexts" / "meta").glob("*/meta.json"))
    return sorted(str(_document(file).get("Name", "")) for file in files)


def hosts_from_contexts(names: Iterable[str], environment: Mapping[str, str], defaults: Host) -> list[Host]:
    """The hosts of some contexts, by name.

    Raises
    ------
    ConfigurationError
        When one is not there or can't be used; lists all that is wrong.
    """
    hosts, mistakes = [], []
    for name in names:
        try:
            hosts.append(_host(name, docker_folder(environment) / "contexts", defaults))
        except (InvalidUrlError, _UnusableContextError) as error:
            mistakes.append(Mistake(name, str(error)))
    if mistakes:
        known = ", ".join([DEFAULT_CONTEXT, *context_names(environment)])
        raise ConfigurationError(_SOURCE, mistakes, remedy=f"There are these contexts: {known}.")
    return hosts


class _UnusableContextError(ValueError):
    pass


def _host(name: str, folder: Path, defaults: Host) -> Host:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = _document(folder / "meta" / key / "meta.json")
    if not meta:
        raise _UnusableContextError("there is no such context")
    endpoint = meta.get("Endpoints", {}).get("docker", {})
    url = checked_url(str(endpoint.get("Host", "")))
    tls = _tls_files(folder / "tls" / key / "docker")
    if url.startswith(("https://", "tls://")) and tls is None:
        raise _UnusableContextError(
            "it uses TLS, but has no ca.pem; dockerframe always verifies the host's certificate"
        )
    return replace(defaults, name=name, url=url, tls=tls)


def _tls_files(folder: Path) -> TlsFiles | None:
    ca_file, cert_file, key_file = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not ca_file.exists():
        return None
    has_client = cert_file.exists() and key_file.exists()
    return TlsFiles(ca_file, cert_file if has_client else None, key_file if has_client else None)


def _document(path: Path) -> dict[str, Any]:
    """A file of the docker CLI; empty where it is not there."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            _SOURCE, [Mistake(str(path), str(error))], remedy="Mend or remove that file."
        ) from error
    if not isinstance(document, dict):
        raise ConfigurationError(_SOURCE, [Mistake(str(path), "no JSON object")], remedy="Mend or remove that file.")
    return document
