"""The audit: rules over the tables of a fleet, the findings they give, and the score that follows from them."""

from dockerframe.audit.rule import Registry, Rule, Severity
from dockerframe.audit.rules import BUILTIN_RULES
from dockerframe.audit.run import NOT_INSPECTED, AuditResult, run_rules
from dockerframe.audit.score import letter_of, scores

__all__ = [
    "BUILTIN_RULES",
    "NOT_INSPECTED",
    "AuditResult",
    "Registry",
    "Rule",
    "Severity",
    "letter_of",
    "run_rules",
    "scores",
]
