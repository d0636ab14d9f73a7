"""Secrets in labels, commands, URLs and messages: what counts as one, and its removal.

A value is secret because of its name (`DB_PASSWORD`, `oidc.client_secret`), or because of a part of its text: the
password of a URL, what is assigned to a secret name, a password hash, a token of a known shape. `RECOGNISED` lists
every kind. The secret is replaced by `REDACTED`; the text around it stays readable.

`patterns` has the words and exemptions, `tokens` what services issue, `rules` the kinds of secrets, `texts` the search,
`tables` the columns of a table. Which columns of which table may hold secrets is declared in `dockerframe.tables`.

What is not recognised: a secret without a telling name, shape or option, such as `login bob hunter2`.
"""

from __future__ import annotations

from dockerframe._redaction.patterns import REDACTED
from dockerframe._redaction.rules import RECOGNISED
from dockerframe._redaction.tables import SecretColumns, every_column, redact_table, redacted_text, redacted_value
from dockerframe._redaction.texts import (
    TEXT_LIMIT,
    TRUNCATED,
    is_secret_name,
    redact_mapping,
    redact_text,
)

__all__ = [
    "RECOGNISED",
    "REDACTED",
    "TEXT_LIMIT",
    "TRUNCATED",
    "SecretColumns",
    "every_column",
    "is_secret_name",
    "redact_mapping",
    "redact_table",
    "redact_text",
    "redacted_text",
    "redacted_value",
]
