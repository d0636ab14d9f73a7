"""The containers of the demo fleet by host: a small shop with a home lab."""

from __future__ import annotations

from tests.engines.containers import Created

_COMPOSE = "com.docker.compose"


def compose(
    project: str,
    service: str,
    image: str,
    labels: dict[str, str] | None = None,
    *arguments: str,
    number: int = 1,
    depends_on: str = "",
    **options: object,
) -> Created:
    """A container with the labels of Docker Compose."""
    name = f"{project}-{service}-{number}"
    own = {
        f"{_COMPOSE}.project": project,
        f"{_COMPOSE}.service": service,
        f"{_COMPOSE}.container-number": str(number),
        f"{_COMPOSE}.oneoff": "False",
        f"{_COMPOSE}.config-hash": f"{abs(sum(map(ord, project + service + image))):064x}",
        f"{_COMPOSE}.depends_on": depends_on,
        f"{_COMPOSE}.project.working_dir": f"/srv/{project}",
        f"{_COMPOSE}.project.config_files": f"/srv/{project}/compose.yml",
        f"{_COMPOSE}.version": "2.29.7",
    }
    return Created(name, image, {**own, **(labels or {})}, arguments, **options)  # type: ignore[arg-type]


def _health(command: str, retries: int = 1) -> tuple[str, ...]:
    return ("--health-cmd", command, "--health-interval", "1s", "--health-retries", str(retries))


EDGE_NETWORKS = ("front", "shop_default", "auth_default", "--ipv6 --subnet fd00:dead:beef::/64 dual")
EDGE = [
    compose("shop", "web", "nginx:1.27", {"proxy.aliases": "shop, www", "proxy.#1.port": "80", "proxy.*.middlewares.redirect_http": "", "proxy.#2.homepage.name": "The shop"}, "--network", "front", "-p", "80:80", "-p", "443:443", *_health("true"), depends_on="api:service_healthy:true"),
    compose("shop", "api", "registry.example.com:5000/shop/api:2024.11.3", {"proxy.api": "port: 8080\nscheme: http\nhealthcheck:\n  path: /healthz\n  interval: 10s", "proxy.api.healthcheck.path": "/ready"}, "--network", "shop_default", *_health("true"), depends_on="db:service_healthy:true,cache:service_started:false"),
    compose("shop", "db", "postgres:16", None, "--network", "shop_default", "-v", "shop_db:/var/lib/postgresql/data", *_health("true"), "--expose", "5432"),
    compose("shop", "cache", "redis:7-alpine", None, "--network", "shop_default", "--expose", "6379"),
    compose("shop", "worker", "registry.example.com:5000/shop/api:2024.11.3", {"proxy.exclude": "true"}, "--network", "shop_default", depends_on="db:service_healthy:true,queue:service_started:false"),
    compose("shop", "worker", "registry.example.com:5000/shop/api:2024.11.2", {"proxy.exclude": "true"}, "--network", "shop_default", number=2, depends_on="db:service_healthy:true,queue:service_started:false"),
    compose("shop", "migrate", "registry.example.com:5000/shop/api:2024.11.3", None, "--network", "shop_default", command=("/bin/true",), depends_on="db:service_healthy:true"),
    compose("auth", "server", "ghcr.io/goauthentik/server:2024.10", {"proxy.aliases": "sso", "proxy.sso.port": "9000:9443", "proxy.sso.scheme": "https", "proxy.sso.no_tls_verify": "true", "proxy.network": "default"}, "--network", "auth_default", "--expose", "9443", *_health("true"), depends_on="postgresql:service_healthy:true,redis:service_healthy:true"),
    compose("auth", "worker", "ghcr.io/goauthentik/server:2024.10", {"proxy.exclude": "yes"}, "--network", "auth_default", "-v", "/var/run/docker.sock:/var/run/docker.sock", depends_on="postgresql:service_healthy:true"),
    compose("auth", "postgresql", "postgres:16", None, "--network", "auth_default", "-v", "auth_db:/var/lib/postgresql/data", "--expose", "5432", *_health("true")),
    compose("auth", "redis", "redis:7-alpine", None, "--network", "auth_default", "--expose", "6379"),
    Created("homepage", "ghcr.io/gethomepage/homepage:v0.9", {"proxy.aliases": "home", "proxy.ports": "3000", "proxy.home.homepage.show": "false", "proxy.*": 'homepage:\n  category: Tools\n  icon: "@selfhst/homepage.svg"'}, ("--network", "front", "-p", "3000:3000")),
    Created("whoami", "traefik/whoami:v1.10", {"proxy.whoami.rules": "- name: default\n  do: serve /www", "proxy.whoami.middlewares.oidc": "allowed_groups: [everyone]", "proxy.whoami.middlewares.oidc.bypass": "- path /api"}, ("--network", "dual", "-p", "127.0.0.1:8081:80", "-p", "[::1]:8081:80")),
    Created("dns", "pihole/pihole:2024.07.0", {"proxy.aliases": "dns dns-ui", "proxy.$1.port": "53:53", "proxy.$1.scheme": "udp", "proxy.$2.port": "80"}, ("-p", "53:53/udp", "-p", "53:53/tcp", "-p", "8053:80")),
    Created("node-exporter", "prom/node-exporter:v1.8.2", {"proxy.node.port": "9100"}, ("--network", "host")),
    Created("vpn", "linuxserver/wireguard:latest", {"proxy.exclude": "1"}, ("--cap-add", "NET_ADMIN", "-p", "51820:51820/udp")),
    Created("portainer", "portainer/portainer-ce:2.20.3", {"proxy.portainer.no_tls_verify": "true"}, ("--network", "front", "-p", "9443:9443", "-v", "/var/run/docker.sock:/var/run/docker.sock:ro")),
    Created("x-template", "nginx:1.27", {}, ("--network", "front"), start=False),
    Created("blog-old", "ghost:5", {}, ("--network", "front", "-v", "/srv/blog:/var/lib/ghost/content"), start=False),
    Created("blog", "ghost:5", {"proxy.blog.port": "2368", "proxy.idle_timeout": "30m", "proxy.wake_timeout": "2m", "proxy.stop_method": "stop", "proxy.stop_timeout": "10", "proxy.start_endpoint": "/#top"}, ("--network", "front", "-v", "/srv/blog:/var/lib/ghost/content")),
    Created("crashing", "app", {"proxy.crashing.port": "8000"}, ("--restart", "always"), command=("/bin/false",)),
]  # fmt: skip

APPS_NETWORKS = ("media_default", "proxy")
APPS = [
    *(
        compose("media", service, f"linuxserver/{service}:latest", {"proxy.aliases": service, f"proxy.{service}.homepage.category": "Media", "proxy.idle_timeout": "1h30m"}, "--network", "media_default", "-p", f"{port}:{port}", "-v", "/srv/media:/media", depends_on="indexer:service_started:true")
        for service, port in (("sonarr", 8989), ("radarr", 7878), ("lidarr", 8686), ("bazarr", 6767))
    ),
    compose("media", "indexer", "linuxserver/prowlarr:latest", {"proxy.*.middlewares.cidr_whitelist.allow": "- 10.0.0.0/8", "proxy.prowlarr.port": "9696"}, "--network", "media_default", "-p", "9696:9696"),
    compose("media", "player", "jellyfin/jellyfin:10.9", {"proxy.aliases": "jellyfin,tv", "proxy.schemes": "http,http", "proxy.ports": "8096 8096 8920", "proxy.*.response_header_timeout": "30s"}, "--network", "host", *_health("true")),
    compose("cloud", "app", "nextcloud:29", {"proxy.aliases": "cloud", "proxy.cloud.port": "80", "proxy.#1.max_conns_per_host": "200", "proxy.depends_on": "cloud-db-1, cloud-redis-1"}, "--network", "proxy", "-p", "8888:80", "-v", "/srv/cloud:/var/www/html", *_health("false"), depends_on="db:service_healthy:true"),
    compose("cloud", "db", "mariadb:11", None, "--network", "proxy", "-p", "0.0.0.0:3306:3306", "-v", "cloud_db:/var/lib/mysql", *_health("true")),
    compose("cloud", "redis", "redis:7", None, "--network", "proxy", "--expose", "6379"),
    compose("cloud", "cron", "nextcloud:29", {"proxy.exclude": "T"}, "--network", "proxy", start=False, depends_on="app:service_started:true"),
    compose("git", "server", "gitea/gitea:1.22", {"proxy.aliases": "git, ssh.git", "proxy.#1.port": "3000", "proxy.#2.port": "2222:22", "proxy.#2.scheme": "tcp", "proxy.#3.port": "80"}, "-p", "3001:3000", "-p", "2222:22", "-v", "git_data:/data", depends_on="db:service_healthy:true"),
    compose("git", "db", "postgres:15", None, "--expose", "5432", "-v", "git_db:/var/lib/postgresql/data"),
    compose("git", "runner", "gitea/act_runner:0.2.11", {"proxy.network": "forge"}, "-v", "/var/run/docker.sock:/var/run/docker.sock", paused=True, depends_on="server:service_started:true,ghost:service_started:true"),
    Created("buildx_buildkit_default", "moby/buildkit:buildx-stable-1"),
    Created("grafana", "grafana/grafana:11.2.0", {"proxy.grafana.scheme": "http", "proxy.grafana.port": "not-a-port"}, ("--network", "proxy", "-p", "3002:3000")),
    Created("prometheus", "prom/prometheus:v2.54.1", {"proxy.prometheus.load_balance.mode": "ip_hash", "proxy.prometheus": "load_balance:\n  link: metrics\n  weight: 2\nhealthcheck: {path: /-/ready, interval: 30s}"}, ("--network", "proxy")),
    Created("loki", "grafana/loki:3.1.1", {"proxy.loki": "port: [", "proxy..port": "1", "proxy.": "x"}, ("--network", "proxy",)),
    Created("uptime", "louislam/uptime-kuma:1", {"proxy.aliases": "status", "proxy.status.middlewares.oidc": "no mapping", "proxy.status.middlewares.oidc.bypass": "- path /", "proxy.idle_timeout": "soon"}, ("--network", "proxy",)),
    Created("calibre", "crocodilestick/calibre-web-automated:V2.0", {"proxy.aliases": "books", "proxy.books.port": "8083", "proxy.*.port": "8084", "proxy.books.homepage.name": "Books", "proxy.books.homepage.icon": "<img src=x onerror=alert(1)>"}, ("-p", "8083:8083",)),
    Created("empty-aliases", "nginx:1.27", {"proxy.aliases": " , "}, ("--network", "none",)),
]  # fmt: skip

DATA_NETWORKS = ("replica",)
DATA = [
    *(Created(f"pg-{number}", "postgres:16", {"tier": "data", "owner": "dba"}, ("-p", f"{5432 + number}:5432", "-v", f"pg{number}:/var/lib/postgresql/data", "--network", "replica", *_health("true"))) for number in range(3)),
    Created("mysql", "mysql:8.4", {"tier": "data"}, ("-p", "3306:3306", "-v", "mysql:/var/lib/mysql")),
    Created("mongo", "mongo:7", {"tier": "data"}, ("-p", "127.0.0.1:27017:27017",)),
    Created("rabbitmq", "rabbitmq:3-management", {"proxy.rabbit.port": "15672", "proxy.rabbit.scheme": "http"}, ("-p", "15672:15672", "-p", "5672:5672")),
    Created("elastic", "docker.elastic.co/elasticsearch/elasticsearch:8.15.0", {"proxy.exclude": "maybe"}, ("-p", "9200:9200",)),
    Created("kibana", "docker.elastic.co/kibana/kibana:8.15.0", {"proxy.kibana.port": "5601"}, ("-p", "5601:5601",)),
    Created("minio", "quay.io/minio/minio:latest", {"proxy.aliases": "s3,console", "proxy.ports": "9000,9001", "proxy.#1.disable_compression": "true"}, ("-p", "9000-9001:9000-9001",)),
    Created("memcached", "memcached:1.6", {}, ("--expose", "11211")),
    Created("telegraf", "telegraf:1.31", {}, ("--network", "host", "-v", "/proc:/host/proc:ro")),
    Created("backup", "restic/restic:0.17.0", {"proxy.exclude": "true", "schedule": "0 3 * * *"}, ("-v", "/srv:/backup:ro"), command=("/bin/sh", "-c", "exit 3")),
    Created("adminer", "adminer", {"proxy.adminer.port": "8080", "proxy.no_loading_page": "true", "proxy.idle_timeout": "10s", "proxy.stop_signal": "SIGTERM"}, ("-p", "8080:8080",)),
    Created("selenium", "selenium/standalone-chrome:4.24", {}, ("-p", "4444:4444",), start=False),
]  # fmt: skip

LAB = [
    Created("tinker", "alpine:3.20", {"io.podman.annotations.init": "FALSE"}, start=False),
    Created("notebook", "quay.io/jupyter/minimal-notebook:2024-10-07", {"proxy.notebook.port": "8888"}, ("-p", "8888:8888"), start=False),
    Created("wiki", "lscr.io/linuxserver/bookstack:24.05", {"proxy.aliases": "wiki", "proxy.wiki.homepage.name": "Wiki"}, ("-p", "127.0.0.1:6875:80",), start=False),
    Created("registry", "registry:2", {}, ("-v", "registry_data:/var/lib/registry"), start=False),
    Created("matrix", "matrixdotorg/synapse:v1.115.0", {"proxy.matrix.port": "8008"}, ("--network", "host"), start=False),
    Created("octoprint", "octoprint/octoprint:1.10", {"proxy.octoprint.port": "80"}, start=False),
]  # fmt: skip

EXPOSED = {"prom/node-exporter:v1.8.2": 9100, "jellyfin/jellyfin:10.9": 8096, "telegraf:1.31": 8125}
"""Exposed ports of images, which summaries of containers in host network mode do not have."""
