"""YAML objects in route labels, each distinct text parsed once (labels.md, section 6.3)."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from dockerframe._bounded_yaml import InvalidYamlError
from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe._derive.routes.yaml_objects import leaves, parse_mapping

_LEAF: Final = {"value": pl.String(), "path": pl.String(), "text": pl.String()}


class ParsedObjects(NamedTuple):
    """`leaves`: `value` (the YAML), `path`, `text` (null for an empty mapping), one row for each field of each
    distinct object; `bad`: `row`, `label` of what is no mapping; `errors`: the same as errors.
    """

    leaves: pl.DataFrame
    bad: pl.DataFrame
    errors: pl.DataFrame

    def without_bad(self, labels: pl.DataFrame) -> pl.DataFrame:
        """The labels that can be used."""
        return labels.join(self.bad, on=["row", "label"], how="anti") if len(self.bad) else labels


def parse_objects(named: pl.DataFrame, references: pl.DataFrame, wildcards: pl.DataFrame) -> ParsedObjects:
    """Parse the objects among some labels: rows of `row`, `alias` (none: wildcards), `label`, `value`, `is_object`."""
    by_alias = [frame.select("row", "alias", "label", "value", "is_object") for frame in (named, references)]
    everywhere = wildcards.select("row", pl.lit("*").alias("alias"), "label", "value", "is_object")
    labels = pl.concat([*by_alias, everywhere])
    objects = labels.filter("is_object")
    rows: list[tuple[str, str, str | None]] = []
    problems: dict[str, str] = {}
    for value in objects["value"].unique().to_list():
        try:
            rows.extend((value, leaf.path, leaf.text) for leaf in leaves(parse_mapping(value)))
        except InvalidYamlError as error:
            problems[value] = str(error)
    found = pl.DataFrame(rows, schema=_LEAF, orient="row")
    problem = pl.col("value").replace_strict(problems, default=None, return_dtype=pl.String)
    bad = objects.with_columns(problem.alias("problem")).filter(pl.col("problem").is_not_null())
    if not bad.height:
        return ParsedObjects(found, bad.select("row", "label"), pl.DataFrame(schema=ROUTE_ERROR))
    # An empty text that another label extends counts as an empty mapping.
    extending = labels.filter(~pl.col("is_object")).select("row", "alias").unique()
    extended = bad.filter(pl.col("value") == "").join(extending, on=["row", "alias"], how="semi")
    bad = bad.join(extended, on=["row", "label"], how="anti").select("row", "alias", "label", "problem")
    alias = pl.when(pl.col("alias") != "*").then(pl.col("alias")).alias("alias")
    message = pl.format("Its value is not a usable YAML mapping: {}.", "problem")
    errors = bad.select("row", alias, pl.lit("invalid_yaml").alias("kind"), "label", message.alias("message")).cast(
        ROUTE_ERROR
    )
    return ParsedObjects(found, bad.select("row", "label"), errors)
