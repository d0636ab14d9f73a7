"""Every table, declared once: one module per table, each with its `TABLE`.

A module declares the columns of its table and what they mean, what a row is, which columns identify it, where it comes
from, how it is derived, what people see of it and which columns may hold secrets. Snapshot attributes, commands, tabs,
reports, files, histories and reference pages follow from here: to add a table, add a module.

Times are UTC, sizes are bytes, durations are Polars durations. An empty fleet has the columns and types of a full one.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from dockerframe._redaction import redact_table
from dockerframe.tables._table import Listed, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


def _registered() -> dict[str, Table]:
    names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    tables: list[Table] = [import_module(f"{__name__}.{name}").TABLE for name in names]
    return {table.name: table for table in sorted(tables, key=lambda table: table.order)}


REGISTRY: Final[Mapping[str, Table]] = _registered()
"""Every table by name, in the order in which they are shown."""

TABLES: Final[Mapping[str, Table]] = {name: table for name, table in REGISTRY.items() if table.scope == "snapshot"}
"""The tables that every snapshot has."""

OPTIONAL_TABLES: Final[Mapping[str, Table]] = {
    name: table for name, table in REGISTRY.items() if table.scope == "optional"
}
"""The tables that a snapshot has when it was asked for them."""

STORED_TABLES: Final[Mapping[str, Table]] = {**TABLES, **OPTIONAL_TABLES}
"""The tables that files and histories may hold."""


def redact_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables by name, without the secrets in the columns that each declares.

    A table that declares no columns, or is not registered, is searched in full.

    Examples
    --------
    >>> import polars as pl
    >>> labels = pl.DataFrame({"key": ["db.password", "app"], "value": ["hunter2", "web"]})
    >>> redact_tables({"labels": labels})["labels"]["value"].to_list()
    ['‹redacted›', 'web']
    """
    return {
        name: REGISTRY[name].redacted(table) if name in REGISTRY else redact_table(table)
        for name, table in tables.items()
    }


__all__ = ["OPTIONAL_TABLES", "REGISTRY", "STORED_TABLES", "TABLES", "Listed", "Table", "redact_tables"]
