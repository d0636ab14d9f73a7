"""Expressions of calls joined by `&&`, `||`, `!` and brackets, as Traefik parses its rules and constraints.

Traefik hands them to Go's expression parser. Literals are replaced by numbers first, so that one parse serves all
texts that differ in their literals only. The parser keeps its own stack: depth costs no recursion.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LITERAL: Final = "`"
"""What stands in a skeleton for each literal."""

SIMPLE_LITERAL: Final = r"`[^`]*`|\"[^\"\\\n]*\""
"""Literals that need no unescaping, as a regular expression that Rust reads as well."""

LONGEST: Final = 65_536
"""Longer expressions count as ones that do not parse."""

_TOKEN: Final = re.compile(r"[ \t\r]+|(\n)|(&&)|(\|\|)|(!)(?!=)|(\()|(\))|(,)|(`)|([A-Za-z_][A-Za-z0-9_]*)")
_KINDS: Final = ("newline", "and", "or", "not", "(", ")", ",", "literal", "name")
_QUOTED: Final = re.compile(r'`([^`]*)(`?)|"((?:[^"\\\n]|\\.)*)("?)|//[^\n]*|/\*.*?(?:\*/|$(?!\n))', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([abfnrtv\\\"]|x[0-9A-Fa-f]{2}|[0-7]{3}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")
_SHORT: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PRECEDENCE: Final = {"or": 1, "and": 2, "not": 3}


class Call(NamedTuple):
    """A call: its name, the numbers of its literals, and whether an odd number of `!` applies to it."""

    name: str
    arguments: tuple[int, ...]
    negated: bool


Postfix = tuple["Call | str", ...]
"""Calls and operators (`and`, `or`, `not`), each operator after what it joins."""


class SyntaxProblem(NamedTuple):
    """Why an expression does not parse."""

    message: str


def skeleton(text: str) -> tuple[str, list[str]] | SyntaxProblem:
    r"""An expression with a mark for each literal, and the literals, unescaped; comments are dropped.

    Examples
    --------
    >>> skeleton('Host("a") && Path(`/b`)')
    ('Host(`) && Path(`)', ['a', '/b'])
    """
    if len(text) > LONGEST:
        return SyntaxProblem(f"it is longer than {LONGEST} characters")
    literals: list[str] = []
    pieces: list[str] = []
    end = 0
    for found in _QUOTED.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
        raw, raw_end, quoted, quoted_end = found.groups()
        if raw is None and quoted is None:
            pieces.append("\n" if "\n" in found.group() else " ")
            continue
        if not (raw_end or quoted_end):
            return SyntaxProblem("a literal is not closed")
        literal = raw.replace("\r", "") if raw is not None else _unescaped(quoted)
        if literal is None:
            return SyntaxProblem(f"{found.group()} has an unknown escape sequence")
        literals.append(literal)
        pieces.append(LITERAL)
    return "".join([*pieces, text[end:]]), literals


def _unescaped(text: str) -> str | None:
    if "\\" in _ESCAPE.sub("", text):
        return None
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    code = found.group(1)
    if code[0] in "xuU":
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return chr(int(code, 8)) if code.isdigit() else _SHORT.get(code, code)


def parse(skeleton_text: str) -> Postfix | SyntaxProblem:
    """The calls and operators of a skeleton, or why it does not parse.

    Examples
    --------
    >>> parse("A(`) && !B(`, `)")
    (Call(name='A', arguments=(0,), negated=False), Call(name='B', arguments=(1, 2), negated=True), 'not', 'and')
    """
    if len(skeleton_text) > LONGEST:
        return SyntaxProblem(f"it is longer than {LONGEST} characters")
    tokens = _tokens(skeleton_text)
    return tokens if isinstance(tokens, SyntaxProblem) else _Parser(tokens).run()


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token] | SyntaxProblem:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            return SyntaxProblem(f"unexpected {text[position]!r} at character {position + 1}")
        position = found.end()
        if found.lastindex is None:
            continue
        kind = _KINDS[found.lastindex - 1]
        if kind != "newline":
            tokens.append(_Token(kind, found.group()))
        # Go ends a statement at a line break behind an operand.
        elif tokens and tokens[-1].kind in {")", "literal", "name"}:
            tokens.append(_Token("end of line", "\\n"))
    return tokens[:-1] if tokens and tokens[-1].kind == "end of line" else tokens


class _Parser:
    """An operator-precedence parser over tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._literal = 0
        self._output: list[Call | str] = []
        self._operators: list[str] = []
        self._negations = [False]
        self._pending_not = False

    def run(self) -> Postfix | SyntaxProblem:
        wants_operand = True
        while self._position < len(self._tokens):
            token = self._tokens[self._position]
            problem = self._operand(token) if wants_operand else self._operator(token)
            if isinstance(problem, SyntaxProblem):
                return problem
            wants_operand = problem
        if wants_operand:
            return SyntaxProblem("expected operand, found end of rule")
        while self._operators:
            operator = self._operators.pop()
            if operator == "(":
                return SyntaxProblem("a bracket is not closed")
            self._output.append(operator)
        return tuple(self._output)

    def _operand(self, token: _Token) -> bool | SyntaxProblem:
        """Read what stands where an operand is wanted; true where the next must be an operand again."""
        if token.kind in {"not", "("}:
            self._position += 1
            self._operators.append(token.kind)
            if token.kind == "not":
                self._pending_not = not self._pending_not
            else:
                self._negations.append(self._negations[-1] ^ self._pending_not)
                self._pending_not = False
            return True
        if token.kind == "literal":
            return SyntaxProblem("a text stands where a matcher is expected")
        if token.kind != "name":
            return SyntaxProblem(f"expected operand, found {token.text!r}")
        return self._call(token)

    def _call(self, token: _Token) -> bool | SyntaxProblem:
        if self._kind(1) != "(":
            return SyntaxProblem(f"{token.text} is not defined")
        self._position += 2
        arguments: list[int] = []
        while self._kind() == "literal":
            arguments.append(self._literal)
            self._literal += 1
            self._position += 1
            if self._kind() != ",":
                break
            self._position += 1
        if self._kind() != ")":
            found = self._tokens[self._position].text if self._position < len(self._tokens) else "end of rule"
            return SyntaxProblem(f"the arguments of {token.text} must be texts in backticks, found {found!r}")
        self._position += 1
        self._output.append(Call(token.text, tuple(arguments), self._negations[-1] ^ self._pending_not))
        self._pending_not = False
        return False

    def _operator(self, token: _Token) -> bool | SyntaxProblem:
        """Read what stands behind an operand; true where an operand must follow."""
        if token.kind in {"and", "or"}:
            self._position += 1
            while self._operators and _PRECEDENCE.get(self._operators[-1], 0) >= _PRECEDENCE[token.kind]:
                self._output.append(self._operators.pop())
            self._operators.append(token.kind)
            return True
        if token.kind == ")" and len(self._negations) > 1:
            self._position += 1
            while (operator := self._operators.pop()) != "(":
                self._output.append(operator)
            self._negations.pop()
            return False
        return SyntaxProblem(f"expected '&&', '||' or the end, found {token.text!r}")

    def _kind(self, ahead: int = 0) -> str | None:
        place = self._position + ahead
        return self._tokens[place].kind if place < len(self._tokens) else None
