"""A whole fleet of Docker hosts as Polars frames.

import dockerframe as dkf

snap = dkf.Fleet.from_file("fleet.yml").snapshot()
snap.containers
"""

import logging as _logging

from dockerframe import namespace as _namespace
from dockerframe.audit import Registry, Rule
from dockerframe.audit.builtin import BUILTIN_RULES, rule
from dockerframe.clients import clients, new_client
from dockerframe.derive.aliases import aliases, is_excluded, is_explicit
from dockerframe.derive.blacklist import blacklist_reasons, is_blacklisted
from dockerframe.derive.compose import compose_project, compose_service
from dockerframe.derive.dependencies import dependencies, dependency_edges
from dockerframe.derive.identity import container_name, health, is_host_network_mode, running
from dockerframe.derive.idle import idle_settings
from dockerframe.derive.image import image, image_sha256, image_version
from dockerframe.derive.networks import is_local, public_hostname, url_hostname
from dockerframe.derive.ports import private_ports, public_ports
from dockerframe.derive.route_fields import route_fields
from dockerframe.derive.routes import routes
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
from dockerframe.fleet import Fleet
from dockerframe.histories import History, history
from dockerframe.hosts.audit_settings import AuditSettings, Suppression
from dockerframe.hosts.host import Host, TlsFiles
from dockerframe.pieces import Pieces, scan
from dockerframe.snapshot import Snapshot, diff
from dockerframe.taking import concat, from_bodies, from_summaries, read_snapshot
from dockerframe.update_ports import update_ports

_namespace.register()
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
    "update_ports",
    "url_hostname",
]
