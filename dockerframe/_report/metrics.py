"""Metrics of a snapshot in the text format of Prometheus, for the textfile collector of a node exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def metrics_text(
    tables: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    received_bytes: Mapping[str, int],
    taken_at: datetime,
) -> str:
    """The metrics of a snapshot: hosts up, seconds, bytes, containers by state, label errors, findings by severity.

    Parameters
    ----------
    tables
        The tables of the snapshot.
    findings
        The findings of its audit.
    received_bytes
        The size of each host's list of containers.
    taken_at
        The time of the snapshot.
    """
    hosts = tables["hosts"]
    sizes = pl.DataFrame(list(received_bytes.items()), schema={"host": pl.String, "size": pl.Int64}, orient="row")
    states = tables["containers"].group_by("host", pl.col("state").fill_null("unknown")).len()
    failed = hosts.filter(~pl.col("ok")).select("host", pl.col("error_kind").alias("kind"), pl.lit(1))
    found = findings.group_by("rule", pl.col("severity").cast(pl.String)).len()
    families = [
        _family("host_up", "Whether the host answered.", hosts.select("host", pl.col("ok").cast(pl.Int64))),
        _family("host_failure", "Why the host did not answer.", failed),
        _family("host_seconds", "How long the host took.", hosts.select("host", "seconds").drop_nulls()),
        _family("host_received_bytes", "Size of the host's list of containers.", sizes),
        _family("containers", "Containers by state.", states.sort("host", "state")),
        _family("label_errors", "Errors in labels.", tables["errors"].group_by("host", "kind").len()),
        _family("findings", "Findings of the audit.", found.sort("rule")),
        _family(
            "taken_timestamp_seconds", "When the snapshot was taken.", pl.DataFrame({"time": [taken_at.timestamp()]})
        ),
    ]
    return "".join(families)


def _family(name: str, described: str, samples: pl.DataFrame) -> str:
    """The samples of one metric: the last column has the values, the others are labels."""
    lines = [f"# HELP dockerframe_{name} {described}", f"# TYPE dockerframe_{name} gauge"]
    labels = samples.columns[:-1]
    for *texts, value in samples.sort(labels).iter_rows() if labels else samples.iter_rows():
        shown = ",".join(f'{label}="{text.translate(_ESCAPED)}"' for label, text in zip(labels, texts, strict=True))
        lines.append(f"dockerframe_{name}{f'{{{shown}}}' if shown else ''} {value}")
    return "\n".join(lines) + "\n"
