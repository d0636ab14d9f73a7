"""Sections 4 to 6 of labels.md for one container at a time, written from that page alone, for comparison only.

It is slow and plain on purpose, and shares no code with the package but the YAML parser.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from dockerframe._bounded_yaml import InvalidYamlError, Scalar, parse_yaml, typed

RESERVED = {
    "proxy.aliases", "proxy.exclude", "proxy.network", "proxy.idle_timeout", "proxy.wake_timeout", "proxy.stop_method",
    "proxy.stop_timeout", "proxy.stop_signal", "proxy.start_endpoint", "proxy.depends_on", "proxy.no_loading_page",
}  # fmt: skip
SHORTCUTS = {
    "ports": "port", "protos": "scheme", "protocols": "scheme", "schemes": "scheme", "hosts": "host", "binds": "bind",
    "roots": "root", "spas": "spa", "indexes": "index", "no_tls_verifies": "no_tls_verify",
    "response_header_timeouts": "response_header_timeout", "tls_terminations": "tls_termination",
    "max_conns_per_hosts": "max_conns_per_host", "disable_compressions": "disable_compression",
    "ssl_server_names": "ssl_server_name", "ssl_trusted_certificates": "ssl_trusted_certificate",
    "ssl_certificates": "ssl_certificate", "ssl_certificate_keys": "ssl_certificate_key", "agents": "agent",
    "inbound_mtls_profiles": "inbound_mtls_profile", "rule_files": "rule_file",
    "proxy_protocol_headers": "relay_proxy_protocol_header",
}  # fmt: skip

Row = tuple[str, str, str, str, str]


@dataclass
class Setting:
    """A label that sets something for an alias; `path` is None when it holds a whole mapping."""

    rank: int
    label: str
    path: str | None
    value: str
    origin: str


@dataclass
class Tree:
    """Fields by dotted path, each with the setting that it came from; and mappings that are empty."""

    texts: dict[str, tuple[str, Setting]] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    conflicts: list[Setting] = field(default_factory=list)

    def is_mapping(self, path: str) -> bool:
        return path in self.empty or any(one.startswith(path + ".") for one in (*self.texts, *self.empty))

    def open_parents(self, path: str) -> bool:
        """Make a mapping of each text above a path; false when one holds no mapping."""
        parts = path.split(".")
        for depth in range(1, len(parts)):
            above = ".".join(parts[:depth])
            self.empty.discard(above)
            if above in self.texts:
                inside = opened(self.texts[above][0])
                if inside is None:
                    return False
                setting = self.texts.pop(above)[1]
                self.add_missing(above, inside, setting)
        return True

    def set_text(self, path: str, value: str, setting: Setting) -> None:
        if not self.open_parents(path):
            self.conflicts.append(setting)
        elif self.is_mapping(path):
            self.meet(path, value, setting)
        else:
            self.texts[path] = (value, setting)

    def meet(self, path: str, value: str, setting: Setting) -> None:
        inside = opened(value)
        if inside is None:
            self.conflicts.append(setting)
        else:
            self.add_missing(path, inside, setting)

    def add_missing(self, base: str, items: list[tuple[str, str | None]], setting: Setting) -> None:
        if base and not items and not self.is_mapping(base) and base not in self.texts:
            self.empty.add(base)
        for sub, value in items:
            self.add_one(f"{base}.{sub}" if base else sub, value, setting)

    def add_one(self, path: str, value: str | None, setting: Setting) -> None:
        if path in self.texts:
            if value is None and (inside := opened(self.texts[path][0])) is not None:
                there = self.texts.pop(path)[1]
                self.add_missing(path, inside, there)
            return
        if self.is_mapping(path):
            if value is not None:
                self.meet(path, value, setting)
            return
        if not self.open_parents(path):
            if value is not None:
                self.conflicts.append(setting)
        elif path in self.texts or self.is_mapping(path):
            self.add_one(path, value, setting)
        elif value is None:
            self.empty.add(path)
        else:
            self.texts[path] = (value, setting)


def opened(text: str) -> list[tuple[str, str | None]] | None:
    return [] if text == "" else mapping_of(text)


def mapping_of(text: str) -> list[tuple[str, str | None]] | None:
    try:
        node = parse_yaml(text.replace("\t", "  "))
    except InvalidYamlError:
        return None
    return flat(node) if isinstance(node, dict) else None


def flat(node: dict) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for key, value in node.items():
        if isinstance(value, dict):
            found += [(f"{key}.{sub}", text) for sub, text in flat(value)] or [(key, None)]
        elif isinstance(value, Scalar):
            found.append((key, value.text))
        else:
            found.append((key, json.dumps(typed(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)))
    return found


def split(text: str) -> list[str]:
    return [one for one in re.split(r"[,\s]+", text) if one]


def resolve(
    labels: dict[str, str], name: str, precedence: str = "alias"
) -> tuple[list[Row], set[tuple[str, str]], set[str]]:
    """The rows (alias, field, value, source_label, origin), the errors (kind, label), and the aliases with a route."""
    aliases = split(labels["proxy.aliases"]) if labels.get("proxy.aliases") else [name]
    errors: set[tuple[str, str]] = set()
    if labels.get("proxy.aliases") and not aliases:
        errors.add(("empty_alias", "proxy.aliases"))
    by_alias: dict[str, list[Setting]] = {}
    wildcards: list[tuple[str, str | None, str]] = []
    shortcuts: list[tuple[str, str]] = []
    with_field: set[str] = set()
    refused: list[tuple[str | None, str]] = []
    empty_objects: list[tuple[str | None, Setting]] = []
    ranks = {"alias": 0, "reference": 1, "wildcard object": 2, "wildcard text": 3}
    if precedence == "wildcard":
        ranks = {"wildcard object": 0, "wildcard text": 1, "alias": 2, "reference": 3}

    def nth(number: int, label: str) -> str | None:
        if 1 <= number <= len(aliases):
            return aliases[number - 1]
        errors.add(("alias_ref_out_of_range", label))
        return None

    for label, value in sorted(labels.items()):
        if label in RESERVED or not (label == "proxy" or label.startswith("proxy.")):
            continue
        head, _, path = label[6:].partition(".")
        has_field = "." in label[6:]
        if label in {"proxy", "proxy."}:
            errors.add(("invalid_label", label))
        elif not head:
            errors.add(("empty_alias", label))
        elif has_field and "" in path.split("."):
            errors.add(("invalid_label", label))
        elif not has_field and head in SHORTCUTS:
            shortcuts.append((label, value))
        elif head == "*":
            wildcards.append((label, path if has_field and value.count("\n") <= 1 else None, value))
        else:
            origin, alias = "alias", head
            if head[0] in "#$":
                number = head[1:].removeprefix("+")
                found = (
                    nth(int(number), label)
                    if number.isdecimal() and number.isascii() and len(number) < 10
                    else nth(0, label)
                )
                if found is None:
                    refused.append((path if has_field else None, value))
                    continue
                origin, alias = "reference", found
            setting = Setting(ranks[origin], label, path if has_field else None, value, origin)
            if setting.path is None and mapping_of(value) is None:
                if value == "":
                    empty_objects.append((alias, setting))
                else:
                    errors.add(("invalid_yaml", label))
                continue
            by_alias.setdefault(alias, []).append(setting)
            if has_field and origin == "alias":
                with_field.add(alias)
    for alias, setting in empty_objects:
        if any(one.path is not None for one in by_alias.get(alias or "", [])):
            by_alias.setdefault(alias or "", []).append(setting)
        else:
            errors.add(("invalid_yaml", setting.label))
    usable = []
    for label, path, value in wildcards:
        if path is None and mapping_of(value) is None:
            if value == "" and any(other is not None for _, other, _ in wildcards):
                continue
            errors.add(("invalid_yaml", label))
        else:
            usable.append((label, path, value))
    full = {one.path for settings in by_alias.values() for one in settings if one.path is not None}
    full |= {
        sub
        for settings in by_alias.values()
        for one in settings
        if one.path is None
        for sub, _ in (mapping_of(one.value) or [])
    }
    full |= {path for _, path, _ in usable if path is not None}
    full |= {sub for _, path, value in usable if path is None for sub, _ in (mapping_of(value) or [])}
    full |= {path for path, _ in refused if path is not None}
    full |= {sub for path, value in refused if path is None for sub, _ in (mapping_of(value) or [])}
    for label, value in shortcuts:
        target = SHORTCUTS[label[6:]]
        if target in full:
            errors.add(("shortcut_conflict", label))
            continue
        for number, item in enumerate(split(value), 1):
            if (alias := nth(number, label)) is not None:
                by_alias.setdefault(alias, []).append(Setting(ranks["reference"], label, target, item, "shortcut"))
    routes = set(aliases) | {
        alias for alias, settings in by_alias.items() if any(one.origin == "alias" for one in settings)
    }
    for alias in set(aliases) | with_field:
        for label, path, value in usable:
            rank = ranks["wildcard object" if path is None else "wildcard text"]
            by_alias.setdefault(alias, []).append(Setting(rank, label, path, value, "wildcard"))
    rows: list[Row] = []
    for alias, settings in by_alias.items():
        tree = merged(settings)
        rows += [(alias, path, text, one.label, one.origin) for path, (text, one) in tree.texts.items()]
        errors |= {("label_conflict", one.label) for one in tree.conflicts}
    return sorted(rows), errors, routes


def merged(settings: list[Setting]) -> Tree:
    whole = Tree()
    for rank in sorted({one.rank for one in settings}):
        layer = Tree()
        for one in sorted(
            (one for one in settings if one.rank == rank), key=lambda one: (one.label.count("."), one.label)
        ):
            if one.path is None:
                layer.add_missing("", opened(one.value) or [], one)
            else:
                layer.set_text(one.path, one.value, one)
        whole.conflicts += layer.conflicts
        for path, (text, one) in layer.texts.items():
            whole.add_one(path, text, one)
        for path in layer.empty:
            whole.add_one(path, None, settings[0])
    return whole
