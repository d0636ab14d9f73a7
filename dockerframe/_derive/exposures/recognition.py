"""Which proxies run on each host, and how they are configured, from their own containers.

A proxy's command line is in the summary; its environment is in inspections only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.caddy import PLUGIN
from dockerframe._derive.exposures.go_values import boolean
from dockerframe._derive.exposures.settings import DEFAULT_RULE, CaddySettings, TraefikSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST_COMMAND: Final = 65_536
"""Longer command lines are not read."""

_WORD: Final = re.compile(r"'([^']*)'|(\S+)")
_ENTRYPOINT: Final = re.compile(r"entrypoints\.([^.=]+)(?:\.address)?")
_ENVIRONMENT: Final = "TRAEFIK_"
_YES: Final = re.compile(r"true|yes|1", re.IGNORECASE)
_CONFIGURATION: Final = r"^/etc/traefik(?:/traefik\.(?:ya?ml|toml))?/?$"
_IMAGES: Final = {"traefik": "traefik", PLUGIN: "caddy", "godoxy": "godoxy"}
_LABELS: Final = {"traefik": r"(?i)^traefik\.", "caddy": r"^caddy(?:_[0-9]+)?(?:\.|$)", "godoxy": r"^proxy\."}
_PROVIDER: Final = re.compile(r"providers\.([a-z0-9]+)")


def detected_proxies(containers: pl.DataFrame) -> pl.DataFrame:
    """The proxies of each host, as `host` and `proxy`: those that a container runs, or that labels are written for.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> site = {"Id": "2", "Image": "nginx", "Labels": {"caddy": "a.example.com"}}
    >>> containers = dkf.from_summaries([{"Id": "1", "Image": "traefik:v3.7"}, site]).containers
    >>> detected_proxies(containers).rows()
    [('local', 'caddy'), ('local', 'traefik')]
    """
    running = containers.lazy().filter(pl.col("image_name").is_in(list(_IMAGES)))
    by_image = running.select("host", pl.col("image_name").replace(_IMAGES).alias("proxy"))
    keys = containers.lazy().select("host", pl.col("labels").map.keys().alias("key"))
    keys = keys.explode("key", empty_as_null=False, keep_nulls=False)
    by_label = [
        keys.filter(pl.col("key").str.contains(pattern)).select("host", pl.lit(proxy).alias("proxy")).unique()
        for proxy, pattern in _LABELS.items()
    ]
    return pl.concat([by_image, *by_label]).unique().sort("host", "proxy").collect()


def recognized_traefik(containers: pl.DataFrame, environment: pl.DataFrame | None = None) -> dict[str, TraefikSettings]:
    """The settings of each host on which a container runs Traefik, from its command line, else its environment.

    Reads `host`, `container_id`, `image_name`, `running`, `command` and `mounts` of the table `containers`.
    `environment` has `host`, `container_id`, `name` and `value` of environment variables. Where Traefik may have a
    configuration file, its entry points and other providers count as not known.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> command = "/entrypoint.sh --providers.docker.exposedbydefault=false --entrypoints.web.address=:80"
    >>> containers = dkf.from_summaries([{"Id": "1", "Image": "traefik:v3.7", "Command": command}]).containers
    >>> settings = recognized_traefik(containers)["local"]
    >>> settings.exposed_by_default, settings.entrypoints
    (False, ('traefik', 'web'))
    """
    found: dict[str, TraefikSettings] = {}
    has_file = (
        pl.col("mounts").list.eval(pl.element().struct.field("destination").str.contains(_CONFIGURATION)).list.any()
    )
    proxies = _proxies(containers, "traefik").with_columns(has_file.fill_null(value=False).alias("has_file"))
    for host, container_id, command, is_file in proxies.select(
        "host", "container_id", "command", "has_file"
    ).iter_rows():
        options = dict(_options(command))
        if not options:
            options = _traefik_variables(_variables(environment, host, container_id))
        found.setdefault(
            host, _traefik(options, is_complete=bool(options) and not is_file and "configfile" not in options)
        )
    return found


def recognized_caddy(containers: pl.DataFrame, environment: pl.DataFrame | None = None) -> dict[str, CaddySettings]:
    """The settings of each host on which a container runs caddy-docker-proxy, from its environment and command line.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> image, command = "lucaslorentz/caddy-docker-proxy", "caddy docker-proxy --label-prefix web"
    >>> summary = {"Id": "1", "Image": image, "Command": command}
    >>> recognized_caddy(dkf.from_summaries([summary]).containers)["local"].label_prefix
    'web'
    """
    found: dict[str, CaddySettings] = {}
    for host, container_id, command in (
        _proxies(containers, PLUGIN).select("host", "container_id", "command").iter_rows()
    ):
        options = dict(_options(command))
        variables = _variables(environment, host, container_id)
        networks = variables.get("CADDY_INGRESS_NETWORKS") or options.get("ingress-networks")
        stopped = variables.get("CADDY_DOCKER_SCAN_STOPPED_CONTAINERS") or options.get(
            "scan-stopped-containers", "false"
        )
        settings = CaddySettings(
            label_prefix=variables.get("CADDY_DOCKER_LABEL_PREFIX") or options.get("label-prefix") or "caddy",
            ingress_networks=tuple(networks.split(",")) if networks else None,
            scan_stopped=_YES.fullmatch(stopped) is not None,
        )
        found.setdefault(host, settings)
    return found


def _proxies(containers: pl.DataFrame, image: str) -> pl.DataFrame:
    """The containers that run an image, those that are running first."""
    chosen = containers.filter(pl.col("image_name") == image)
    return chosen.sort("host", ~pl.col("running").fill_null(value=False), "container_id")


def _options(command: str | None) -> Iterator[tuple[str, str]]:
    """The flags of a command line, in lower case, each with its value; `true` for one without."""
    if not command or len(command) > LONGEST_COMMAND:
        return
    words = [quoted or bare for quoted, bare in _WORD.findall(command)]
    for position, word in enumerate(words):
        if not word.startswith("-") or not word.strip("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        following = words[position + 1] if position + 1 < len(words) else "-"
        is_switch = not equals and following.startswith("-")
        yield name.lower(), value if equals else "true" if is_switch else following


def _variables(environment: pl.DataFrame | None, host: str, container_id: str) -> dict[str, str]:
    if environment is None:
        return {}
    own = environment.filter((pl.col("host") == host) & (pl.col("container_id") == container_id))
    return {name: value or "" for name, value in own.select("name", "value").iter_rows()}


def _traefik_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """`TRAEFIK_PROVIDERS_DOCKER_NETWORK` is the flag `providers.docker.network`."""
    return {
        name.removeprefix(_ENVIRONMENT).lower().replace("_", "."): value
        for name, value in variables.items()
        if name.startswith(_ENVIRONMENT)
    }


def _traefik(options: Mapping[str, str], *, is_complete: bool) -> TraefikSettings:
    def docker(name: str) -> str | None:
        return options.get(f"providers.docker.{name}") or None

    def switch(name: str, *, otherwise: bool) -> bool:
        value = docker(name)
        read = None if value is None else boolean(value)
        return otherwise if read is None else read

    return TraefikSettings(
        exposed_by_default=switch("exposedbydefault", otherwise=True),
        network=docker("network"),
        default_rule=docker("defaultrule") or DEFAULT_RULE,
        constraints=docker("constraints"),
        allow_empty_services=switch("allowemptyservices", otherwise=False),
        use_bind_port_ip=switch("usebindportip", otherwise=False),
        entrypoints=_entrypoints(options) if is_complete else None,
        providers=_other_providers(list(options)) if is_complete else None,
    )


def _entrypoints(options: Mapping[str, str]) -> tuple[str, ...] | None:
    """The names of the entry points, and Traefik's own; null where no option names one."""
    names: dict[str, str] = {}
    for name, value in options.items():
        found = _ENTRYPOINT.match(name)
        if found:
            is_address = name.endswith(".address")
            names[found.group(1)] = value if is_address else names.get(found.group(1), "")
    if not names:
        return None
    ends = {name: "/udp" if address.endswith("/udp") else "" for name, address in names.items()}
    return tuple(sorted({"traefik", *(f"{name}{end}" for name, end in ends.items())}))


def _other_providers(names: Sequence[str]) -> tuple[str, ...]:
    found = {match.group(1) for name in names if (match := _PROVIDER.match(name))}
    plugins = {"plugin"} if any(name.startswith("experimental.") for name in names) else set()
    return tuple(sorted((found | plugins) - {"docker", "providersthrottleduration"}))
