"""The table `exposures`: what GoDoxy, Traefik and caddy-docker-proxy serve from the labels of all hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.caddy import caddy_exposures
from dockerframe._derive.exposures.godoxy import godoxy_exposures
from dockerframe._derive.exposures.recognition import detected_proxies, recognized_caddy, recognized_traefik
from dockerframe._derive.exposures.settings import CaddySettings, TraefikSettings
from dockerframe._derive.exposures.table import EXPOSURES, PROXIES
from dockerframe._derive.exposures.traefik import traefik_exposures
from dockerframe.errors import DockerframeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_ORDER: Final = ("host", "container_id", "proxy", "protocol", "router", "rule", "handler", "target_host")


def exposures(
    containers: pl.DataFrame,
    *,
    proxies: Collection[str] | None = tuple(PROXIES),
    traefik: TraefikSettings | Mapping[str, TraefikSettings] | None = None,
    caddy: CaddySettings | Mapping[str, CaddySettings] | None = None,
    routes: pl.DataFrame | None = None,
    route_fields: pl.DataFrame | None = None,
    environment: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """A row per router, alias or site address of a container and a proxy, served or not; all hosts together.

    Parameters
    ----------
    containers
        The table `containers`.
    proxies
        `godoxy`, `traefik` and `caddy`, or some of them, for every host; null for those that run on a host, or that
        labels on it are written for.
    traefik, caddy
        The settings of all hosts, or of some hosts by name; the others are recognized from the proxies' own
        containers.
    routes, route_fields
        The tables of these names. GoDoxy has rows only with both.
    environment
        `host`, `container_id`, `name` and `value` of environment variables, from inspections. Proxies that are
        configured by environment variables are recognized only with it.

    Returns
    -------
    pl.DataFrame
        The columns of `EXPOSURES`, sorted by host, container, proxy and router.

    Raises
    ------
    DockerframeError
        When `proxies` names an unknown proxy.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = {"traefik.http.routers.app.rule": "Host(`app.example.com`)"}
    >>> summary = {"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels, "Ports": [{"PrivatePort": 80}]}
    >>> summary["NetworkSettings"] = {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}
    >>> table = exposures(dkf.from_summaries([summary]).containers, proxies=["traefik"])
    >>> table.select("proxy", "router", "hostnames", "target_host").row(0)
    ('traefik', 'app', ['app.example.com'], '172.17.0.2')
    """
    wanted = _wanted(containers, proxies)
    parts = [EXPOSURES.empty()]
    count = containers["host"].n_unique()
    for proxy in PROXIES:
        hosts = wanted.filter(pl.col("proxy") == proxy)["host"]
        own = containers if len(hosts) == count else containers.filter(pl.col("host").is_in(hosts.implode()))
        if own.is_empty():
            continue
        if proxy == "traefik":
            parts.append(traefik_exposures(own, _or_recognized_traefik(traefik, own, environment)))
        elif proxy == "caddy":
            parts.append(caddy_exposures(own, _or_recognized_caddy(caddy, own, environment)))
        elif routes is not None and route_fields is not None:
            served = routes.filter(pl.col("host").is_in(hosts.implode()))
            parts.append(godoxy_exposures(own, served, route_fields))
    return pl.concat(parts).sort(_ORDER, nulls_last=True)


def _or_recognized_traefik(
    given: TraefikSettings | Mapping[str, TraefikSettings] | None, own: pl.DataFrame, environment: pl.DataFrame | None
) -> TraefikSettings | Mapping[str, TraefikSettings]:
    """Recognized settings; a Traefik that runs elsewhere may have any entry points and other providers."""
    if isinstance(given, TraefikSettings):
        return given
    unknown = dict.fromkeys(own["host"].unique(), TraefikSettings(providers=None))
    return {**unknown, **recognized_traefik(own, environment), **(given or {})}


def _or_recognized_caddy(
    given: CaddySettings | Mapping[str, CaddySettings] | None, own: pl.DataFrame, environment: pl.DataFrame | None
) -> CaddySettings | Mapping[str, CaddySettings]:
    return given if isinstance(given, CaddySettings) else {**recognized_caddy(own, environment), **(given or {})}


def _wanted(containers: pl.DataFrame, proxies: Collection[str] | None) -> pl.DataFrame:
    """The proxies of each host: `host`, `proxy`."""
    if proxies is None:
        return detected_proxies(containers)
    unknown = sorted(set(proxies) - set(PROXIES))
    if unknown:
        remedy = did_you_mean(unknown[0], PROXIES, f"Use some of {', '.join(PROXIES)}.")
        raise DockerframeError(f"proxies names an unknown proxy: {unknown[0]}.", remedy=remedy)
    chosen = pl.DataFrame({"proxy": sorted(set(proxies))}, schema={"proxy": pl.String()})
    return containers.select("host").unique().join(chosen, how="cross")
