"""Where the fleet of a command comes from: a file, contexts, URLs, the demo, or the environment."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from dockerframe._config.host import DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT
from dockerframe._fleet.fleet import Fleet
from dockerframe.cli.output import warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._snapshot.snapshot import Snapshot

_PANEL = "Which fleet"
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class FleetSource:
    """The options that say which fleet a command is about."""

    config: Path | None
    context: list[str]
    host: list[str]
    demo: bool
    connect_timeout: float
    read_timeout: float
    reveal: bool

    def fleet(self) -> Fleet:
        """The fleet that the options name; without any, the environment's.

        Raises
        ------
        typer.BadParameter
            When they name more than one.
        ConfigurationError
            When what they name can't be used.
        """
        named = [bool(self.config), bool(self.context), bool(self.host), self.demo]
        if sum(named) > 1:
            raise typer.BadParameter("Use only one of --config, --context, --host and --demo.")
        limits = {"connect_timeout": self.connect_timeout, "read_timeout": self.read_timeout}
        if self.config is not None:
            return Fleet.from_file(self.config, **limits)
        if self.context:
            return Fleet.from_contexts(self.context, **limits)
        if self.host:
            return Fleet.from_urls(self.host, **limits)
        return Fleet.demo() if self.demo else Fleet.from_env(**limits)

    def snapshot(self, **options: Any) -> Snapshot:
        """A snapshot of that fleet."""
        try:
            return self.fleet().snapshot(**options)
        except KeyboardInterrupt:
            interrupted()


def interrupted() -> NoReturn:
    """End at once: threads that still wait for hosts would hold an ordinary exit up until their timeouts."""
    warn("Interrupted.")
    sys.stdout.flush()
    os._exit(_INTERRUPTED)


def _options(
    config: Annotated[Path | None, typer.Option(help="Fleet file (YAML).", rich_help_panel=_PANEL)] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="Docker context, by name. Repeatable.", rich_help_panel=_PANEL)
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Host, as URL or NAME=URL. Repeatable.", rich_help_panel=_PANEL)
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="The recorded fleet that ships with dockerframe.", rich_help_panel=_PANEL)
    ] = False,
    connect_timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds to connect to a host.", rich_help_panel=_PANEL)
    ] = DEFAULT_CONNECT_TIMEOUT,
    read_timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds for each whole answer.", rich_help_panel=_PANEL)
    ] = DEFAULT_READ_TIMEOUT,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show secrets, which are left out otherwise.", rich_help_panel=_PANEL)
    ] = False,
) -> FleetSource:
    return FleetSource(config, context or [], host or [], demo, connect_timeout, read_timeout, reveal)


def with_source(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a fleet, as its first argument."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = inspect.signature(_options, eval_str=True).parameters

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        source = _options(**{name: given.pop(name) for name in shared})
        command(source, **given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared.values())]
    del with_options.__wrapped__
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options
