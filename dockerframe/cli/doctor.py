"""The command that checks hosts step by step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._config.selection import read_selection, select_hosts
from dockerframe._gather.diagnose import diagnose_hosts
from dockerframe._transport import shared_pool
from dockerframe.cli.output import print_frame, say
from dockerframe.cli.sources import interrupted
from dockerframe.cli.status import NONE_ANSWERED, SOME_FAILED
from dockerframe.tables import Listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerframe.cli.output import Shape
    from dockerframe.cli.sources import FleetSource

_DIAGNOSIS: Final = (
    Listed("host", "host", priority=1),
    Listed("step", pl.col("step").cast(pl.String).str.replace_all("_", " "), priority=1),
    Listed("outcome", "outcome", priority=1),
    Listed("detail", "detail", priority=1, wraps=True),
    Listed("fix", "fix", wraps=True),
)


def doctor(source: FleetSource, shape: Shape, names: Sequence[str]) -> None:
    """Check hosts step by step: one paragraph per host for people, a table for programs."""
    fleet = source.fleet()
    chosen = select_hosts(fleet.hosts, **read_selection(names)._asdict())
    try:
        found = diagnose_hosts(chosen, fleet.pool, recorded=fleet.pool is not shared_pool)
    except KeyboardInterrupt:
        interrupted()
    if shape.is_default:
        _print_steps(found, {host.name: host.url for host in chosen})
    else:
        print_frame(found, _DIAGNOSIS, shape, ("host",))
    listed = found.filter(pl.col("step") == "permissions", pl.col("outcome") == "ok")
    if chosen and not listed.height:
        sys.exit(NONE_ANSWERED)
    if found.filter(pl.col("outcome") == "failed").height:
        sys.exit(SOME_FAILED)


def _print_steps(found: pl.DataFrame, urls: Mapping[str, str]) -> None:
    """One paragraph per host, one line per step, and the fix below a step that failed."""
    for name, url in urls.items():
        say(f"{name}  {url}")
        for row in found.filter(pl.col("host") == name).iter_rows(named=True):
            say(f"  {row['outcome']:<8}{row['step'].replace('_', ' '):<12}{row['detail']}")
            if row["fix"]:
                say(f"  {'':<8}{'':<12}Fix: {row['fix']}")
