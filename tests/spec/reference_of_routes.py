"""Sections 12 and 13 of labels.md for one route at a time, written from that page alone, for comparison only.

It is slow and plain on purpose. It knows the fields that the generated containers have, and shares no code with the
package.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from tests.spec.reference_of_containers import FALSE, TRUE, duration

PREFERRED = (80, 8080, 3000, 8000, 443, 8443)
# By what they match and by name, as the specification lists them.
WELL_KNOWN = {
    (one["match"], one["name"]): (one["scheme"], one["port"])
    for one in json.loads((Path(__file__).parent / "well_known_ports.json").read_text())
}
TEXT = {
    "host", "root", "agent", "inbound_mtls_profile", "rule_file", "ssl_certificate", "ssl_certificate_key",
    "load_balance.link", "homepage.name",
}  # fmt: skip
SWITCHES = {
    "no_tls_verify", "disable_compression", "spa", "relay_proxy_protocol_header", "tls_termination", "healthcheck.disable",
}  # fmt: skip
TYPED = {
    "port",
    "scheme",
    "bind",
    "response_header_timeout",
    "max_conns_per_host",
    "ssl_protocols",
    "healthcheck.interval",
}
SECOND_NAMES = {"healthcheck.disabled": "healthcheck.disable"}
BY_COMPACT_NAME = {
    name.replace("_", ""): SECOND_NAMES.get(name, name) for name in (*TEXT, *SWITCHES, *TYPED, *SECOND_NAMES)
}
SCHEMES = {"http", "https", "h2c", "tcp", "udp", "fileserver"}
HTTP = {"http", "https", "h2c"}
MIDDLEWARES = {
    "redirecthttp": set[str](),
    "ratelimit": {"average", "burst", "period"},
    "request": {"setheaders", "addheaders", "hideheaders", "addprefix"},
}
NEEDED = {"ratelimit": {"average", "burst"}}


def compact(name: str) -> str:
    return "".join(one for one in name if one != "_").translate({one: one + 32 for one in range(65, 91)})


def read(
    fields: dict[str, str], sources: dict[str, str], precedence: str = "alias"
) -> tuple[dict[str, str], set[tuple[str, str]], set[str]]:
    """The texts that fit, by the names of the fields; the errors (kind, label); and fields whose text is bad.

    Of several spellings of one field the one that names the alias wins over the wildcard (or the other way round),
    else the one that sorts last.
    """
    values: dict[str, str] = {}
    errors: set[tuple[str, str]] = set()
    bad: set[str] = set()
    strong = precedence == "wildcard"
    for path in sorted(fields, key=lambda path: ((sources[path].split(".")[1] == "*") == strong, path)):
        text = fields[path]
        if path.startswith("middlewares."):
            continue
        name = BY_COMPACT_NAME.get(compact(path))
        if name is None:
            errors.add(("unknown_field", sources[path]))
        elif text and is_bad(name, text):
            errors.add(("invalid_value", sources[path]))
            values.pop(name, None)
            bad.add(path)
            if name == "bind":
                values[name] = text
        else:
            values[name] = text
    return {name: text for name, text in values.items() if text}, errors, bad


def is_bad(name: str, text: str) -> bool:
    if name == "port":
        parts = re.fullmatch(r"(?:(?:\+?([0-9]+))?:)?\+?([0-9]+)", text)
        return parts is None or any(int(one or 0) > 65535 for one in parts.groups())
    if name == "scheme":
        return text not in SCHEMES
    if name in SWITCHES:
        return text not in TRUE | FALSE
    if name == "response_header_timeout":
        return duration(text) is None
    if name == "healthcheck.interval":
        length = duration(text)
        return length is None or (length < timedelta(seconds=1) and length != timedelta(0))
    if name == "bind":
        return not is_address(text)
    return name == "max_conns_per_host" and (
        re.fullmatch("[-+]?[0-9]+", text) is None or not -(2**63) <= int(text) < 2**63
    )


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def route(row: dict[str, Any], alias: str, values: dict[str, str]) -> dict[str, Any]:
    """The target of an alias, its `excluded_reason` left out; `port` is the port before it is mapped."""
    before, colon, after = values.get("port", "").rpartition(":")
    listening, labelled = (int(before or 0) or None) if colon else None, int(after or 0) or None
    well_known = WELL_KNOWN.get(("image", row["image_name"])) or WELL_KNOWN.get(("alias", alias.strip().lower()))
    port = chosen = labelled or (well_known[1] if well_known else preferred(row))
    host = values.get("host", "").strip().lower() or row["private_hostname"] or row["public_hostname"]
    scheme = values.get("scheme") or (well_known[0] if well_known else None) or guessed_scheme(row, port, listening)
    private = {one["private_port"]: one["public_port"] for one in row["private_ports"]}
    public = {one["public_port"]: one["private_port"] for one in row["public_ports"]}
    if host is None or host != row["public_hostname"]:
        port = public.get(port) or port
    elif port in private:
        # A private port that is not published can't be reached from outside, unless a label insists on it.
        port = private[port] or labelled
    return {"target_host": host, "scheme": scheme, "target_port": port, "listening_port": listening, "port": chosen}


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


def excluded_reason(row: dict[str, Any], alias: str, target_port: int | None) -> str | None:
    """Why a route that passes every check is excluded."""
    served = alias.strip().lower()
    reasons = {
        "manual": row["is_excluded"],
        "no_port": target_port is None and not has_idle(row),
        "blacklisted": row["is_blacklisted"] and not row["is_explicit"],
        "buildx": row["container_name"].startswith("buildx_"),
        "yaml_anchor": served.startswith("x-"),
        "renaming": served.endswith("-old"),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def has_idle(row: dict[str, Any]) -> bool:
    return row["idle_timeout"] is not None and row["idle_timeout"] > timedelta(0)


def failed_checks(
    row: dict[str, Any], reached: dict[str, Any], values: dict[str, str], fields: dict[str, str], url: str
) -> set[str]:
    """The checks that a route fails: of the first stage in which it fails any."""
    scheme, excluded = reached["scheme"], reached["excluded_reason"]
    is_agent = url.startswith("agent://")
    port, host = reached["target_port"], reached["target_host"]
    on = {name for name in SWITCHES if values.get(name) in TRUE}
    has_cert, has_key = ("ssl_certificate" in values), ("ssl_certificate_key" in values)
    names = {name.strip().lower() for name in re.split(r"[,\s]+", values.get("ssl_protocols", "")) if name}
    stages = [
        {"agent_on_docker": "agent" in values},
        {"mtls_not_http": "inbound_mtls_profile" in values and scheme in {"tcp", "udp"}},
        {
            "reserved_port": excluded is None and not is_agent and host in {"localhost", "127.0.0.1"}
            and port in {80, 443, 8888} and scheme in {*HTTP, "tcp"},
        },
        {
            "rule_file": rule_file_is_bad(values.get("rule_file", "")),
            "healthcheck_disabled": ("load_balance.link" in values or has_idle(row)) and not has_healthcheck(row, reached, on),
            "relay_not_tcp": "relay_proxy_protocol_header" in on and scheme != "tcp",
            "tls_termination_not_tcp": "tls_termination" in on and scheme != "tcp",
            "tls_termination_listener": "tls_termination" in on and scheme == "tcp" and excluded is None
            and (reached["listening_port"] != 443 or values.get("bind", "::") not in {"0.0.0.0", "::"}),
            "bad_url": (url_is_bad(values.get("host", "").strip()) and not (scheme == "fileserver" and excluded is None))
            or (url_is_bad(values.get("bind", "")) and excluded is None),
        },
        {
            "fileserver_root": scheme == "fileserver" and not values.get("root", "").startswith("/"),
            "ssl_certificate": scheme in HTTP and not is_agent and has_cert != has_key,
        },
        {"ssl_protocols": scheme in HTTP and not is_agent and not names <= {f"tlsv1.{one}" for one in range(4)}},
        middleware_checks(fields) if scheme in {*HTTP, "fileserver"} else {},
    ]  # fmt: skip
    failed = ({name for name, fails in stage.items() if fails} for stage in stages)
    return next((one for one in failed if one), set())


def has_healthcheck(row: dict[str, Any], reached: dict[str, Any], on: set[str]) -> bool:
    if not row["running"] and not has_idle(row):
        return False
    if reached["port"] is None and not has_idle(row) and not row["is_excluded"]:
        return False
    return not row["container_name"].startswith("buildx_") and (
        row["health"] is not None or "healthcheck.disable" not in on
    )


def rule_file_is_bad(text: str) -> bool:
    scheme, colon, _ = text.partition(":")
    if not colon:
        return "/" in text or ".." in text
    return scheme != "embed" or text.removeprefix("embed://") not in {"webui.yml", "webui_dev.yml"}


def url_is_bad(host: str) -> bool:
    if ":" in host:
        try:
            return ip_address(host).version == 4
        except ValueError:
            return True
    return any(one in host for one in ' \\^`{|}%"'.replace('"', ""))


def middleware_checks(fields: dict[str, str]) -> dict[str, bool]:
    options: dict[str, dict[str, str]] = {}
    for path, text in fields.items():
        first, _, rest = path.partition(".")
        if first == "middlewares":
            name, _, option = rest.partition(".")
            options.setdefault(name, {}).update({compact(option).partition(".")[0]: text} if option else {})
    unknown = {name for name in options if compact(name) not in MIDDLEWARES}
    bad = {name for name in options.keys() - unknown if options_are_bad(compact(name), options[name])}
    return {"unknown_middleware": bool(unknown), "middleware_option": bool(bad)}


def options_are_bad(name: str, options: dict[str, str]) -> bool:
    if not options:
        return False
    if not options.keys() <= MIDDLEWARES[name]:
        return True
    if any(not options.get(one) for one in NEEDED.get(name, ())):
        return True
    return name == "ratelimit" and any(
        text and (re.fullmatch("[-+]?[0-9]+", text) is None or int(text) < 1)
        for option, text in options.items()
        if option != "period"
    )
