"""Generated fleets: summaries as an engine sends them, about 2 KB per container.

The generator is seeded, so that every run measures the same bytes. The keys and their order are those of Docker Engine
28; 60% of the containers have `proxy.*` labels, as in a fleet behind GoDoxy.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

IMAGES = (
    "postgres:16",
    "redis:7-alpine",
    "nginx:1.27",
    "ghcr.io/gethomepage/homepage:v0.9",
    "linuxserver/sonarr:latest",
    "registry.example.org:5000/team/api:2024.11.3",
    "grafana/grafana:11.2.0",
    "gitea/gitea:1.22",
)
SERVICES = ("web", "api", "db", "cache", "worker", "queue", "metrics", "auth")
PROXY_FIELDS = (
    ("port", "8080"),
    ("scheme", "https"),
    ("no_tls_verify", "true"),
    ("homepage.name", "An application"),
    ("homepage.icon", "@selfhst/app.png"),
    ("healthcheck.path", "/healthz"),
    ("middlewares.oidc.allowed_groups", "- admins\n- staff"),
    ("response_header_timeout", "30s"),
)


@dataclass(frozen=True, slots=True)
class FleetSize:
    """The number of hosts, and of containers per host."""

    hosts: int
    containers_per_host: int


def bodies(size: FleetSize, seed: int = 1) -> dict[str, bytes]:
    """One `GET /containers/json?all=1` body a host."""
    return {
        f"host-{number:04}": body(size.containers_per_host, seed=seed * 1_000_003 + number)
        for number in range(size.hosts)
    }


def body(containers: int, seed: int = 1) -> bytes:
    """The body of one host's answer."""
    random_source = random.Random(seed)
    summaries = [summary(random_source, number) for number in range(containers)]
    return json.dumps(summaries, separators=(",", ":")).encode()


def summary(random_source: random.Random, number: int) -> dict[str, object]:
    """One container summary."""
    project = f"project-{number // 8}"
    service = SERVICES[number % len(SERVICES)]
    name = f"{project}-{service}-1"
    image = random_source.choice(IMAGES)
    network = f"{project}_default"
    port = random_source.randint(1024, 9999)
    running = random_source.random() < 0.9
    return {
        "Id": _hexadecimal(random_source, 64),
        "Names": [f"/{name}"],
        "Image": image,
        "ImageID": f"sha256:{_hexadecimal(random_source, 64)}",
        "Command": "docker-entrypoint.sh run --with-some-argument",
        "Created": 1_750_000_000 + number,
        "Ports": _ports(random_source, port),
        "Labels": _labels(random_source, name, project, service),
        "State": "running" if running else "exited",
        "Status": "Up 3 days (healthy)" if running else "Exited (0) 2 hours ago",
        "HostConfig": {"NetworkMode": network},
        "NetworkSettings": {"Networks": {network: _network(random_source, service)}},
        "Mounts": _mounts(project, service),
    }


def _ports(random_source: random.Random, port: int) -> list[dict[str, object]]:
    if random_source.random() < 0.3:
        return [{"PrivatePort": port, "Type": "tcp"}]
    return [
        {"IP": address, "PrivatePort": port, "PublicPort": port + 10_000, "Type": "tcp"}
        for address in ("0.0.0.0", "::")
    ]


def _labels(random_source: random.Random, name: str, project: str, service: str) -> dict[str, str]:
    labels = {
        "com.docker.compose.config-hash": _hexadecimal(random_source, 64),
        "com.docker.compose.container-number": "1",
        "com.docker.compose.depends_on": "db:service_healthy:true,cache:service_started:false",
        "com.docker.compose.image": f"sha256:{_hexadecimal(random_source, 64)}",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": project,
        "com.docker.compose.project.config_files": f"/srv/{project}/compose.yml",
        "com.docker.compose.project.working_dir": f"/srv/{project}",
        "com.docker.compose.service": service,
        "com.docker.compose.version": "2.29.7",
        "org.opencontainers.image.source": f"https://git.example.org/{project}/{service}",
        "org.opencontainers.image.version": f"{random_source.randint(1, 9)}.{random_source.randint(0, 30)}.0",
    }
    if random_source.random() < 0.6:
        labels["proxy.aliases"] = f"{service}-{project}, {name}"
        for field, value in random_source.sample(PROXY_FIELDS, 3):
            labels[f"proxy.{random_source.choice(('#1', f'{service}-{project}', '*'))}.{field}"] = value
    # Engines write the keys of maps in order.
    return dict(sorted(labels.items()))


def _network(random_source: random.Random, service: str) -> dict[str, object]:
    return {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": [service],
        "MacAddress": "02:42:ac:12:00:05",
        "DriverOpts": None,
        "GwPriority": 0,
        "NetworkID": _hexadecimal(random_source, 64),
        "EndpointID": _hexadecimal(random_source, 64),
        "Gateway": "172.18.0.1",
        "IPAddress": f"172.18.{random_source.randint(0, 255)}.{random_source.randint(2, 254)}",
        "IPPrefixLen": 16,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def _mounts(project: str, service: str) -> list[dict[str, object]]:
    return [
        {
            "Type": "volume",
            "Name": f"{project}_{service}",
            "Source": f"/var/lib/docker/volumes/{project}_{service}/_data",
            "Destination": "/var/lib/postgresql/data" if service == "db" else "/data",
            "Driver": "local",
            "Mode": "z",
            "RW": True,
            "Propagation": "",
        }
    ]


def _hexadecimal(random_source: random.Random, digits: int) -> str:
    return f"{random_source.getrandbits(digits * 4):0{digits}x}"
