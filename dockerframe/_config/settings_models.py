"""Models of dockerframe's own settings in the fleet file.

Importing this loads pydantic, so it is done only when a fleet file is read.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from dockerframe._config.blocks import Block, Condition, Text, given, is_given
from dockerframe._config.field_types import Bytes, Filled, Folder, Plain, Seconds
from dockerframe._config.urls import END

if TYPE_CHECKING:
    from dockerframe._config.values import Surroundings

_DAY: Final = rf"^[1-9][0-9]{{3}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){END}"


def _day(_: Surroundings, text: str) -> date:
    if re.search(_DAY, text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise ValueError(f"{text!r} is not a day; write it as 2027-01-31")


class TraefikBlock(Block):
    """Options of Traefik's static configuration, as far as they can't be read from its command line."""

    exposed_by_default: bool | None = Field(None, description="Whether containers without traefik.enable are served.")
    network: Filled | None = Field(None, description="The network whose address is used where no label names one.")
    default_rule: Filled | None = Field(None, description="The template of the rule of routers without one.")
    constraints: Filled | None = Field(None, description="The expression over labels that containers must match.")
    allow_empty_services: bool | None = Field(None, description="Whether unhealthy containers keep their routers.")
    use_bind_port_ip: bool | None = Field(None, description="Whether published ports are used.")
    entrypoints: list[Filled] | None = Field(None, description="The names of the entry points.")
    providers: list[Filled] | None = Field(None, description="Other providers that labels may name, such as file.")


class CaddyBlock(Block):
    """Options of caddy-docker-proxy, as far as they can't be read from its command line."""

    label_prefix: Filled | None = Field(None, description="What its labels begin with.")
    ingress_networks: list[Filled] | None = Field(None, description="The networks over which it reaches containers.")
    scan_stopped: bool | None = Field(None, description="Whether it reads the labels of stopped containers.")


class ProxiesBlock(Block):
    """Options of proxies."""

    traefik: TraefikBlock | None = None
    caddy: CaddyBlock | None = None


class SuppressionBlock(Block):
    """Findings to suppress: of a rule, on a host, of a container."""

    rule: Plain | None = Field(None, description="The id of a rule.")
    host: Plain | None = Field(None, description="The name of a host.")
    container: Plain | None = Field(None, description="The name of a container.")
    reason: Plain = Field(description="Why these findings are accepted.")
    until: Annotated[date, Text({"pattern": _DAY, "format": "date"}, _day, variables=False)] | None = Field(
        None, description="The last day (UTC) on which it holds, as 2027-01-31."
    )

    conditions: ClassVar = (
        Condition(
            {"anyOf": [given("rule"), given("host"), given("container")]},
            lambda value: (
                []
                if any(is_given(value, key) for key in ("rule", "host", "container"))
                else [(("rule",), "name a rule, a host or a container; without one it would suppress everything")]
            ),
        ),
    )


class AuditBlock(Block):
    """Settings of the audit."""

    off: list[Plain] | None = Field(None, description="Ids of rules that do not run, such as latest-tag.")
    suppress: list[SuppressionBlock] | None = Field(None, description="Findings that are accepted.")


class SettingsBlock(Block):
    """Settings of dockerframe for all hosts of the file."""

    connect_timeout_seconds: Seconds | None = Field(None, description="The limit to connect; 5 unless given.")
    read_timeout_seconds: Seconds | None = Field(
        None, description="The limit for each complete answer; 30 unless given."
    )
    max_answer_bytes: Bytes | None = Field(None, description="The limit for each answer; 268435456 unless given.")
    agent_certificates: Folder | None = Field(
        None, description="The folder of the agents' certificates; certs unless given."
    )
    audit: AuditBlock | None = None
    known_middlewares: list[Plain] | None = Field(
        None, description="Middlewares that GoDoxy's own files define, so that labels may name them."
    )
    proxies: ProxiesBlock | None = Field(None, description="Options of the proxies on all hosts.")
