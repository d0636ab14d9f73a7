"""The commands. Each gathers, shows, and ends with a status that says how the hosts fared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

import dockerframe
from dockerframe.cli.output import Output, joined, print_table, published, warn
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

_HOSTS = {
    "host": pl.col("host"),
    "url": pl.col("url"),
    "ok": pl.col("ok"),
    "error": pl.col("error_kind"),
    "containers": pl.col("containers"),
    "engine": pl.concat_str("engine", "engine_version", separator=" "),
    "api": pl.col("api_version"),
    "os": pl.col("os"),
    "cpus": pl.col("cpus"),
    "seconds": pl.col("seconds"),
}
_CONTAINERS = {
    "host": pl.col("host"),
    "name": pl.col("container_name"),
    "image": pl.col("image"),
    "state": pl.col("state"),
    "health": pl.col("health"),
    "project": pl.col("compose_project"),
    "aliases": joined("aliases"),
    "published": published(),
    "blacklisted": joined("blacklist_reasons"),
}
_PORTS = {
    "host": pl.col("host"),
    "container": pl.col("container_name"),
    "ip": pl.col("ip"),
    "public": pl.col("public_port"),
    "private": pl.col("private_port"),
    "type": pl.col("type"),
}
_ROUTES = {
    "host": pl.col("host"),
    "alias": pl.col("alias"),
    "container": pl.col("container_name"),
    "target": pl.format(
        "{}://{}:{}",
        "scheme",
        pl.col("target_host").fill_null("?"),
        pl.col("target_port").cast(pl.String).fill_null("?"),
    ),
    "listening": pl.col("listening_port"),
    "excluded": pl.col("excluded_reason"),
}
_ERRORS = {
    "host": pl.col("host"),
    "container": pl.col("container_name"),
    "kind": pl.col("kind"),
    "label": pl.col("label"),
    "message": pl.col("message"),
}


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
    print_table(snap.hosts, _HOSTS, output, "Hosts")
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
    print_table(snap.containers, _CONTAINERS, output, "Containers")
    _finish(snap)


@app.command()
@with_source
def ports(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row a port binding, IPv4 and IPv6 alike."""
    snap = source.snapshot()
    print_table(_with_names(snap, snap.ports), _PORTS, output, "Ports")
    _finish(snap)


@app.command()
@with_source
def routes(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row an alias: what a request to it would reach, or why it reaches nothing."""
    snap = source.snapshot()
    print_table(snap.routes, _ROUTES, output, "Routes")
    _finish(snap)


@app.command()
@with_source
def errors(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row for each thing that is wrong with a label."""
    snap = source.snapshot()
    print_table(_with_names(snap, snap.errors), _ERRORS, output, "Errors")
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
    print_table(snap.hosts, _HOSTS, Output.table, "Hosts")
    print_table(snap.containers, _CONTAINERS, Output.table, "Containers")
    print_table(snap.routes, _ROUTES, Output.table, "Routes")
    if out is not None:
        typer.echo(f"Report: {snap.write(out, formats.split(','))}")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except DockerframeError as error:
        warn(str(error))
        sys.exit(USAGE)


def _with_names(snap: Snapshot, table: pl.DataFrame) -> pl.DataFrame:
    """A table with the name of each row's container behind its keys."""
    names = snap.containers.select("host", "container_id", "container_name")
    named = table.join(names, on=["host", "container_id"], how="left", maintain_order="left")
    return named.select("host", "container_id", "container_name", pl.exclude("host", "container_id", "container_name"))


def _finish(snap: Snapshot) -> None:
    """Name the hosts that failed on standard error, and end with the status that says so."""
    failed = snap.hosts.filter(~pl.col("ok"))
    for kind, message in failed.select("error_kind", "error").iter_rows():
        warn(f"[{kind}] {message}")
    if failed.height:
        raise typer.Exit(NONE_ANSWERED if failed.height == snap.hosts.height else SOME_FAILED)
