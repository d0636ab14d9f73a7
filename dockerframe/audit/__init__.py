"""The audit: rules over the tables of a fleet, and the findings they give."""

from dockerframe.audit.rule import BUILTIN_RULES, Registry, Rule, Severity, rule
from dockerframe.audit.rules import exposure, hosts, images, inspections, routes, state
from dockerframe.audit.run import NOT_INSPECTED, Audit, run_rules

__all__ = [
    "BUILTIN_RULES",
    "NOT_INSPECTED",
    "Audit",
    "Registry",
    "Rule",
    "Severity",
    "exposure",
    "hosts",
    "images",
    "inspections",
    "routes",
    "rule",
    "run_rules",
    "state",
]
