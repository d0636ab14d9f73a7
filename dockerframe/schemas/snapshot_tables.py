"""The tables of a snapshot."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.schemas.columns import (
    CONTAINER_KEY,
    DURATION,
    HOST,
    LABELS,
    MOUNTS,
    NETWORKS,
    PORTS,
    TIME,
    Column,
    TableSchema,
)

HOSTS: Final = TableSchema(
    "hosts",
    "a host, reachable or not",
    ("host",),
    (
        HOST,
        Column("url", pl.String(), "URL of the host"),
        Column("ok", pl.Boolean(), "whether its containers were gathered"),
        Column("error_kind", pl.String(), "kind of the failure (see the error kinds); null when ok"),
        Column("error", pl.String(), "what failed and how to fix it; null when ok"),
        Column("seconds", pl.Float64(), "how long the host took; null when it was not queried"),
        Column("containers", pl.UInt32(), "number of containers; null when it failed"),
        Column("engine_id", pl.String(), "id of the daemon; null when it does not send one"),
        Column("api_version", pl.String(), "API version used"),
        Column("engine", pl.String(), "`docker` or `podman`"),
        Column("engine_version", pl.String(), "the engine's version"),
        Column("os", pl.String(), "operating system, as the engine names it"),
        Column("arch", pl.String(), "processor architecture"),
        Column("cpus", pl.UInt32(), "number of processors"),
        Column("memory", pl.UInt64(), "memory in bytes"),
        Column("agent_name", pl.String(), "name of the GoDoxy agent; null without an agent"),
        Column("agent_version", pl.String(), "version of the GoDoxy agent; null without an agent"),
        Column("country", pl.String(), "country code of the host's address (extra `geo`); null when not located"),
        Column("city", pl.String(), "city of the host's address; null when not located"),
        Column("timezone", pl.String(), "time zone of the host's address; null when not located"),
        Column("latitude", pl.Float64(), "latitude in degrees; null when not located"),
        Column("longitude", pl.Float64(), "longitude in degrees; null when not located"),
    ),
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

_DERIVED: Final = (
    Column("container_name", pl.String(), "first name without its leading `/`; empty without one"),
    Column("running", pl.Boolean(), "whether it runs"),
    Column("is_host_network_mode", pl.Boolean(), "whether it uses the host's network"),
    Column("image_name", pl.String(), "last path component of the image; null when the image is an id"),
    Column("image_author", pl.String(), "path before the name, else `library`; null when the image is an id"),
    Column("image_tag", pl.String(), "tag, else `latest`; null when the image is an id"),
    Column("image_registry", pl.String(), "registry; null without one in the reference"),
    Column("image_digest", pl.String(), "digest; null without one in the reference"),
    Column("image_sha256", pl.String(), "image id without its algorithm"),
    Column("image_version", pl.String(), "label `org.opencontainers.image.version`; null without it"),
    Column("public_ports", PORTS, "one entry per public port, sorted by it"),
    Column("private_ports", PORTS, "one entry per private port, sorted by it"),
    Column("is_explicit", pl.Boolean(), "whether it has any `proxy.` label"),
    Column("is_excluded", pl.Boolean(), "whether `proxy.exclude` is true"),
    Column("aliases", pl.List(pl.String()), "aliases, in order"),
    Column("compose_project", pl.String(), "Compose project; null without one"),
    Column("compose_service", pl.String(), "Compose service; null without one"),
    Column("swarm_service", pl.String(), "Swarm service; null without one"),
    Column("dependencies", pl.List(pl.String()), "names it depends on, in order"),
    Column("is_blacklisted", pl.Boolean(), "whether it has no route unless it is explicit"),
    Column("blacklist_reasons", pl.List(pl.String()), "why, as `mount:`, `port:`, `image:` or `author:` and a value"),
    Column("network", pl.String(), "network whose address is used, else the value of `proxy.network`"),
    Column("public_hostname", pl.String(), "host name or address of its published ports; null when it does not run"),
    Column("private_hostname", pl.String(), "its address in `network`; null unless the host is local or an agent"),
    Column("idle_timeout", DURATION, "idle time before it is put to sleep; null if it never is"),
    Column("wake_timeout", DURATION, "time it may take to wake; null without an idle timeout"),
    Column("stop_timeout", DURATION, "time it may take to stop; null without an idle timeout"),
    Column("stop_method", pl.String(), "`pause`, `stop` or `kill`; null without an idle timeout"),
    Column("stop_signal", pl.String(), "signal that stops it; empty for the engine's default"),
    Column("start_endpoint", pl.String(), "the only path that wakes it; empty for all"),
    Column("no_loading_page", pl.Boolean(), "whether the loading page is disabled"),
)

CONTAINERS: Final = TableSchema("containers", "a container", ("host", "container_id"), (*SUMMARIES.columns, *_DERIVED))

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

LABELS_TABLE: Final = TableSchema(
    "labels",
    "a label of a container",
    ("host", "container_id", "key"),
    (*CONTAINER_KEY, Column("key", pl.String(), "name"), Column("value", pl.String(), "value")),
)

PORTS_TABLE: Final = TableSchema(
    "ports",
    "a port binding of a container",
    ("host", "container_id", "ip", "private_port", "public_port", "type"),
    (
        *CONTAINER_KEY,
        Column("ip", pl.String(), "address on the host; null when not published"),
        Column("private_port", pl.UInt16(), "port inside the container"),
        Column("public_port", pl.UInt16(), "port on the host; null when not published"),
        Column("type", pl.String(), "`tcp`, `udp` or `sctp`"),
    ),
)

MOUNTS_TABLE: Final = TableSchema(
    "mounts",
    "a mount of a container",
    ("host", "container_id", "destination"),
    (
        *CONTAINER_KEY,
        Column("type", pl.String(), "`bind`, `volume`, `tmpfs`, …"),
        Column("name", pl.String(), "name of the volume; null for other mounts"),
        Column("source", pl.String(), "path on the host"),
        Column("destination", pl.String(), "path inside the container"),
        Column("driver", pl.String(), "volume driver"),
        Column("mode", pl.String(), "mount options"),
        Column("rw", pl.Boolean(), "whether it can be written"),
        Column("propagation", pl.String(), "mount propagation"),
    ),
)

NETWORKS_TABLE: Final = TableSchema(
    "networks",
    "an attachment of a container to a network",
    ("host", "container_id", "network"),
    (
        *CONTAINER_KEY,
        Column("network", pl.String(), "name of the network"),
        Column("ip_address", pl.String(), "IPv4 address; empty or null without one"),
        Column("ip_prefix_len", pl.Int64(), "length of the IPv4 prefix in bits"),
        Column("gateway", pl.String(), "IPv4 gateway"),
        Column("endpoint_id", pl.String(), "id of the endpoint"),
        Column("ipv6_gateway", pl.String(), "IPv6 gateway"),
        Column("global_ipv6_address", pl.String(), "IPv6 address"),
        Column("global_ipv6_prefix_len", pl.Int64(), "length of the IPv6 prefix in bits"),
        Column("mac_address", pl.String(), "MAC address"),
        Column("network_id", pl.String(), "id of the network"),
        Column("aliases", pl.List(pl.String()), "names of the container inside the network"),
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
