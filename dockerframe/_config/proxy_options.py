"""What a fleet file sets of the proxies on its hosts; the table `exposures` is derived with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TraefikOptions:
    """Options of Traefik's static configuration that a fleet file sets; None for what it does not set.

    The names are those of `TraefikSettings`.
    """

    exposed_by_default: bool | None = None
    network: str | None = None
    default_rule: str | None = None
    constraints: str | None = None
    allow_empty_services: bool | None = None
    use_bind_port_ip: bool | None = None
    entrypoints: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CaddyOptions:
    """Options of caddy-docker-proxy that a fleet file sets; None for what it does not set.

    The names are those of `CaddySettings`.
    """

    label_prefix: str | None = None
    ingress_networks: tuple[str, ...] | None = None
    scan_stopped: bool | None = None


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """Options of all proxies, for a fleet or for one host.

    Examples
    --------
    >>> fleet = ProxyOptions(TraefikOptions(network="web", exposed_by_default=False))
    >>> host = ProxyOptions(TraefikOptions(exposed_by_default=True))
    >>> set_options(fleet.with_overrides(host).traefik)
    {'exposed_by_default': True, 'network': 'web'}
    """

    traefik: TraefikOptions = TraefikOptions()
    caddy: CaddyOptions = CaddyOptions()

    def with_overrides(self, host: ProxyOptions) -> ProxyOptions:
        """These options of a fleet with those of a host, which win where both are set."""
        return ProxyOptions(
            replace(self.traefik, **set_options(host.traefik)), replace(self.caddy, **set_options(host.caddy))
        )


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """What a fleet file sets for tables that are derived from labels.

    Attributes
    ----------
    known_middlewares
        Names of middlewares that GoDoxy's own files define, so that labels may name them.
    proxies
        Options of proxies, for all hosts.
    host_proxies
        Options of proxies that a host sets itself, by the name of the host.
    """

    known_middlewares: tuple[str, ...] = ()
    proxies: ProxyOptions = ProxyOptions()
    host_proxies: Mapping[str, ProxyOptions] = field(default_factory=dict)

    def proxies_of(self, host: str) -> ProxyOptions:
        """The options of the proxies on a host, by its name."""
        own = self.host_proxies.get(host)
        return self.proxies if own is None else self.proxies.with_overrides(own)


def set_options(options: TraefikOptions | CaddyOptions) -> dict[str, Any]:
    """The options that are set, by name: `dataclasses.replace(settings, **set_options(options))` applies them."""
    return {name: value for name, value in asdict(options).items() if value is not None}
