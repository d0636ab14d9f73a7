"""The rows that the decoder and the derivations hand to `dockerframe.tables`."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas.columns import (
    CONTAINER_KEY,
    DURATION,
    LABELS,
    MOUNTS,
    NETWORKS,
    PORTS,
    TIME,
    Column,
    TableSchema,
)

SUMMARIES: Final = TableSchema(
    "summaries",
    "a container as the engine sends it, before anything is derived",
    ("host", "container_id"),
    (
        *CONTAINER_KEY,
        Column("names", pl.List(pl.String()), "names, each with its leading `/`"),
        Column("image", pl.String(), "image reference that the container was created with"),
        Column("image_id", pl.String(), "id of the image"),
        Column("command", pl.String(), "command line"),
        Column("created", TIME, "when the container was created; null for an impossible time"),
        Column("state", pl.String(), "`created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`"),
        Column("status", pl.String(), "the state in words"),
        Column("health", pl.String(), "health check status; null without a health check or while it does not run"),
        Column("failing_streak", pl.Int64(), "failed health checks in a row; null where the engine does not send it"),
        Column("labels", LABELS, "labels, by name"),
        Column("ports", PORTS, "port bindings, IPv4 and IPv6 alike"),
        Column("mounts", MOUNTS, "mounts"),
        Column("networks", NETWORKS, "attachments, by the name of the network"),
        Column("network_mode", pl.String(), "network mode; null where the engine does not send it (Podman)"),
        Column("platform", pl.String(), "platform of the image as `os/arch[/variant]`; null where it is not sent"),
        Column("size_rw", pl.Int64(), "bytes written in the container; null unless requested"),
        Column("size_root_fs", pl.Int64(), "bytes of the container and its image; null unless requested"),
    ),
)

ROUTE_FIELDS: Final = TableSchema(
    "route_fields",
    "a field of an alias, as labels set it",
    ("host", "container_id", "alias", "field"),
    (
        *CONTAINER_KEY,
        Column("alias", pl.String(), "alias"),
        Column("field", pl.String(), "dotted path under the alias"),
        Column("value", pl.String(), "value as text"),
        Column("source_label", pl.String(), "full name of the label that set it"),
        Column("origin", pl.String(), "`alias`, `reference`, `shortcut` or `wildcard`"),
    ),
)

ROUTES: Final = TableSchema(
    "routes",
    "an alias of a container",
    ("host", "container_id", "alias"),
    (
        *CONTAINER_KEY,
        Column("alias", pl.String(), "alias, as the labels write it"),
        Column("served_alias", pl.String(), "alias as it is served: trimmed and in lower case"),
        Column("container_name", pl.String(), "name of the container"),
        Column("scheme", pl.String(), "scheme of the target"),
        Column("target_host", pl.String(), "host name or address of the target; null without one"),
        Column("target_port", pl.UInt16(), "port of the target; null without one"),
        Column("listening_port", pl.UInt16(), "port that the proxy listens on (streams); null otherwise"),
        Column("excluded_reason", pl.String(), "why the alias is excluded; null when its route is live"),
        Column(
            "no_tls_verify", pl.Boolean(), "whether the certificate of the target is not verified; null when not set"
        ),
        Column("response_header_timeout", DURATION, "timeout for the headers of the target; null when not set"),
        Column("disable_compression", pl.Boolean(), "whether compression is disabled; null when not set"),
        Column("max_conns_per_host", pl.Int64(), "maximum number of connections to the target; null when not set"),
        Column("spa", pl.Boolean(), "whether files are served as a single-page application; null when not set"),
        Column("relay_proxy_protocol_header", pl.Boolean(), "whether the PROXY header is relayed; null when not set"),
        Column("fields", LABELS, "every field that a label sets, as text, by its dotted path"),
    ),
)

DEPENDENCIES: Final = TableSchema(
    "dependencies",
    "a dependency that a container declares",
    ("host", "container_id", "dependency", "resolved_id"),
    (
        *CONTAINER_KEY,
        Column("dependency", pl.String(), "name it depends on"),
        Column("condition", pl.String(), "Compose's condition; null when not given"),
        Column("restart", pl.Boolean(), "whether it restarts with the dependency; null when not given"),
        Column(
            "resolved_id", pl.String(), "id of the container it resolves to; null when the host has no such container"
        ),
        Column("source_label", pl.String(), "label that names it"),
    ),
)

ERRORS: Final = TableSchema(
    "errors",
    "a problem with the labels of a container",
    ("host", "container_id", "kind", "label"),
    (
        *CONTAINER_KEY,
        Column("kind", pl.String(), "kind of the error (see the label error kinds)"),
        Column("label", pl.String(), "label that causes it; null without one"),
        Column("message", pl.String(), "what is wrong and how to fix it"),
    ),
)
