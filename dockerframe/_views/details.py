"""What the panel of a container, or of a host, says: texts in sections, for a widget to show as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import polars as pl

from dockerframe._queries.explain import explain
from dockerframe._redaction import redact_tables
from dockerframe._text import shown_text
from dockerframe._views.listed import container_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerframe._views.viewable import Viewable

Cell: TypeAlias = "str | dict[str, str]"
Section: TypeAlias = "dict[str, Any]"

_GENERAL: Final = (
    "image", "image_id", "state", "status", "health", "created", "command", "compose_project", "compose_service",
    "network_mode", "network", "private_hostname", "public_hostname", "idle_timeout",
)  # fmt: skip
_MOUNT: Final = ("type", "source", "mode", "rw")
_NAMESPACE_PARTS: Final = 3


def container_details(
    snapshot: Viewable, findings: pl.DataFrame, host: str, container_id: str, *, reveal: bool = False
) -> dict[str, Any]:
    """All that is known of one container: `title`, `subtitle`, `sections`; empty when it is not there."""
    this = (pl.col("host") == host) & (pl.col("container_id") == container_id)
    found = snapshot.tables["containers"].filter(this)
    if not found.height:
        return {}
    found_by_rules = findings.filter(this).to_dicts()
    own = {name: table.filter(this) for name, table in snapshot.tables.items() if "container_id" in table.columns}
    shown = own if reveal else redact_tables(own)
    row = shown["containers"].row(0, named=True)
    blacklisted = {"blacklisted": ", ".join(row["blacklist_reasons"] or [])}
    general = _pairs({name: row[name] for name in _GENERAL} | blacklisted)
    sections = [
        _section("Container", general),
        _section("Findings", [[one["severity"], f"{one['message']} {one['remedy']}"] for one in found_by_rules]),
        *[_route_section(snapshot, found, route, reveal=reveal) for route in own["routes"].iter_rows(named=True)],
        _section("Ports", [_port(port) for port in own["ports"].iter_rows(named=True)]),
        _section("Depends on", _dependencies(own["dependencies"])),
        _section("Needed by", _dependents(snapshot, host, container_id)),
        _section("Wrong with its labels", [[one["kind"], one["message"]] for one in shown["errors"].to_dicts()]),
        _section("Networks", [[one["network"], one["ip_address"] or ""] for one in own["networks"].to_dicts()]),
        _section("Mounts", [_mount(mount) for mount in own["mounts"].iter_rows(named=True)]),
        *_label_sections(shown["labels"]),
    ]
    return {
        "title": row["container_name"] or container_id[:12],
        "subtitle": f"{container_id[:12]} on {host}",
        "sections": [section for section in sections if section["rows"]],
    }


def host_details(hosts: pl.DataFrame, host: str) -> dict[str, Any]:
    """All that is known of one host; empty when it is not there."""
    found = hosts.filter(pl.col("host") == host)
    if not found.height:
        return {}
    row = found.row(0, named=True)
    return {"title": host, "subtitle": row["url"] or "", "sections": [_section("Host", _pairs(row))]}


def _section(title: str, rows: Sequence[Sequence[Cell]]) -> Section:
    return {"title": title, "rows": [list(row) for row in rows]}


def _pairs(values: dict[str, object]) -> list[list[Cell]]:
    """What is there, as rows of a name and a text."""
    return [[name.replace("_", " "), shown_text(value)] for name, value in values.items() if value not in (None, "")]


def _port(port: dict[str, Any]) -> list[Cell]:
    inside = f"{port['private_port']}/{port['type']}"
    published = port["public_port"] is not None
    return [inside, f"published at {port['ip'] or '*'}:{port['public_port']}" if published else "not published"]


def _mount(mount: dict[str, Any]) -> list[Cell]:
    facts = {name: mount[name] for name in _MOUNT if mount[name] not in (None, "")}
    facts["rw"] = "read-write" if mount["rw"] else "read-only"
    return [mount["destination"] or "", ", ".join(shown_text(fact) for fact in facts.values())]


def _route_section(snapshot: Viewable, container: pl.DataFrame, route: dict[str, Any], *, reveal: bool) -> Section:
    """A route, and for each of its fields the label that set it and those that lost."""
    lines = explain(
        {**snapshot.tables, "containers": container}, route["alias"], snapshot.precedence, reveal=reveal
    ).lines(route)
    return _section(
        f"Route {route['alias']}",
        [[line.kind, f"{line.content}  [{line.reason}]" if line.reason else line.content] for line in lines],
    )


def _dependencies(edges: pl.DataFrame) -> list[list[Cell]]:
    return [
        [
            _link(edge["dependency"], edge["host"], edge["resolved_id"]) if edge["resolved_id"] else edge["dependency"],
            (edge["condition"] or "") if edge["resolved_id"] else "not on this host",
        ]
        for edge in edges.iter_rows(named=True)
    ]


def _dependents(snapshot: Viewable, host: str, container_id: str) -> list[list[Cell]]:
    needs_it = (pl.col("host") == host) & (pl.col("resolved_id") == container_id)
    edges = snapshot.tables["dependencies"].filter(needs_it).select("host", "container_id", "condition")
    names = snapshot.tables["containers"].select("host", "container_id", "container_name")
    named = edges.join(names, on=["host", "container_id"], how="left")
    return [
        [_link(one["container_name"], host, one["container_id"]), one["condition"] or ""]
        for one in named.iter_rows(named=True)
    ]


def _link(text: str, host: str, container_id: str) -> Cell:
    return {"text": text, "open": container_key(host, container_id)}


def _label_sections(labels: pl.DataFrame) -> list[Section]:
    """The labels by namespace: what stands before the last dot, three parts at most."""
    parts = pl.col("key").str.split(".")
    length = pl.min_horizontal(parts.list.len() - 1, _NAMESPACE_PARTS)
    namespace = (
        pl.when(pl.col("key").str.starts_with("proxy."))
        .then(pl.lit("proxy"))
        .otherwise(parts.list.head(length).list.join("."))
    )
    grouped = labels.sort("key").with_columns(namespace.alias("namespace")).group_by("namespace", maintain_order=True)
    return [
        _section(f"Labels {name}" if name else "Labels without a namespace", rows.select("key", "value").rows())
        for (name,), rows in grouped
    ]
