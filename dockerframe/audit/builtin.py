"""The registry of the rules that come with the package; the modules `rules_of_…` fill it."""

from __future__ import annotations

from typing import Final

from dockerframe.audit.rule import Registry

BUILTIN_RULES: Final = Registry()
rule: Final = BUILTIN_RULES.rule
