"""How labels that overlap become one tree of fields (labels.md, section 6.3).

Most aliases have labels that don't overlap, and never come here. What does come here is a list of assignments,
in the order in which they are applied, once for each distinct list in the fleet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from dockerframe._bounded_yaml import InvalidYamlError
from dockerframe._derive.routes.yaml_objects import parse_mapping, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerframe._bounded_yaml import Node


class Assignment(NamedTuple):
    """A label that sets a field, or (an object, with an empty path) several. A lower layer number wins."""

    path: str
    value: str
    is_object: bool
    layer: int


class MergedField(NamedTuple):
    """A field, its text, and the index of the assignment that set it."""

    path: str
    text: str
    source: int


@dataclass(slots=True)
class _Text:
    text: str
    source: int


_Tree: TypeAlias = "dict[str, _Tree | _Text]"


@dataclass(slots=True)
class Merged:
    """What came of a list of assignments: the fields, and the indexes of the assignments that did not fit."""

    fields: list[MergedField] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)


def merge(assignments: Sequence[Assignment]) -> Merged:
    """Merge assignments, given by layer, then by number of dots, then by the label's name.

    Within a layer a later text replaces an earlier one, and a mapping adds to a mapping what is not there yet; a
    layer adds to the ones before it what is not there yet. What fits neither way is a conflict of the later one.

    Examples
    --------
    >>> whole = Assignment("", "m: {o: {k: 1}}", is_object=True, layer=0)
    >>> part = Assignment("m.o", "{k: 9, z: 3}", is_object=False, layer=0)
    >>> [tuple(one) for one in merge([whole, part]).fields]
    [('m.o.k', '1', 0), ('m.o.z', '3', 1)]
    """
    merger = _Merger()
    root: _Tree = {}
    for layer in sorted({one.layer for one in assignments}):
        tree: _Tree = {}
        for index, one in enumerate(assignments):
            if one.layer == layer:
                merger.apply(tree, one, index)
        merger.add_missing(root, tree)
    return Merged(sorted(_flatten(root)), sorted(set(merger.conflicts)))


class _Merger:
    def __init__(self) -> None:
        self.conflicts: list[int] = []

    def apply(self, tree: _Tree, one: Assignment, index: int) -> None:
        """Apply one label to the tree of its layer."""
        if one.is_object:
            self.add_missing(tree, _mapping_tree(one.value, index) or {})
            return
        *parents, last = one.path.split(".")
        for parent in parents:
            below = tree.setdefault(parent, {})
            if isinstance(below, _Text):
                opened = _opened(below)
                if opened is None:
                    self.conflicts.append(index)
                    return
                tree[parent] = below = opened
            tree = below
        self._set(tree, last, _Text(one.value, index))

    def _set(self, tree: _Tree, key: str, text: _Text) -> None:
        there = tree.get(key)
        if isinstance(there, dict):
            self._meet(there, text)
        else:
            tree[key] = text

    def add_missing(self, upper: _Tree, lower: _Tree) -> None:
        """Add to a tree what another has and it has not; what is there stays."""
        for key, node in lower.items():
            there = upper.get(key)
            if there is None:
                upper[key] = node
            elif isinstance(there, dict) and isinstance(node, dict):
                self.add_missing(there, node)
            elif isinstance(there, dict) and isinstance(node, _Text):
                self._meet(there, node)
            elif isinstance(there, _Text) and isinstance(node, dict):
                opened = _opened(there)
                if opened is None:
                    self.conflicts.extend(one.source for one in _flatten(node))
                else:
                    upper[key] = opened
                    self.add_missing(opened, node)

    def _meet(self, mapping: _Tree, text: _Text) -> None:
        """A text where a mapping is: it may be one too, or nothing at all."""
        opened = _opened(text)
        if opened is None:
            self.conflicts.append(text.source)
        else:
            self.add_missing(mapping, opened)


def _opened(text: _Text) -> _Tree | None:
    """A text as the mapping that it holds; an empty one is an empty mapping; None where it holds none."""
    return {} if text.text == "" else _mapping_tree(text.text, text.source)


def _mapping_tree(text: str, source: int) -> _Tree | None:
    try:
        return _tree(parse_mapping(text), source)
    except InvalidYamlError:
        return None


def _tree(mapping: dict[str, Node], source: int) -> _Tree:
    tree: _Tree = {}
    for key, node in mapping.items():
        *parents, last = key.split(".")
        branch = tree
        for parent in parents:
            below = branch.get(parent)
            branch[parent] = branch = below if isinstance(below, dict) else {}
        branch[last] = _tree(node, source) if isinstance(node, dict) else _Text(text_of(node), source)
    return tree


def _flatten(tree: _Tree, prefix: str = "") -> Iterator[MergedField]:
    for key, node in tree.items():
        if isinstance(node, _Text):
            yield MergedField(prefix + key, node.text, node.source)
        else:
            yield from _flatten(node, f"{prefix}{key}.")
