"""Commands about time: what changed, what changes, and what a history holds."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from dockerframe._queries.diff import summary
from dockerframe._snapshot.build import read_snapshot
from dockerframe._snapshot.history import read_history
from dockerframe._text import shown_text
from dockerframe.cli.output import print_frame, say, warn, write
from dockerframe.cli.sources import interrupted
from dockerframe.cli.status import finish
from dockerframe.cli.streams import write_output
from dockerframe.errors import did_you_mean
from dockerframe.tables import REGISTRY, STORED_TABLES, Listed

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from dockerframe.cli.output import Shape
    from dockerframe.cli.sources import FleetSource

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SNAPSHOTS: Final = (
    Listed("taken at", "taken_at", priority=1),
    Listed("hosts", "hosts", priority=1),
    Listed("containers", "containers", priority=1),
    Listed("inspected", "inspected"),
    Listed("id", "snapshot_id", priority=1),
)


def diff(source: FleetSource, shape: Shape, before: Path, after: Path | None) -> None:
    """Print the differences between two snapshots, or between one and now."""
    if after is not None and source.named:
        raise click.UsageError(f"Use either a second folder or {source.named[0]}.")
    earlier = read_snapshot(before)
    later = source.snapshot() if after is None else read_snapshot(after)
    found = later.diff(earlier)
    if not source.reveal:
        found = REGISTRY["differences"].redacted(found)
    print_frame(found, REGISTRY["differences"].listing, shape)
    if shape.output in {"table", "wide"} and not shape.quiet:
        say(f"{summary(found)}.")
    if after is None:
        finish(later)


def watch(source: FleetSource, *, output: str) -> None:
    """Print differences as they happen, until interrupted."""
    if source.demo:
        raise click.UsageError("The demo fleet never changes: use --config, --context or --host.")
    fleet = source.fleet()
    try:
        warn(f"Watching {len(fleet.hosts)} hosts; Ctrl-C ends it.")
        with closing(fleet.watch()) as changes:
            for changed in changes:
                found = changed if source.reveal else REGISTRY["differences"].redacted(changed)
                if output == "jsonl":
                    write_output(found.write_ndjson().encode())
                else:
                    write(_lines(found), flush=True)
    except KeyboardInterrupt:
        interrupted()


def _lines(differences: pl.DataFrame) -> str:
    """Differences as one line each."""
    return "".join(f"{_line(row)}\n" for row in differences.iter_rows(named=True))


def _line(row: dict[str, str | None]) -> str:
    who = f"{row['host']}/{row['container_name']}" if row["container_name"] else row["host"]
    field = f" {row['field']}" if row["field"] not in {None, row["change"]} else ""
    values = f" {row['before'] or '–'} → {row['after'] or '–'}" if row["field"] or row["container_name"] is None else ""
    return shown_text(f"{who}: {row['change']}{field}{values}")


def history(shape: Shape, store: str, table: str | None, since: str | None) -> None:
    """Print the snapshots of a history, or the rows of a table over time."""
    past = read_history(store).between(_time(since))
    if table is None:
        print_frame(past.snapshots(), _SNAPSHOTS, shape, ("snapshot_id",))
        return
    name = table.replace("-", "_")
    if name not in STORED_TABLES:
        similar = did_you_mean(name, STORED_TABLES, f"There are {', '.join(STORED_TABLES)}.")
        raise click.UsageError(f"There is no table {table!r}. {similar}")
    rows = past.scan(name).collect()
    if "container_id" in rows.columns and "container_name" not in rows.columns:
        keys = ["snapshot_id", "host", "container_id"]
        names = past.scan("containers").select(*keys, "container_name").collect()
        rows = rows.join(names, on=keys, how="left", maintain_order="left")
    listed = (Listed("taken at", "taken_at", priority=1), *REGISTRY[name].listing)
    print_frame(rows, listed, shape, REGISTRY[name].key)


def _time(text: str | None) -> datetime | None:
    """A time from an option: a date, a time in UTC unless it has a zone, or a duration before now.

    Raises
    ------
    click.UsageError
        When it is not one of them.
    """
    if text is None:
        return None
    duration = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip().lower())
    if duration:
        return datetime.now(UTC) - timedelta(**{_UNITS[duration[2]]: int(duration[1])})
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise click.UsageError(f"{text!r} is not a time; write 2026-11-24, 2026-11-24T06:00 or 7d.") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
