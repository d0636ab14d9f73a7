"""A whole fleet of Docker hosts as Polars frames.

import dockerframe as dkf

snap = dkf.Fleet.from_file("fleet.yml").snapshot()
snap.containers
"""

import logging as _logging

from dockerframe import expr, tables
from dockerframe._config.audit_settings import AuditSettings, Suppression
from dockerframe._config.host import Host, TlsFiles
from dockerframe._derive.exposures import CaddySettings, TraefikSettings, exposures
from dockerframe._fleet.fleet import Fleet
from dockerframe._queries.explain import Explanation
from dockerframe._snapshot.build import concat, from_bodies, from_summaries, read_snapshot
from dockerframe._snapshot.history import History, read_history
from dockerframe._snapshot.pieces import Pieces, scan_pieces
from dockerframe._snapshot.snapshot import Snapshot, diff, update_ports
from dockerframe._transport import MockTransport, clients, new_client
from dockerframe._transport.client import Client
from dockerframe.audit import BUILTIN_RULES, AuditResult, Registry, Rule, Severity
from dockerframe.errors import (
    AuditError,
    ConfigurationError,
    DockerframeError,
    GatherError,
    HistoryError,
    HostAnswerError,
    HostAuthenticationError,
    HostError,
    HostLocalError,
    HostTimeoutError,
    HostUnreachableError,
    MissingExtraError,
    MissingTableError,
    SnapshotError,
)
from dockerframe.expr import (
    aliases,
    blacklist_reasons,
    compose_project,
    compose_service,
    container_name,
    dependencies,
    dependency_edges,
    health,
    idle_settings,
    image,
    image_sha256,
    image_version,
    is_blacklisted,
    is_excluded,
    is_explicit,
    is_host_network_mode,
    is_local,
    private_ports,
    public_hostname,
    public_ports,
    route_fields,
    routes,
    running,
    url_hostname,
)
from dockerframe.schemas import Precedence

# A library prints nothing; the program that uses it decides.
_logging.getLogger("dockerframe").addHandler(_logging.NullHandler())

__version__ = "0.1.0"

__all__ = [
    "BUILTIN_RULES",
    "AuditError",
    "AuditResult",
    "AuditSettings",
    "CaddySettings",
    "Client",
    "ConfigurationError",
    "DockerframeError",
    "Explanation",
    "Fleet",
    "GatherError",
    "History",
    "HistoryError",
    "Host",
    "HostAnswerError",
    "HostAuthenticationError",
    "HostError",
    "HostLocalError",
    "HostTimeoutError",
    "HostUnreachableError",
    "MissingExtraError",
    "MissingTableError",
    "MockTransport",
    "Pieces",
    "Precedence",
    "Registry",
    "Rule",
    "Severity",
    "Snapshot",
    "SnapshotError",
    "Suppression",
    "TlsFiles",
    "TraefikSettings",
    "__version__",
    "aliases",
    "blacklist_reasons",
    "clients",
    "compose_project",
    "compose_service",
    "concat",
    "container_name",
    "dependencies",
    "dependency_edges",
    "diff",
    "exposures",
    "expr",
    "from_bodies",
    "from_summaries",
    "health",
    "idle_settings",
    "image",
    "image_sha256",
    "image_version",
    "is_blacklisted",
    "is_excluded",
    "is_explicit",
    "is_host_network_mode",
    "is_local",
    "new_client",
    "private_ports",
    "public_hostname",
    "public_ports",
    "read_history",
    "read_snapshot",
    "route_fields",
    "routes",
    "running",
    "scan_pieces",
    "tables",
    "update_ports",
    "url_hostname",
]


def __dir__() -> list[str]:
    """Show public names only."""
    return __all__
