"""YAML as bounded, safe nodes that keep the text of every scalar. In YAML 1.2, `yes`, `on` and `12:30` are texts.

Label values and fleet files are foreign data: no tag runs code, and the bounds are checked while the text is read,
before it takes memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import yaml

from dockerframe._budget import YAML_LEVELS, YAML_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NODES: Final = YAML_NODES
MAX_DEPTH: Final = YAML_LEVELS

# libyaml where PyYAML was built with it, else the same parser in Python.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT: Final = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
# Python refuses to convert integers with thousands of digits; such a text stays a text.
_LONGEST_NUMBER: Final = 1_000
_STRING_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})
_KNOWN_TAGS: Final = _STRING_TAGS | {
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "map", "seq")
}


class InvalidYamlError(ValueError):
    """A text is not YAML, or exceeds the limits; the message has the reason."""


class Scalar(NamedTuple):
    """A scalar as it was written; `plain` if its text decides its type."""

    text: str
    plain: bool


Node: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


def parse_yaml(text: str, *, max_nodes: int = MAX_NODES) -> Node:
    """Parse one YAML document; an empty one is an empty scalar.

    `max_nodes` bounds the nodes once its aliases are expanded.

    Raises
    ------
    InvalidYamlError
        When it does not parse, holds a key twice, more than one document, a tag that is not of YAML itself, more
        nodes than that, or nests deeper than 32 levels.

    Examples
    --------
    >>> parse_yaml("port: 80")
    {'port': Scalar(text='80', plain=True)}
    """
    try:
        return _Composer(text, max_nodes).document()
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise InvalidYamlError(f"{problem}{where}") from error


def typed(node: Node) -> object:
    """A node as Python values, with the types of YAML 1.2's core schema.

    Examples
    --------
    >>> typed(parse_yaml("[200-299, 101, yes, true, ~]"))
    ['200-299', 101, 'yes', True, None]
    """
    if isinstance(node, dict):
        return {key: typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [typed(item) for item in node]
    return typed_scalar(node.text) if node.plain else node.text


def typed_scalar(text: str) -> object:
    """A plain scalar as a Python value.

    Examples
    --------
    >>> typed_scalar("0x50"), typed_scalar("null"), typed_scalar("yes")
    (80, None, 'yes')
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.match(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


class _Composer:
    """Composes nodes from parser events, and counts them meanwhile."""

    def __init__(self, text: str, max_nodes: int) -> None:
        self._events = yaml.parse(text, Loader=_Loader)
        self._max_nodes = max_nodes
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0

    def document(self) -> Node:
        node: Node = Scalar("", plain=True)
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise InvalidYamlError("it has more than one document")
                node = self._node(next(self._events), depth=0)
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._expanded(str(event.anchor))
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise InvalidYamlError("it ends too early")
        self._count(1)
        if depth > MAX_DEPTH:
            raise InvalidYamlError(f"it nests deeper than {MAX_DEPTH} levels")
        if event.tag is not None and event.tag not in _KNOWN_TAGS:
            raise InvalidYamlError(f"the tag {event.tag} is not allowed")
        before = self._nodes
        node = self._content(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._nodes - before + 1)
        return node

    def _content(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, plain=not event.style and event.tag not in _STRING_TAGS)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        mapping: dict[str, Node] = {}
        for key_event in self._until(yaml.MappingEndEvent):
            key = self._node(key_event, depth + 1)
            if not isinstance(key, Scalar):
                raise InvalidYamlError("a key is not a scalar")
            if key.text in mapping:
                raise InvalidYamlError(f"the key {key.text!r} is used twice")
            mapping[key.text] = self._node(next(self._events), depth + 1)
        return mapping

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _expanded(self, anchor: str) -> Node:
        if anchor not in self._anchors:
            raise InvalidYamlError(f"the alias *{anchor} has no anchor before it")
        node, size = self._anchors[anchor]
        self._count(size)
        return node

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > self._max_nodes:
            raise InvalidYamlError(f"it has more than {self._max_nodes} nodes")
