"""What the audit finds."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._redaction import SecretColumns
from dockerframe.schemas import HOST, SEVERITIES, Column
from dockerframe.tables._table import Listed, Table

TABLE: Final = Table(
    name="findings",
    description="One row per finding of the audit.",
    row="a finding of the audit",
    key=("host", "container_id", "rule", "evidence"),
    columns=(
        HOST,
        Column("container_id", pl.String(), "full id of the container; null when the finding is about a host"),
        Column("container_name", pl.String(), "name of the container; null when the finding is about a host"),
        Column("rule", pl.String(), "id of the rule"),
        Column("severity", pl.Enum(SEVERITIES), "how severe it is (see the severities)"),
        Column("message", pl.String(), "what was found"),
        Column("evidence", pl.String(), "the columns or labels that show it, with their values"),
        Column("remedy", pl.String(), "how to fix it"),
        Column("suppressed", pl.String(), "why it is suppressed; null if it is not"),
    ),
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
