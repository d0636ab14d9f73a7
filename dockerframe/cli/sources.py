"""Where the fleet of a command comes from: a file, contexts, URLs, the demo, or the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from dockerframe._config.host import DEFAULT_CONNECT_TIMEOUT, DEFAULT_READ_TIMEOUT
from dockerframe._config.selection import read_selection, select_hosts
from dockerframe._fleet.fleet import Fleet, Limits
from dockerframe.cli.output import warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dockerframe._snapshot.snapshot import Snapshot

_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class FleetSource:
    """The options that name the fleet of a command."""

    config: Path | None = None
    context: Sequence[str] = ()
    host: Sequence[str] = ()
    demo: bool = False
    select: Sequence[str] = ()
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT
    reveal: bool = False

    @property
    def named(self) -> list[str]:
        """The options that name a fleet."""
        options = {"--config": self.config, "--context": self.context, "--host": self.host, "--demo": self.demo}
        return [option for option, value in options.items() if value]

    def fleet(self) -> Fleet:
        """The fleet that the options name; without any, the environment's.

        Raises
        ------
        click.UsageError
            When they name more than one.
        ConfigurationError
            When the description of the fleet can't be used, or `--select` matches no host.
        """
        if len(self.named) > 1:
            raise click.UsageError("Use only one of --config, --context, --host and --demo.")
        return self._selected(self._whole())

    def _whole(self) -> Fleet:
        limits: Limits = {"connect_timeout": self.connect_timeout, "read_timeout": self.read_timeout}
        if self.config is not None:
            return Fleet.from_file(self.config, **limits)
        if self.context:
            return Fleet.from_contexts(self.context, **limits)
        if self.host:
            return Fleet.from_urls(self.host, **limits)
        return Fleet.demo() if self.demo else Fleet.from_env(**limits)

    def _selected(self, fleet: Fleet) -> Fleet:
        """The hosts that `--select` names. The others are not asked."""
        if not self.select:
            return fleet
        chosen = select_hosts(fleet.hosts, **read_selection(self.select)._asdict())
        return Fleet(chosen, pool=fleet.pool, audit=fleet.audit)

    def snapshot(self, **options: Any) -> Snapshot:
        """A snapshot of that fleet."""
        try:
            return self.fleet().snapshot(**options)
        except KeyboardInterrupt:
            interrupted()


def interrupted() -> NoReturn:
    """End immediately: threads that still wait for hosts would delay an ordinary exit until their timeouts."""
    warn("Interrupted.")
    sys.stdout.flush()
    os._exit(_INTERRUPTED)
