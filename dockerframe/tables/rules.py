"""The rules of the audit, and whether each ran."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import RULES
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="rules",
    description="One row per rule of the audit: what it looks for, and whether it ran.",
    row=RULES.row,
    key=RULES.key,
    columns=RULES.columns,
    order=120,
    source="the rules of the audit",
    scope="result",
    command=False,
    secrets=SecretColumns(),
    listing=(
        Listed("rule", "rule", priority=1),
        Listed("severity", "severity", priority=1),
        Listed("findings", "findings", priority=1),
        Listed("ran", "ran", priority=1),
        Listed("title", "title", wraps=True),
        Listed("reason", "reason", priority=3, wraps=True),
        Listed("source", "source", priority=3),
    ),
)
