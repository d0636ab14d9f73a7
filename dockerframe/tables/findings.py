"""What the audit finds."""

from __future__ import annotations

from typing import Final

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import FINDINGS
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="findings",
    description="One row per finding of the audit.",
    row=FINDINGS.row,
    key=FINDINGS.key,
    columns=FINDINGS.columns,
    order=5,
    source="the rules of the audit",
    scope="result",
    command=False,
    secrets=SecretColumns(texts=("message", "evidence", "remedy")),
    listing=(
        Listed("severity", "severity", priority=1),
        Listed("message", "message", priority=1, wraps=True),
        Listed("container", "container_name", priority=1),
        Listed("host", "host", priority=1),
        Listed("rule", "rule"),
        Listed("evidence", "evidence", priority=3, wraps=True),
        Listed("remedy", "remedy", priority=3, wraps=True),
    ),
)
