"""The command that checks hosts step by step."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.text import Text

from dockerframe._config.selection import read_selection, select_hosts
from dockerframe._gather.diagnose import diagnose_hosts
from dockerframe._text import shown_text
from dockerframe._transport import shared_pool
from dockerframe.cli.output import Output, print_frame
from dockerframe.cli.root import NONE_ANSWERED, SOME_FAILED, OutputOption, app
from dockerframe.cli.sources import FleetSource, interrupted, with_source

_STYLES = {"ok": "green", "failed": "red", "skipped": "dim"}


@app.command()
@with_source
def doctor(
    source: FleetSource,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="HOST", help="Names of hosts, patterns such as 'web-*', or tag:NAME."),
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Check hosts step by step: what works, what fails, and how to fix it."""
    fleet = source.fleet()
    chosen = select_hosts(fleet.hosts, **read_selection(names or [])._asdict())
    try:
        found = diagnose_hosts(chosen, fleet.pool, recorded=fleet.pool is not shared_pool)
    except KeyboardInterrupt:
        interrupted()
    if output is Output.table:
        _print_steps(found, {one.name: one.url for one in chosen})
    else:
        print_frame(found, found, output, "Diagnosis")
    failed = found.filter(pl.col("outcome") == "failed")
    listed = found.filter(pl.col("step") == "permissions", pl.col("outcome") == "ok")
    if chosen and not listed.height:
        raise typer.Exit(NONE_ANSWERED)
    if failed.height:
        raise typer.Exit(SOME_FAILED)


def _print_steps(found: pl.DataFrame, urls: dict[str, str]) -> None:
    """One paragraph per host, one line per step, and the fix below a step that failed."""
    console = Console(highlight=False, soft_wrap=True)
    for name, url in urls.items():
        console.print(Text(shown_text(f"{name}  {url}"), style="bold"))
        for row in found.filter(pl.col("host") == name).iter_rows(named=True):
            line = Text(f"  {row['outcome']:<8}", style=_STYLES[row["outcome"]])
            line.append(f"{row['step'].replace('_', ' '):<12}{shown_text(row['detail'])}", style="default")
            console.print(line)
            if row["fix"]:
                console.print(Text(f"  {'':<8}{'':<12}Fix: {shown_text(row['fix'])}"))
