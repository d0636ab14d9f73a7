"""Hosts as the docker CLI finds them: by its variables, its current context, or by URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockerframe._config.contexts import hosts_from_contexts as hosts_of_contexts
from dockerframe._config.docker_config import DEFAULT_CONTEXT, current_context, docker_folder
from dockerframe._config.host import Host, HostDefaults, TlsFiles
from dockerframe._config.tls_files import tls_mistakes
from dockerframe._config.urls import (
    LOCAL_SCHEMES,
    TLS_SCHEMES,
    InvalidUrlError,
    checked_url,
    is_unicode,
    shown_url,
    url_parts,
)
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SOURCE: Final = "environment"
_VARIABLE: Final = "DOCKER_HOST"
_CERTIFICATES: Final = "Set DOCKER_CERT_PATH to the folder that holds ca.pem, cert.pem and key.pem."
_REMEDY_URLS: Final = "Write each host as URL or NAME=URL."


def host_from_environment(environment: Mapping[str, str], default_url: str, defaults: HostDefaults) -> Host:
    """The host of the environment: `DOCKER_HOST`, else the current context, else the engine on this machine.

    Raises
    ------
    ConfigurationError
        When a variable or the context can't be used.
    """
    context = None if environment.get(_VARIABLE) else current_context(environment)
    if context is not None:
        return hosts_of_contexts([context], environment, default_url, defaults)[0]
    return default_context_host(environment, default_url, defaults)


def default_context_host(environment: Mapping[str, str], default_url: str, defaults: HostDefaults) -> Host:
    """The host of Docker's context `default`: `DOCKER_HOST`, else the engine on this machine.

    Raises
    ------
    ConfigurationError
        When a variable can't be used.
    """
    url = environment.get(_VARIABLE) or default_url
    return _host(DEFAULT_CONTEXT, url, environment, defaults, _VARIABLE)


def hosts_from_contexts(
    names: Iterable[str] | None, environment: Mapping[str, str], default_url: str, defaults: HostDefaults
) -> list[Host]:
    """The hosts of some contexts by name, or of all that have a Docker endpoint, `default` first.

    Raises
    ------
    ConfigurationError
        When one does not exist or can't be used; lists all that is wrong.
    """
    if names is None:
        default = default_context_host(environment, default_url, defaults)
        return [default, *hosts_of_contexts(None, environment, default_url, defaults)]
    wanted = list(dict.fromkeys(names))
    others = [name for name in wanted if name != DEFAULT_CONTEXT]
    hosts = {host.name: host for host in hosts_of_contexts(others, environment, default_url, defaults)}
    if DEFAULT_CONTEXT in wanted:
        hosts[DEFAULT_CONTEXT] = default_context_host(environment, default_url, defaults)
    return [hosts[name] for name in wanted]


def hosts_from_urls(urls: Iterable[str], environment: Mapping[str, str], defaults: HostDefaults) -> list[Host]:
    """Hosts from `URL` or `NAME=URL`, with the TLS identity of the environment where they use TLS.

    A host without a name is called by the name in its URL.

    Raises
    ------
    ConfigurationError
        When a URL can't be used, or two hosts have one name; lists all that is wrong.
    """
    hosts: dict[str, Host] = {}
    mistakes: list[Mistake] = []
    for text in urls:
        name, url = _split_name(text)
        shown = f"{name if is_unicode(name) else repr(name)}={shown_url(url)}" if name else shown_url(url)
        try:
            host = _host(name or _name_of(url), url, environment, defaults, shown)
        except ConfigurationError as error:
            mistakes.extend(Mistake(shown, mistake.message) for mistake in error.mistakes)
            continue
        if host.name in hosts:
            mistakes.append(Mistake(shown, f"another host is called {host.name} too; write NAME=URL"))
        hosts[host.name] = host
    if mistakes:
        raise ConfigurationError("hosts", mistakes, remedy=_REMEDY_URLS)
    return list(hosts.values())


def _split_name(text: str) -> tuple[str, str]:
    """The name and the URL of `NAME=URL`; an empty name where it is a URL."""
    name, separator, url = text.partition("=")
    has_name = separator and "://" not in name and "@" not in name
    return (name.strip(), url) if has_name else ("", text)


def _host(name: str, url: str, environment: Mapping[str, str], defaults: HostDefaults, path: str) -> Host:
    verifies = bool(environment.get("DOCKER_TLS_VERIFY"))
    try:
        checked = checked_url(url, over_tls=verifies)
    except InvalidUrlError as error:
        raise ConfigurationError(_SOURCE, [Mistake(path, str(error))], remedy="Name a Docker host.") from error
    scheme = checked.partition("://")[0]
    uses_tls = scheme in TLS_SCHEMES or (scheme == "tcp" and verifies)
    origin = path if path == _VARIABLE and environment.get(_VARIABLE) else ""
    return defaults.host(name, checked, tls=_tls_files(environment) if uses_tls else None, origin=origin)


def _tls_files(environment: Mapping[str, str]) -> TlsFiles:
    named = environment.get("DOCKER_CERT_PATH")
    folder = Path(named) if named else docker_folder(environment)
    ca_file, cert_file, key_file = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    missing = [file for file in (ca_file, cert_file, key_file) if not file.exists()]
    problems = [f"no such file: {file}" for file in missing] if ca_file in missing or len(missing) == 1 else []
    tls = TlsFiles(ca_file) if missing else TlsFiles(ca_file, cert_file, key_file)
    problems = problems or [one.message for one in tls_mistakes(tls.ca_file, tls.cert_file, tls.key_file)]
    if problems:
        mistakes = [Mistake("DOCKER_CERT_PATH", problem) for problem in problems]
        raise ConfigurationError(_SOURCE, mistakes, remedy=_CERTIFICATES)
    return tls


def _name_of(url: str) -> str:
    """The name of a host that was given as a URL only."""
    try:
        parts = url_parts(checked_url(url))
    except InvalidUrlError:
        return "host"
    return "local" if parts.scheme in LOCAL_SCHEMES else parts.hostname
