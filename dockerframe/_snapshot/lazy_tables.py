"""The tables of a snapshot, each derived when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from dockerframe.tables import OPTIONAL_TABLES, REGISTRY, STORED_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView

    import polars as pl

    from dockerframe._derive.derivation import Derivation

# Below this, threads take longer to start than the tables take to derive (12 ms instead of 50 for 150 containers).
_FEW_CONTAINERS: Final = 20_000
_THREADS: Final = 3
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
        self._lock = threading.Lock()
        derived = frozenset() if derivation is None else TABLES.keys() | derivation.gathered.optional.keys()
        self._names = tuple(name for name in REGISTRY if name in given or name in derived)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was gathered and the tables that are there; the others are derived again."""
        return type(self), (self._tables, self._derivation)

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._tables:
            if name not in self._names:
                raise KeyError(name)
            table = self._derived(name)
            with self._lock:
                self._tables.setdefault(name, table)
        return self._tables[name]

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

    def _derived(self, name: str) -> pl.DataFrame:
        derivation = self._derivation
        if derivation is None:  # pragma: no cover - every name without a derivation is given
            raise KeyError(name)
        table = STORED_TABLES[name]
        if name in OPTIONAL_TABLES:
            return _in_one_piece(table.conform(derivation.gathered.optional[name]))
        if table.derive is None:
            raise KeyError(name)
        return _in_one_piece(table.conform(table.derive(derivation)))


def _in_one_piece(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose columns are in one piece: Polars takes up to forty times as long to gather rows from several."""
    return table.rechunk()
