"""Texts, and values by their names, without the secrets in them: single ones, mappings and columns.

There is one engine. Single texts, mappings and columns all pass through Polars, whose regular expressions never
backtrack, so that they give the same answer and no text takes more than linear time per match. Few texts hold a secret:
one cheap pattern (`TRIGGER`) selects those that may, and each distinct one is searched once.

A text is redacted in rounds until a round changes nothing, which makes the result stable: redacting it again gives
the same text. At most `TEXT_LIMIT` characters of a text are searched, and the rest is never shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._budget import SEARCHED_CHARACTERS
from dockerframe._redaction.patterns import (
    CHOSEN_NAME,
    DIGESTS,
    EXEMPT,
    GUARD,
    HARMLESS_NAME,
    HARMLESS_VALUE,
    REDACTED,
    SECRET_NAME,
)
from dockerframe._redaction.rules import NAMED, SHAPES, TRIGGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerframe._redaction.patterns import Exemption
    from dockerframe._redaction.rules import Rule

TRUNCATED: Final = "‹truncated›"
"""The text that replaces what is past `TEXT_LIMIT`."""

TEXT_LIMIT: Final = SEARCHED_CHARACTERS
"""Characters of one text that are searched, and shown.

Docker cuts log lines at 16 KiB, and labels and commands of real containers are shorter than that. The bound keeps the
time for a hostile text below a second. A text is cut at the last white space before it, so that no part of a secret
is left at the end.
"""

_ROUNDS: Final = 8
"""Rounds after which a text that still changes is replaced as a whole. Ordinary texts need two."""

_NAME_LIMIT: Final = 2**12
"""Characters of a name that are searched; a longer name counts as secret."""


def _replacement(flags: str, parts: Iterable[tuple[str, str, str]], instead: str) -> tuple[str, str]:
    """One pattern for several forms, and its replacement, which keeps what stands before and after.

    One, because each thread of Polars keeps about thirty compiled patterns.
    """
    forms = tuple(parts)
    before, after = ("".join(f"${{{number}}}" for number in range(start, 2 * len(forms) + 1, 2)) for start in (1, 2))
    return flags + "|".join(f"({part[0]})(?:{part[1]})({part[2]})" for part in forms), f"{before}{instead}{after}"


def _exempting(exemptions: Iterable[Exemption]) -> tuple[str, str]:
    return _replacement("", ((exemption.before, "", exemption.after) for exemption in exemptions), GUARD)


def _redacting(rule: Rule) -> tuple[str, str]:
    return _replacement(rule.flags, rule.forms, REDACTED)


_REPLACEMENTS: Final = (
    _exempting(DIGESTS),
    *map(_redacting, SHAPES),
    *map(_exempting, EXEMPT),
    *map(_redacting, NAMED),
)


def is_secret_name(name: str) -> bool:
    """Whether a label, variable or field of this name holds a secret.

    Examples
    --------
    >>> names = ("DB_PASSWORD", "smtpPass", "DB_PASSWORD_FILE", "proxy.app.port", "monkey")
    >>> [name for name in names if is_secret_name(name)]
    ['DB_PASSWORD', 'smtpPass']
    """
    return bool(_are_secret(_series([name])).item())


def redact_text(text: str) -> str:
    """A text without the secrets in it, at most `TEXT_LIMIT` characters of it.

    Examples
    --------
    >>> redact_text("serve --token abc --db postgres://app:hunter2@db/app")
    'serve --token ‹redacted› --db postgres://‹redacted›@db/app'
    """
    return str(redact_texts(_series([text])).item())


def redact_mapping(values: Mapping[str, str]) -> dict[str, str]:
    """Names and values, such as headers, options or variables, without what is secret in the values.

    Examples
    --------
    >>> redact_mapping({"X-Api-Key": "abc", "Accept": "*/*"})
    {'X-Api-Key': '‹redacted›', 'Accept': '*/*'}
    """
    redacted = redact_values(_series(values), _series(values.values()))
    return dict(zip(values, redacted.to_list(), strict=True))


def _series(texts: Iterable[str]) -> pl.Series:
    """Texts as a column. Characters that UTF-8 does not have, such as half a surrogate pair, are escaped."""
    valid = (text[: TEXT_LIMIT + 1].encode("utf-8", "backslashreplace").decode("utf-8") for text in texts)
    return pl.Series(list(valid), dtype=pl.String())


def _are_secret(names: pl.Series) -> pl.Series:
    # Many things have few names: each is read once.
    distinct = names.unique()
    own = distinct.str.slice(0, _NAME_LIMIT).str.replace(CHOSEN_NAME, "")
    is_secret = own.str.contains(SECRET_NAME) & ~own.str.contains(HARMLESS_NAME)
    return names.is_in(distinct.filter(is_secret | (distinct.str.len_bytes() > _NAME_LIMIT)).implode())


def redact_values(names: pl.Series, values: pl.Series) -> pl.Series:
    """The values of things by their names."""
    by_name = _are_secret(names).fill_null(value=False)
    if not by_name.any():
        return redact_texts(values)
    harmless = values.str.contains(HARMLESS_VALUE) | (values == "")
    hidden = by_name & ~harmless.fill_null(value=True)
    return redact_texts(values.set(hidden, REDACTED))


def redact_texts(texts: pl.Series) -> pl.Series:
    """Texts without the secrets in them. Few texts may hold one; each distinct one of those is searched once."""
    suspicious = (texts.str.contains(TRIGGER) | (texts.str.len_bytes() > TEXT_LIMIT)).fill_null(value=False)
    if not suspicious.any():
        return texts
    distinct = texts.filter(suspicious).unique()
    redacted = _settled(distinct)
    changed = redacted != distinct
    return texts.replace(distinct.filter(changed), redacted.filter(changed)) if changed.any() else texts


def _settled(texts: pl.Series, rounds: int = _ROUNDS) -> pl.Series:
    """Texts searched in rounds until nothing changes, so that the result stays the same when it is redacted again."""
    searched = _searched(_cut(texts))
    changed = searched != texts
    if not changed.any():
        return texts
    if not rounds:
        return texts.set(changed, REDACTED)
    settled = _settled(searched.filter(changed), rounds - 1)
    return searched.scatter(changed.arg_true(), settled)


def _cut(texts: pl.Series) -> pl.Series:
    """Texts of at most `TEXT_LIMIT` characters, cut at white space so that no part of a secret ends one."""
    is_long = texts.str.len_chars() > TEXT_LIMIT
    if not is_long.any():
        return texts
    beginning = texts.filter(is_long).str.slice(0, TEXT_LIMIT).str.replace(r"\S*\z", TRUNCATED)
    return texts.clone().scatter(is_long.arg_true(), beginning)


def _searched(texts: pl.Series) -> pl.Series:
    """Texts after one round of all patterns."""
    return texts.to_frame("text").select(_SEARCHED).to_series()


def _search(text: pl.Expr) -> pl.Expr:
    text = text.str.replace_all(GUARD, "", literal=True)
    for pattern, replacement in _REPLACEMENTS:
        text = text.str.replace_all(pattern, replacement)
    return text.str.replace_all(GUARD, "", literal=True)


_SEARCHED: Final = _search(pl.col("text"))
