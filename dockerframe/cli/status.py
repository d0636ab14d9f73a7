"""The exit status of a command that asked a fleet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe.cli.output import for_command_line, warn

if TYPE_CHECKING:
    from dockerframe._snapshot.snapshot import Snapshot

SOME_FAILED: Final = 1
NONE_ANSWERED: Final = 3
FOUND: Final = 4


def finish(snap: Snapshot, *, found: bool = False) -> None:
    """Report the hosts that failed on standard error, and exit with the status of the whole.

    `found` is for findings as severe as `--fail-on`.
    """
    failed = snap.hosts.filter(~pl.col("ok"))
    for kind, message in failed.select("error_kind", "error").iter_rows():
        warn(f"[{kind}] {for_command_line(message)}")
    if failed.height and failed.height == snap.hosts.height:
        sys.exit(NONE_ANSWERED)
    if found:
        sys.exit(FOUND)
    if failed.height:
        sys.exit(SOME_FAILED)
