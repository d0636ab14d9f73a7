"""The tables of the registry, for help texts: their declarations are read without being run.

To run them needs Polars, which takes longer to import than a help text may take.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple


class DeclaredTable(NamedTuple):
    """What a module of `dockerframe.tables` declares as constants."""

    name: str
    description: str
    order: int
    scope: str = "snapshot"
    command: bool = True


@cache
def declared_tables() -> tuple[DeclaredTable, ...]:
    """Every table of the registry, in its order.

    Examples
    --------
    >>> [table.name for table in declared_tables() if table.scope == "snapshot"][:2]
    ['hosts', 'containers']
    """
    package = find_spec("dockerframe")
    folders = [] if package is None else package.submodule_search_locations or []
    modules = (file for folder in folders for file in Path(folder, "tables").glob("[!_]*.py"))
    return tuple(sorted((_declared(file) for file in modules), key=lambda table: table.order))


def _declared(module: Path) -> DeclaredTable:
    """The constants in the call `Table(...)` of a module."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Table")
    constants: dict[str, Any] = {
        word.arg: word.value.value
        for word in call.keywords
        if word.arg in DeclaredTable._fields and isinstance(word.value, ast.Constant)
    }
    return DeclaredTable(**constants)
