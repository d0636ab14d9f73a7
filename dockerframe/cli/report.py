"""Reports, and the demo."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from dockerframe._fleet.fleet import Fleet
from dockerframe._queries.diff import summary
from dockerframe._redaction import redact_differences
from dockerframe._report.listings import listing
from dockerframe._report.metrics import write_metrics
from dockerframe._snapshot.build import read_snapshot
from dockerframe._snapshot.snapshot import diff
from dockerframe._storage.folders import SNAPSHOT_FILE
from dockerframe.cli.audit import FailOption, severity
from dockerframe.cli.output import Output, print_listing, print_table, warn
from dockerframe.cli.root import InspectOption, app, finish
from dockerframe.cli.sources import FleetSource, with_source
from dockerframe.errors import SnapshotError, needs_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._snapshot.snapshot import Snapshot

LAST = "last"
_SCHEDULER_SECONDS = 10


@app.command()
@with_source
def report(
    source: FleetSource,
    out: Annotated[Path, typer.Option(help="Folder in which a new folder, named by the UTC time, is made.")],
    formats: Annotated[
        str, typer.Option("--format", help="Formats, with commas: parquet, csv, json, html.")
    ] = "parquet",
    size: Annotated[bool, typer.Option("--size", help="Ask for sizes too, which is slow.")] = False,
    inspect: InspectOption = False,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Have the workers of a Dask cluster ask: tcp://… (extra `distributed`)."),
    ] = None,
    geo: Annotated[
        Path | None, typer.Option(help="A MaxMind City database, to say where hosts are (extra `geo`).")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Add what differs from a folder of an earlier report, or from the `last` in --out."),
    ] = None,
    save: Annotated[
        str | None, typer.Option(help="Append to a history as well: a folder or URL (extra `history`).")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Write figures for Prometheus into this file, such as a node exporter reads.")
    ] = None,
    fail_on: FailOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print what changed, with --since, and nothing else.")] = False,
) -> None:
    """Write every table, and the findings, into a folder, whole or not at all. Made to be run by cron or a timer."""
    fatal = severity(fail_on)
    earlier = _earlier(out, since)
    options: dict[str, Any] = {"size": size, "inspect": inspect, **({"progress": False} if quiet else {})}
    with _cluster(scheduler) as engine:
        snap = source.snapshot(engine=engine, **options)
    snap = snap if geo is None else snap.with_locations(geo)
    changes = None if earlier is None else diff(earlier, snap)
    folder = snap.write(
        out, [one.strip() for one in formats.split(",") if one.strip()], since=changes, reveal=source.reveal
    )
    if save is not None:
        snap.append_history(save, reveal=source.reveal)
    if metrics is not None:
        write_metrics(snap.to_prometheus(), metrics)
    if not quiet:
        typer.echo(folder)
    if earlier is not None and changes is not None:
        _print_changes(earlier, snap, changes if source.reveal else redact_differences(changes), quiet=quiet)
    worst = snap.findings().filter(pl.col("severity") >= fatal) if fatal is not None else None
    if worst is not None and worst.height and not quiet:
        warn(f"{worst.height} findings are {fatal} or worse.")
    finish(snap, found=worst is not None and worst.height > 0)


@contextmanager
def _cluster(scheduler: str | None) -> Iterator[Any]:
    """A client of a Dask cluster; None where none is named."""
    if scheduler is None:
        yield None
        return
    with needs_extra("distributed"):
        from distributed import Client  # noqa: PLC0415 - an extra
    try:
        client = Client(scheduler, timeout=_SCHEDULER_SECONDS)
    except OSError as error:
        raise SnapshotError(f"{scheduler}: {error}.", remedy="Name the address of a Dask scheduler.") from error
    with client:
        yield client


def _earlier(out: Path, since: str | None) -> Snapshot | None:
    """The snapshot to compare with; None where none is wanted, or `last` is and there is none yet."""
    if since is None:
        return None
    if since != LAST:
        return read_snapshot(since)
    # Names begin with the time; a second report of the same second has a number behind it.
    folders = sorted(file.parent for file in out.glob(f"*/{SNAPSHOT_FILE}") if not file.parent.name.startswith("."))
    for folder in reversed(folders):
        try:
            return read_snapshot(folder)
        except SnapshotError as error:
            warn(f"Not compared with {folder.name}: {error}")
    return None


def _print_changes(earlier: Snapshot, snap: Snapshot, found: pl.DataFrame, *, quiet: bool) -> None:
    if found.height:
        print_listing(listing({**snap.tables, "differences": found}, "differences"), "Differences")
    if found.height or not quiet:
        typer.echo(f"Since {earlier.taken_at:%Y-%m-%d %H:%M:%S} UTC: {summary(found)}.")


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Write a report of it into this folder as well.")] = None,
    formats: Annotated[str, typer.Option("--format", help="Formats of that report.")] = "parquet,csv,html",
) -> None:
    """Show the recorded fleet that ships with dockerframe. One of its hosts is down on purpose; needs no Docker."""
    snap = Fleet.demo().snapshot()
    for name in ("hosts", "containers", "routes"):
        print_table(snap, name, Output.table)
    worst = snap.findings().filter(pl.col("severity") >= "high")
    print_listing(listing({**snap.tables, "findings": worst}, "findings"), "Findings, high and critical")
    if out is not None:
        typer.echo(f"Report: {snap.write(out, formats.split(','))}")
