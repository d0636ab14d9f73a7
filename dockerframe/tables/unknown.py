"""What the audit cannot know, because its evidence was not gathered."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import UNKNOWN
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="unknown",
    description="One row per host and rule whose result is not known.",
    row=UNKNOWN.row,
    key=UNKNOWN.key,
    columns=UNKNOWN.columns,
    order=122,
    source="the rules of the audit",
    scope="result",
    command=False,
    secrets=SecretColumns(),
    listing=(
        Listed("host", "host", priority=1),
        Listed("rule", "rule", priority=1),
        Listed("containers", "containers", priority=1),
        Listed("reason", "reason", priority=1, wraps=True),
    ),
)
