"""Docker's own contexts, as `docker context` keeps them, their TLS files included."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dockerframe._config.docker_config import DEFAULT_CONTEXT, UnreadableFileError, docker_folder, read_document
from dockerframe._config.host import Host, HostDefaults, TlsFiles
from dockerframe._config.tls_files import tls_mistakes
from dockerframe._config.urls import TLS_SCHEMES, InvalidUrlError, checked_url
from dockerframe.errors import ConfigurationError, Mistake, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LOG: Final = logging.getLogger("dockerframe.config")
_SOURCE: Final = "Docker contexts"
_REMEDY: Final = "Fix these contexts with `docker context`, or name the contexts to use."


class _Context(NamedTuple):
    """A context of the store: its name (None where its file can't be read), its file, and its TLS folder."""

    name: str | None
    file: Path
    tls_folder: Path


class _UnusableContextError(ValueError):
    pass


def hosts_from_contexts(
    names: Iterable[str] | None, environment: Mapping[str, str], default_url: str, defaults: HostDefaults
) -> list[Host]:
    """The hosts of some contexts by name, or of all that have a Docker endpoint, sorted; never of the default one.

    `default_url` is the engine on this machine, which a context without an address means.

    Raises
    ------
    ConfigurationError
        When one does not exist or can't be used; lists all that is wrong.
    """
    folder = docker_folder(environment) / "contexts"
    mistakes: list[Mistake] = []
    hosts: list[Host] = []
    contexts = _all_contexts(folder) if names is None else _named_contexts(folder, names, mistakes)
    for context in contexts:
        label = context.name if context.name is not None else str(context.file)
        try:
            host = _host(context, default_url, defaults, skips=names is None)
        except (InvalidUrlError, UnreadableFileError, _UnusableContextError) as error:
            mistakes.append(Mistake(label, _with_file(str(error), context.file)))
        else:
            hosts += [host] if host is not None else []
    if mistakes:
        raise ConfigurationError(_SOURCE, mistakes, remedy=_REMEDY)
    return hosts


def context_names(environment: Mapping[str, str]) -> list[str]:
    """The names of all readable contexts but the default one, sorted."""
    contexts = _all_contexts(docker_folder(environment) / "contexts")
    return [context.name for context in contexts if context.name is not None]


def _all_contexts(folder: Path) -> list[_Context]:
    contexts = [_context(folder, file) for file in (folder / "meta").glob("*/meta.json")]
    return sorted(contexts, key=lambda context: (context.name is None, context.name or str(context.file)))


def _context(folder: Path, file: Path) -> _Context:
    try:
        name = read_document(file).get("Name")
    except UnreadableFileError:
        name = None
    return _Context(
        name if isinstance(name, str) and name else None, file, folder / "tls" / file.parent.name / "docker"
    )


def _named_contexts(folder: Path, names: Iterable[str], mistakes: list[Mistake]) -> list[_Context]:
    contexts = []
    for name in names:
        # Arguments may have bytes that are not UTF-8; no context has such a name.
        key = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
        file = folder / "meta" / key / "meta.json"
        if file.exists():
            contexts.append(_Context(name, file, folder / "tls" / key / "docker"))
            continue
        known = [DEFAULT_CONTEXT, *(one.name for one in _all_contexts(folder) if one.name is not None)]
        advice = did_you_mean(name, known, f"The contexts are: {', '.join(known)}.")
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        mistakes.append(Mistake(shown, f"no such context. {advice}"))
    return contexts


def _with_file(problem: str, file: Path) -> str:
    return problem if str(file) in problem else f"{problem} ({file})"


def _host(context: _Context, default_url: str, defaults: HostDefaults, *, skips: bool) -> Host | None:
    """The host of a context; None for one without a Docker endpoint, if such are skipped."""
    endpoint = _endpoint(read_document(context.file))
    if endpoint is None:
        if skips:
            _LOG.debug("the context %s has no Docker endpoint and is skipped", context.name)
            return None
        raise _UnusableContextError("it has no Docker endpoint")
    if context.name is None:
        raise _UnusableContextError("it has no name")
    address = endpoint.get("Host") or default_url
    if not isinstance(address, str):
        raise _UnusableContextError("its Host must be text")
    url = checked_url(address)
    tls = _tls(endpoint, url, context)
    return defaults.host(context.name, url, tls=tls, origin=f"Docker context {context.name}")


def _endpoint(meta: dict[str, Any]) -> dict[str, Any] | None:
    """The Docker endpoint of a context; None where it has none."""
    endpoints = meta.get("Endpoints", {})
    if not isinstance(endpoints, dict):
        raise _UnusableContextError("its Endpoints must be an object")
    if "docker" not in endpoints:
        return None
    endpoint = endpoints["docker"]
    if not isinstance(endpoint, dict):
        raise _UnusableContextError("its Docker endpoint must be an object")
    return endpoint


def _tls(endpoint: dict[str, Any], url: str, context: _Context) -> TlsFiles | None:
    """The TLS identity of a context; None where it does not use TLS."""
    scheme = url.partition("://")[0]
    if scheme not in {"tcp", "http", *TLS_SCHEMES}:
        return None
    if endpoint.get("SkipTLSVerify"):
        raise _UnusableContextError(
            "it skips the verification of the host's certificate, which dockerframe never does; add the authority: "
            f'docker context update {context.name} --docker "host={url},ca=ca.pem"'
        )
    files = {name: context.tls_folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    existing = {name: file for name, file in files.items() if file.exists()}
    if ("cert" in existing) != ("key" in existing):
        missing = "key" if "cert" in existing else "cert"
        raise _UnusableContextError(f"no such file: {files[missing]}")
    if not existing:
        return TlsFiles() if scheme in TLS_SCHEMES else None
    tls = TlsFiles(existing.get("ca"), existing.get("cert"), existing.get("key"))
    wrong = tls_mistakes(tls.ca_file, tls.cert_file, tls.key_file)
    if wrong:
        raise _UnusableContextError("; ".join(one.message for one in wrong))
    return tls
