"""What can be made of a snapshot: files, a page, a row of a history, figures."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from dockerframe._queries.diff import differences
from dockerframe._redaction import redact_differences, redact_tables
from dockerframe._report import overview_html, report_html
from dockerframe._report.metrics import metrics_text
from dockerframe._snapshot.audited import AuditedSnapshot
from dockerframe._storage import write_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dockerframe._snapshot.tables import SnapshotTables


class WrittenSnapshot(AuditedSnapshot):
    """A snapshot as files, HTML, a row of a history, and figures."""

    __slots__ = ()

    def write(
        self,
        folder: str | os.PathLike[str],
        formats: Sequence[str] = ("parquet",),
        *,
        since: SnapshotTables | pl.DataFrame | None = None,
        reveal: bool = False,
        name: str | None = None,
    ) -> Path:
        """Write every table, and the findings, into a new folder, named by the UTC time or `name`; return that folder.

        The folder appears whole or not at all. `formats` are of `parquet` (which `dockerframe.read_snapshot` reads
        back, equal frame by frame), `csv` (nested values as JSON), `json` (one row a line) and `html` (`report.html`,
        one page for people). With `since`, an earlier snapshot or what `dockerframe.diff` said of it, the table
        `differences` is written too. Secrets are left out (see `redacted`) unless `reveal` is true.

        Raises
        ------
        SnapshotError
            When a format is unknown, or the folder can't be written.
        """
        described = {
            "taken_at": self.taken_at.isoformat(),
            "precedence": self.precedence,
            "explicit_only": sorted(self.explicit_only),
        }
        shown = _Shown(self, since, reveal=reveal)
        return write_snapshot(
            shown.snapshot.tables,
            described,
            folder,
            formats,
            name or f"{self.taken_at:%Y-%m-%dT%H%M%SZ}",
            page=shown.page,
            beside=shown.beside,
        )

    def save(
        self,
        store: str | os.PathLike[str],
        *,
        storage_options: Mapping[str, str] | None = None,
        reveal: bool = False,
    ) -> str:
        """Append this snapshot to a history (extra `history`), which is made if it is not there; gives its id.

        `store` is a folder or the URL of one in an object store, whose `storage_options` are those of Polars and
        delta-rs. Any number of writers may append at the same time. `dockerframe.history` reads it. Secrets are left
        out (see `redacted`) unless `reveal` is true.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        HistoryError
            When the store can't be written.
        """
        from dockerframe._storage.delta import save_tables  # noqa: PLC0415 - an extra

        described = {
            "precedence": self.precedence,
            "explicit_only": sorted(self.explicit_only),
            "inspected": self.inspections is not None,
            "hosts": self.hosts.height,
            "containers": self.containers.height,
        }
        tables = self.tables if reveal else redact_tables(self.tables)
        return save_tables(tables, described, os.fspath(store), self.taken_at, storage_options)

    def html(self, since: SnapshotTables | pl.DataFrame | None = None, *, reveal: bool = False) -> str:
        """The report for people as one HTML page; with what changed since another snapshot, where one is given.

        `since` is that snapshot, or what `dockerframe.diff` said of it.

        It opens without a network and runs no script. Pictures are in it with the extra `plots`. Secrets are left out
        unless `reveal` is true.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.from_summaries(b"[]").html().startswith("<!doctype html>")
        True
        """
        return _Shown(self, since, "hosts", "errors", reveal=reveal).page()

    def metrics(self) -> str:
        """Figures of this snapshot in the text format of Prometheus: hosts up, seconds, bytes, containers, findings.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> print(dkf.from_summaries(b"[]").metrics().splitlines()[2])
        dockerframe_host_up{host="local"} 1
        """
        return metrics_text(self.tables, self.findings(), self.received_bytes, self.taken_at)

    def _repr_html_(self) -> str:
        """Show an overview in a notebook."""
        shown = self.redacted("hosts")
        return overview_html(shown, shown.findings())


class _Shown:
    """What is shown and written of a snapshot, each thing made once, when it is asked for.

    Its secrets are left out of all tables, or of those that are named, unless `reveal` is true.
    """

    def __init__(
        self, snapshot: WrittenSnapshot, since: SnapshotTables | pl.DataFrame | None, *names: str, reveal: bool
    ) -> None:
        self._whole = snapshot
        self._since = since
        self._reveal = reveal
        self.snapshot: SnapshotTables = snapshot if reveal else snapshot.redacted(*names)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """The findings that are not suppressed."""
        found = self._whole.audit().active
        return found if self._reveal else redact_tables({"findings": found})["findings"]

    @cached_property
    def differences(self) -> pl.DataFrame | None:
        """What changed since another snapshot; None where none is given."""
        since = self._since
        if since is None:
            return None
        found = since if isinstance(since, pl.DataFrame) else differences(since.tables, self._whole.tables)
        return found if self._reveal else redact_differences(found)

    def beside(self) -> dict[str, pl.DataFrame]:
        """The tables that are written beside those of the snapshot."""
        changed = {} if self.differences is None else {"differences": self.differences}
        return {"findings": self.findings, **changed}

    def page(self) -> str:
        """The report as an HTML page."""
        return report_html(self.snapshot, self.findings, self._whole.audit().rules, self.differences)
