"""Every table, once: its columns, their types and what they mean.

An empty fleet has the columns and types of a full one, since both are made from what stands here.
Times are UTC, sizes bytes, durations Polars durations. The key of a table stands first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

Precedence: TypeAlias = Literal["explicit", "wildcard"]
"""Who wins where an alias and a wildcard set one field (labels.md, section 6.5)."""

TIME: Final = pl.Datetime("us", "UTC")
DURATION: Final = pl.Duration("us")
LABELS: Final = pl.Map(pl.String(), pl.String())

PORT_FIELDS: Final = {
    "ip": pl.String(),
    "private_port": pl.UInt16(),
    "public_port": pl.UInt16(),
    "type": pl.String(),
}
MOUNT_FIELDS: Final = {
    "type": pl.String(),
    "name": pl.String(),
    "source": pl.String(),
    "destination": pl.String(),
    "driver": pl.String(),
    "mode": pl.String(),
    "rw": pl.Boolean(),
    "propagation": pl.String(),
}
NETWORK_FIELDS: Final = {
    "ip_address": pl.String(),
    "ip_prefix_len": pl.Int64(),
    "gateway": pl.String(),
    "endpoint_id": pl.String(),
    "ipv6_gateway": pl.String(),
    "global_ipv6_address": pl.String(),
    "global_ipv6_prefix_len": pl.Int64(),
    "mac_address": pl.String(),
    "network_id": pl.String(),
    "aliases": pl.List(pl.String()),
}
PORTS: Final = pl.List(pl.Struct(PORT_FIELDS))
MOUNTS: Final = pl.List(pl.Struct(MOUNT_FIELDS))
NETWORKS: Final = pl.Map(pl.String(), pl.Struct(NETWORK_FIELDS))


class Column(NamedTuple):
    """A column of a table: its name, its type, and what it holds."""

    name: str
    dtype: pl.DataType
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what a row is, which columns identify it, and all its columns in order."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """The names and types, as Polars takes them."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """The table without rows."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame that has this table's columns, with those alone, in order and with their types."""
        wanted = self.schema
        ordered = frame.select(wanted.names())
        # Polars takes its time to cast a nested column to the type that it has already.
        present = ordered.schema
        casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if present[name] != dtype]
        return ordered.with_columns(casts) if casts else ordered


ERROR_KINDS: Final[Mapping[str, str]] = {
    "refused": "nothing listens at the address",
    "unreachable": "the network has no way to the address",
    "unknown_name": "the host name has no address",
    "no_socket": "the socket file is not there",
    "permission": "this user may not open the socket",
    "connect_timeout": "no connection within the connect timeout",
    "read_timeout": "no whole answer within the read timeout",
    "disconnected": "the connection broke before the answer was whole",
    "tls": "the TLS handshake failed: certificate, name or authority",
    "ssh_host_key": "the ssh host key is unknown or has changed",
    "ssh_authentication": "the ssh server accepts none of this user's keys",
    "ssh": "the ssh connection failed otherwise",
    "unknown_agent": "there are no usable certificates for this agent",
    "unauthorized": "the host answered 401 or 403",
    "not_found": "the host answered 404: no Docker engine at this address",
    "http": "the host answered with another error status",
    "redirected": "the host answered with a redirect, which is never followed",
    "too_large": "the answer is larger than the host's limit",
    "invalid_answer": "the answer is not what a Docker engine sends",
    "unsupported": "this machine can't speak that scheme",
    "internal": "dockerframe failed at this host, which is a mistake in dockerframe",
}
"""The values of `hosts.error_kind`, each with its meaning."""

LABEL_ERROR_KINDS: Final[Mapping[str, str]] = {
    "invalid_summary": "a container summary could not be read, or has no usable Id",
    "invalid_bool": "a label that must be a boolean is none",
    "invalid_label": "a label's name is no route label",
    "empty_alias": "an alias is empty",
    "alias_ref_out_of_range": "#n counts past the aliases, or n is no number",
    "shortcut_conflict": "a plural shortcut and a full label set one field",
    "label_conflict": "two labels can't both hold: one is a text where the other needs a mapping",
    "invalid_yaml": "a label's YAML does not parse, is no mapping, or is past the bounds",
    "too_many_fields": "wildcards would set more fields than one container may have",
    "network_not_found": "proxy.network names a network the container is not in",
    "no_network": "a running container without any address to reach it at",
    "invalid_idle": "an idle setting is not valid, so the container has none",
    "invalid_port": "a route's port is no port",
    "invalid_value": "a route field that has a type holds a text that does not fit it",
    "container_gone": "the container went away before it could be inspected",
    "inspect_failed": "the container could not be inspected",
}
"""The values of `errors.kind`, each with its meaning."""

_HOST = Column("host", pl.String(), "name of the host in the fleet")
_CONTAINER_ID = Column("container_id", pl.String(), "full id of the container")
_CONTAINER_KEY = (_HOST, _CONTAINER_ID)

HOSTS: Final = Table(
    "hosts",
    "a host, reachable or not",
    ("host",),
    (
        _HOST,
        Column("url", pl.String(), "where the host is reached"),
        Column("ok", pl.Boolean(), "whether its containers could be gathered"),
        Column("error_kind", pl.String(), "kind of the failure (see the error kinds); null when ok"),
        Column("error", pl.String(), "what failed and how to mend it; null when ok"),
        Column("seconds", pl.Float64(), "how long the host took; null when it was not asked over a network"),
        Column("containers", pl.UInt32(), "how many containers it has; null when it failed"),
        Column("engine_id", pl.String(), "the daemon's own id; null when it does not tell"),
        Column("api_version", pl.String(), "API version spoken with it"),
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

SUMMARIES: Final = Table(
    "summaries",
    "a container as the engine sends it, before anything is derived",
    ("host", "container_id"),
    (
        *_CONTAINER_KEY,
        Column("names", pl.List(pl.String()), "names, each with its leading `/`"),
        Column("image", pl.String(), "image reference as the container was created with"),
        Column("image_id", pl.String(), "id of the image"),
        Column("command", pl.String(), "command line"),
        Column("created", TIME, "when the container was created"),
        Column("state", pl.String(), "`created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`"),
        Column("status", pl.String(), "the state in words"),
        Column("health", pl.String(), "health check status; null when there is none"),
        Column("labels", LABELS, "labels, by name"),
        Column("ports", PORTS, "port bindings, IPv4 and IPv6 alike"),
        Column("mounts", MOUNTS, "mounts"),
        Column("networks", NETWORKS, "attachments, by the name of the network"),
        Column("network_mode", pl.String(), "network mode; null where the engine does not send it (Podman)"),
        Column("size_rw", pl.Int64(), "bytes written in the container; null unless asked for"),
        Column("size_root_fs", pl.Int64(), "bytes of the container and its image; null unless asked for"),
    ),
)

_DERIVED: Final = (
    Column("container_name", pl.String(), "first name without its leading `/`; empty when there is none"),
    Column("running", pl.Boolean(), "whether it runs"),
    Column("is_host_network_mode", pl.Boolean(), "whether it uses the host's network"),
    Column("image_name", pl.String(), "last path component of the image; null when the image is an id"),
    Column("image_author", pl.String(), "what stands before the name, else `library`; null when the image is an id"),
    Column("image_tag", pl.String(), "tag, else `latest`; null when the image is an id"),
    Column("image_registry", pl.String(), "registry; null when the image names none"),
    Column("image_digest", pl.String(), "digest; null when the image names none"),
    Column("image_sha256", pl.String(), "image id without its algorithm"),
    Column("image_version", pl.String(), "label `org.opencontainers.image.version`; null without it"),
    Column("public_ports", PORTS, "one entry a public port, sorted by it"),
    Column("private_ports", PORTS, "one entry a private port, sorted by it"),
    Column("is_explicit", pl.Boolean(), "whether any `proxy.` label is there"),
    Column("is_excluded", pl.Boolean(), "whether `proxy.exclude` is true"),
    Column("aliases", pl.List(pl.String()), "aliases, in order"),
    Column("compose_project", pl.String(), "Compose project; null without one"),
    Column("compose_service", pl.String(), "Compose service; null without one"),
    Column("dependencies", pl.List(pl.String()), "names it depends on, in order"),
    Column("is_blacklisted", pl.Boolean(), "whether it gets no route unless it is explicit"),
    Column("blacklist_reasons", pl.List(pl.String()), "why, as `mount:`, `port:`, `image:` or `author:` and a value"),
    Column("network", pl.String(), "network whose address is used, else the value of `proxy.network`"),
    Column("public_hostname", pl.String(), "where its published ports are reached; null when it does not run"),
    Column("private_hostname", pl.String(), "its address in `network`; null unless the host is local or an agent"),
    Column("idle_timeout", DURATION, "idle time before it is put to sleep; null when it never is"),
    Column("wake_timeout", DURATION, "time it may take to wake; null without an idle timeout"),
    Column("stop_timeout", DURATION, "time it may take to stop; null without an idle timeout"),
    Column("stop_method", pl.String(), "`pause`, `stop` or `kill`; null without an idle timeout"),
    Column("stop_signal", pl.String(), "signal that stops it; empty for the engine's default"),
    Column("start_endpoint", pl.String(), "the only path that wakes it; empty for any"),
    Column("no_loading_page", pl.Boolean(), "whether the loading page is left out"),
)

CONTAINERS: Final = Table("containers", "a container", ("host", "container_id"), (*SUMMARIES.columns, *_DERIVED))

ROUTE_FIELDS: Final = Table(
    "route_fields",
    "a field of an alias, as labels set it",
    ("host", "container_id", "alias", "field"),
    (
        *_CONTAINER_KEY,
        Column("alias", pl.String(), "alias"),
        Column("field", pl.String(), "dotted path under the alias"),
        Column("value", pl.String(), "text of the value"),
        Column("source_label", pl.String(), "full name of the label that set it"),
        Column("origin", pl.String(), "`alias`, `reference`, `shortcut` or `wildcard`"),
    ),
)

ROUTES: Final = Table(
    "routes",
    "an alias of a container",
    ("host", "container_id", "alias"),
    (
        *_CONTAINER_KEY,
        Column("alias", pl.String(), "alias"),
        Column("container_name", pl.String(), "name of the container"),
        Column("scheme", pl.String(), "scheme of the target"),
        Column("target_host", pl.String(), "host name or address of the target; null when there is none"),
        Column("target_port", pl.UInt16(), "port of the target; null when there is none"),
        Column("listening_port", pl.UInt16(), "port that the proxy listens at (streams); null otherwise"),
        Column("excluded_reason", pl.String(), "why there is no route; null when there is one"),
        Column("no_tls_verify", pl.Boolean(), "whether the target's certificate goes unchecked; null when not set"),
        Column("response_header_timeout", DURATION, "time the target has for its headers; null when not set"),
        Column("disable_compression", pl.Boolean(), "whether answers stay uncompressed; null when not set"),
        Column("max_conns_per_host", pl.Int64(), "connections to the target at most; null when not set"),
        Column("spa", pl.Boolean(), "whether files are served as a single-page application; null when not set"),
        Column("relay_proxy_protocol_header", pl.Boolean(), "whether the PROXY header is relayed; null when not set"),
        Column("fields", LABELS, "every field that a label set, as text, by its dotted path"),
    ),
)

LABELS_TABLE: Final = Table(
    "labels",
    "a label of a container",
    ("host", "container_id", "key"),
    (*_CONTAINER_KEY, Column("key", pl.String(), "name"), Column("value", pl.String(), "value")),
)

PORTS_TABLE: Final = Table(
    "ports",
    "a port binding of a container",
    ("host", "container_id", "ip", "private_port", "public_port", "type"),
    (
        *_CONTAINER_KEY,
        Column("ip", pl.String(), "address on the host; null when not published"),
        Column("private_port", pl.UInt16(), "port inside the container"),
        Column("public_port", pl.UInt16(), "port on the host; null when not published"),
        Column("type", pl.String(), "`tcp`, `udp` or `sctp`"),
    ),
)

MOUNTS_TABLE: Final = Table(
    "mounts",
    "a mount of a container",
    ("host", "container_id", "destination"),
    (
        *_CONTAINER_KEY,
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

NETWORKS_TABLE: Final = Table(
    "networks",
    "an attachment of a container to a network",
    ("host", "container_id", "network"),
    (
        *_CONTAINER_KEY,
        Column("network", pl.String(), "name of the network"),
        Column("ip_address", pl.String(), "IPv4 address; empty or null when it has none"),
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

DEPENDENCIES: Final = Table(
    "dependencies",
    "something a container says it depends on",
    ("host", "container_id", "dependency"),
    (
        *_CONTAINER_KEY,
        Column("dependency", pl.String(), "name it depends on"),
        Column("condition", pl.String(), "Compose's condition; null when none is given"),
        Column("restart", pl.Boolean(), "whether it restarts with the dependency; null when not given"),
        Column("resolved_id", pl.String(), "id of the container that is meant; null when there is none on the host"),
        Column("source_label", pl.String(), "label that names it"),
    ),
)

ERRORS: Final = Table(
    "errors",
    "something wrong with one container's labels",
    ("host", "container_id", "kind", "label"),
    (
        *_CONTAINER_KEY,
        Column("kind", pl.String(), "kind of the error (see the label error kinds)"),
        Column("label", pl.String(), "label at fault; null when none is"),
        Column("message", pl.String(), "what is wrong and how to mend it"),
    ),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        HOSTS,
        CONTAINERS,
        ROUTES,
        ROUTE_FIELDS,
        PORTS_TABLE,
        MOUNTS_TABLE,
        NETWORKS_TABLE,
        LABELS_TABLE,
        DEPENDENCIES,
        ERRORS,
    )
}
"""The tables of a snapshot, by name, in the order in which they are shown and written."""

CHANGES: Final[Mapping[str, str]] = {
    "host_came": "a host that was not in the fleet before",
    "host_went": "a host that is not in the fleet any more",
    "host_failed": "a host that answered before and does not now: nothing is said of its containers",
    "host_answers": "a host that did not answer before and does now: nothing is said of its containers",
    "came": "a container that was not there",
    "went": "a container that is not there any more",
    "recreated": "a container with a new id in the place of one with the same name, or of the same service",
    "image": "another image, or another image id under the same reference",
    "state": "another state",
    "health": "another health check status",
    "config": "another command, network mode or Compose configuration",
    "labels": "a label set, unset or changed",
    "ports": "a port published, unpublished or published elsewhere",
    "mounts": "a mount added, taken away or changed",
    "networks": "attached to, or detached from, a network",
    "routes": "an alias, its target or one of its fields",
}
"""The values of `differences.change`, each with its meaning."""

DIFFERENCES: Final = Table(
    "differences",
    "something that differs between two snapshots",
    ("host", "container_id", "change", "field"),
    (
        _HOST,
        Column(
            "container_id", pl.String(), "full id of the container, the new one if it was recreated; null for hosts"
        ),
        Column("container_name", pl.String(), "name of the container; null for hosts"),
        Column("change", pl.String(), "what kind of change (see the kinds of changes)"),
        Column("field", pl.String(), "what changed: a column, label, port, path or alias; null for whole containers"),
        Column("before", pl.String(), "the value before; null when there was none"),
        Column("after", pl.String(), "the value after; null when there is none"),
    ),
)

SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
"""How bad a finding is, mildest first: `info` is worth knowing, `critical` gives the host away."""

FINDINGS: Final = Table(
    "findings",
    "something that a rule of the audit found",
    ("host", "container_id", "rule", "evidence"),
    (
        _HOST,
        Column("container_id", pl.String(), "full id of the container; null when the finding is about a host"),
        Column("container_name", pl.String(), "name of the container; null when the finding is about a host"),
        Column("rule", pl.String(), "id of the rule"),
        Column("severity", pl.Enum(SEVERITIES), "how bad it is (see the severities)"),
        Column("message", pl.String(), "what was found"),
        Column("evidence", pl.String(), "the columns or labels it rests on, with their values"),
        Column("remedy", pl.String(), "how to mend it"),
        Column("suppressed", pl.String(), "the reason for which it is suppressed; null when it is not"),
    ),
)

RULES: Final = Table(
    "rules",
    "a rule of the audit",
    ("rule",),
    (
        Column("rule", pl.String(), "id"),
        Column("severity", pl.Enum(SEVERITIES), "how bad what it finds is"),
        Column("title", pl.String(), "what it looks for"),
        Column("source", pl.String(), "where the rule comes from"),
        Column("ran", pl.Boolean(), "whether it ran"),
        Column("reason", pl.String(), "why it did not run; null when it did"),
        Column("findings", pl.UInt32(), "how many findings are not suppressed; null when it did not run"),
    ),
)

INSPECTIONS: Final = Table(
    "inspections",
    "a container that was inspected",
    ("host", "container_id"),
    (
        *_CONTAINER_KEY,
        Column("user", pl.String(), "user it runs as; empty for the image's"),
        Column("privileged", pl.Boolean(), "whether it runs privileged"),
        Column("cap_add", pl.List(pl.String()), "capabilities added, without `CAP_`"),
        Column("cap_drop", pl.List(pl.String()), "capabilities dropped, without `CAP_`"),
        Column("security_opt", pl.List(pl.String()), "security options"),
        Column("apparmor_profile", pl.String(), "AppArmor profile; empty without one"),
        Column("read_only_root", pl.Boolean(), "whether its root file system is read-only"),
        Column("memory_limit", pl.Int64(), "memory it may use in bytes; null without a limit"),
        Column("cpu_shares", pl.Int64(), "CPU shares; null when not set"),
        Column("nano_cpus", pl.Int64(), "CPU quota in billionths of a CPU; null without one"),
        Column("pids_limit", pl.Int64(), "processes it may have; null without a limit"),
        Column("restart_policy", pl.String(), "`no`, `always`, `unless-stopped` or `on-failure`"),
        Column("restart_retries", pl.Int64(), "how often `on-failure` tries; 0 for ever"),
        Column("restart_count", pl.Int64(), "how often the engine restarted it"),
        Column("pid_mode", pl.String(), "PID namespace; empty for its own"),
        Column("ipc_mode", pl.String(), "IPC namespace"),
        Column("uts_mode", pl.String(), "UTS namespace; empty for its own"),
        Column("userns_mode", pl.String(), "user namespace; empty for the engine's default"),
        Column("cgroup_parent", pl.String(), "parent of its control group; empty for the engine's default"),
        Column("devices", pl.List(pl.String()), "devices of the host, by path"),
        Column("ulimits", pl.List(pl.String()), "resource limits set, by name"),
        Column("environment", pl.List(pl.String()), "names of its environment variables; never their values"),
        Column("healthcheck", pl.List(pl.String()), "command of its health check; null without one"),
        Column("exposed_ports", pl.List(pl.String()), "ports exposed, as `80/tcp`"),
        Column("exit_code", pl.Int64(), "exit code of the last run"),
        Column("oom_killed", pl.Boolean(), "whether it was killed for want of memory"),
        Column("started_at", TIME, "when it was last started; null when never"),
        Column("finished_at", TIME, "when it last ended; null when never"),
    ),
)
