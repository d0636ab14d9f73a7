"""The host that the docker CLI would talk to, by its variables and its current context."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dockerframe._config.contexts import DEFAULT_CONTEXT, current_context, docker_folder, hosts_from_contexts
from dockerframe._config.host import Host, TlsFiles
from dockerframe._config.urls import TLS_SCHEMES, InvalidUrlError, checked_url
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SOURCE: Final = "environment"


def host_from_environment(environment: Mapping[str, str], default_url: str, defaults: Host) -> Host:
    """The host of the environment: `DOCKER_HOST`, else the current context, else the engine on this machine.

    Raises
    ------
    ConfigurationError
        When a variable or the context can't be used.
    """
    context = None if environment.get("DOCKER_HOST") else current_context(environment)
    if context is not None:
        return hosts_from_contexts([context], environment, defaults)[0]
    return default_context_host(environment, default_url, defaults)


def default_context_host(environment: Mapping[str, str], default_url: str, defaults: Host) -> Host:
    """The host of Docker's context `default`: `DOCKER_HOST`, else the engine on this machine.

    Raises
    ------
    ConfigurationError
        When a variable can't be used.
    """
    url = environment.get("DOCKER_HOST") or default_url
    return _host(DEFAULT_CONTEXT, url, environment, defaults, "DOCKER_HOST")


def hosts_from_urls(urls: Iterable[str], environment: Mapping[str, str], defaults: Host) -> list[Host]:
    """Hosts from `URL` or `NAME=URL`, with the TLS identity of the environment where they use TLS.

    Without a name a host is called by the name in its URL.

    Raises
    ------
    ConfigurationError
        When a URL can't be used, or two hosts have one name; lists all that is wrong.
    """
    hosts: dict[str, Host] = {}
    mistakes: list[Mistake] = []
    for text in urls:
        name, separator, url = text.partition("=")
        if not separator or "://" in name:
            name, url = "", text
        try:
            host = _host(name or _name_of(url), url, environment, defaults, text)
        except ConfigurationError as error:
            mistakes.extend(error.mistakes)
            continue
        if host.name in hosts:
            mistakes.append(Mistake(text, f"another host is called {host.name} too; write NAME={url}"))
        hosts[host.name] = host
    if mistakes:
        raise ConfigurationError("hosts", mistakes, remedy="Write each host as URL or NAME=URL.")
    return list(hosts.values())


def _host(name: str, url: str, environment: Mapping[str, str], defaults: Host, path: str) -> Host:
    try:
        checked = checked_url(url)
    except InvalidUrlError as error:
        raise ConfigurationError(_SOURCE, [Mistake(path, str(error))], remedy="Name a Docker host.") from error
    scheme = checked.partition("://")[0]
    uses_tls = scheme in TLS_SCHEMES or (scheme == "tcp" and bool(environment.get("DOCKER_TLS_VERIFY")))
    return replace(defaults, name=name, url=checked, tls=_tls_files(environment) if uses_tls else None)


def _tls_files(environment: Mapping[str, str]) -> TlsFiles:
    named = environment.get("DOCKER_CERT_PATH")
    folder = Path(named) if named else docker_folder(environment)
    ca_file, cert_file, key_file = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    missing = [file for file in (ca_file, cert_file, key_file) if not file.is_file()]
    if ca_file in missing or len(missing) == 1:
        mistakes = [Mistake("DOCKER_CERT_PATH", f"no such file: {file}") for file in missing]
        raise ConfigurationError(_SOURCE, mistakes, remedy="Name the folder that holds ca.pem, cert.pem and key.pem.")
    return TlsFiles(ca_file) if missing else TlsFiles(ca_file, cert_file, key_file)


def _name_of(url: str) -> str:
    if url.startswith(("unix://", "npipe://", "/")):
        return "local"
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url
