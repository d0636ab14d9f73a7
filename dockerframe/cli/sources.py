"""Where the fleet of a command comes from: a file, contexts, URLs, the demo, or the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from dockerframe._config.host import DEFAULT_CONNECT_TIMEOUT_SECONDS, DEFAULT_READ_TIMEOUT_SECONDS
from dockerframe._fleet.fleet import Fleet
from dockerframe.cli.output import warn
from dockerframe.errors import did_you_mean

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
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT_SECONDS
    read_timeout: float = DEFAULT_READ_TIMEOUT_SECONDS
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
            When they name more than one, or `--select` matches no host.
        ConfigurationError
            When the description of the fleet can't be used.
        """
        if len(self.named) > 1:
            raise click.UsageError("Use only one of --config, --context, --host and --demo.")
        return self._selected(self._whole())

    def _whole(self) -> Fleet:
        limits = {"connect_timeout_seconds": self.connect_timeout, "read_timeout_seconds": self.read_timeout}
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
        names = [host.name for host in fleet.hosts]
        for pattern in self.select:
            if not any(_matches(name, pattern) for name in names):
                similar = did_you_mean(pattern, names, f"There are {', '.join(names)}.")
                raise click.UsageError(f"No host of the fleet matches {pattern!r}. {similar}")
        wanted = [host for host in fleet.hosts if any(_matches(host.name, pattern) for pattern in self.select)]
        return Fleet(wanted, pool=fleet.pool, audit=fleet.audit)

    def snapshot(self, **options: Any) -> Snapshot:
        """A snapshot of that fleet."""
        try:
            return self.fleet().snapshot(**options)
        except KeyboardInterrupt:
            interrupted()


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def interrupted() -> NoReturn:
    """End immediately: threads that still wait for hosts would delay an ordinary exit until their timeouts."""
    warn("Interrupted.")
    sys.stdout.flush()
    os._exit(_INTERRUPTED)
