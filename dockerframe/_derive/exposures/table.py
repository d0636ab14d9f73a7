"""The table `exposures`: its columns, and the values of its fixed texts with their meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe.schemas import Column, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

PROXIES: Final[Mapping[str, str]] = {
    "godoxy": "GoDoxy, from the table `routes`",
    "traefik": "Traefik 3 with its Docker provider",
    "caddy": "Caddy with the plugin caddy-docker-proxy",
}
"""The values of `exposures.proxy`, each with its meaning."""

PROTOCOLS: Final[Mapping[str, str]] = {
    "http": "requests are matched by host name and path",
    "tcp": "connections are matched by server name, or all of an entry point",
    "udp": "all packets of an entry point",
}
"""The values of `exposures.protocol`, each with its meaning."""

EXCLUDED_REASONS: Final[Mapping[str, str]] = {
    "disabled": "a label or the proxy's default says not to expose the container",
    "label_error": "a label cannot be read, so the proxy drops the whole container",
    "constraint": "the container does not match the proxy's constraints",
    "not_running": "the container is not running",
    "unhealthy": "the health check of the container has not passed",
    "no_address": "the proxy finds no address of the container",
    "no_port": "the container has no port, and no label names one",
    "url_with_port": "a label sets the server's URL, and another its scheme or port",
    "no_rule": "the router has no rule",
    "several_services": "the container has several services, and the router names none of them",
    "service_missing": "the router names a service that is not defined",
    "service_conflict": "containers of the host define the service differently",
    "router_conflict": "containers of the host define the router differently",
    "no_server": "the service has no server",
    "not_in_ingress_network": "the container is in no network over which Caddy reaches containers",
    "unsupported_template": "the text is a template with functions that dockerframe does not evaluate",
    "rule_error": "the proxy does not accept the rule",
    "middleware_error": "the router names a middleware that is missing, conflicting or cannot be built",
    "tls_options_missing": "the router names TLS options that are not defined",
    "entrypoint_missing": "none of the router's entry points exists",
    "server_error": "the address of the server cannot be used",
    "no_load_balancer": "a service in the labels is not a load balancer",
    "no_router": "labels define a TCP or UDP service, and no router",
    "priority_error": "the priority is above the highest that Traefik allows",
    "manual": "GoDoxy: the container is excluded by its label, or has no alias",
    "blacklisted": "GoDoxy: the image or a port is one that is not exposed without being asked for",
    "buildx": "GoDoxy: the container builds images",
    "yaml_anchor": "GoDoxy: the alias is a text that other labels extend",
    "renaming": "GoDoxy: the container is being replaced",
    "error": "GoDoxy: the container or its route has errors",
}
"""The values of `exposures.excluded_reason`, each with its meaning."""

EXPOSURES: Final = TableSchema(
    "exposures",
    "a router, alias or site address of a container and a proxy; or a container that a proxy drops whole",
    ("host", "container_id", "proxy", "protocol", "router", "rule", "handler", "paths", "target_host"),
    (
        Column("host", pl.String(), "name of the host in the fleet"),
        Column("container_id", pl.String(), "full id of the container"),
        Column("container_name", pl.String(), "name of the container"),
        Column("proxy", pl.Enum(list(PROXIES)), "the reverse proxy"),
        Column("router", pl.String(), "router, alias or root of the site's labels; null for a container dropped whole"),
        Column("protocol", pl.Enum(list(PROTOCOLS)), "what is matched on; null for a container dropped whole"),
        Column("rule", pl.String(), "text of the rule, address of the site, or the names that an alias answers to"),
        Column(
            "hostnames",
            pl.List(pl.String()),
            "host names in lower case; empty for any host, null when the rule is refused",
        ),
        Column(
            "paths", pl.List(pl.String()), "paths and path prefixes; empty for any path, null when the rule is refused"
        ),
        Column("handler", pl.String(), "`proxy`, or the directive of Caddy that answers"),
        Column("scheme", pl.String(), "scheme to the target; null without a target"),
        Column("target_host", pl.String(), "host name or address of the target; null without one"),
        Column("target_port", pl.UInt16(), "port of the target; null without one"),
        Column(
            "entrypoints",
            pl.List(pl.String()),
            "entry points (Traefik) or listening ports (Caddy); null for the default",
        ),
        Column("tls", pl.Boolean(), "whether clients connect over TLS; null when other configuration decides"),
        Column("service", pl.String(), "Traefik's service; null otherwise"),
        Column("excluded_reason", pl.Enum(list(EXCLUDED_REASONS)), "why it is not served; null when it is"),
        Column("source_labels", pl.List(pl.String()), "every label that was read for the row, sorted"),
    ),
)
"""The declaration of the table."""
