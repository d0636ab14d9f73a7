"""What is secret in labels, commands and URLs, and taking it out: the one place that knows.

A value is secret by the name it has (`DB_PASSWORD`, `proxy.app.middlewares.oidc.client_secret`), or as a part of a
text: the user and password of a URL, and what is assigned to a secret name (`--token=…`, `password: …`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

REDACTED: Final = "‹redacted›"
"""What stands where a secret was."""

_WORDS: Final = (
    r"passw(?:or)?d|passphrase|secret|token|credential|api[_.-]?key|access[_.-]?key|private[_.-]?key|encryption[_.-]?key"
    r"|signing[_.-]?key|basicauth\.users|htpasswd"
)
SECRET_NAME: Final = rf"(?i)(?:{_WORDS})|(?:^|[_.-])(?:key|pwd|pass|auth|psk)$"
"""Names of what is secret, as a regular expression that Polars and Python read alike."""

_PARTS: Final = (
    # The user and password of a URL.
    (r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@", rf"${{1}}{REDACTED}@"),
    # An option of a command with its value behind it.
    (rf"(?i)(--?[\w.-]*(?:{_WORDS})[\w.-]*\s+)[^\s-]\S*", rf"${{1}}{REDACTED}"),
    # An assignment, in a command, an environment, YAML or JSON.
    (
        rf"""(?i)([\w.-]*(?:{_WORDS}|[_.-](?:key|pwd|pass|auth))["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"'}}]+)""",
        rf"${{1}}{REDACTED}",
    ),
    (r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", rf"${{1}}{REDACTED}"),
)

_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "hosts": ("url", "error"),
    "containers": ("command",),
    "errors": ("message",),
    "findings": ("message", "evidence"),
}
_NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "labels": ("key", "value"),
    "route_fields": ("field", "value"),
}
_MAPS: Final[Mapping[str, str]] = {"containers": "labels", "routes": "fields"}


def is_secret_name(name: str) -> bool:
    """Whether a label, variable or field of this name holds a secret.

    Examples
    --------
    >>> [name for name in ("DB_PASSWORD", "proxy.app.port", "github_token", "monkey") if is_secret_name(name)]
    ['DB_PASSWORD', 'github_token']
    """
    return re.search(SECRET_NAME, name) is not None


def redact_text(text: str) -> str:
    """A text with what is secret in it taken out.

    Examples
    --------
    >>> redact_text("serve --token abc --db postgres://app:hunter2@db/app")
    'serve --token ‹redacted› --db postgres://‹redacted›@db/app'
    """
    for pattern, instead in _PARTS:
        text = re.sub(pattern, instead.replace("${1}", r"\1"), text)
    return text


def redacted_text(text: pl.Expr) -> pl.Expr:
    """As `redact_text`, over a column of texts."""
    return text.map_batches(_redacted_texts, return_dtype=pl.String(), is_elementwise=True)


def _redacted_texts(texts: pl.Series) -> pl.Series:
    for pattern, instead in _PARTS:
        # To look for something takes a third of what taking it out takes, and few texts have it.
        has_it = texts.str.contains(pattern).fill_null(value=False)
        if has_it.any():
            redacted = texts.filter(has_it).str.replace_all(pattern, instead)
            texts = texts.clone().scatter(has_it.arg_true(), redacted)
    return texts


def redacted_value(name: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The value of something by its name: taken out if the name is secret, else what is secret in it.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"key": ["DB_PASSWORD", "url", "port"], "value": ["a", "http://u:p@x", "80"]})
    >>> frame.select(redacted_value(pl.col("key"), pl.col("value"))).to_series().to_list()
    ['‹redacted›', 'http://‹redacted›@x', '80']
    """
    is_secret = name.map_batches(_are_secret, return_dtype=pl.Boolean(), is_elementwise=True) & (value != "")
    return pl.when(is_secret).then(pl.lit(REDACTED)).otherwise(redacted_text(value))


def _are_secret(names: pl.Series) -> pl.Series:
    # Many things have few names: each is read once.
    distinct = names.unique()
    return names.is_in(distinct.filter(distinct.str.contains(SECRET_NAME)).implode())


def redact_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables with what is secret taken out of labels, route fields, commands, URLs, messages and evidence."""
    return {name: _redact(name, table) for name, table in tables.items()}


def redact_differences(differences: pl.DataFrame) -> pl.DataFrame:
    """The table `differences` with what is secret taken out of the values before and after."""
    field = pl.col("field").fill_null("")
    return differences.with_columns(redacted_value(field, pl.col(side)).alias(side) for side in ("before", "after"))


def _redact(name: str, table: pl.DataFrame) -> pl.DataFrame:
    changes = [redacted_text(pl.col(column)).alias(column) for column in _TEXTS.get(name, ())]
    if name in _NAMED:
        key, value = _NAMED[name]
        changes.append(redacted_value(pl.col(key), pl.col(value)).alias(value))
    if name in _MAPS:
        changes.append(_redacted_map(_MAPS[name], table.schema[_MAPS[name]]))
    return table.with_columns(changes) if changes else table


def _redacted_map(column: str, dtype: pl.DataType) -> pl.Expr:
    key, value = (pl.element().struct.field(part) for part in ("key", "value"))
    entries = pl.col(column).map.entries().list.eval(pl.struct(key, redacted_value(key, value).alias("value")))
    return entries.cast(dtype).alias(column)
