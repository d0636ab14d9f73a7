"""How labels that overlap become one tree of fields (labels.md, section 6, step 3).

Most aliases have labels that do not overlap, and never come here. What does come here is a list of assignments,
in the order in which they are applied, once for each distinct list in the fleet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from dockerframe._bounded_yaml import InvalidYamlError
from dockerframe._derive.routes.objects import leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Assignment(NamedTuple):
    """A label that sets a field, or (an object, with an empty path) several. A lower layer number wins."""

    path: str
    value: str
    is_object: bool
    layer: int


class MergedField(NamedTuple):
    """A field, its text, whether the text is a plain YAML scalar, and the index of the assignment that set it."""

    path: str
    text: str
    plain: bool
    source: int


@dataclass(slots=True)
class _Text:
    text: str
    source: int
    plain: bool = False


_Tree: TypeAlias = "dict[str, _Tree | _Text]"


@dataclass(slots=True)
class Merged:
    """The result of a list of assignments: the fields, and the indexes of the assignments that did not fit."""

    fields: list[MergedField] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)


def merge(assignments: Sequence[Assignment]) -> Merged:
    """Merge assignments, given by layer, then by number of dots, then by the label's name.

    Within a layer a later text replaces an earlier one, and a mapping adds to a mapping what is missing there; a
    layer adds to the ones before it what is missing there. What fits neither way is a conflict of the later one.

    Examples
    --------
    >>> first = Assignment("", "m: {o: {k: 1}}", is_object=True, layer=0)
    >>> second = Assignment("m.o", "{k: 9, z: 3}", is_object=False, layer=0)
    >>> [(one.path, one.text, one.source) for one in merge([first, second]).fields]
    [('m.o.k', '1', 0), ('m.o.z', '3', 1)]
    """
    merger = _Merger()
    root: _Tree = {}
    tree: _Tree = {}
    layer = None
    for index, one in enumerate(assignments):
        if one.layer != layer:
            merger.add_missing(root, tree)
            tree, layer = {}, one.layer
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
        """Add to a tree what another has and it lacks; what it has stays."""
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
        """A text where a mapping is: it may hold a mapping too, or be empty."""
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
        found = leaves(text)
    except InvalidYamlError:
        return None
    tree: _Tree = {}
    for leaf in found:
        *parents, last = leaf.path.split(".")
        branch = tree
        for parent in parents:
            below = branch.get(parent)
            branch[parent] = branch = below if isinstance(below, dict) else {}
        branch.setdefault(last, {} if leaf.text is None else _Text(leaf.text, source, leaf.plain))
    return tree


def _flatten(tree: _Tree, prefix: str = "") -> Iterator[MergedField]:
    for key, node in tree.items():
        if isinstance(node, _Text):
            yield MergedField(prefix + key, node.text, node.plain, node.source)
        else:
            yield from _flatten(node, f"{prefix}{key}.")
