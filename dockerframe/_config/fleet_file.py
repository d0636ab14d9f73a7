"""The fleet file, in GoDoxy's own form: from text to hosts and settings, with every mistake and its path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe._config.audit_settings import AuditSettings, Suppression
from dockerframe._config.host import DEFAULT_AGENT_CERTIFICATES, Host, HostDefaults, TlsFiles
from dockerframe._config.proxy_options import CaddyOptions, FleetSettings, ProxyOptions, TraefikOptions
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockerframe._config.blocks import Block
    from dockerframe._config.models import FleetFile, HostBlock
    from dockerframe._config.settings_models import AuditBlock, ProxiesBlock, SettingsBlock
    from dockerframe._config.values import Surroundings

_MOST_NODES: Final = 1_000_000
_REMEDY: Final = "Fix them and load the file again."


@dataclass(frozen=True, slots=True)
class FleetDescription:
    """What a fleet file describes: hosts, settings of the audit, and settings of tables derived from labels."""

    hosts: list[Host]
    audit: AuditSettings = field(default_factory=AuditSettings)
    settings: FleetSettings = field(default_factory=FleetSettings)


def fleet_from_file(path: Path, surroundings: Surroundings, defaults: HostDefaults) -> FleetDescription:
    """The fleet of a YAML file; as `fleet_from_mapping`.

    Raises
    ------
    ConfigurationError
        When it can't be read, is not YAML, or has mistakes; lists all of them.
    """
    shown = str(path).encode(errors="surrogateescape").decode(errors="replace")
    try:
        document = typed(parse_yaml(path.read_text(encoding="utf-8"), max_nodes=_MOST_NODES))
    except OSError as error:
        raise _unreadable(shown, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(shown, "it is not UTF-8") from error
    except InvalidYamlError as error:
        raise _unreadable(shown, f"it is not YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise _unreadable(shown, "it must hold a mapping with `providers`")
    return fleet_from_mapping(document, surroundings, defaults, source=shown)


def fleet_from_mapping(
    document: Mapping[str, Any], surroundings: Surroundings, defaults: HostDefaults, *, source: str = "mapping"
) -> FleetDescription:
    """The fleet of a mapping of the form of a fleet file, in its order.

    `defaults` has the values of hosts that set none.

    Raises
    ------
    ConfigurationError
        When it has any mistake, a file that does not exist included; lists all of them, each with its path.
    """
    # pydantic takes longer to import than most fleets take to answer; only fleet files need it.
    from pydantic import ValidationError  # noqa: PLC0415

    from dockerframe._config.models import FleetFile  # noqa: PLC0415

    try:
        described = FleetFile.model_validate(_plain(document), context=surroundings)
    except ValidationError as error:
        mistakes = [
            Mistake(".".join(str(part) for part in one["loc"] if not str(part).startswith("\0")), one["msg"])
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError(source, mistakes, remedy=_REMEDY) from None
    return _Reader(described, surroundings, defaults, source).description()


def json_schema() -> str:
    """The JSON Schema of the fleet file: the content of `fleet_file.schema.json`, next to this module."""
    from dockerframe._config.models import FleetFile, FleetFileSchema  # noqa: PLC0415

    schema = FleetFile.model_json_schema(schema_generator=FleetFileSchema)
    described = {"$schema": FleetFileSchema.schema_dialect, **schema, "title": "dockerframe fleet file"}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _unreadable(path: str, problem: str) -> ConfigurationError:
    return ConfigurationError(path, [Mistake("", problem)], remedy="Name a readable fleet file.")


def _plain(value: object) -> object:
    """A value as YAML would give it: a mapping of Python may hold other mappings, tuples and dates."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes hosts and settings of a fleet file without mistakes."""

    file: FleetFile
    surroundings: Surroundings
    given_defaults: HostDefaults
    source: str

    def description(self) -> FleetDescription:
        hosts = [*self._docker_hosts(), *self._agents(), *self._hosts_from()]
        seen: dict[str, Host] = {}
        mistakes = []
        for host in hosts:
            if host.name in seen:
                problem = f"two hosts are called {host.name}; the name is the key of every table"
                mistakes.append(Mistake("providers", problem))
            seen[host.name] = host
        if mistakes:
            raise ConfigurationError(self.source, mistakes, remedy=_REMEDY)
        settings = self.file.dockerframe
        return FleetDescription(hosts, _audit(settings.audit if settings else None), self._settings())

    def _defaults(self) -> HostDefaults:
        settings = self.file.dockerframe
        defaults = _with_limits(self.given_defaults, settings)
        if settings is not None and settings.agent_certificates is not None:
            return replace(defaults, agent_certificates=settings.agent_certificates)
        if defaults.agent_certificates == DEFAULT_AGENT_CERTIFICATES:
            return replace(defaults, agent_certificates=self.surroundings.folder / DEFAULT_AGENT_CERTIFICATES)
        return defaults

    def _docker_hosts(self) -> Iterator[Host]:
        defaults = self._defaults()
        docker = (self.file.providers.docker if self.file.providers else None) or {}
        for name, entry in docker.items():
            options: dict[str, Any] = {
                "explicit_only": name.endswith("!"),
                "origin": f"providers.docker.{name} in {self.source}",
            }
            short_name = name.removesuffix("!")
            if isinstance(entry, str):
                yield defaults.host(short_name, entry, **options)
                continue
            tls = TlsFiles(entry.tls.ca_file, entry.tls.cert_file, entry.tls.key_file) if entry.tls else None
            yield _with_limits(defaults, entry).host(
                short_name, entry.address, tls=tls, headers=entry.headers, tags=entry.tags or (), **options
            )

    def _agents(self) -> Iterator[Host]:
        defaults = self._defaults()
        agents = (self.file.providers.agents if self.file.providers else None) or []
        for number, url in enumerate(agents):
            origin = f"providers.agents.{number} in {self.source}"
            yield defaults.host(url.removeprefix("agent://"), url, origin=origin)

    def _hosts_from(self) -> Iterator[Host]:
        defaults = self._defaults()
        named = self.file.hosts_from
        sources = named if isinstance(named, list) else [named] if named is not None else []
        for number, source in enumerate(sources):
            origin = f"hosts_from.{number} in {self.source}"
            for found in source.hosts:
                url = self.surroundings.default_url if found.url is None else found.url
                yield defaults.host(found.name, url, tags=source.tags or (), origin=origin)

    def _settings(self) -> FleetSettings:
        settings = self.file.dockerframe
        docker = (self.file.providers.docker if self.file.providers else None) or {}
        own = {
            name.removesuffix("!"): _proxies(entry.proxies)
            for name, entry in docker.items()
            if not isinstance(entry, str) and entry.proxies is not None
        }
        if settings is None:
            return FleetSettings(host_proxies=own)
        return FleetSettings(tuple(settings.known_middlewares or ()), _proxies(settings.proxies), own)


def _with_limits(defaults: HostDefaults, block: HostBlock | SettingsBlock | None) -> HostDefaults:
    """Values with the limits that a block sets."""
    if block is None:
        return defaults
    return replace(
        defaults,
        connect_timeout=block.connect_timeout_seconds or defaults.connect_timeout,
        read_timeout=block.read_timeout_seconds or defaults.read_timeout,
        max_answer_bytes=block.max_answer_bytes or defaults.max_answer_bytes,
    )


def _audit(block: AuditBlock | None) -> AuditSettings:
    if block is None:
        return AuditSettings()
    suppressions = (
        Suppression(one.reason, one.rule, one.host, one.container, one.until) for one in block.suppress or ()
    )
    return AuditSettings(frozenset(block.off or ()), tuple(suppressions))


def _proxies(block: ProxiesBlock | None) -> ProxyOptions:
    if block is None:
        return ProxyOptions()
    return ProxyOptions(TraefikOptions(**_options(block.traefik)), CaddyOptions(**_options(block.caddy)))


def _options(block: Block | None) -> dict[str, Any]:
    values = block.model_dump(exclude_none=True) if block is not None else {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
