"""YAML mappings inside labels, flattened to fields (labels.md, section 6.3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from dockerframe._bounded_yaml import InvalidYamlError, Scalar, parse_yaml, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._bounded_yaml import Node


class Leaf(NamedTuple):
    """A field of a flattened mapping; `text` is None for a mapping that is empty."""

    path: str
    text: str | None


def parse_mapping(text: str) -> dict[str, Node]:
    """Parse a label's value that must hold one YAML mapping; a tab counts as two spaces.

    Raises
    ------
    InvalidYamlError
        When it does not parse, is no mapping, or is past the bounds.

    Examples
    --------
    >>> parse_mapping("port: 80")
    {'port': Scalar(text='80', plain=True)}
    """
    node = parse_yaml(text.replace("\t", "  "))
    if not isinstance(node, dict):
        raise InvalidYamlError("it is no mapping")
    return node


def leaves(mapping: dict[str, Node], prefix: str = "") -> Iterator[Leaf]:
    """The fields of a mapping, flattened to dotted paths.

    Examples
    --------
    >>> [tuple(leaf) for leaf in leaves(parse_mapping("{a: {b: 1}, c: [200-299, 101], d: {}}"))]
    [('a.b', '1'), ('c', '["200-299",101]'), ('d', None)]
    """
    if not mapping and prefix:
        yield Leaf(prefix.removesuffix("."), None)
    for key, node in mapping.items():
        if isinstance(node, dict):
            yield from leaves(node, f"{prefix}{key}.")
        else:
            yield Leaf(prefix + key, text_of(node))


def text_of(node: Scalar | list[Node]) -> str:
    """A scalar's own text; a list as compact JSON, with its keys sorted."""
    if isinstance(node, Scalar):
        return node.text
    return json.dumps(typed(node), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
