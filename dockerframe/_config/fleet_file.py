"""The fleet file, in GoDoxy's own form: from a mapping to hosts, with every mistake and its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe._config.audit_settings import AuditSettings, read_audit_settings
from dockerframe._config.host import DEFAULT_AGENT_CERTIFICATES, Host, Timeouts, TlsFiles
from dockerframe._config.urls import TLS_SCHEMES, InvalidUrlError, checked_url, joined_url
from dockerframe._config.values import CheckedValues, Surroundings
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from pathlib import Path

_DOCKER_HOST: Final = ("$DOCKER_HOST", "${DOCKER_HOST}")
_HOST_KEYS: Final = (
    "url",
    "scheme",
    "host",
    "port",
    "tls",
    "connect_timeout_seconds",
    "read_timeout_seconds",
    "max_answer_bytes",
)
_TLS_KEYS: Final = ("ca_file", "cert_file", "key_file")
_SETTINGS_KEYS: Final = (
    "connect_timeout_seconds",
    "read_timeout_seconds",
    "max_answer_bytes",
    "agent_certificates",
    "audit",
)
_REMEDY: Final = "Mend each of them and load the file again."


class Described(NamedTuple):
    """What a fleet file describes: hosts, and what is said of the audit."""

    hosts: list[Host]
    audit: AuditSettings


def fleet_from_file(path: Path, surroundings: Surroundings, defaults: Host) -> Described:
    """The fleet of a YAML file; as `fleet_from_mapping`.

    Raises
    ------
    ConfigurationError
        When it can't be read, is no YAML, or has any mistake; lists all of them.
    """
    try:
        document = typed(parse_yaml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is not UTF-8") from error
    except InvalidYamlError as error:
        raise _unreadable(path, f"no YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise _unreadable(path, "it must hold a mapping with `providers`")
    return fleet_from_mapping(document, surroundings, defaults, source=str(path))


def fleet_from_mapping(
    document: Mapping[str, Any], surroundings: Surroundings, defaults: Host, *, source: str = "mapping"
) -> Described:
    """The fleet of a mapping of the form of a fleet file, in its order.

    `defaults` gives the limits of hosts that set none.

    Raises
    ------
    ConfigurationError
        When it has any mistake, a file that is not there included; lists all of them, each with its path.
    """
    reader = _Reader(surroundings, defaults)
    hosts = reader.read(document)
    if reader.mistakes:
        raise ConfigurationError(source, reader.mistakes, remedy=_REMEDY)
    return Described(hosts, reader.audit)


def _unreadable(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(str(path), [Mistake("", problem)], remedy="Name a readable fleet file.")


@dataclass(slots=True)
class _Reader(CheckedValues):
    defaults: Host
    audit: AuditSettings = field(default_factory=AuditSettings)

    def read(self, document: Mapping[str, Any]) -> list[Host]:
        self._read_settings(document)
        providers = self.mapping(document, "providers", "")
        named = self.mapping(providers, "docker", "providers")
        docker = [self._docker(name, value, f"providers.docker.{name}") for name, value in named.items()]
        agents = [
            self._agent(value, f"providers.agents.{number}")
            for number, value in enumerate(self.list_of(providers, "agents", "providers"))
        ]
        hosts = [host for host in (*docker, *agents) if host is not None]
        if not named and not agents and not self.mistakes:
            self.mistake("providers", "it names no host; write providers.docker or providers.agents")
        self._check_names(hosts)
        return hosts

    def _read_settings(self, document: Mapping[str, Any]) -> None:
        """Settings of our own, for all hosts of the file."""
        settings = self.mapping(document, "dockerframe", "")
        self.check_keys(settings, _SETTINGS_KEYS, "dockerframe")
        self.defaults = self._with_limits(self.defaults, settings, "dockerframe")
        self.audit = read_audit_settings(settings.get("audit"), "dockerframe.audit", self.mistake)
        folder = settings.get("agent_certificates")
        if folder is not None:
            path = self.path_of(folder, "dockerframe.agent_certificates")
            if path is not None:
                self.defaults = replace(self.defaults, agent_certificates=path)
        elif self.defaults.agent_certificates == DEFAULT_AGENT_CERTIFICATES:
            self.defaults = replace(
                self.defaults, agent_certificates=self.surroundings.folder / DEFAULT_AGENT_CERTIFICATES
            )

    def _docker(self, name: object, value: object, path: str) -> Host | None:
        host_name = self._host_name(name, path)
        if isinstance(value, str):
            url = self._url(value, path)
            if url is not None and url.partition("://")[0] in TLS_SCHEMES:
                self.mistake(path, "TLS needs files; write scheme, host, port and tls: {ca_file, cert_file, key_file}")
            return self._named(host_name, url, self.defaults)
        if not isinstance(value, Mapping):
            self.mistake(path, "a host is a URL, or a mapping of scheme, host, port and tls")
            return None
        self.check_keys(value, _HOST_KEYS, path)
        url = self._url(value["url"], f"{path}.url") if "url" in value else self._joined(value, path)
        tls = self._tls(value["tls"], f"{path}.tls") if value.get("tls") is not None else None
        scheme = url.partition("://")[0] if url is not None else ""
        if scheme in TLS_SCHEMES and value.get("tls") is None:
            self.mistake(f"{path}.tls", f"{scheme} needs it: {{ca_file, cert_file, key_file}}")
        if tls is not None and scheme not in {*TLS_SCHEMES, "tcp", ""}:
            self.mistake(f"{path}.tls", f"{scheme} takes no TLS; use tls, https or tcp")
        return self._named(host_name, url, replace(self._with_limits(self.defaults, value, path), tls=tls))

    def _agent(self, value: object, path: str) -> Host | None:
        address = self.text(value, path)
        if address is None:
            return None
        url = self._url(f"agent://{address.removeprefix('agent://')}", path)
        return None if url is None else replace(self.defaults, name=url.removeprefix("agent://"), url=url)

    def _named(self, name: str | None, url: str | None, limits: Host) -> Host | None:
        if name is None or url is None:
            return None
        return replace(limits, name=name.removesuffix("!"), url=url, explicit_only=name.endswith("!"))

    def _host_name(self, name: object, path: str) -> str | None:
        text = str(name)
        if text.strip("!").strip():
            return text
        self.mistake(path, "a host needs a name")
        return None

    def _joined(self, value: Mapping[str, Any], path: str) -> str | None:
        scheme = self.text(value.get("scheme"), f"{path}.scheme")
        host = self.text(value.get("host"), f"{path}.host")
        port = self.port(value["port"], f"{path}.port") if value.get("port") is not None else None
        if scheme is None or host is None:
            return None
        try:
            return joined_url(scheme, host, port)
        except InvalidUrlError as error:
            self.mistake(path, str(error))
            return None

    def _url(self, value: object, path: str) -> str | None:
        if value in _DOCKER_HOST:
            value = self.surroundings.environment.get("DOCKER_HOST") or self.surroundings.default_url
        text = self.text(value, path)
        if text is None:
            return None
        try:
            return checked_url(text)
        except InvalidUrlError as error:
            self.mistake(path, str(error))
            return None

    def _tls(self, value: object, path: str) -> TlsFiles | None:
        if not isinstance(value, Mapping):
            self.mistake(path, "it must be a mapping of ca_file, cert_file and key_file")
            return None
        self.check_keys(value, _TLS_KEYS, path)
        if value.get("ca_file") is None:
            self.mistake(f"{path}.ca_file", "it is required: the authority that signed the host's certificate")
        if (value.get("cert_file") is None) != (value.get("key_file") is None):
            missing = "cert_file" if value.get("cert_file") is None else "key_file"
            self.mistake(f"{path}.{missing}", "cert_file and key_file come together")
        files = {
            key: self.readable_file(value[key], f"{path}.{key}") for key in _TLS_KEYS if value.get(key) is not None
        }
        ca_file = files.get("ca_file")
        return None if ca_file is None else TlsFiles(ca_file, files.get("cert_file"), files.get("key_file"))

    def _with_limits(self, host: Host, value: Mapping[str, Any], path: str) -> Host:
        timeouts = host.timeouts
        connect = self.positive(value, "connect_timeout_seconds", path, timeouts.connect_seconds)
        read = self.positive(value, "read_timeout_seconds", path, timeouts.read_seconds)
        largest = self.positive(value, "max_answer_bytes", path, host.max_answer_bytes)
        return replace(host, timeouts=Timeouts(connect, read), max_answer_bytes=int(largest))

    def _check_names(self, hosts: list[Host]) -> None:
        seen: set[str] = set()
        for host in hosts:
            if host.name in seen:
                self.mistake("providers", f"two hosts are called {host.name}; the name is the key of every table")
            seen.add(host.name)
