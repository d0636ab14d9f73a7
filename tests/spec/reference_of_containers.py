"""Sections 1 to 5 and 7 to 11 of labels.md for one container at a time, written from that page alone.

For comparison only: it is slow and plain on purpose, and shares no code with the package. Section 6 is in
`tests.spec.reference`, sections 12 and 13 are in `tests.spec.reference_of_routes`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tests.spec.reference import split

TRUE, FALSE = {"1", "t", "T", "TRUE", "true", "True"}, {"0", "f", "F", "FALSE", "false", "False"}
MOUNTS = {f"/var/lib/{name}" for name in ("postgresql/data", "mysql", "mongodb", "mariadb", "memcached", "rabbitmq")}
PORTS = {5432, 3306, 6379, 11211, 27017}
IMAGES = {
    "postgres", "mysql", "mariadb", "redis", "memcached", "mongo", "rabbitmq", "couchdb", "neo4j", "telegraf",
    "elasticsearch", "meilisearch", "kibana", "solr",
}  # fmt: skip
AUTHORS = {"selenium", "browserless", "zenika", "zabbix", "moby", "docker"}
SIGNALS = {prefix + name for prefix in ("", "SIG") for name in ("INT", "TERM", "KILL", "QUIT", "HUP")}
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
UNITS |= {"d": 24 * UNITS["h"], "w": 7 * 24 * UNITS["h"], "M": 30 * 24 * UNITS["h"]}
TYPES = ("tcp", "udp", "sctp")
IDLE = (
    "idle_timeout",
    "wake_timeout",
    "stop_timeout",
    "stop_method",
    "stop_signal",
    "start_endpoint",
    "no_loading_page",
)

COMPOSE = "com.docker.compose"
Errors = set[tuple[str, "str | None"]]


def container(
    summary: dict[str, Any], url: str, of_host: list[dict[str, Any]] | None = None
) -> tuple[dict[str, Any], Errors]:
    """The derived columns of a container, and the errors (kind, label) that it has as a whole.

    `of_host` are the summaries of its host.
    """
    labels = summary.get("Labels") or {}
    blacklisted_by = summary
    summary = with_shared_network(summary, of_host or [])
    row: dict[str, Any] = {}
    errors: Errors = set()
    names = summary.get("Names") or []
    name = names[0] if names else ""
    row["container_name"] = name.removeprefix("/")
    row["running"] = summary.get("State") == "running" or summary.get("Status") == "running"
    row["health"] = health(summary)
    row["is_host_network_mode"] = (summary.get("HostConfig") or {}).get("NetworkMode") == "host"
    row["image_sha256"] = (summary.get("ImageID") or "").partition(":")[2]
    row |= image(summary.get("Image") or "", row["image_sha256"])
    row["image_version"] = labels.get("org.opencontainers.image.version")
    row["public_ports"] = by_port(summary, "PublicPort")
    row["private_ports"] = by_port(summary, "PrivatePort")
    row["is_explicit"] = any(label.startswith("proxy.") for label in labels)
    exclude = labels.get("proxy.exclude")
    row["is_excluded"] = exclude in TRUE
    if exclude is not None and exclude not in TRUE | FALSE:
        errors.add(("invalid_bool", "proxy.exclude"))
    listed = labels.get("proxy.aliases")
    row["aliases"] = split(listed) if listed else [row["container_name"]]
    if not row["aliases"]:
        errors.add(("empty_alias", "proxy.aliases"))
    row["compose_project"] = labels.get("com.docker.compose.project")
    row["compose_service"] = labels.get("com.docker.compose.service")
    row["swarm_service"] = labels.get("com.docker.swarm.service.name")
    depends_on = labels.get("proxy.depends_on") or labels.get("com.docker.compose.depends_on") or ""
    row["dependencies"] = [name for item in items(depends_on) if (name := item.partition(":")[0])]
    row["blacklist_reasons"] = blacklist(blacklisted_by, row)
    row["is_blacklisted"] = bool(row["blacklist_reasons"])
    row |= reached(summary, labels, row, url, errors)
    row |= idle(labels, errors)
    return row, errors


def with_shared_network(summary: dict[str, Any], of_host: list[dict[str, Any]]) -> dict[str, Any]:
    """In network mode `container:<id>` the addresses and published ports are those of that container."""
    mode, _, other = ((summary.get("HostConfig") or {}).get("NetworkMode") or "").partition(":")
    by_id = [one for one in of_host if one["Id"] == other]
    by_name = [one for one in of_host if (one.get("Names") or [""])[0].removeprefix("/") == other]
    if mode != "container" or not (by_id or by_name):
        return summary
    owner = (by_id or by_name)[0]
    published = [port for port in owner.get("Ports") or [] if port.get("PublicPort")]
    ports = (summary.get("Ports") or []) + published
    return summary | {"NetworkSettings": owner.get("NetworkSettings"), "Ports": ports}


def health(summary: dict[str, Any]) -> str | None:
    if "running" not in {summary.get("State"), summary.get("Status")} and summary.get("State") != "restarting":
        return None
    sent = (summary.get("Health") or {}).get("Status")
    if sent:
        return None if sent == "none" else str(sent)
    status = (summary.get("Status") or "").rstrip()
    tails = {"(healthy)": "healthy", "(unhealthy)": "unhealthy", "(health: starting)": "starting"}
    return next((word for tail, word in tails.items() if status.endswith(tail)), None)


def image(reference: str, sha256: str) -> dict[str, str | None]:
    parts = ("image_name", "image_author", "image_tag", "image_registry", "image_digest")
    is_start = re.fullmatch("[0-9a-f]{7,64}", reference) is not None and sha256.startswith(reference)
    is_id = reference.startswith("sha256:") or re.fullmatch("[0-9a-f]{64}", reference) is not None or is_start
    if is_id or not reference or reference.startswith("<none>"):
        return dict.fromkeys(parts)
    rest, at, digest = reference.partition("@")
    *above, last = rest.split("/")
    name, colon, tag = last.partition(":")
    registry = above[0] if above and ("." in above[0] or ":" in above[0] or above[0] == "localhost") else None
    author = "/".join(above) if above else "library"
    return dict(zip(parts, (name, author, tag if colon else "latest", registry, digest if at else None), strict=True))


def by_port(summary: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for one in sorted(summary.get("Ports") or [], key=first_binding):
        if one.get(key) and one[key] not in found:
            found[one[key]] = {
                "ip": one.get("IP"), "private_port": one.get("PrivatePort") or None, "public_port": one.get("PublicPort") or None,
                "type": one.get("Type"),
            }  # fmt: skip
    return [found[port] for port in sorted(found)]


def first_binding(port: dict[str, Any]) -> tuple[Any, ...]:
    """By type, then IPv4 before IPv6, then address, then the ports."""
    kind, address = port.get("Type"), port.get("IP")
    family = 2 if address is None else 1 if ":" in address else 0
    rank = TYPES.index(kind) if kind in TYPES else len(TYPES)
    return rank, family, address or "", port.get("PrivatePort") or 0, port.get("PublicPort") or 0


def blacklist(summary: dict[str, Any], row: dict[str, Any]) -> list[str]:
    mounts = {one.get("Destination") for one in summary.get("Mounts") or []}
    ports = {one.get("PrivatePort") for one in summary.get("Ports") or []}
    reasons = [f"mount:{path}" for path in sorted(mounts & MOUNTS)]
    reasons += [f"port:{port}" for port in sorted(ports & PORTS)]
    reasons += [f"image:{row['image_name']}"] if row["image_name"] in IMAGES else []
    return reasons + ([f"author:{row['image_author']}"] if row["image_author"] in AUTHORS else [])


def items(text: str) -> list[str]:
    """Items of a list of dependencies: by comma or line, or a YAML list."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    each = [re.sub(r"^-(\s+|$)", "", one.strip()) for one in re.split(r"[,\r\n]", text)]
    return [one.strip(" \t\"'") for one in each]


def edges(summary: dict[str, Any], of_host: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a container depends on, among those of its host: name, condition, restart, id, label."""
    labels = summary.get("Labels") or {}
    source = "proxy.depends_on" if labels.get("proxy.depends_on") else f"{COMPOSE}.depends_on"
    found = []
    for item in items(labels.get(source) or ""):
        name, condition, restart = (*item.split(":", 2), "", "")[:3]
        if name:
            again = True if restart in TRUE else False if restart in FALSE else None
            targets = meant(name, labels, of_host, by_name=source == "proxy.depends_on") or [None]
            found += [(name, condition or None, again, target, source) for target in targets]
    return found


def meant(wanted: str, labels: dict[str, str], of_host: list[dict[str, Any]], *, by_name: bool) -> list[str]:
    rows = sorted(
        (container(one, "unix:///x")[0]["container_name"], one["Id"], one.get("Labels") or {})
        for one in of_host
        if (one.get("Labels") or {}).get(f"{COMPOSE}.oneoff") not in TRUE and not is_left_over(one, of_host)
    )
    named = sorted(number for name, number, _ in rows if name == wanted)
    if by_name and named:
        return named[:1]
    project = labels.get(f"{COMPOSE}.project")
    return [
        number
        for _, number, others in rows
        if project is not None
        and others.get(f"{COMPOSE}.project") == project
        and others.get(f"{COMPOSE}.service") == wanted
    ]


def is_left_over(summary: dict[str, Any], of_host: list[dict[str, Any]]) -> bool:
    """Whether an interrupted recreate left it behind: renamed, next to a newer container of the service."""
    name = (summary.get("Names") or [""])[0].removeprefix("/")
    labels = summary.get("Labels") or {}
    keys = [f"{COMPOSE}.project", f"{COMPOSE}.service"]
    if re.match("[0-9a-f]{12}_", name) is None or any(labels.get(key) is None for key in keys):
        return False
    return any(
        all((one.get("Labels") or {}).get(key) == labels[key] for key in keys)
        and (one.get("Labels") or {}).get(f"{COMPOSE}.oneoff") not in TRUE
        and re.match("[0-9a-f]{12}_", (one.get("Names") or [""])[0].removeprefix("/")) is None
        and (one.get("Created") or 0) > (summary.get("Created") or 0)
        for one in of_host
    )


def is_local(url: str) -> bool:
    if url.startswith("unix://"):
        return True
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


def reached(
    summary: dict[str, Any], labels: dict[str, str], row: dict[str, Any], url: str, errors: Errors
) -> dict[str, str | None]:
    hostname = urlsplit(url).hostname
    public = ("127.0.0.1" if is_local(url) else hostname or None) if row["running"] else None
    networks = (summary.get("NetworkSettings") or {}).get("Networks") or {}
    address = {
        name: (one or {}).get("IPAddress") or (one or {}).get("GlobalIPv6Address") or None
        for name, one in networks.items()
    }
    wanted = labels.get("proxy.network") or None
    network, private = wanted, None
    if is_local(url) or url.startswith("agent://"):
        if wanted:
            of_project = f"{row['compose_project']}_{wanted}" if row["compose_project"] is not None else None
            used = next((one for one in (wanted, of_project) if one in address), None)
            network = used or wanted
            private = address.get(used) if used else None
            if used is None:
                errors.add(("network_not_found", "proxy.network"))
        else:
            with_address = [name for name, one in address.items() if one]
            network = min(with_address, key=lambda name: (name == "ingress", name), default=None)
            private = address[network] if network else None
    if row["running"] and public is None and private is None:
        errors.add(("no_network", None))
    return {"public_hostname": public, "private_hostname": private, "network": network}


def duration(text: str) -> timedelta | None:
    """Go's time.ParseDuration, in whole microseconds."""
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    parts = re.findall(r"([0-9]*)(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h|d|w|M)", unsigned)
    if unsigned == "0":
        return timedelta(0)
    if not parts or "".join(map("".join, parts)) != unsigned:
        return None
    if any(not whole and len(fraction) < 2 for whole, fraction, _ in parts):
        return None
    nanoseconds = sum(
        float(f"{whole or 0}{fraction or ''}".rstrip(".")) * UNITS[unit] for whole, fraction, unit in parts
    )
    if nanoseconds > 2**63 - 1:
        return None
    microseconds = int(nanoseconds / 1000 + 1e-9)
    return timedelta(microseconds=-microseconds if text.startswith("-") else microseconds)


def idle(labels: dict[str, str], errors: Errors) -> dict[str, Any]:
    texts = {name: labels.get(f"proxy.{name}") or None for name in IDLE}
    if texts["idle_timeout"] is None:
        return dict.fromkeys(IDLE)
    values: dict[str, Any] = {
        "idle_timeout": None, "wake_timeout": timedelta(minutes=3), "stop_timeout": timedelta(minutes=1),
        "stop_method": "stop", "stop_signal": "", "start_endpoint": "", "no_loading_page": False,
    }  # fmt: skip
    timeout = duration(texts["idle_timeout"])
    is_off = timeout is not None and timeout <= timedelta(0)
    bad = set()
    for name, text in texts.items():
        if text is None or (is_off and name in {"stop_method", "stop_signal", "start_endpoint"}):
            continue
        value = idle_value(name, text)
        if value is None:
            bad.add(("invalid_idle", f"proxy.{name}"))
        if value != timedelta(0):
            values[name] = value
    errors |= bad
    return dict.fromkeys(IDLE) if bad or is_off else values


def idle_value(name: str, text: str) -> Any:
    if name.endswith("_timeout"):
        return duration(text)
    if name == "start_endpoint":
        path = text.partition("#")[0]
        return path if re.fullmatch(r"/([^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*", path) else None
    if name == "no_loading_page":
        return True if text in TRUE else False if text in FALSE else None
    return text if text in ({"pause", "stop", "kill"} if name == "stop_method" else SIGNALS) else None
