"""Commands that write: reports, notebooks, the demo."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import polars as pl

from dockerframe._fleet.fleet import Fleet
from dockerframe._queries.diff import summary
from dockerframe._snapshot.build import read_snapshot
from dockerframe._snapshot.shown import shown_tables
from dockerframe._storage.folders import SNAPSHOT_FILE, write_metrics
from dockerframe.cli.output import Shape, print_frame, print_table, say, warn, write
from dockerframe.cli.status import finish
from dockerframe.cli.tables import shown_findings
from dockerframe.errors import SnapshotError, needs_extra
from dockerframe.tables import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._snapshot.snapshot import Snapshot
    from dockerframe.cli.sources import FleetSource

LAST: Final = "last"
_SCHEDULER_SECONDS: Final = 10


def report(
    source: FleetSource,
    *,
    out: Path,
    formats: str,
    size: bool,
    inspect: bool,
    scheduler: str | None,
    geo: Path | None,
    since: str | None,
    save: str | None,
    metrics: Path | None,
    fail_on: str | None,
    quiet: bool,
) -> None:
    """Write every table and the findings into a new folder, which appears complete or not at all."""
    earlier = _earlier(out, since)
    options: dict[str, Any] = {"size": size, "inspect": inspect, **({"progress": False} if quiet else {})}
    with _cluster(scheduler) as engine:
        snap = source.snapshot(engine=engine, **options)
    snap = snap if geo is None else snap.with_locations(geo)
    changes = None if earlier is None else snap.diff(earlier)
    folder = snap.write(out, _split(formats), since=changes, reveal=source.reveal)
    if save is not None:
        snap.append_history(save, reveal=source.reveal)
    if metrics is not None:
        write_metrics(snap.to_prometheus(), metrics)
    if not quiet:
        say(str(folder))
    if earlier is not None and changes is not None:
        shown = changes if source.reveal else REGISTRY["differences"].redacted(changes)
        _print_changes(earlier, shown, quiet=quiet)
    severe = snap.findings().filter(pl.col("severity") >= fail_on).height if fail_on is not None else 0
    if severe and not quiet:
        warn(f"{severe} findings are {fail_on} or more severe.")
    finish(snap, found=severe > 0)


def _split(formats: str) -> list[str]:
    return [name.strip().lower() for name in formats.split(",") if name.strip()]


@contextmanager
def _cluster(scheduler: str | None) -> Iterator[Any]:
    """A client of a Dask cluster; None without a scheduler."""
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
    """The snapshot to compare with; None without `--since`, or when there is no last one yet."""
    if since is None:
        return None
    if since != LAST:
        return read_snapshot(since)
    # Names begin with the time; a second report of the same second has a number at its end.
    folders = sorted(file.parent for file in out.glob(f"*/{SNAPSHOT_FILE}") if not file.parent.name.startswith("."))
    for folder in reversed(folders):
        try:
            return read_snapshot(folder)
        except SnapshotError as error:
            warn(f"Not compared with {folder.name}: {error}")
    return None


def _print_changes(earlier: Snapshot, changes: pl.DataFrame, *, quiet: bool) -> None:
    if changes.height:
        print_frame(changes, REGISTRY["differences"].listing, Shape())
    if changes.height or not quiet:
        say(f"Since {earlier.taken_at:%Y-%m-%d %H:%M:%S} UTC: {summary(changes)}.")


def demo(*, out: Path | None, formats: str) -> None:
    """Print the most important tables of the demo fleet."""
    snap = Fleet.demo().snapshot()
    for name in ("hosts", "containers", "routes"):
        say(f"{REGISTRY[name].title}:")
        print_table(shown_tables(snap.tables, reveal=False), name, Shape(), snap.containers)
        say("")
    say("Findings, high and critical:")
    severe = shown_findings(snap.findings(), reveal=False).filter(pl.col("severity") >= "high")
    print_frame(severe, REGISTRY["findings"].listing, Shape())
    if out is not None:
        say(f"Report: {snap.write(out, _split(formats))}")


def view(source: FleetSource, *, printed: bool) -> None:
    """Open JupyterLab with a notebook that shows the fleet, or write the notebook to standard output."""
    source.fleet()  # an option that can't be used is reported here, not in the notebook
    notebook = json.dumps(_notebook(_code(source)), indent=1, ensure_ascii=False) + "\n"
    if printed:
        write(notebook)
        return
    if find_spec("jupyterlab") is None:
        raise click.UsageError("JupyterLab is not installed: pip install jupyterlab, or use --print.")
    file = Path(tempfile.mkdtemp(prefix="dockerframe-"), "fleet.ipynb")
    file.write_text(notebook, encoding="utf-8")
    sys.exit(subprocess.call([sys.executable, "-m", "jupyterlab", str(file)]))  # noqa: S603 - no text of others


def _code(source: FleetSource) -> str:
    """Python that shows the fleet of the options."""
    limits = f"connect_timeout_seconds={source.connect_timeout}, read_timeout_seconds={source.read_timeout}"
    if source.config is not None:
        fleet = f"from_file({str(source.config.absolute())!r}, {limits})"
    elif source.context:
        fleet = f"from_contexts({[*source.context]!r}, {limits})"
    elif source.host:
        fleet = f"from_urls({[*source.host]!r}, {limits})"
    else:
        fleet = "demo()" if source.demo else f"from_env({limits})"
    lines = ["import dockerframe as dkf", "", f"fleet = dkf.Fleet.{fleet}"]
    if source.select:
        names = [host.name for host in source.fleet().hosts]
        lines.append(f"fleet = dkf.Fleet([fleet.host(name) for name in {names!r}], pool=fleet.pool, audit=fleet.audit)")
    return "\n".join([*lines, f"fleet.snapshot().view({'reveal=True' if source.reveal else ''})"])


def _notebook(code: str) -> dict[str, Any]:
    """A notebook with one cell."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "fleet",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": code,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
