"""The tables of a snapshot, each derived when it is first asked for.

A container at which Polars fails is left out of the tables and becomes a row of `errors`: it affects no other one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._foreign import POLARS_ERRORS, process_apart
from dockerframe.errors import SnapshotError
from dockerframe.schemas import ERRORS
from dockerframe.tables import OPTIONAL_TABLES, REGISTRY, STORED_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView

    from dockerframe._foreign import Broken

# Below this, threads take longer to start than the tables take to derive (12 ms instead of 50 for 150 containers).
_FEW_CONTAINERS: Final = 20_000
_THREADS: Final = 3
_SHOWN_CHARACTERS: Final = 200
# Asked for first, since the others wait for them: routes take longest, the rest fills the other processors.
_LONGEST_FIRST: Final = ("containers", "routes", "labels", "dependencies", "ports", "mounts", "networks")


class LazyTables(Mapping[str, "pl.DataFrame"]):
    """The tables of a snapshot by name, in the order of the registry.

    `given` are tables that are there already; all others are derived from `derivation` when they are first asked for,
    and kept. Two threads may ask at the same time.
    """

    def __init__(self, given: Mapping[str, pl.DataFrame], derivation: Derivation | None = None) -> None:
        self._derivation = derivation
        self._tables = {name: _in_one_piece(table) for name, table in given.items()}
        self._given = frozenset(given)
        self._lock = threading.Lock()
        self._search = threading.Lock()
        derived = frozenset() if derivation is None else TABLES.keys() | derivation.gathered.optional.keys()
        self._names = tuple(name for name in REGISTRY if name in given or name in derived)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was gathered and the tables that are there; the others are derived again."""
        return type(self), (self._tables, self._derivation)

    def __getitem__(self, name: str) -> pl.DataFrame:
        while (found := self._tables.get(name)) is None:
            derivation = self._derivation
            if name not in self._names or derivation is None:
                raise KeyError(name)
            try:
                table = _in_one_piece(_derived(name, derivation))
            except POLARS_ERRORS as error:
                self._leave_out_broken(derivation, name, error)
                continue
            with self._lock:
                if derivation is self._derivation:
                    self._tables.setdefault(name, table)
        return found

    def __contains__(self, name: object) -> bool:
        """Whether there is such a table; derives nothing."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def items(self) -> ItemsView[str, pl.DataFrame]:
        """Every name with its table, derived side by side where the fleet is large."""
        self.derive_all()
        return super().items()

    def values(self) -> ValuesView[pl.DataFrame]:
        """Every table, derived side by side where the fleet is large."""
        self.derive_all()
        return super().values()

    @property
    def derivation(self) -> Derivation | None:
        """What the tables are derived from; None when they were read."""
        return self._derivation

    def replaced(self, tables: Mapping[str, pl.DataFrame]) -> LazyTables:
        """These tables with some replaced; the others stay as they are, derived or not."""
        with self._lock:
            present = dict(self._tables)
        return LazyTables({**present, **tables}, self._derivation)

    def derive_all(self) -> LazyTables:
        """Derive every table that is still missing, those of a large fleet side by side; gives this mapping."""
        missing = [name for name in self._names if name not in self._tables]
        if not missing or self._derivation is None:
            return self
        if self._derivation.gathered.summaries.height < _FEW_CONTAINERS:
            for name in missing:
                self[name]
        else:
            ordered = sorted(missing, key=lambda name: (name not in _LONGEST_FIRST, missing.index(name)))
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="dockerframe-derive") as threads:
                list(threads.map(self.__getitem__, ordered))
        self._derivation.forget()
        return self

    def _leave_out_broken(self, derivation: Derivation, name: str, error: BaseException) -> None:
        """Derive from now on from the containers at which Polars does not fail; the others become errors.

        Raises
        ------
        SnapshotError
            When the table can't be derived for another reason.
        """
        with self._search:
            if derivation is not self._derivation:
                return
            usable = None if "containers" in self._given else _without_broken(derivation.gathered)
            if usable is None:
                message = str(error).partition("\n")[0].rstrip(".")
                raise SnapshotError(
                    f"The table {name} can't be derived: {message}.",
                    remedy="Use the other tables, and report this with the snapshot.",
                ) from error
            with self._lock:
                self._tables = {key: table for key, table in self._tables.items() if key in self._given}
                self._derivation = Derivation(usable)


def _without_broken(gathered: Gathered) -> Gathered | None:
    """What was gathered with errors in place of the containers at which Polars fails; None if it fails at none."""
    done, broken = process_apart(gathered.summaries, partial(_all_derived, gathered=gathered))
    if not broken:
        return None
    errors = pl.concat([gathered.errors, *map(_errors_of, broken)])
    return replace(gathered, summaries=pl.concat([gathered.summaries.clear(), *done]), errors=errors)


def _all_derived(summaries: pl.DataFrame, gathered: Gathered) -> pl.DataFrame:
    """The summaries, after every table was derived from them."""
    derivation = Derivation(replace(gathered, summaries=summaries))
    for name in TABLES:
        _derived(name, derivation)
    return summaries


def _derived(name: str, derivation: Derivation) -> pl.DataFrame:
    table = STORED_TABLES[name]
    if name in OPTIONAL_TABLES:
        return table.conform(derivation.gathered.optional[name])
    if table.derive is None:
        raise KeyError(name)
    return table.conform(table.derive(derivation))


def _errors_of(broken: Broken) -> pl.DataFrame:
    """The containers that were left out, as rows of `errors`."""
    message = f"It is left out, because its data can't be processed: {broken.message[:_SHOWN_CHARACTERS].rstrip('.')}."
    rows = broken.rows.select(
        "host",
        "container_id",
        kind=pl.lit("invalid_summary"),
        label=pl.lit(None, pl.String()),
        message=pl.lit(message),
    )
    return ERRORS.conform(rows)


def _in_one_piece(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose columns are in one piece: Polars takes up to forty times as long to gather rows from several."""
    return table.rechunk()
