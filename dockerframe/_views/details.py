"""The details of a container or a host: texts in sections, which the widget shows as they are."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import polars as pl

from dockerframe._queries.dependencies import dependents
from dockerframe._queries.explain import explain
from dockerframe._text import shown_text
from dockerframe._views.rows import container_key
from dockerframe.tables import redact_tables

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
_HEALTH_LOG: Final = "health_log"


def container_details(snapshot: Viewable, host: str, container_id: str, *, reveal: bool = False) -> dict[str, Any]:
    """Everything that is known of one container: `title`, `subtitle`, `sections`; empty when it does not exist."""
    this = (pl.col("host") == host) & (pl.col("container_id") == container_id)
    container = snapshot.tables["containers"].filter(this)
    if not container.height:
        return {}
    own = {name: table.filter(this) for name, table in snapshot.tables.items() if "container_id" in table.columns}
    own["findings"] = snapshot.findings().filter(this)
    shown = own if reveal else redact_tables(own)
    row = shown["containers"].row(0, named=True)
    blacklisted = {"blacklisted": ", ".join(row["blacklist_reasons"] or [])}
    sections = [
        _section("Container", _pairs({name: row[name] for name in _GENERAL} | blacklisted)),
        _section("Findings", [cells for one in shown["findings"].to_dicts() for cells in _finding(one)]),
        *[_route_section(snapshot, container, route, reveal=reveal) for route in own["routes"].iter_rows(named=True)],
        _section("Label errors", [[one["kind"], one["message"]] for one in shown["errors"].to_dicts()]),
        _section("Ports", [_port(port) for port in own["ports"].iter_rows(named=True)]),
        *[_section("Inspection", _pairs(_inspection(one))) for one in _rows_of(shown, "inspections")],
        *[_section("Health log", _health_log(one)) for one in _rows_of(shown, "inspections")],
        _section("Depends on", _direct(own["dependencies"])),
        _section("Depends on through others", _linked(snapshot, host, container_id, downward=True)),
        _section("Needed by", _linked(snapshot, host, container_id, downward=False)),
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
    """Everything that is known of one host; empty when it does not exist."""
    found = hosts.filter(pl.col("host") == host)
    if not found.height:
        return {}
    row = found.row(0, named=True)
    return {"title": host, "subtitle": row["url"] or "", "sections": [_section("Host", _pairs(row))]}


def _section(title: str, rows: Sequence[Sequence[Cell]]) -> Section:
    return {"title": title, "rows": [list(row) for row in rows]}


def _pairs(values: dict[str, object]) -> list[list[Cell]]:
    """The values that are known, as rows of a name and a text."""
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
    """A route, and for each of its fields the label that set it and those that lost to it."""
    lines = explain(
        {**snapshot.tables, "containers": container}, route["alias"], snapshot.precedence, reveal=reveal
    ).lines(route)
    return _section(
        f"Route {route['alias']}",
        [[line.kind, f"{line.content}  [{line.reason}]" if line.reason else line.content] for line in lines],
    )


def _direct(edges: pl.DataFrame) -> list[list[Cell]]:
    """What a container says it depends on, resolved or not."""
    return [
        [
            _link(edge["dependency"], edge["host"], edge["resolved_id"]) if edge["resolved_id"] else edge["dependency"],
            (edge["condition"] or "") if edge["resolved_id"] else "not on this host",
        ]
        for edge in edges.iter_rows(named=True)
    ]


def _linked(snapshot: Viewable, host: str, container_id: str, *, downward: bool) -> list[list[Cell]]:
    """The containers that one needs through others, or that need it, nearest first, with their distance."""
    containers, edges = snapshot.tables["containers"], snapshot.tables["dependencies"]
    if downward:
        names = dict(containers.filter(pl.col("host") == host).select("container_id", "container_name").iter_rows())
        steps = [step for step in _distances(edges.filter(pl.col("host") == host), container_id) if step[1] > 1]
        return [[_link(names.get(one, one[:12]), host, one), f"{distance} steps"] for one, distance in steps]
    found = dependents(containers, edges, host, container_id)
    return [
        [_link(name, at_host, one), "directly" if distance == 1 else f"{distance} steps"]
        for distance, at_host, one, name in found.select(
            "distance", "host", "container_id", "container_name"
        ).iter_rows()
    ]


def _distances(edges: pl.DataFrame, start: str) -> list[tuple[str, int]]:
    """How many steps away each container is that one depends on, nearest first."""
    needs: dict[str, list[str]] = {}
    for container_id, resolved in edges.drop_nulls("resolved_id").select("container_id", "resolved_id").iter_rows():
        needs.setdefault(container_id, []).append(resolved)
    distances = {start: 0}
    reached = deque([start])
    while reached:
        one = reached.popleft()
        for following in needs.get(one, ()):
            if following not in distances:
                distances[following] = distances[one] + 1
                reached.append(following)
    return [(one, distance) for one, distance in distances.items() if distance]


def _finding(finding: dict[str, Any]) -> list[list[Cell]]:
    return [
        [str(finding["severity"]), finding["message"]],
        ["rule", finding["rule"]],
        ["evidence", finding["evidence"]],
        ["how to fix it", finding["remedy"]],
    ]


def _rows_of(tables: dict[str, pl.DataFrame], name: str) -> list[dict[str, Any]]:
    """The rows of an optional table, none where the snapshot has no such table."""
    return tables[name].to_dicts() if name in tables else []


def _inspection(row: dict[str, Any]) -> dict[str, object]:
    shown = {name: value for name, value in row.items() if name not in {"host", "container_id", _HEALTH_LOG}}
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in shown.items()}


def _health_log(row: dict[str, Any]) -> list[list[Cell]]:
    """The last runs of the health check, latest first."""
    entries = row.get(_HEALTH_LOG) or []
    return [
        [shown_text(entry.get("start")), f"exit code {entry.get('exit_code')}: {shown_text(entry.get('output'))}"]
        for entry in reversed(entries)
        if isinstance(entry, dict)
    ]


def _link(text: str, host: str, container_id: str) -> Cell:
    return {"text": text, "open": container_key(host, container_id)}


def _label_sections(labels: pl.DataFrame) -> list[Section]:
    """The labels by namespace: the part before the last dot, at most three levels."""
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
