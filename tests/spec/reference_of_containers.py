"""Sections 1 to 5 and 7 to 12 of labels.md for one container at a time, written from that page alone.

For comparison only: it is slow and plain on purpose, and shares no code with the package. What labels say of routes comes from
`tests.spec.reference`.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
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
PREFERRED = (80, 8080, 3000, 8000, 443, 8443)
SIGNALS = {prefix + name for prefix in ("", "SIG") for name in ("INT", "TERM", "KILL", "QUIT", "HUP")}
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
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
# By what they match and by name, as the specification lists them.
WELL_KNOWN = {
    (one["match"], one["name"]): (one["scheme"], one["port"])
    for one in json.loads((Path(__file__).parent / "well_known_ports.json").read_text())
}

Errors = set[tuple[str, "str | None"]]


def container(summary: dict[str, Any], url: str) -> tuple[dict[str, Any], Errors]:
    """The derived columns of a container, and the errors (kind, label) that it has as a whole."""
    labels = summary.get("Labels") or {}
    row: dict[str, Any] = {}
    errors: Errors = set()
    names = summary.get("Names") or []
    name = names[0] if names else ""
    row["container_name"] = name.removeprefix("/")
    row["running"] = summary.get("State") == "running" or summary.get("Status") == "running"
    row["health"] = health(summary)
    row["is_host_network_mode"] = (summary.get("HostConfig") or {}).get("NetworkMode") == "host"
    row |= image(summary.get("Image") or "")
    row["image_sha256"] = (summary.get("ImageID") or "").partition(":")[2]
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
    depends_on = labels.get("proxy.depends_on") or labels.get("com.docker.compose.depends_on") or ""
    row["dependencies"] = [name for item in depends_on.split(",") if (name := item.strip().partition(":")[0])]
    row["blacklist_reasons"] = blacklist(summary, row)
    row["is_blacklisted"] = bool(row["blacklist_reasons"])
    row |= reached(summary, labels, row, url, errors)
    row |= idle(labels, errors)
    return row, errors


def health(summary: dict[str, Any]) -> str | None:
    sent = (summary.get("Health") or {}).get("Status")
    if sent:
        return str(sent)
    status = (summary.get("Status") or "").rstrip()
    tails = {"(healthy)": "healthy", "(unhealthy)": "unhealthy", "(health: starting)": "starting"}
    return next((word for tail, word in tails.items() if status.endswith(tail)), None)


def image(reference: str) -> dict[str, str | None]:
    parts = ("image_name", "image_author", "image_tag", "image_registry", "image_digest")
    if reference.startswith("sha256:"):
        return dict.fromkeys(parts)
    rest, at, digest = reference.partition("@")
    *above, last = rest.split("/")
    name, colon, tag = last.partition(":")
    registry = above[0] if above and ("." in above[0] or ":" in above[0] or above[0] == "localhost") else None
    author = "/".join(above) if above else "library"
    return dict(zip(parts, (name, author, tag if colon else "latest", registry, digest if at else None), strict=True))


def by_port(summary: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = {}
    for one in summary.get("Ports") or []:
        if one.get(key):
            found[one[key]] = {
                "ip": one.get("IP"), "private_port": one.get("PrivatePort") or None, "public_port": one.get("PublicPort") or None,
                "type": one.get("Type"),
            }  # fmt: skip
    return [found[port] for port in sorted(found)]


def blacklist(summary: dict[str, Any], row: dict[str, Any]) -> list[str]:
    mounts = [one.get("Destination") for one in summary.get("Mounts") or []]
    ports = {one["private_port"] for one in row["private_ports"]}
    reasons = [f"mount:{path}" for path in dict.fromkeys(mounts) if path in MOUNTS]
    reasons += [f"port:{port}" for port in sorted(ports & PORTS)]
    reasons += [f"image:{row['image_name']}"] if row["image_name"] in IMAGES else []
    return reasons + ([f"author:{row['image_author']}"] if row["image_author"] in AUTHORS else [])


def edges(summary: dict[str, Any], of_host: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a container depends on, among those of its host: name, condition, restart, id, label."""
    labels = summary.get("Labels") or {}
    source = "proxy.depends_on" if labels.get("proxy.depends_on") else f"{COMPOSE}.depends_on"
    found = []
    for item in (labels.get(source) or "").split(","):
        name, condition, restart = (*item.strip().split(":", 2), "", "")[:3]
        if name:
            told = True if restart in TRUE else False if restart in FALSE else None
            found.append((name, condition or None, told, meant(name, labels, of_host), source))
    return found


def meant(wanted: str, labels: dict[str, str], of_host: list[dict[str, Any]]) -> str | None:
    rows = sorted(
        (container(one, "unix:///x")[0]["container_name"], one["Id"], one.get("Labels") or {}) for one in of_host
    )
    project = labels.get(f"{COMPOSE}.project")
    by_name = [number for name, number, _ in rows if name == wanted]
    by_service = [
        number
        for _, number, others in rows
        if project is not None
        and others.get(f"{COMPOSE}.project") == project
        and others.get(f"{COMPOSE}.service") == wanted
    ]
    return next(iter(by_name + by_service), None)


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
    address = {name: (one or {}).get("IPAddress") or None for name, one in networks.items()}
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
            network = min((name for name, one in address.items() if one), default=None)
            private = address[network] if network else None
    if row["running"] and public is None and private is None:
        errors.add(("no_network", None))
    return {"public_hostname": public, "private_hostname": private, "network": network}


def duration(text: str) -> timedelta | None:
    """Go's time.ParseDuration, in whole microseconds."""
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    parts = re.findall(r"([0-9]*)(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h)", unsigned)
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
    bad = set()
    for name, text in texts.items():
        if text is None:
            continue
        value = idle_value(name, text)
        if value is None:
            bad.add(("invalid_idle", f"proxy.{name}"))
        values[name] = value
    errors |= bad
    return dict.fromkeys(IDLE) if bad else values


def idle_value(name: str, text: str) -> Any:
    if name in {"idle_timeout", "wake_timeout"}:
        return None if re.fullmatch(r"[-+]?[0-9]*", text) else duration(text)
    if name == "stop_timeout":
        return timedelta(seconds=int(text)) if re.fullmatch("[0-9]{1,9}", text) else duration(text)
    if name == "start_endpoint":
        path = text.partition("#")[0]
        return path if re.fullmatch(r"/([^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*", path) else None
    if name == "no_loading_page":
        return True if text in TRUE else False if text in FALSE else None
    return text if text in ({"pause", "stop", "kill"} if name == "stop_method" else SIGNALS) else None


def route(row: dict[str, Any], alias: str, fields: dict[str, str]) -> tuple[dict[str, Any], set[str]]:
    """The effective route of an alias, `excluded_reason` left out, and the fields whose text is bad."""
    bad = {name for name, text in fields.items() if text and is_bad(name, text)}
    before, colon, after = ("" if "port" in bad else fields.get("port", "")).rpartition(":")
    listening, labelled = (int(before or 0) or None) if colon else None, int(after or 0) or None
    well_known = WELL_KNOWN.get(("image", row["image_name"])) or WELL_KNOWN.get(("alias", alias))
    port = labelled or (well_known[1] if well_known else preferred(row))
    host = (fields.get("host") or "").lower() or row["private_hostname"] or row["public_hostname"]
    scheme = fields.get("scheme") or (well_known[0] if well_known else None)
    if scheme is None:
        scheme = guessed_scheme(row, port, listening)
    private = {one["private_port"]: one["public_port"] for one in row["private_ports"]}
    public = {one["public_port"]: one["private_port"] for one in row["public_ports"]}
    if host is None or host != row["public_hostname"]:
        port = public.get(port) or port
    elif port in private:
        # A private port that is not published can't be reached from outside, unless a label insists on it.
        port = private[port] or labelled
    return {"target_host": host, "scheme": scheme, "target_port": port, "listening_port": listening}, bad


def is_bad(name: str, text: str) -> bool:
    if name == "port":
        parts = re.fullmatch(r"(?:([0-9]*):)?([0-9]*)", text)
        return parts is None or any(int(one or 0) > 65535 for one in parts.groups())
    if name in {"no_tls_verify", "disable_compression", "spa", "relay_proxy_protocol_header"}:
        return text not in TRUE | FALSE
    if name == "response_header_timeout":
        return duration(text) is None
    return name == "max_conns_per_host" and (re.fullmatch("[0-9]+", text) is None or int(text) >= 2**63)


def preferred(row: dict[str, Any]) -> int | None:
    key = "public" if row["is_host_network_mode"] else "private"
    there = {one[f"{key}_port"] for one in row[f"{key}_ports"]}
    return next((port for port in PREFERRED if port in there), min(there, default=None))


def guessed_scheme(row: dict[str, Any], port: int | None, listening: int | None) -> str:
    published = [one for one in row["public_ports"] if one["type"] == "udp"]
    if port is not None and any(port in (one["private_port"], one["public_port"]) for one in published):
        return "udp"
    if listening is not None:
        return "tcp"
    return "https" if port is not None and port % 1000 == 443 else "http"


def excluded_reason(row: dict[str, Any], alias: str, target_port: int | None, *, failed: bool) -> str | None:
    reasons = {
        "error": failed,
        "manual": row["is_excluded"],
        "no_port": target_port is None and row["idle_timeout"] is None,
        "blacklisted": row["is_blacklisted"] and not row["is_explicit"],
        "buildx": row["container_name"].startswith("buildx_"),
        "yaml_anchor": alias.startswith("x-"),
        "renaming": alias.endswith("-old"),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
