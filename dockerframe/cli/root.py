"""What all commands share: the application, exit statuses, options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import polars as pl
import typer

import dockerframe
from dockerframe.cli.output import Output, warn

if TYPE_CHECKING:
    from dockerframe._snapshot.snapshot import Snapshot

SOME_FAILED: Final = 1
USAGE: Final = 2
NONE_ANSWERED: Final = 3
FOUND: Final = 4

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="See a whole fleet of Docker hosts as tables. It only ever reads from a host.",
    epilog="Exit status: 0 all good, 1 some host failed, 2 usage or configuration, 3 no host answered,"
    " 4 findings as bad as --fail-on says.",
)

OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="A table for people, or all columns for programs.")
]
InspectOption = Annotated[
    bool, typer.Option("--inspect", help="Inspect each container too, for the rules that need it.")
]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"dockerframe {dockerframe.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def finish(snap: Snapshot, *, found: bool = False) -> None:
    """Name the hosts that failed on standard error, and end with the status that says how it went.

    `found` says that there are findings on which to fail.
    """
    failed = snap.hosts.filter(~pl.col("ok"))
    for kind, message in failed.select("error_kind", "error").iter_rows():
        warn(f"[{kind}] {message}")
    if failed.height and failed.height == snap.hosts.height:
        raise typer.Exit(NONE_ANSWERED)
    if found:
        raise typer.Exit(FOUND)
    if failed.height:
        raise typer.Exit(SOME_FAILED)
