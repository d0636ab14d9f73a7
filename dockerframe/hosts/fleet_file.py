"""The fleet file, in GoDoxy's own form: from a mapping to hosts, with every mistake and its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from dockerframe.errors import ConfigurationError, Mistake
from dockerframe.hosts.audit_settings import AuditSettings, read_audit_settings
from dockerframe.hosts.host import DEFAULT_AGENT_CERTIFICATES, Host, Timeouts, TlsFiles
from dockerframe.hosts.urls import TLS_SCHEMES, InvalidUrlError, checked_url, joined_url
from dockerframe.yaml_nodes import InvalidYamlError, parse_yaml, typed

_DOCKER_HOST: Final = ("$DOCKER_HOST", "${DOCKER_HOST}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fleet file is read in: its variables, its folder, and the URL of the engine on this machine."""

    environment: Mapping[str, str]
    folder: Path
    default_url: str


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
class _Reader:
    surroundings: Surroundings
    defaults: Host
    mistakes: list[Mistake] = field(default_factory=list)
    audit: AuditSettings = field(default_factory=AuditSettings)

    def read(self, document: Mapping[str, Any]) -> list[Host]:
        self._read_settings(document)
        providers = self._mapping(document, "providers", "")
        named = self._mapping(providers, "docker", "providers")
        docker = [self._docker(name, value, f"providers.docker.{name}") for name, value in named.items()]
        agents = [
            self._agent(value, f"providers.agents.{number}")
            for number, value in enumerate(self._list(providers, "agents", "providers"))
        ]
        hosts = [host for host in (*docker, *agents) if host is not None]
        if not named and not agents and not self.mistakes:
            self._mistake("providers", "it names no host; write providers.docker or providers.agents")
        self._check_names(hosts)
        return hosts

    def _read_settings(self, document: Mapping[str, Any]) -> None:
        """Settings of our own, for all hosts of the file."""
        settings = self._mapping(document, "dockerframe", "")
        self._check_keys(settings, _SETTINGS_KEYS, "dockerframe")
        self.defaults = self._with_limits(self.defaults, settings, "dockerframe")
        self.audit = read_audit_settings(settings.get("audit"), "dockerframe.audit", self._mistake)
        folder = settings.get("agent_certificates")
        if folder is not None:
            path = self._path(folder, "dockerframe.agent_certificates")
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
                self._mistake(path, "TLS needs files; write scheme, host, port and tls: {ca_file, cert_file, key_file}")
            return self._named(host_name, url, self.defaults)
        if not isinstance(value, Mapping):
            self._mistake(path, "a host is a URL, or a mapping of scheme, host, port and tls")
            return None
        self._check_keys(value, _HOST_KEYS, path)
        url = self._url(value["url"], f"{path}.url") if "url" in value else self._joined(value, path)
        tls = self._tls(value["tls"], f"{path}.tls") if value.get("tls") is not None else None
        scheme = url.partition("://")[0] if url is not None else ""
        if scheme in TLS_SCHEMES and value.get("tls") is None:
            self._mistake(f"{path}.tls", f"{scheme} needs it: {{ca_file, cert_file, key_file}}")
        if tls is not None and scheme not in {*TLS_SCHEMES, "tcp", ""}:
            self._mistake(f"{path}.tls", f"{scheme} takes no TLS; use tls, https or tcp")
        return self._named(host_name, url, replace(self._with_limits(self.defaults, value, path), tls=tls))

    def _agent(self, value: object, path: str) -> Host | None:
        address = self._text(value, path)
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
        self._mistake(path, "a host needs a name")
        return None

    def _joined(self, value: Mapping[str, Any], path: str) -> str | None:
        scheme = self._text(value.get("scheme"), f"{path}.scheme")
        host = self._text(value.get("host"), f"{path}.host")
        port = self._port(value["port"], f"{path}.port") if value.get("port") is not None else None
        if scheme is None or host is None:
            return None
        try:
            return joined_url(scheme, host, port)
        except InvalidUrlError as error:
            self._mistake(path, str(error))
            return None

    def _port(self, value: object, path: str) -> int | None:
        text = self._text(value, path)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text) < 2**16:
            return int(text)
        self._mistake(path, f"{text} is no port; a port is a number of 1 to 65535")
        return None

    def _url(self, value: object, path: str) -> str | None:
        if value in _DOCKER_HOST:
            value = self.surroundings.environment.get("DOCKER_HOST") or self.surroundings.default_url
        text = self._text(value, path)
        if text is None:
            return None
        try:
            return checked_url(text)
        except InvalidUrlError as error:
            self._mistake(path, str(error))
            return None

    def _tls(self, value: object, path: str) -> TlsFiles | None:
        if not isinstance(value, Mapping):
            self._mistake(path, "it must be a mapping of ca_file, cert_file and key_file")
            return None
        self._check_keys(value, _TLS_KEYS, path)
        if value.get("ca_file") is None:
            self._mistake(f"{path}.ca_file", "it is required: the authority that signed the host's certificate")
        if (value.get("cert_file") is None) != (value.get("key_file") is None):
            missing = "cert_file" if value.get("cert_file") is None else "key_file"
            self._mistake(f"{path}.{missing}", "cert_file and key_file come together")
        files = {key: self._file(value[key], f"{path}.{key}") for key in _TLS_KEYS if value.get(key) is not None}
        ca_file = files.get("ca_file")
        return None if ca_file is None else TlsFiles(ca_file, files.get("cert_file"), files.get("key_file"))

    def _file(self, value: object, path: str) -> Path | None:
        file = self._path(value, path)
        if file is None:
            return None
        try:
            with file.open("rb"):
                return file
        except OSError as error:
            self._mistake(path, f"{(error.strerror or str(error)).lower()}: {file}")
            return None

    def _path(self, value: object, path: str) -> Path | None:
        text = self._text(value, path)
        if text is None:
            return None
        try:
            return self.surroundings.folder / Path(text).expanduser()
        except RuntimeError:
            self._mistake(path, f"there is no such user's home folder: {text}")
            return None

    def _text(self, value: object, path: str) -> str | None:
        """A text with its variables filled in."""
        if value is None or isinstance(value, bool | list | dict) or str(value) == "":
            self._mistake(
                path, "it is missing" if value is None or value == "" else f"it must be a text, not {value!r}"
            )
            return None
        text = str(value)
        unset = [name for name in _VARIABLE.findall(text) if name not in self.surroundings.environment]
        if unset:
            self._mistake(path, f"the variable {unset[0]} is not set")
            return None
        return _VARIABLE.sub(lambda match: self.surroundings.environment[match[1]], text)

    def _with_limits(self, host: Host, value: Mapping[str, Any], path: str) -> Host:
        timeouts = host.timeouts
        connect = self._positive(value, "connect_timeout_seconds", path, timeouts.connect_seconds)
        read = self._positive(value, "read_timeout_seconds", path, timeouts.read_seconds)
        largest = self._positive(value, "max_answer_bytes", path, host.max_answer_bytes)
        return replace(host, timeouts=Timeouts(connect, read), max_answer_bytes=int(largest))

    def _positive(self, value: Mapping[str, Any], key: str, path: str, default: float) -> float:
        number = value.get(key)
        if number is None:
            return default
        if isinstance(number, int | float) and not isinstance(number, bool) and number > 0:
            return number
        self._mistake(f"{path}.{key}", f"it must be a number above 0, not {number!r}")
        return default

    def _mapping(self, value: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        found = value.get(key)
        if found is None:
            return {}
        if isinstance(found, Mapping):
            return found
        self._mistake(f"{path}.{key}".lstrip("."), "it must be a mapping")
        return {}

    def _list(self, value: Mapping[str, Any], key: str, path: str) -> list[Any]:
        found = value.get(key)
        if found is None:
            return []
        if isinstance(found, list):
            return found
        self._mistake(f"{path}.{key}", "it must be a list")
        return []

    def _check_keys(self, value: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        """Other tools' keys are left alone, but one that is nearly ours is a slip."""
        for key in value:
            nearest = [] if key in known else difflib.get_close_matches(str(key), known, n=1, cutoff=0.75)
            if nearest:
                self._mistake(f"{path}.{key}", f"unknown key; did you mean {nearest[0]}?")

    def _check_names(self, hosts: list[Host]) -> None:
        seen: set[str] = set()
        for host in hosts:
            if host.name in seen:
                self._mistake("providers", f"two hosts are called {host.name}; the name is the key of every table")
            seen.add(host.name)

    def _mistake(self, path: str, message: str) -> None:
        self.mistakes.append(Mistake(path, message))
