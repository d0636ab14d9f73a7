"""Ports that images and aliases are known by (labels.md, section 12)."""

from __future__ import annotations

from typing import Final, NamedTuple


class WellKnownPort(NamedTuple):
    """The scheme and port that a service answers at inside its container."""

    scheme: str
    port: int


BY_IMAGE: Final = {
    "adguardhome": WellKnownPort("http", 3000),
    "bazarr": WellKnownPort("http", 6767),
    "calibre-web": WellKnownPort("http", 8083),
    "changedetection.io": WellKnownPort("http", 3000),
    "dockge": WellKnownPort("http", 5001),
    "gitea": WellKnownPort("http", 3000),
    "gogs": WellKnownPort("http", 3000),
    "grafana": WellKnownPort("http", 3000),
    "home-assistant": WellKnownPort("http", 8123),
    "homebridge": WellKnownPort("http", 8581),
    "httpd": WellKnownPort("http", 80),
    "immich": WellKnownPort("http", 3001),
    "jellyfin": WellKnownPort("http", 8096),
    "lidarr": WellKnownPort("http", 8686),
    "microbin": WellKnownPort("http", 8080),
    "nginx": WellKnownPort("http", 80),
    "nginx-proxy-manager": WellKnownPort("http", 81),
    "open-webui": WellKnownPort("http", 8080),
    "plex": WellKnownPort("http", 32400),
    "prometheus": WellKnownPort("http", 9090),
    "prowlarr": WellKnownPort("http", 9696),
    "radarr": WellKnownPort("http", 7878),
    "radarr-sma": WellKnownPort("http", 7878),
    "rss-bridge": WellKnownPort("http", 80),
    "rsshub": WellKnownPort("http", 1200),
    "sonarr": WellKnownPort("http", 8989),
    "sonarr-sma": WellKnownPort("http", 8989),
    "uptime-kuma": WellKnownPort("http", 3001),
    "whisparr": WellKnownPort("http", 6969),
    "portainer-be": WellKnownPort("https", 9443),
    "portainer-ce": WellKnownPort("https", 9443),
    "mariadb": WellKnownPort("tcp", 3306),
    "memcached": WellKnownPort("tcp", 11211),
    "minecraft-server": WellKnownPort("tcp", 25565),
    "mongo": WellKnownPort("tcp", 27017),
    "mssql": WellKnownPort("tcp", 1433),
    "mysql": WellKnownPort("tcp", 3306),
    "pgvecto-rs": WellKnownPort("tcp", 5432),
    "pgvector": WellKnownPort("tcp", 5432),
    "postgres": WellKnownPort("tcp", 5432),
    "rabbitmq": WellKnownPort("tcp", 5672),
    "redis": WellKnownPort("tcp", 6379),
}
BY_ALIAS: Final = {
    "crafty": WellKnownPort("https", 8080),
    "portainer": WellKnownPort("https", 9443),
}
