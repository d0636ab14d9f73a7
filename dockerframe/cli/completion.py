"""What a shell offers after Tab: contexts, hosts of a fleet file, rules, and names that the fleet itself knows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerframe.cli.sources import FleetSource

_SECONDS = 2.0
"""How long a host may take to answer while someone waits for names."""


def script(*, shell: str) -> None:
    """Print the script that completes commands, options and names in a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    root = click.get_current_context().find_root().command
    click.echo(kind(root, {}, "dockerframe", "_DOCKERFRAME_COMPLETE").source())


def contexts(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The Docker contexts."""
    from dockerframe._config.contexts import context_names  # noqa: PLC0415 - when asked for
    from dockerframe._config.docker_config import DEFAULT_CONTEXT  # noqa: PLC0415
    from dockerframe.errors import DockerframeError  # noqa: PLC0415

    try:
        return _matching([DEFAULT_CONTEXT, *context_names(os.environ)], incomplete)
    except DockerframeError:
        # A broken configuration offers no names; the command itself reports what is wrong with it.
        return []


def hosts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The hosts of the fleet that the other options name."""
    from dockerframe.errors import DockerframeError  # noqa: PLC0415 - when asked for

    try:
        return _matching((host.name for host in _source(ctx).fleet().hosts), incomplete)
    except DockerframeError:
        return []


def rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The rules of the audit."""
    from dockerframe.audit import BUILTIN_RULES  # noqa: PLC0415 - slow to import

    return _matching((rule.id for rule in BUILTIN_RULES), incomplete)


def containers(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The containers of the fleet."""
    return _matching(_column(ctx, "containers", "container_name"), incomplete)


def projects(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The Compose projects of the fleet."""
    return _matching(_column(ctx, "containers", "compose_project"), incomplete)


def names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The aliases and the containers of the fleet."""
    aliases, known = _column(ctx, "routes", "alias"), _column(ctx, "containers", "container_name")
    return _matching([*aliases, *known], incomplete)


def _column(ctx: click.Context, table: str, column: str) -> list[str]:
    from dockerframe.errors import DockerframeError  # noqa: PLC0415 - when asked for

    try:
        snap = ctx.meta.get(__name__) or _source(ctx).snapshot(progress=False)
    except DockerframeError:
        return []
    ctx.meta[__name__] = snap
    return [str(name) for name in snap.tables[table][column].drop_nulls().unique()]


def _source(ctx: click.Context) -> FleetSource:
    """The fleet that the options before the cursor name, whose hosts must answer quickly."""
    from dockerframe.cli.sources import FleetSource  # noqa: PLC0415 - slow to import

    given = {name: ctx.params[name] for name in ("config", "context", "host", "demo", "select") if ctx.params.get(name)}
    return FleetSource(**given, connect_timeout=_SECONDS, read_timeout=_SECONDS)


def _matching(words: Iterable[str], incomplete: str) -> list[str]:
    return sorted({word for word in words if word.startswith(incomplete)})
