"""Go templates of default rules, and constraint expressions, as Polars expressions over all containers.

A template that uses more than the functions here is not supported: what it gives is not known.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.exposures.go_values import is_pattern, rust_pattern
from dockerframe._derive.exposures.predicates import Call, SyntaxProblem, parse, skeleton

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOT_A_LETTER: Final = r"[^\p{L}\p{N}]+"
"""What Traefik replaces in names: runs of characters that are neither letters nor digits."""

LONGEST_TEMPLATE: Final = 4096
"""Longer templates and constraints are not read."""

_ACTION: Final = re.compile(r"\{\{(- )?(.*?)( -)?\}\}", re.DOTALL)
_TOKEN: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|(\||\(|\))|([.\w]+))')
_DEEPEST: Final = 20


class _UnsupportedError(Exception):
    """A template uses something that is not known here."""


class _Token(NamedTuple):
    kind: str
    text: str


def normalized(name: pl.Expr) -> pl.Expr:
    """A name as Traefik makes it fit for routers and services.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"name": ["-my_app.1"]}).select(normalized(pl.col("name"))).item()
    'my-app-1'
    """
    return name.str.replace_all(NOT_A_LETTER, "-").str.strip_chars("-")


def template(text: str) -> pl.Expr | None:
    """What a default rule gives for each container; null where it uses functions that are not supported.

    The expression reads `service_name`, `container_name` and `labels`.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"service_name": ["web-shop"]})
    >>> frame.select(template("Host(`{{ .Name | upper }}.example.com`)")).item()
    'Host(`WEB-SHOP.example.com`)'
    >>> template("{{ range .Labels }}x{{ end }}") is None
    True
    """
    if len(text) > LONGEST_TEMPLATE:
        return None
    pieces: list[pl.Expr] = []
    end = 0
    trims = False
    for found in _ACTION.finditer(text):
        literal = text[end : found.start()]
        literal = literal.lstrip() if trims else literal
        pieces.append(pl.lit(literal.rstrip() if found.group(1) else literal))
        end, trims = found.end(), found.group(3) is not None
        try:
            pieces.append(_pipeline(_tokens(found.group(2)), 0))
        except _UnsupportedError:
            return None
    rest = text[end:]
    if "{{" in rest:
        return None
    return pl.concat_str([*pieces, pl.lit(rest.lstrip() if trims else rest)])


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = _TOKEN.match(stripped, position)
        if found is None or (found.group(1) is not None and "\\" in found.group(1).replace('\\"', "")):
            raise _UnsupportedError
        position = found.end()
        if found.group(3) or found.group(4):
            tokens.append(_Token("sign" if found.group(3) else "word", found.group(3) or found.group(4)))
        else:
            tokens.append(_Token("text", (found.group(1) or found.group(2) or "").replace('\\"', '"')))
    return tokens


def _pipeline(tokens: list[_Token], depth: int) -> pl.Expr:
    """The value of commands joined by `|`: each is the last argument of the next."""
    if depth > _DEEPEST:
        raise _UnsupportedError
    commands: list[list[_Token]] = [[]]
    nesting = 0
    for token in tokens:
        nesting += (token == ("sign", "(")) - (token == ("sign", ")"))
        if token == ("sign", "|") and nesting == 0:
            commands.append([])
        else:
            commands[-1].append(token)
    value = _command(commands[0], [], depth)
    for command in commands[1:]:
        value = _command(command, [value], depth)
    return value


def _command(tokens: list[_Token], piped: list[pl.Expr], depth: int) -> pl.Expr:
    if not tokens:
        raise _UnsupportedError
    first, rest = tokens[0], tokens[1:]
    if first == ("word", "index"):
        return _index(rest, piped)
    if first.kind == "word" and not first.text.startswith("."):
        arguments = [*_operands(rest, depth), *piped]
        take = _FUNCTIONS.get(first.text)
        if take is None or not arguments:
            raise _UnsupportedError
        return take(arguments)
    operands = _operands(tokens, depth)
    if len(operands) != 1 or piped:
        raise _UnsupportedError
    return operands[0]


def _index(tokens: Sequence[_Token], piped: list[pl.Expr]) -> pl.Expr:
    """`index .Labels "name"`: empty without that label."""
    if piped or len(tokens) != 2 or tokens[0] != ("word", ".Labels") or tokens[1].kind != "text":
        raise _UnsupportedError
    return pl.col("labels").map.get(tokens[1].text).fill_null("")


def _operands(tokens: list[_Token], depth: int) -> list[pl.Expr]:
    found: list[pl.Expr] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token == ("sign", "("):
            end = _closing(tokens, position)
            found.append(_pipeline(tokens[position + 1 : end], depth + 1))
            position = end
        elif token.kind == "text":
            found.append(pl.lit(token.text))
        elif token.text in _FIELDS:
            found.append(pl.col(_FIELDS[token.text]))
        else:
            raise _UnsupportedError
        position += 1
    return found


def _closing(tokens: list[_Token], start: int) -> int:
    nesting = 0
    for position in range(start, len(tokens)):
        nesting += (tokens[position] == ("sign", "(")) - (tokens[position] == ("sign", ")"))
        if nesting == 0:
            return position
    raise _UnsupportedError


_FIELDS: Final = {".Name": "service_name", ".ContainerName": "container_name"}


def _first_filled(values: list[pl.Expr]) -> pl.Expr:
    return pl.coalesce(*(pl.when(value != "").then(value) for value in values), pl.lit(""))


def _exactly(count: int, make: Callable[..., pl.Expr]) -> Callable[[list[pl.Expr]], pl.Expr]:
    def take(arguments: list[pl.Expr]) -> pl.Expr:
        if len(arguments) != count:
            raise _UnsupportedError
        return make(*arguments)

    return take


_FUNCTIONS: Final[dict[str, Callable[[list[pl.Expr]], pl.Expr]]] = {
    "normalize": _exactly(1, normalized),
    "lower": _exactly(1, lambda text: text.str.to_lowercase()),
    "upper": _exactly(1, lambda text: text.str.to_uppercase()),
    "trim": _exactly(1, lambda text: text.str.strip_chars()),
    "trimPrefix": _exactly(2, lambda prefix, text: text.str.strip_prefix(prefix)),
    "trimSuffix": _exactly(2, lambda suffix, text: text.str.strip_suffix(suffix)),
    "replace": _exactly(3, lambda old, new, text: text.str.replace_all(old, new, literal=True)),
    "default": _exactly(2, lambda otherwise, value: _first_filled([value, otherwise])),
    "coalesce": _first_filled,
}


def constraint(text: str) -> pl.Expr:
    """Whether a container matches a constraint; one that does not parse matches none, as in Traefik.

    The expression reads `labels`.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"tier": "front"}, {}]}, schema=schema)
    >>> frame.select(constraint("Label(`tier`, `front`)")).to_series().to_list()
    [True, False]
    """
    cut = skeleton(text) if len(text) <= LONGEST_TEMPLATE else SyntaxProblem("it is too long")
    parsed = cut if isinstance(cut, SyntaxProblem) else parse(cut[0])
    if isinstance(cut, SyntaxProblem) or isinstance(parsed, SyntaxProblem):
        return pl.lit(value=False)
    stack: list[pl.Expr] = []
    for item in parsed:
        if isinstance(item, Call):
            matcher = _matcher(item, cut[1])
            if matcher is None:
                return pl.lit(value=False)
            stack.append(matcher)
        elif item == "not":
            stack.append(~stack.pop())
        else:
            pair = [stack.pop(), stack.pop()]
            stack.append(reduce(lambda a, b: b & a, pair) if item == "and" else reduce(lambda a, b: b | a, pair))
    return stack[0]


def _matcher(call: Call, literals: Sequence[str]) -> pl.Expr | None:
    if call.name not in {"Label", "LabelRegex"} or len(call.arguments) != 2:
        return None
    name, wanted = (literals[number] for number in call.arguments)
    value = pl.col("labels").map.get(name).fill_null("")
    if call.name == "Label":
        return value == wanted
    return value.str.contains(rust_pattern(wanted)) if is_pattern(wanted) else pl.lit(value=False)
