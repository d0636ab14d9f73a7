"""Commands that print tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._queries.sql import run_query
from dockerframe._snapshot.shown import shown_tables
from dockerframe.cli.output import print_frame, print_table
from dockerframe.cli.status import finish
from dockerframe.tables import OPTIONAL_TABLES, REGISTRY, Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerframe.cli.output import Shape
    from dockerframe.cli.sources import FleetSource


def show(source: FleetSource, shape: Shape, name_of_table: str, *, size: bool = False) -> None:
    """Print a table of the registry. An optional one is asked for."""
    optional = {OPTIONAL_TABLES[name_of_table].option: True} if name_of_table in OPTIONAL_TABLES else {}
    snap = source.snapshot(size=size, **optional)
    print_table(shown_tables(snap.tables, reveal=source.reveal), name_of_table, shape, snap.containers)
    finish(snap)


def sql(source: FleetSource, shape: Shape, query: str, *, inspect: bool) -> None:
    """Print the result of a query, which sees no secrets unless they are to be shown."""
    snap = source.snapshot(inspect=inspect)
    tables = shown_tables(snap.tables, reveal=source.reveal)
    results = {
        "findings": lambda: shown_findings(snap.findings(), reveal=source.reveal),
        "rules": snap.rules,
        "scores": lambda: snap.audit().scores,
        "unknown": lambda: snap.audit().unknown,
    }
    result = run_query(query, tables, results)
    print_frame(result, columns_as_they_are(result), shape, result.columns[:1])
    finish(snap)


def shown_findings(findings: pl.DataFrame, *, reveal: bool) -> pl.DataFrame:
    """Findings without secrets, unless they are to be shown."""
    return findings if reveal else REGISTRY["findings"].redacted(findings)


def columns_as_they_are(frame: pl.DataFrame) -> Sequence[Listed]:
    """Every column of a frame under its own name."""
    return [Listed(name, name, wraps=dtype == pl.String) for name, dtype in frame.schema.items()]
