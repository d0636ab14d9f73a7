"""A whole fleet of Docker hosts as Polars frames.

import dockerframe as dkf

snap = dkf.Fleet.from_file("fleet.yml").snapshot()
snap.containers
"""

import logging as _logging

from dockerframe import _expressions
from dockerframe._config.audit_settings import AuditSettings, Suppression
from dockerframe._config.host import Host, TlsFiles
from dockerframe._derive.columns.aliases import aliases, is_excluded, is_explicit
from dockerframe._derive.columns.blacklist import blacklist_reasons, is_blacklisted
from dockerframe._derive.columns.compose import compose_project, compose_service
from dockerframe._derive.columns.dependencies import dependencies, dependency_edges
from dockerframe._derive.columns.identity import (
    container_name,
    health,
    is_host_network_mode,
    running,
    swarm_service,
)
from dockerframe._derive.columns.idle import idle_settings
from dockerframe._derive.columns.image import image, image_sha256, image_version
from dockerframe._derive.columns.networks import is_local, public_hostname, url_hostname
from dockerframe._derive.columns.ports import private_ports, public_ports
from dockerframe._derive.routes.effective import routes
from dockerframe._derive.routes.fields import route_fields
from dockerframe._fleet.exposed_ports import update_ports
from dockerframe._fleet.fleet import Fleet
from dockerframe._snapshot import Snapshot, diff
from dockerframe._snapshot.build import concat, from_bodies, from_summaries, read_snapshot
from dockerframe._snapshot.history import History, history
from dockerframe._snapshot.pieces import Pieces, scan
from dockerframe._transport import clients, new_client
from dockerframe.audit import Registry, Rule
from dockerframe.audit.rule import BUILTIN_RULES, rule
from dockerframe.errors import (
    AuditError,
    ConfigurationError,
    DockerframeError,
    GatherError,
    HistoryError,
    HostError,
    MissingExtraError,
    SnapshotError,
)

_expressions.register()
# Nothing is printed unless the program that uses it wants to see it.
_logging.getLogger("dockerframe").addHandler(_logging.NullHandler())

__version__ = "0.1.0"

__all__ = [
    "BUILTIN_RULES",
    "AuditError",
    "AuditSettings",
    "ConfigurationError",
    "DockerframeError",
    "Fleet",
    "GatherError",
    "History",
    "HistoryError",
    "Host",
    "HostError",
    "MissingExtraError",
    "Pieces",
    "Registry",
    "Rule",
    "Snapshot",
    "SnapshotError",
    "Suppression",
    "TlsFiles",
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
    "from_bodies",
    "from_summaries",
    "health",
    "history",
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
    "read_snapshot",
    "route_fields",
    "routes",
    "rule",
    "running",
    "scan",
    "swarm_service",
    "update_ports",
    "url_hostname",
]
