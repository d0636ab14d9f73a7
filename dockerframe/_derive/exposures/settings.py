"""What labels cannot show: how Traefik and caddy-docker-proxy are configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, TypeVar

import polars as pl

DEFAULT_RULE: Final = "Host(`{{ normalize .Name }}`)"
"""Traefik's rule for routers without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraefikSettings:
    """The static configuration of a Traefik that watches one host's engine.

    Attributes
    ----------
    exposed_by_default
        Whether containers without `traefik.enable` are served (`providers.docker.exposedByDefault`).
    network
        The network whose address is used where no label names one (`providers.docker.network`).
    default_rule
        The template of the rule of routers without one (`providers.docker.defaultRule`).
    constraints
        The expression over labels that containers must match (`providers.docker.constraints`).
    allow_empty_services
        Whether unhealthy containers keep their routers (`providers.docker.allowEmptyServices`).
    use_bind_port_ip
        Whether published ports are used instead of the container's address (`providers.docker.useBindPortIP`).
    entrypoints
        The names of the entry points, those of UDP with `/udp` behind the name; null when they are not known, and then
        no router is reported for a missing entry point.
    providers
        Other providers whose middlewares, services and options labels may name, such as `file`; null when they are
        not known, and then nothing is reported as missing that labels name with `@`.
    only_labelled
        Whether containers without any `traefik.` label are left out of the table.

    Examples
    --------
    >>> TraefikSettings(exposed_by_default=False, entrypoints=("web", "websecure", "dns/udp")).network is None
    True
    """

    exposed_by_default: bool = True
    network: str | None = None
    default_rule: str = DEFAULT_RULE
    constraints: str | None = None
    allow_empty_services: bool = False
    use_bind_port_ip: bool = False
    entrypoints: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = ()
    only_labelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaddySettings:
    """The options of a caddy-docker-proxy that watches one host's engine.

    Attributes
    ----------
    label_prefix
        What its labels begin with (`--label-prefix`).
    ingress_networks
        The names of the networks over which it reaches containers (`--ingress-networks`); null for the networks of
        the containers of the host that run it.
    scan_stopped
        Whether it reads the labels of stopped containers as well (`--scan-stopped-containers`).

    Examples
    --------
    >>> CaddySettings(ingress_networks=("caddy",)).label_prefix
    'caddy'
    """

    label_prefix: str = "caddy"
    ingress_networks: tuple[str, ...] | None = None
    scan_stopped: bool = False


SettingsT = TypeVar("SettingsT", TraefikSettings, CaddySettings)

_DTYPES: Final = {
    "exposed_by_default": pl.Boolean(),
    "network": pl.String(),
    "default_rule": pl.String(),
    "constraints": pl.String(),
    "allow_empty_services": pl.Boolean(),
    "use_bind_port_ip": pl.Boolean(),
    "entrypoints": pl.List(pl.String()),
    "providers": pl.List(pl.String()),
    "only_labelled": pl.Boolean(),
    "label_prefix": pl.String(),
    "ingress_networks": pl.List(pl.String()),
    "scan_stopped": pl.Boolean(),
}


def settings_table(hosts: pl.Series, settings: SettingsT | Mapping[str, SettingsT], default: SettingsT) -> pl.DataFrame:
    """The settings of each host: a row per host, a column per setting, named `set_` and the setting.

    Hosts that a mapping does not name have the default.
    """
    names = hosts.unique().sort()
    chosen = [settings.get(host, default) if isinstance(settings, Mapping) else settings for host in names]
    columns: list[pl.Series] = [
        pl.Series(f"set_{one.name}", [_plain(getattr(each, one.name)) for each in chosen], _DTYPES[one.name])
        for one in fields(default)
    ]
    return pl.DataFrame([names.alias("host"), *columns])


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
