"""Commands that show one table each."""

from __future__ import annotations

from typing import Annotated

import typer

from dockerframe.cli.output import Output, print_table
from dockerframe.cli.root import OutputOption, app, finish
from dockerframe.cli.sources import FleetSource, with_source


def _show(source: FleetSource, name: str, output: Output, *, size: bool = False) -> None:
    snap = source.snapshot(size=size)
    print_table(snap if source.reveal else snap.redacted(name), name, output)
    finish(snap)


@app.command()
@with_source
def hosts(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row a host: whether it answers, its engine, its containers."""
    _show(source, "hosts", output)


@app.command()
@with_source
def containers(
    source: FleetSource,
    output: OutputOption = Output.table,
    size: Annotated[bool, typer.Option("--size", help="Ask for sizes too, which is slow.")] = False,
) -> None:
    """One row a container."""
    _show(source, "containers", output, size=size)


@app.command()
@with_source
def ports(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row a port binding, IPv4 and IPv6 alike."""
    _show(source, "ports", output)


@app.command()
@with_source
def routes(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row an alias: what a request to it would reach, or why it reaches nothing."""
    _show(source, "routes", output)


@app.command()
@with_source
def dependencies(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row for each thing that a container depends on."""
    _show(source, "dependencies", output)


@app.command()
@with_source
def errors(source: FleetSource, output: OutputOption = Output.table) -> None:
    """One row for each thing that is wrong with a label."""
    _show(source, "errors", output)
