"""The audit: rules over the tables of a fleet, the findings they give, and those that are let stand."""

from dockerframe.audit import (
    rules_of_exposure,
    rules_of_hosts,
    rules_of_images,
    rules_of_inspections,
    rules_of_routes,
    rules_of_state,
)
from dockerframe.audit.builtin import BUILTIN_RULES
from dockerframe.audit.findings import NOT_INSPECTED, Audit, run_rules
from dockerframe.audit.rule import Registry, Rule

__all__ = [
    "BUILTIN_RULES",
    "NOT_INSPECTED",
    "Audit",
    "Registry",
    "Rule",
    "rules_of_exposure",
    "rules_of_hosts",
    "rules_of_images",
    "rules_of_inspections",
    "rules_of_routes",
    "rules_of_state",
    "run_rules",
]
