"""What reverse proxies serve from container labels: the table `exposures`."""

from __future__ import annotations

from dockerframe._derive.exposures.exposures import exposures
from dockerframe._derive.exposures.recognition import detected_proxies, recognized_caddy, recognized_traefik
from dockerframe._derive.exposures.settings import CaddySettings, TraefikSettings
from dockerframe._derive.exposures.table import EXCLUDED_REASONS, EXPOSURES, PROTOCOLS, PROXIES

__all__ = [
    "EXCLUDED_REASONS",
    "EXPOSURES",
    "PROTOCOLS",
    "PROXIES",
    "CaddySettings",
    "TraefikSettings",
    "detected_proxies",
    "exposures",
    "recognized_caddy",
    "recognized_traefik",
]
