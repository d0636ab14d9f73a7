"""Container summaries of the fleets in `fleets/`, as engines send them for `GET /containers/json?all=1`.

Each file of `fleets/` is one fleet: what people run who follow the public collection it names. A line is a container,
written as in a Compose file:

    stacks:
      /opt/media/compose.yml:      # the Compose file; its folder's name is the project
        - {service: sonarr, image: 'linuxserver/sonarr', ports: ['8989:8989'], mounts: ['./config:/config'], is: healthy}

| key | meaning | without it |
| --- | --- | --- |
| `service`, `name` | the Compose service, the container's name | `<project>-<service>-1` |
| `image` | as given at its creation | `<project>-<service>`, built locally |
| `ports`, `expose` | published and exposed ports in Compose's short form | what the image exposes |
| `mounts` | `source:destination[:mode]`; `./x` is in the project's folder, `x` is a volume | what the image declares |
| `net` | network or networks, `host`, `none`, `service:<service>`, `container:<name>` | the project's own network |
| `needs` | service: `started`, `healthy` or `completed` | no dependency |
| `is` | `up`, `healthy`, `unhealthy`, `starting`, `paused`, `created`, `dead`, `removing`, `exited <code>`, `restarting <code>`, Podman's `stopped`, `stopping` | `up` |
| `had_check` | a container that does not run has a health check | it has none |
| `labels` | labels other than those of Compose, Swarm and systemd | no labels |
| `oneoff`, `file`, `project`, `number` | other values of Compose's labels | a service of the file, number 1 |

A host has `stacks` (Compose), `loose` (`docker run`), `swarm` (tasks: `stack`, `task`, `slot`, `node`, and
`old` for those that Swarm keeps) or `units` (Quadlets),
and may have `url`, `engine: 29` (API 1.52: the list has the health of all containers) and `engine: podman`.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import yaml

import dockerframe as dkf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER: Final = Path(__file__).parent / "fleets"
CREATED: Final = 1_760_000_000
_CONDITIONS: Final = {
    "started": "service_started",
    "healthy": "service_healthy",
    "completed": "service_completed_successfully",
}
_COMPOSE: Final = "com.docker.compose."
_SWARM: Final = "com.docker.swarm."

EXPOSED: Final[Mapping[str, tuple[str, ...]]] = {
    "postgres": ("5432",),
    "mysql": ("3306", "33060"),
    "mariadb": ("3306",),
    "mysql-server": ("3306", "33060", "33061"),
    "redis": ("6379",),
    "valkey": ("6379",),
    "mongo": ("27017",),
    "memcached": ("11211",),
    "rabbitmq": ("4369", "5671", "5672", "15691", "15692", "25672"),
    "elasticsearch": ("9200", "9300"),
    "influxdb": ("8086",),
    "nginx": ("80",),
    "httpd": ("80",),
    "caddy": ("80", "443", "443/udp", "2019"),
    "traefik": ("80",),
    "grafana": ("3000",),
    "prometheus": ("9090",),
    "node-exporter": ("9100",),
    "cadvisor": ("8080",),
    "portainer-ce": ("8000", "9000", "9443"),
    "gitlab-ce": ("22", "80", "443"),
    "wordpress": ("80",),
    "nextcloud": ("80",),
    "ghost": ("2368",),
}
"""Ports that well-known images expose, by the last part of their name."""

DECLARED_VOLUMES: Final[Mapping[str, tuple[str, ...]]] = {
    "postgres": ("/var/lib/postgresql/data",),
    "mysql": ("/var/lib/mysql",),
    "mariadb": ("/var/lib/mysql",),
    "mongo": ("/data/db", "/data/configdb"),
    "redis": ("/data",),
    "rabbitmq": ("/var/lib/rabbitmq",),
}
"""Volumes that well-known images declare."""


def fleet_names() -> list[str]:
    """The names of all fleets."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def fleet(name: str) -> dict[str, Any]:
    """One fleet as its file gives it: `follows` and `hosts`."""
    return yaml.load((FOLDER / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)


def snapshot(name: str) -> dkf.Snapshot:
    """The snapshot of one fleet."""
    hosts = fleet(name)["hosts"]
    bodies = {host: json.dumps(summaries(name, host)).encode() for host in hosts}
    urls = {host: given["url"] for host, given in hosts.items() if "url" in given}
    return dkf.from_bodies(bodies, urls=urls)


@cache
def summaries(name: str, host: str) -> list[dict[str, Any]]:
    """The container summaries of one host, in the order of its file."""
    given = fleet(name)["hosts"][host]
    lines = [*_stack_lines(given), *_other_lines(given)]
    ids = {line["name"]: _digest(f"{name}/{host}/{line['name']}") for line in lines}
    services = {(line["project"], line["service"]): line["name"] for line in lines if "service" in line}
    return [
        _summary(line, ids=ids, services=services, address=number, engine=str(given.get("engine", 28)))
        for number, line in enumerate(lines, start=2)
    ]


def _stack_lines(host: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of Compose projects, with their project, its file and folder and the container's name."""
    for path, lines in (host.get("stacks") or {}).items():
        folder = str(PurePosixPath(path).parent)
        project = re.sub(r"[^a-z0-9_-]", "", PurePosixPath(folder).name.lower())
        for line in lines:
            own = {"project": project, "number": 1, "file": path, "folder": folder, **line}
            yield {"name": f"{own['project']}-{own['service']}-{own['number']}", **own}


def _other_lines(host: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line in host.get("loose") or ():
        yield {"project": None, "folder": "/root", **line}
    for line in host.get("swarm") or ():
        task = _digest("/".join(str(line.get(key)) for key in ("stack", "task", "slot", "node", "old")))[:25]
        name = f"{line['stack']}_{line['task']}.{line.get('slot', 1)}.{task}"
        yield {"project": None, "folder": "/", "name": name, "task_id": task, **line}
    for line in host.get("units") or ():
        yield {"project": None, "folder": "/home/core", "is_unit": True, **line}


def _summary(
    line: dict[str, Any], *, ids: dict[str, str], services: dict[tuple[str | None, str], str], address: int, engine: str
) -> dict[str, Any]:
    image = line.get("image", f"{line['project']}-{line.get('service', 'app')}")
    state, status, health = _state(line.get("is", "up"))
    mode, networks = _networks(line, ids, services, state=state, address=address)
    body = {
        "Id": ids[line["name"]],
        "Names": [f"/{line['name']}"],
        "Image": image,
        "ImageID": f"sha256:{_digest(image)}",
        "Command": line.get("command", "/entrypoint.sh"),
        "Created": CREATED + 60 * address,
        "Ports": list(_ports(line, image, engine)) if networks and state in ("running", "paused") else [],
        "Labels": _labels(line, image),
        "State": state,
        "Status": status,
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Networks": networks},
        "Mounts": list(_mounts(line, image, engine)),
    }
    if engine == "29":
        body["Health"] = _health_of_api_1_52(line, health)
    return body


def _state(word: str) -> tuple[str, str, str | None]:
    """State, status text and health of a word of the file, such as `healthy` or `exited 137`."""
    kind, _, code = word.partition(" ")
    texts = {
        "up": "Up 3 days",
        "healthy": "Up 3 days (healthy)",
        "unhealthy": "Up 3 days (unhealthy)",
        "starting": "Up 20 seconds (health: starting)",
        "paused": "Up 3 days (Paused)",
        "exited": f"Exited ({code}) 5 hours ago",
        "restarting": f"Restarting ({code}) 12 seconds ago",
        "created": "Created",
        "dead": "Dead",
        "removing": "Removal In Progress",
        "stopped": "Exited (0) 5 hours ago",
        "stopping": "Up 3 days",
    }
    health = kind if kind in ("healthy", "unhealthy", "starting") else None
    return "running" if health or kind == "up" else kind, texts[kind], health


def _health_of_api_1_52(line: dict[str, Any], health: str | None) -> dict[str, Any]:
    """What API 1.52 adds: `none` without a check, `unhealthy` for a stopped container that had one."""
    value = "unhealthy" if line.get("had_check") else health or "none"
    return {"Status": value, "FailingStreak": 3 if health == "unhealthy" else 0}


def _networks(
    line: dict[str, Any],
    ids: dict[str, str],
    services: dict[tuple[str | None, str], str],
    *,
    state: str,
    address: int,
) -> tuple[str, dict[str, Any]]:
    """Network mode and attachments."""
    default = f"{line['project']}_default" if line["project"] else "bridge"
    given = line.get("net", default)
    if isinstance(given, str):
        kind, _, other = given.partition(":")
        if kind == "service":
            return f"container:{ids[services[line['project'], other]]}", {}
        if kind == "container":
            return f"container:{ids[other]}", {}
        if kind == "host":
            return "host", {"host": _attachment("")}
        given = [given]
    names = [default if name == "default" else name for name in given]
    running = state in ("running", "paused")
    return names[0], {
        name: _attachment(
            f"172.{18 + place}.{address // 250}.{address % 250 + 2}" if running and name != "none" else ""
        )
        for place, name in enumerate(names)
    }


def _attachment(address: str) -> dict[str, Any]:
    return {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": None,
        "MacAddress": "",
        "DriverOpts": None,
        "NetworkID": "",
        "EndpointID": "",
        "Gateway": "",
        "IPAddress": address,
        "IPPrefixLen": 16 if address else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def _ports(line: dict[str, Any], image: str, engine: str) -> Iterator[dict[str, Any]]:
    """Ports of a container that runs: its bindings, then those that are only exposed."""
    if line.get("net") == "host":
        return
    every = ("0.0.0.0",) if engine == "podman" else ("0.0.0.0", "::")
    bound = set()
    for binding in line.get("ports", ()):
        address, public, private, kind = _binding(str(binding))
        for offset in range(len(public)):
            bound.add((private[offset], kind))
            for one in every if address is None else (address,):
                yield {"IP": one, "PrivatePort": private[offset], "PublicPort": public[offset], "Type": kind}
    for exposed in dict.fromkeys(str(port) for port in (*line.get("expose", ()), *EXPOSED.get(_image_name(image), ()))):
        port, _, kind = exposed.partition("/")
        if (int(port), kind or "tcp") not in bound:
            yield {"PrivatePort": int(port), "Type": kind or "tcp"}


def _binding(text: str) -> tuple[str | None, list[int], list[int], str]:
    """Address (None for all), public ports, private ports and protocol of `[address:]public:private[/protocol]`."""
    ports, _, kind = text.partition("/")
    parts = ports.rsplit(":", 2)
    address = parts[0].strip("[]") if len(parts) == 3 else None
    public, private = (_range(part) for part in parts[-2:])
    return address, public, private, kind or "tcp"


def _range(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _labels(line: dict[str, Any], image: str) -> dict[str, str]:
    labels = {key: str(value) for key, value in (line.get("labels") or {}).items()}
    if line["project"]:
        labels |= _compose_labels(line, image)
    if "task" in line:
        labels |= _task_labels(line)
    if line.get("is_unit"):
        labels["PODMAN_SYSTEMD_UNIT"] = f"{line['name']}.service"
    return labels


def _compose_labels(line: dict[str, Any], image: str) -> dict[str, str]:
    needs = line.get("needs", {})
    return {
        f"{_COMPOSE}config-hash": _digest(f"{line['project']}/{line['service']}/{image}"),
        f"{_COMPOSE}container-number": str(line["number"]),
        f"{_COMPOSE}depends_on": ",".join(f"{name}:{_CONDITIONS[kind]}:false" for name, kind in needs.items()),
        f"{_COMPOSE}image": f"sha256:{_digest(image)}",
        f"{_COMPOSE}oneoff": str(bool(line.get("oneoff", False))),
        f"{_COMPOSE}project": line["project"],
        f"{_COMPOSE}project.config_files": line["file"],
        f"{_COMPOSE}project.working_dir": line["folder"],
        f"{_COMPOSE}service": line["service"],
        f"{_COMPOSE}version": "2.29.7",
    }


def _task_labels(line: dict[str, Any]) -> dict[str, str]:
    service = f"{line['stack']}_{line['task']}"
    return {
        "com.docker.stack.namespace": line["stack"],
        f"{_SWARM}node.id": _digest(str(line.get("node", "node")))[:25],
        f"{_SWARM}service.id": _digest(service)[:25],
        f"{_SWARM}service.name": service,
        f"{_SWARM}task": "",
        f"{_SWARM}task.id": line["task_id"],
        f"{_SWARM}task.name": line["name"],
    }


def _mounts(line: dict[str, Any], image: str, engine: str) -> Iterator[dict[str, Any]]:
    """Mounts as given, then the volumes that the image declares."""
    destinations = set()
    for text in line.get("mounts", ()):
        mount = _mount(text, line, engine)
        destinations.add(mount["Destination"])
        yield mount
    for declared in DECLARED_VOLUMES.get(_image_name(image), ()):
        if declared not in destinations:
            yield _volume(_digest(line["name"] + declared), declared, engine)


def _mount(text: str, line: dict[str, Any], engine: str) -> dict[str, Any]:
    source, _, rest = text.partition(":")
    destination, _, mode = rest.partition(":")
    if not destination:
        return _volume(_digest(line["name"] + source), source, engine)
    options = mode.split(",")
    if source.startswith("."):
        source = str(PurePosixPath(line["folder"]) / source)
        source = re.sub(r"/[^/]+/\.\.", "", source)
    if not source.startswith(("/", "\\\\", "C:")):
        name = f"{line['project']}_{source}" if line["project"] else source
        return {**_volume(name, destination, engine), "RW": "ro" not in options}
    spread = next((option for option in options if option.endswith(("shared", "slave", "private"))), "rprivate")
    return {
        "Type": "bind",
        "Source": source,
        "Destination": destination,
        "Mode": mode,
        "RW": "ro" not in options,
        "Propagation": spread,
    }


def _volume(name: str, destination: str, engine: str) -> dict[str, Any]:
    root = "/var/lib/containers/storage/volumes" if engine == "podman" else "/var/lib/docker/volumes"
    return {
        "Type": "volume",
        "Name": name,
        "Source": f"{root}/{name}/_data",
        "Destination": destination,
        "Driver": "local",
        "Mode": "z",
        "RW": True,
        "Propagation": "",
    }


def _image_name(image: str) -> str:
    return image.partition("@")[0].rsplit("/", 1)[-1].partition(":")[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
