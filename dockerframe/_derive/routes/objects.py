"""YAML mappings in the labels of routes: parsed, flattened to dotted paths, each distinct text once.

Source: labels.md, section 6, step 3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._bounded_yaml import MAX_DEPTH, InvalidYamlError, Scalar, parse_yaml, typed
from dockerframe._derive.routes.labels import MAX_LABEL_BYTES, ROUTE_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._bounded_yaml import Node

MAX_EXPANSION: Final = 10
"""How many times its own size a mapping may be once its YAML aliases are expanded and its paths are written out."""

_SMALLEST_BOUND: Final = 100_000
_LEAF: Final = {"object": pl.UInt32(), "path": pl.String(), "text": pl.String(), "plain": pl.Boolean()}


class Leaf(NamedTuple):
    """A field of a flattened mapping; `text` is None for an empty mapping, `plain` when the text decides its type."""

    path: str
    text: str | None
    plain: bool


class Mappings(NamedTuple):
    """Distinct texts that should hold a mapping.

    `texts` has `value`, `object` (UInt32) and `problem` (null for a mapping); `leaves` has one row for each field of
    each mapping: `object`, `path`, `text` (null for an empty mapping) and `plain`.
    """

    texts: pl.DataFrame
    leaves: pl.DataFrame

    @classmethod
    def read(cls, values: pl.Series) -> Mappings:
        """Parse each distinct text."""
        distinct = values.unique().to_list()
        rows: list[tuple[int, str, str | None, bool]] = []
        problems: list[str | None] = []
        for number, value in enumerate(distinct):
            try:
                rows.extend((number, *leaf) for leaf in leaves(value))
            except InvalidYamlError as error:
                problems.append(str(error))
            else:
                problems.append(None)
        numbers = pl.int_range(len(distinct), dtype=pl.UInt32, eager=True)
        texts = pl.DataFrame({"value": pl.Series(distinct, dtype=pl.String()), "object": numbers})
        texts = texts.with_columns(pl.Series("problem", problems, dtype=pl.String()))
        return cls(texts, pl.DataFrame(rows, schema=_LEAF, orient="row"))

    def open(self, labels: pl.DataFrame) -> pl.DataFrame:
        """Each label with a `value` once for each field of its mapping, with `path`, `text` and `plain`."""
        usable = self.texts.filter(pl.col("problem").is_null()).select("value", "object")
        numbered = labels.drop("plain", strict=False).join(usable, on="value", maintain_order="left")
        return numbered.join(self.leaves, on="object", maintain_order="left_right").drop("object")


class ParsedObjects(NamedTuple):
    """The mappings of labels; `bad`: `row`, `alias` and `label` of those that hold none; `errors`: the same as errors.

    `emptied` are those of `bad` whose text is empty YAML.
    """

    mappings: Mappings
    bad: pl.DataFrame
    errors: pl.DataFrame
    emptied: pl.DataFrame

    def without_bad(self, labels: pl.DataFrame) -> pl.DataFrame:
        """The labels that can be used."""
        return labels.join(self.bad, on=["row", "label"], how="anti") if len(self.bad) else labels


def parse_objects(
    named: pl.DataFrame, references: pl.DataFrame, wildcards: pl.DataFrame, refused: pl.DataFrame
) -> ParsedObjects:
    """Parse the objects among labels: rows of `row`, `alias` (not for wildcards), `label`, `value`, `is_object`.

    `refused` are labels that have an error already: their mappings are read, and cause no further error.
    """
    by_alias = [frame.select("row", "alias", "label", "value", "is_object") for frame in (named, references)]
    everywhere = wildcards.select("row", pl.lit("*").alias("alias"), "label", "value", "is_object")
    labels = pl.concat([*by_alias, everywhere])
    objects = labels.filter("is_object")
    mappings = Mappings.read(pl.concat([objects["value"], refused.filter("is_object")["value"]]))
    problems = mappings.texts.filter(pl.col("problem").is_not_null())
    bad = objects.join(problems, on="value", maintain_order="left")
    if not bad.height:
        nothing = bad.select("row", "alias", "label")
        return ParsedObjects(mappings, nothing, pl.DataFrame(schema=ROUTE_ERROR), nothing)
    # An empty text that another label extends counts as an empty mapping.
    extending = labels.filter(~pl.col("is_object")).select("row", "alias").unique()
    extended = bad.filter(pl.col("value") == "").join(extending, on=["row", "alias"], how="semi")
    bad = bad.join(extended, on=["row", "label"], how="anti").select("row", "alias", "label", "value", "problem")
    alias = pl.when(pl.col("alias") != "*").then(pl.col("alias")).alias("alias")
    message = pl.format("Its value is not a usable YAML mapping: {}.", "problem")
    errors = bad.select("row", alias, kind=pl.lit("invalid_yaml"), label="label", message=message).cast(ROUTE_ERROR)
    empty = [text for text in bad["value"].unique().to_list() if _is_empty(text)]
    emptied = bad.filter(pl.col("value").is_in(empty) & (pl.col("alias") != "*"))
    keys = ("row", "alias", "label")
    return ParsedObjects(mappings, bad.select(keys), errors, emptied.select(keys))


def parse_mapping(text: str) -> dict[str, Node]:
    """Parse a text that must hold one YAML mapping; a tab counts as two spaces.

    Raises
    ------
    InvalidYamlError
        When it does not parse, is not a mapping, or is past the bounds.

    Examples
    --------
    >>> parse_mapping("port: 80")
    {'port': Scalar(text='80', plain=True)}
    """
    node = parse_yaml(text.replace("\t", "  "))
    if not isinstance(node, dict):
        raise InvalidYamlError("it is not a mapping")
    return node


def leaves(text: str) -> list[Leaf]:
    """The fields of a mapping, flattened to dotted paths.

    Raises
    ------
    InvalidYamlError
        When the text is not a mapping, or is past the bounds: of YAML, of `MAX_EXPANSION`, or of a label's name.

    Examples
    --------
    >>> [tuple(leaf) for leaf in leaves("{a: {b: 1}, c: [200-299, 101], d: {}}")]
    [('a.b', '1', True), ('c', '["200-299",101]', False), ('d', None, False)]
    """
    found = []
    size, bound = 0, max(_SMALLEST_BOUND, MAX_EXPANSION * len(text))
    for leaf in _leaves(parse_mapping(text)):
        size += len(leaf.path) + len(leaf.text or "")
        if size > bound:
            raise InvalidYamlError(f"it is more than {MAX_EXPANSION} times its size once it is written out")
        found.append(leaf)
    return found


def _is_empty(text: str) -> bool:
    try:
        return typed(parse_yaml(text)) is None
    except InvalidYamlError:
        return False


def text_of(node: Scalar | list[Node]) -> str:
    """A scalar's own text; a list as compact JSON, with its keys sorted."""
    if isinstance(node, Scalar):
        return node.text
    return json.dumps(typed(node), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def is_plain(node: Scalar | list[Node]) -> bool:
    """Whether the text of a node decides its type: `80` is a number, `"80"` a text."""
    return isinstance(node, Scalar) and node.plain


def _leaves(mapping: dict[str, Node], prefix: str = "") -> Iterator[Leaf]:
    if not mapping and prefix:
        yield Leaf(prefix.removesuffix("."), None, plain=False)
    for key, node in mapping.items():
        path = prefix + key
        if path.count(".") >= MAX_DEPTH or len(path) > MAX_LABEL_BYTES:
            raise InvalidYamlError(f"a field is deeper than {MAX_DEPTH} levels or longer than {MAX_LABEL_BYTES} bytes")
        if isinstance(node, dict):
            yield from _leaves(node, f"{path}.")
        else:
            yield Leaf(path, text_of(node), is_plain(node))
