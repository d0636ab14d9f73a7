"""The types of route fields: which texts fit each (labels.md, section 13, rules 4 to 7).

An empty text is "not set" for every type, and is never asked about.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe._derive.columns.durations import go_duration
from dockerframe._derive.labels import FALSE_TEXTS, TRUE_TEXTS
from dockerframe.schemas import HIGHEST_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE: Final = pl.col("value")
"""The text that is asked about."""

SCHEMES: Final = ("http", "https", "h2c", "tcp", "udp", "fileserver")

# Not \d: that would be any digit of Unicode, of which numbers can't be made.
PORT_FORM: Final = r"^(?:(?:\+?0*([0-9]{1,5}))?:)?\+?0*([0-9]{1,5})$"
"""A port: an optional listening port and the proxy port, in two groups."""
_WHOLE: Final = r"^[-+]?[0-9]+$"
ABSOLUTE_PATH: Final = r"^/(?:[^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*$"
_RETENTION: Final = (
    r"^\s*(?:last\s+[+]?0*[1-9][0-9]*|[+]?0*[1-9][0-9]*\s+(?:days?|weeks?|months?|[kmg]b|[KMG]b|[KMG]B))\s*$"
)
_SECOND: Final = pl.duration(seconds=1)
_SHELL: Final = re.compile("[&|$;'\"`<>]")
_CONDITIONS: Final = frozenset(
    ("default", "header", "query", "cookie", "form", "postform", "proto", "method", "host", "path", "remote",
     "basic_auth", "route", "resp_header", "status")
)  # fmt: skip
_COMMANDS: Final = frozenset(
    ("upstream", "bypass", "pass", "require_auth", "rewrite", "handle", "serve", "serve_file", "proxy", "redirect",
     "route", "error", "require_basic_auth", "set", "add", "remove", "log", "notify")
)  # fmt: skip
_RULE_KEYS: Final = frozenset(("name", "on", "do"))


class ValueType(NamedTuple):
    """A type: which texts do not fit it (Boolean; reads `value`; null where every text fits), and what fits."""

    is_bad: pl.Expr | None
    valid: str


def for_distinct(column: str, holds: Callable[[str], bool]) -> pl.Expr:
    """Whether something holds for a text (Boolean), by a function that is called once for each distinct text.

    False where the text is null.
    """

    def evaluate(values: pl.Series) -> pl.Series:
        found = {text: holds(text) for text in values.unique().drop_nulls().to_list()}
        is_known = values.replace_strict(found, default=False, return_dtype=pl.Boolean())
        return is_known if found else pl.repeat(value=False, n=len(values), dtype=pl.Boolean(), eager=True)

    return pl.col(column).map_batches(evaluate, return_dtype=pl.Boolean())


def _unfit(fits: Callable[[str], bool]) -> pl.Expr:
    return for_distinct("value", lambda text: not fits(text))


def texts_of(text: str) -> list[str] | None:
    """The items of a list: a YAML list, or on one line items that commas or blanks separate; None for bad YAML.

    Examples
    --------
    >>> texts_of("a, b"), texts_of("- a b"), texts_of('["a","b"]'), texts_of("[1")
    (['a', 'b'], ['a b'], ['a', 'b'], None)
    """
    if "\n" not in text and text[:1] not in {"-", "["}:
        return re.findall(r"[^,\s]+", text)
    try:
        items = typed(parse_yaml(text.replace("\t", "  ")))
    except InvalidYamlError:
        return None
    if not isinstance(items, list) or any(isinstance(one, (dict, list)) for one in items):
        return None
    return ["" if one is None else str(one) for one in items]


def _is_list(text: str) -> bool:
    return texts_of(text) is not None


def _is_list_of(fits: Callable[[str], bool]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        items = texts_of(text)
        return bool(items) and all(fits(one) for one in items or ())

    return check


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return "%" not in text


def _is_network(text: str) -> bool:
    try:
        ip_network(text if "/" in text else f"{text}/32", strict=False)
    except ValueError:
        return False
    return True


def _is_safe(text: str) -> bool:
    return _SHELL.search(text) is None


def _begins_with(words: frozenset[str], text: str) -> bool:
    """Whether each part of a condition or command begins with a known word; what follows is not judged."""
    parts = [part.strip().lstrip("!").strip() for part in re.split(r"[\n&|]", text)]
    return all(part.split(maxsplit=1)[0] in words for part in parts if part)


def is_condition(text: str) -> bool:
    """Whether a text can be the condition of a rule, such as `path /x`. Quoted texts are not judged."""
    return bool(re.search(r"[\"'`\\({]", text)) or _begins_with(_CONDITIONS, text)


def _is_command(text: str) -> bool:
    return bool(re.search(r"[\"'`\\({]", text)) or all(
        line.split(maxsplit=1)[0] in _COMMANDS for line in text.splitlines() if line.strip()
    )


def _is_rule(rule: object) -> bool:
    if not isinstance(rule, dict):
        return False
    by_key = {str(key).replace("_", "").lower(): str(value or "") for key, value in rule.items()}
    return by_key.keys() <= _RULE_KEYS and is_condition(by_key.get("on", "")) and _is_command(by_key.get("do", ""))


def _is_rules(text: str) -> bool:
    """A YAML list of rules, or rules in blocks (`default { … }`), of which only the braces are looked for."""
    try:
        rules = typed(parse_yaml(text.replace("\t", "  ")))
    except InvalidYamlError:
        rules = None
    if isinstance(rules, list):
        return all(_is_rule(one) for one in rules)
    return "{" in text or not text.strip()


def _port_is_bad() -> pl.Expr:
    numbers = [VALUE.str.extract(PORT_FORM, part).cast(pl.UInt32, strict=False) for part in (1, 2)]
    too_large = [(number > HIGHEST_PORT).fill_null(value=False) for number in numbers]
    return ~VALUE.str.contains(PORT_FORM) | pl.any_horizontal(too_large)


def _not_in(choices: tuple[str, ...]) -> pl.Expr:
    return ~VALUE.is_in(choices)


_NUMBER: Final = pl.when(VALUE.str.contains(_WHOLE)).then(VALUE.str.strip_prefix("+")).cast(pl.Int64, strict=False)

ANYTHING: Final = ValueType(None, "anything")
TEXT: Final = ValueType(None, "a text")
BOOLEAN: Final = ValueType(_not_in((*TRUE_TEXTS, *FALSE_TEXTS)), "true or false")
WHOLE_NUMBER: Final = ValueType(_NUMBER.is_null(), "a whole number")
COUNT: Final = ValueType((_NUMBER < 0).fill_null(value=True), "a whole number of 0 or more")
POSITIVE: Final = ValueType((_NUMBER < 1).fill_null(value=True), "a whole number of 1 or more")
STATUS: Final = ValueType((~_NUMBER.is_between(100, 599)).fill_null(value=True), "an HTTP status such as 403")
DURATION: Final = ValueType(go_duration(VALUE).is_null(), "a duration such as 90s, 5m or 1d")
INTERVAL: Final = ValueType(
    (~((go_duration(VALUE) >= _SECOND) | (go_duration(VALUE) == pl.duration(seconds=0)))).fill_null(value=True),
    "a duration of at least 1s, such as 10s",
)
SCHEME: Final = ValueType(_not_in(SCHEMES), f"one of {', '.join(SCHEMES)}")
PORT: Final = ValueType(_port_is_bad(), f"a port, or listening:proxy, of 0 to {HIGHEST_PORT}")
ADDRESS: Final = ValueType(_unfit(_is_address), "an IP address")
PATH: Final = ValueType(~VALUE.str.contains(ABSOLUTE_PATH), "a path that begins with /")
TEXTS: Final = ValueType(_unfit(_is_list), "a list, such as a, b")
COMMAND_TEXTS: Final = ValueType(
    _unfit(lambda text: all(_is_safe(one) for one in texts_of(text) or "$")),
    "a list of names without characters of a shell",
)
NETWORKS: Final = ValueType(_unfit(_is_list_of(_is_network)), "a list of addresses or networks")
CONDITIONS: Final = ValueType(_unfit(_is_list_of(is_condition)), "a list of conditions, such as '- path /x'")
RULES: Final = ValueType(_unfit(_is_rules), "a list of rules with name, on and do")
RETENTION: Final = ValueType(~VALUE.str.contains(_RETENTION), "such as '30 days', 'last 5' or '10 MB'")
LOG_FORMAT: Final = ValueType(_not_in(("common", "combined", "json")), "common, combined or json")
LOGGED: Final = ValueType(_not_in(("keep", "drop", "redact")), "keep, drop or redact")
THEME: Final = ValueType(_not_in(("dark", "dark-grey", "solarized-dark")), "dark, dark-grey or solarized-dark")
