"""The commands. Each gathers, shows, and ends with a status that says how the hosts fared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

import dockerframe
from dockerframe.cli.output import Output, print_table, warn
from dockerframe.cli.sources import FleetSource, with_source
from dockerframe.errors import DockerframeError
from dockerframe.fleet import Fleet

if TYPE_CHECKING:
    from dockerframe.snapshot import Snapshot

SOME_FAILED, USAGE, NONE_ANSWERED = 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="See a whole fleet of Docker hosts as tables. It only ever reads from a host.",
    epilog="Exit status: 0 all good, 1 some host failed, 2 usage or configuration, 3 no host answered.",
)

OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="A table for people, or all columns for programs.")
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


@app.command()
@with_source
def hosts(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row a host: whether it answers, its engine, its containers."""
    snap = source.snapshot()
    print_table(snap, "hosts", output)
    _finish(snap)


@app.command()
@with_source
def containers(
    source: FleetSource,
    output: OutputOption = Output.table,
    size: Annotated[bool, typer.Option("--size", help="Ask for sizes too, which is slow.")] = False,
) -> None:
    """One row a container."""
    snap = source.snapshot(size=size)
    print_table(snap, "containers", output)
    _finish(snap)


@app.command()
@with_source
def ports(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row a port binding, IPv4 and IPv6 alike."""
    snap = source.snapshot()
    print_table(snap, "ports", output)
    _finish(snap)


@app.command()
@with_source
def routes(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row an alias: what a request to it would reach, or why it reaches nothing."""
    snap = source.snapshot()
    print_table(snap, "routes", output)
    _finish(snap)


@app.command()
@with_source
def errors(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row for each thing that is wrong with a label."""
    snap = source.snapshot()
    print_table(snap, "errors", output)
    _finish(snap)


@app.command()
@with_source
def explain(source: FleetSource, alias: Annotated[str, typer.Argument(help="An alias, as in `routes`.")]) -> None:
    """Why an alias reaches what it reaches: each field, the label that set it, and those that lost."""
    snap = source.snapshot()
    typer.echo(repr(snap.explain(alias)))
    _finish(snap)


@app.command()
@with_source
def report(
    source: FleetSource,
    out: Annotated[Path, typer.Option(help="Folder in which a new folder, named by the UTC time, is made.")],
    formats: Annotated[str, typer.Option("--format", help="Formats, with commas: parquet, csv, json.")] = "parquet",
    size: Annotated[bool, typer.Option("--size", help="Ask for sizes too, which is slow.")] = False,
) -> None:
    """Write every table into a folder, whole or not at all."""
    snap = source.snapshot(size=size)
    typer.echo(snap.write(out, [one.strip() for one in formats.split(",") if one.strip()]))
    _finish(snap)


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Write a report of it into this folder as well.")] = None,
    formats: Annotated[str, typer.Option("--format", help="Formats of that report.")] = "parquet,csv",
) -> None:
    """Show the recorded fleet that ships with dockerframe. One of its hosts is down on purpose; needs no Docker."""
    snap = Fleet.demo().snapshot()
    print_table(snap, "hosts", Output.table)
    print_table(snap, "containers", Output.table)
    print_table(snap, "routes", Output.table)
    if out is not None:
        typer.echo(f"Report: {snap.write(out, formats.split(','))}")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except DockerframeError as error:
        warn(str(error))
        sys.exit(USAGE)


def _finish(snap: Snapshot) -> None:
    """Name the hosts that failed on standard error, and end with the status that says so."""
    failed = snap.hosts.filter(~pl.col("ok"))
    for kind, message in failed.select("error_kind", "error").iter_rows():
        warn(f"[{kind}] {message}")
    if failed.height:
        raise typer.Exit(NONE_ANSWERED if failed.height == snap.hosts.height else SOME_FAILED)
