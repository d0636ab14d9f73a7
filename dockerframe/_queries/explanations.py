"""The fields of an alias: the label that set each, and the labels that lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from dockerframe._derive.routes.fields import resolve_routes, route_errors, with_keys

if TYPE_CHECKING:
    from dockerframe._derive.routes.fields import ResolvedRoutes
    from dockerframe.schemas import Precedence

SET, LOST = "set", "lost"

_COLUMNS = ["host", "container_id", "alias", "field", "outcome", "value", "label", "origin"]


class ExplainedAlias(NamedTuple):
    """The fields of an alias, and the labels behind them.

    `fields` has `host`, `container_id`, `alias`, `field`, `outcome` (`set` or `lost`), `value`, `label` and `origin`,
    by container and field, with the winning label first; `errors` are the rows of the table `errors` whose labels
    concern the alias, or no specific alias.
    """

    fields: pl.DataFrame
    errors: pl.DataFrame


def explain_alias(containers: pl.DataFrame, alias: str, precedence: Precedence = "alias") -> ExplainedAlias:
    """Every label that sets, or would have set, a field of an alias, and the errors of labels.

    Reads the columns that `route_fields` reads. Source: labels.md, section 6.
    """
    resolved = resolve_routes(containers, precedence)
    concerns = (pl.col("alias") == alias) | pl.col("alias").is_null()
    errors = route_errors(containers, resolved._replace(errors=resolved.errors.filter(concerns)))
    return ExplainedAlias(_fields(containers, resolved, alias), errors)


def _fields(containers: pl.DataFrame, resolved: ResolvedRoutes, alias: str) -> pl.DataFrame:
    this_alias = pl.col("alias") == alias
    won = resolved.fields.filter(this_alias).rename({"source_label": "label"})
    lost = resolved.entries.filter(this_alias & pl.col("value").is_not_null())
    is_winner = won.select("row", "field", "label")
    lost = lost.join(is_winner, on=["row", "field", "label"], how="anti")
    lost = lost.join(_extended(lost, won), on=["row", "field", "label"], how="anti")
    columns = ["row", "alias", "field", "outcome", "value", "label", "origin"]
    rows = pl.concat(
        [
            won.with_columns(pl.lit(SET).alias("outcome")).select(columns),
            lost.with_columns(pl.lit(LOST).alias("outcome")).select(columns),
        ]
    )
    ordered = rows.sort("row", "field", "outcome", "label", descending=[False, False, True, False])
    return with_keys(containers, ordered, _COLUMNS)


def _extended(lost: pl.DataFrame, won: pl.DataFrame) -> pl.DataFrame:
    """Labels that did not lose: their value is a mapping that sets fields below their own."""
    below = pl.col("field_won").str.starts_with(pl.col("field") + ".")
    winners = won.select("row", pl.col("field").alias("field_won"), "label")
    return lost.join(winners, on=["row", "label"]).filter(below).select("row", "field", "label")
