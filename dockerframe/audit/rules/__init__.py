"""The built-in rules, one module per topic. A new module with a registry `rules` is found by being here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe.audit.rule import Rule


def _rules_of_all_modules() -> Iterator[Rule]:
    for module in iter_modules(__path__):
        yield from import_module(f"{__name__}.{module.name}").rules


BUILTIN_RULES: Final = Registry(_rules_of_all_modules(), frozen=True)
"""The rules that come with the package. They cannot be changed; run `BUILTIN_RULES + mine` to add your own."""
