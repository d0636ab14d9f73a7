"""Tables made ready to be looked at: what is shown of each row, its key, and the container it belongs to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._redaction import redact_tables
from dockerframe._report.listings import listing

if TYPE_CHECKING:
    from dockerframe._views.viewable import Viewable

ROW: Final = "__row"
"""Number of the row in its table."""
KEY: Final = "__key"
"""Text that names the host, or the container, that a row is about."""
SEARCHED: Final = "__searched"
"""All that is shown of a row, in lower case."""
CONTAINER: Final = "__container"
"""Number of the row's container in the table `containers`."""
INTERNAL: Final = frozenset({ROW, KEY, SEARCHED, CONTAINER})

_PARTED: Final = "\x1f"


def container_key(host: str, container_id: str) -> str:
    """The key of a container.

    Examples
    --------
    >>> split_key(container_key("edge", "4f1c"))
    ('edge', '4f1c')
    """
    return f"{host}{_PARTED}{container_id}"


def split_key(key: str) -> tuple[str, str]:
    """The host and the id that a container's key names; the id is empty for the key of a host."""
    host, _, container_id = key.partition(_PARTED)
    return host, container_id


class ListedFleet:
    """The tables of a snapshot, its findings among them, each listed when it is first asked for."""

    def __init__(self, snapshot: Viewable, *, reveal: bool = False) -> None:
        self._snapshot = snapshot if reveal else snapshot.redacted("hosts", "errors")
        self._reveal = reveal
        self._tables = dict(self._snapshot.tables)
        self._known: dict[str, pl.DataFrame] = {}

    def table(self, name: str) -> pl.DataFrame:
        """A table of the snapshot, or its findings, which are looked for when they are first asked for."""
        if name == "findings" and name not in self._tables:
            findings = self._snapshot.findings()
            self._tables[name] = findings if self._reveal else redact_tables({name: findings})[name]
        return self._tables[name]

    def listed(self, name: str) -> pl.DataFrame:
        """What is shown of a table, with the columns of `INTERNAL`."""
        if name not in self._known:
            self._known[name] = self._list(name)
        return self._known[name]

    def _list(self, name: str) -> pl.DataFrame:
        table = self.table(name)
        shown = listing(self._tables, name)
        is_of_containers = "container_id" in table.columns
        keys = pl.concat_str(*KEYS, separator=_PARTED, ignore_nulls=True) if is_of_containers else pl.col("host")
        texts = [pl.col(column).cast(pl.String) for column in shown.columns]
        return shown.with_columns(
            table.select(keys.alias(KEY)).to_series(),
            shown.select(pl.concat_str(texts, separator="\n", ignore_nulls=True).str.to_lowercase())
            .to_series()
            .alias(SEARCHED),
            self._container_numbers(name).alias(CONTAINER),
        ).with_row_index(ROW)

    def _container_numbers(self, name: str) -> pl.Series:
        table = self._tables[name]
        if name == "containers":
            return pl.int_range(table.height, dtype=pl.UInt32, eager=True)
        if "container_id" not in table.columns:
            return pl.repeat(None, table.height, dtype=pl.UInt32, eager=True)
        return table.select(KEYS).join(self._numbers, on=KEYS, how="left", maintain_order="left")["number"]

    @cached_property
    def _numbers(self) -> pl.DataFrame:
        return self._tables["containers"].select(KEYS).with_row_index("number")
