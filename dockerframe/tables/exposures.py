"""What reverse proxies serve from container labels, over all hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures import EXPOSURES, exposures
from dockerframe._redaction import SecretColumns
from dockerframe.tables._table import Listed, Table

if TYPE_CHECKING:
    from dockerframe._derive.derivation import Derivation


def _exposures(derivation: Derivation) -> pl.DataFrame:
    """The rows of the proxies that run on each host, or that labels on it are written for."""
    return exposures(
        derivation.containers,
        proxies=None,
        routes=derivation.routes.routes,
        route_fields=derivation.route_fields,
        traefik=derivation.gathered.traefik,
        caddy=derivation.gathered.caddy,
    )


TABLE: Final = Table(
    name="exposures",
    description="One row per host name that a proxy serves, and its target.",
    row=EXPOSURES.row,
    key=EXPOSURES.key,
    columns=EXPOSURES.columns,
    order=45,
    source="containers, labels, routes",
    derive=_exposures,
    in_report=True,
    secrets=SecretColumns(texts=("rule", "paths")),
    listing=(
        Listed("host", "host", priority=1),
        Listed("proxy", "proxy", priority=1),
        Listed("name", pl.col("hostnames").list.join(", "), priority=1, wraps=True),
        Listed("container", "container_name", priority=1),
        Listed("excluded", "excluded_reason", priority=1),
        Listed("path", pl.col("paths").list.join(", ")),
        Listed(
            "target",
            pl.format("{}://{}:{}", "scheme", "target_host", pl.col("target_port").cast(pl.String).fill_null("?")),
        ),
        Listed("TLS", "tls"),
        Listed("router", "router", priority=3),
        Listed("rule", "rule", priority=3, wraps=True),
        Listed("entry points", pl.col("entrypoints").list.join(", "), priority=3),
    ),
)
