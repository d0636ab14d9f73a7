"""Rules of Traefik routers: whether Traefik accepts them, and the host names and paths they match.

Rules differ in their literals mostly, so a parse serves all rules with the same skeleton; literals are checked as
columns, and only those of patterns and address ranges one by one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.exposures.go_values import is_address_range, is_pattern
from dockerframe._derive.exposures.predicates import (
    LITERAL,
    SIMPLE_LITERAL,
    Call,
    SyntaxProblem,
    parse,
    skeleton,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_ANY: Final = range(1, 1 << 30)
_MATCHERS: Final[dict[tuple[str, bool], dict[str, range]]] = {
    ("http", False): {
        "ClientIP": range(1, 2),
        "Method": range(1, 2),
        "Host": range(1, 2),
        "HostRegexp": range(1, 2),
        "Path": range(1, 2),
        "PathRegexp": range(1, 2),
        "PathPrefix": range(1, 2),
        "Header": range(2, 3),
        "HeaderRegexp": range(2, 3),
        "Query": range(1, 3),
        "QueryRegexp": range(1, 3),
    },
    ("http", True): dict.fromkeys(
        (
            "Host",
            "HostHeader",
            "HostRegexp",
            "ClientIP",
            "Path",
            "PathPrefix",
            "Method",
            "Headers",
            "HeadersRegexp",
            "Query",
        ),
        _ANY,
    ),
    ("tcp", False): dict.fromkeys(("ALPN", "ClientIP", "HostSNI", "HostSNIRegexp"), range(1, 2)),
    ("tcp", True): dict.fromkeys(("ALPN", "ClientIP", "HostSNI", "HostSNIRegexp"), _ANY),
}
"""Matchers by protocol and whether the syntax is that of Traefik 2, each with how many arguments it takes."""

_HOSTS: Final = ("Host", "HostHeader", "HostSNI")
_PATHS: Final = ("Path", "PathPrefix")
_PATTERNS: Final = ("HostRegexp", "PathRegexp", "HeaderRegexp", "QueryRegexp", "HostSNIRegexp")
_HOST_OR_ADDRESS: Final = r"^(\*\.)?[0-9A-Za-z_.:-]+$"
_HOST_OR_ADDRESS_2: Final = r"^(\*|[0-9A-Za-z_.:-]+)$"
_HARD: Final = r"[\"'/\\]"
_REFUSED_PROTOCOL: Final = "acme-tls/1"

_CALL: Final = pl.List(
    pl.Struct({"matcher": pl.String(), "negated": pl.Boolean(), "place": pl.UInt32(), "literal": pl.UInt32()})
)
PARSED: Final = pl.Schema(
    {
        "hostnames": pl.List(pl.String()),
        "paths": pl.List(pl.String()),
        "problem": pl.String(),
        "unparsed": pl.Boolean(),
        "first_sni": pl.String(),
    }
)
"""What `parse_rules` adds. `unparsed` is true where the text itself does not parse, not only an argument;
`first_sni` is the first argument of a `HostSNI`, which needs TLS unless it is `*`."""


class _Shape(NamedTuple):
    """What all rules with one skeleton share."""

    calls: tuple[tuple[str, bool, int, int], ...]
    problem: str | None
    unparsed: bool


def parse_rules(rules: pl.DataFrame) -> pl.DataFrame:
    """The rules with the columns of `PARSED`.

    Reads `protocol` (`http` or `tcp`), `syntax` (`v2` means Traefik 2) and `rule`.

    Examples
    --------
    >>> import polars as pl
    >>> rules = pl.DataFrame({"protocol": ["http"], "syntax": [None], "rule": ["Host(`A.b`) && PathPrefix(`/c`)"]})
    >>> parse_rules(rules).select("hostnames", "paths", "problem").row(0)
    (['a.b'], ['/c'], None)
    """
    is_v2 = (pl.col("syntax") == "v2").fill_null(value=False).alias("v2")
    cut = _with_hard_literals(rules.with_row_index("rule_row").with_columns(*_skeletons(), is_v2))
    skeletons = cut["skeleton"].unique().sort()
    cut = cut.with_columns(pl.col("skeleton").cast(pl.Enum(skeletons)))
    shaped = cut.join(_shapes(cut), on=["protocol", "v2", "skeleton"], how="left", maintain_order="left")
    found = shaped.select("problem", "unparsed", "rule_row").join(
        _matched(shaped), on="rule_row", how="left", maintain_order="left"
    )
    empty = pl.lit([], pl.List(pl.String()))
    is_refused = pl.col("problem").is_not_null()
    return rules.hstack(
        found.with_columns(pl.coalesce("problem", "argument_problem").alias("problem")).select(
            pl.when(~is_refused).then(pl.col("hostnames").fill_null(empty)).alias("hostnames"),
            pl.when(~is_refused).then(pl.col("paths").fill_null(empty)).alias("paths"),
            "problem",
            pl.col("unparsed").fill_null(value=False),
            "first_sni",
        )
    )


def _skeletons() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The rule without its literals, the literals, and whether it takes more than that to cut it."""
    rule = pl.col("rule")
    cut = rule.str.replace_all(SIMPLE_LITERAL, LITERAL)
    literals = rule.str.extract_all(SIMPLE_LITERAL)
    is_hard = cut.str.contains(_HARD) | (cut.str.count_matches(LITERAL, literal=True) != literals.list.len())
    return cut.alias("skeleton"), literals.alias("literals"), is_hard.alias("is_hard")


def _with_hard_literals(cut: pl.DataFrame) -> pl.DataFrame:
    """The rules with comments, escapes or unclosed literals, cut one by one."""
    hard = cut.filter("is_hard")["rule"].unique().sort()
    if hard.is_empty():
        return cut
    pieces = [skeleton(rule) for rule in hard]
    # A skeleton that no rule can have by chance stands for a text that cannot be cut.
    found = pl.DataFrame(
        {
            "rule": hard,
            "hard_skeleton": [f"\0{one.message}" if isinstance(one, SyntaxProblem) else one[0] for one in pieces],
            "hard_literals": [
                [] if isinstance(one, SyntaxProblem) else [f"`{literal}`" for literal in one[1]] for one in pieces
            ],
        },
        schema={"rule": pl.String(), "hard_skeleton": pl.String(), "hard_literals": pl.List(pl.String())},
    )
    joined = cut.lazy().join(found.lazy(), on="rule", how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce("hard_skeleton", "skeleton").alias("skeleton"),
        pl.coalesce("hard_literals", "literals").alias("literals"),
    ).collect()


def _shapes(cut: pl.DataFrame) -> pl.DataFrame:
    """Each distinct skeleton with its calls and problem."""
    distinct = cut.select("protocol", "v2", "skeleton").unique()
    texts = distinct["skeleton"].cast(pl.String)
    kinds = distinct.select("protocol", "v2").iter_rows()
    shapes = [_shape(protocol, v2, text) for (protocol, v2), text in zip(kinds, texts, strict=True)]
    return distinct.with_columns(
        pl.Series("calls", [_call_rows(shape) for shape in shapes], dtype=_CALL),
        pl.Series("problem", [shape.problem for shape in shapes], dtype=pl.String()),
        pl.Series("unparsed", [shape.unparsed for shape in shapes], dtype=pl.Boolean()),
    )


def _call_rows(shape: _Shape) -> list[dict[str, object]]:
    return [dict(zip(("matcher", "negated", "place", "literal"), call, strict=True)) for call in shape.calls]


@lru_cache(maxsize=4096)
def _shape(protocol: str, v2: bool, text: str) -> _Shape:  # noqa: FBT001 - a part of the cache's key
    parsed = SyntaxProblem(text[1:]) if text.startswith("\0") else parse(text)
    if isinstance(parsed, SyntaxProblem):
        return _Shape((), parsed.message, unparsed=True)
    names = _spellings(protocol, v2)
    calls: list[tuple[str, bool, int, int]] = []
    problem: str | None = None
    for call in (one for one in parsed if isinstance(one, Call)):
        matcher = names.get(call.name)
        if matcher is None:
            return _Shape((), f"unsupported function: {call.name}", unparsed=True)
        problem = problem or _count_problem(matcher, len(call.arguments), _MATCHERS[protocol, v2][matcher])
        calls += [(matcher, call.negated, place, literal) for place, literal in enumerate(call.arguments)]
    return _Shape(tuple(calls), problem, unparsed=False)


@lru_cache(maxsize=4)
def _spellings(protocol: str, v2: bool) -> dict[str, str]:  # noqa: FBT001 - a part of the cache's key
    """Matchers are accepted as documented, in lower case, in upper case and with one capital."""
    found: dict[str, str] = {}
    for name in _MATCHERS[protocol, v2]:
        found |= dict.fromkeys((name, name.lower(), name.upper(), name.capitalize()), name)
    return found


def _count_problem(matcher: str, count: int, allowed: range) -> str | None:
    if count in allowed:
        return None
    expected = allowed[0] if len(allowed) == 1 else f"{allowed[0]} or more" if allowed is _ANY else "1 or 2"
    return f"{matcher} takes {expected} argument{'' if expected == 1 else 's'}, not {count}"


def _matched(shaped: pl.DataFrame) -> pl.DataFrame:
    """Host names, paths and refused arguments of the rules whose skeleton is accepted, by `rule_row`."""
    arguments = (
        shaped.lazy()
        .filter(pl.col("problem").is_null())
        .select("rule_row", "v2", "protocol", "literals", "calls")
        .explode("calls", empty_as_null=False, keep_nulls=False)
        .unnest("calls")
        .with_columns(pl.col("literals").list.get(pl.col("literal"), null_on_oob=True).alias("quoted"))
        .with_columns(pl.col("quoted").str.head(-1).str.tail(-1).alias("argument"))
        .drop("literals", "literal", "quoted")
        .collect()
    )
    arguments = arguments.with_columns(_argument_problem(arguments))
    shown = arguments.lazy().filter(~pl.col("negated"))
    host = pl.col("argument").str.to_lowercase()
    hosts = shown.filter(pl.col("matcher").is_in(_HOSTS) & (pl.col("argument") != "*")).select("rule_row", host)
    paths = shown.filter(pl.col("matcher").is_in(_PATHS)).select("rule_row", "argument")
    sni = shown.filter(pl.col("matcher") == "HostSNI").group_by("rule_row").agg(host.first().alias("first_sni"))
    problems = arguments.lazy().filter(pl.col("argument_problem").is_not_null())
    first = problems.group_by("rule_row", maintain_order=True).agg(pl.col("argument_problem").first())
    rows = shaped.lazy().select("rule_row")
    for other in (_listed(hosts, "hostnames"), _listed(paths, "paths"), sni, first):
        rows = rows.join(other, on="rule_row", how="left", maintain_order="left")
    return rows.collect()


def _listed(texts: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The distinct texts of each rule, in order."""
    distinct = texts.unique(maintain_order=True)
    return distinct.group_by("rule_row", maintain_order=True).agg(pl.col("argument").alias(name))


def _argument_problem(arguments: pl.DataFrame) -> pl.Expr:
    """Why Traefik refuses an argument; null where it does not."""
    argument, matcher, v2 = pl.col("argument"), pl.col("matcher"), pl.col("v2")
    ascii_only = argument.str.len_bytes() == argument.str.len_chars()
    sni = (
        pl.when(v2)
        .then(argument.str.contains(_HOST_OR_ADDRESS_2))
        .otherwise((argument == "*") | argument.str.contains(_HOST_OR_ADDRESS))
    )
    patterns = (
        matcher.is_in(_PATTERNS) & ~v2 & (~matcher.is_in(["HeaderRegexp", "QueryRegexp"]) | (pl.col("place") == 1))
    )
    return (
        pl.when(argument == "")
        .then(pl.format("an argument of {} is empty", matcher))
        .when(matcher.is_in(["Host", "HostHeader", "HostRegexp", "HostSNIRegexp"]) & ~ascii_only)
        .then(pl.format("{} is not ASCII; write the name in punycode", argument))
        .when(matcher.is_in(_PATHS) & ~argument.str.starts_with("/"))
        .then(pl.format("{} does not start with /", argument))
        .when((matcher == "HostSNI") & ~sni)
        .then(pl.format("{} is not a host name", argument))
        .when((matcher == "ALPN") & (argument == _REFUSED_PROTOCOL))
        .then(pl.format("the protocol {} is reserved", argument))
        .when(patterns & ~_each(arguments, patterns, is_pattern))
        .then(pl.format("{} is not a regular expression that Traefik accepts", argument))
        .when((matcher == "ClientIP") & ~_each(arguments, matcher == "ClientIP", is_address_range))
        .then(pl.format("{} is not an IP address or network", argument))
        .alias("argument_problem")
    )


def _each(arguments: pl.DataFrame, chosen: pl.Expr, check: Callable[[str], bool]) -> pl.Expr:
    """Whether each chosen argument passes a check that is run once for each distinct text."""
    texts = arguments.filter(chosen)["argument"].drop_nulls().unique().to_list()
    return pl.col("argument").is_in([text for text in texts if check(text)])


def is_matcher_spelling(text: str) -> bool:
    """Whether a text looks like a rule: a matcher's name and an opening bracket.

    Examples
    --------
    >>> is_matcher_spelling("Host(`a`)"), is_matcher_spelling("a.example.com")
    (True, False)
    """
    return re.match(r"\s*[!(\s]*[A-Za-z]+\(", text) is not None
