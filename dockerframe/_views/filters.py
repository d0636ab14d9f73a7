"""Which containers are looked at: filters by host and by facet, and how many containers each choice would leave."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST: Final = "host"
FACETS: Final = ("state", "project", "image", "blacklisted", "excluded")
NONE: Final = "(none)"
_NOT: Final = "no"


@dataclass(frozen=True, slots=True)
class Filters:
    """Chosen values by facet, `host` among them; a facet without any lets everything pass."""

    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def choosing(self, facet: str, values: frozenset[str]) -> Filters:
        """These filters, with other values of one facet."""
        return replace(self, chosen={**self.chosen, facet: values})


def facet_values(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The value of each facet for each container, in the order of `containers`: `host` and those of `FACETS`.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "Image": "postgres:17", "State": "running"}])
    >>> facet_values(snap.tables).row(0)
    ('local', 'running', '(none)', 'postgres:17', 'yes', 'blacklisted')
    """
    reason = pl.col("excluded_reason")
    reached = pl.when(reason.null_count() > 0).then(pl.lit(_NOT)).otherwise(reason.first())
    excluded = tables["routes"].group_by(KEYS).agg(reached.alias("excluded"))
    yes_or_no = pl.when("is_blacklisted").then(pl.lit("yes")).otherwise(pl.lit(_NOT))
    return (
        tables["containers"]
        .join(excluded, on=KEYS, how="left", maintain_order="left")
        .select(
            HOST,
            pl.col("state").fill_null(NONE),
            pl.col("compose_project").fill_null(NONE).alias("project"),
            pl.col("image").fill_null(NONE),
            yes_or_no.alias("blacklisted"),
            pl.col("excluded").fill_null("no alias"),
        )
    )


def passing(values: pl.DataFrame, filters: Filters, *, but: str | None = None) -> pl.Series:
    """Whether each container passes the filters, those of the facet `but` left out. Boolean, one a container."""
    tests = [pl.col(facet).is_in(list(chosen)) for facet, chosen in filters.chosen.items() if chosen and facet != but]
    return values.select(pl.all_horizontal(pl.repeat(value=True, n=pl.len()), *tests).alias("passes")).to_series()


def counts(values: pl.DataFrame, filters: Filters, facet: str) -> pl.DataFrame:
    """How many containers each value of a facet would leave: `value`, `containers`; the most first.

    The facet's own choice does not count, so that what was not chosen keeps its number. Chosen values are always
    there, even with none left.

    Examples
    --------
    >>> import polars as pl
    >>> values = pl.DataFrame({"host": ["a", "a", "b"], "state": ["running", "exited", "running"]})
    >>> counts(values, Filters({"host": frozenset({"a"})}), "state").rows()
    [('exited', 1), ('running', 1)]
    """
    left = values.filter(passing(values, filters, but=facet))
    found = left.group_by(pl.col(facet).alias("value")).len("containers")
    chosen = pl.DataFrame({"value": sorted(filters.chosen.get(facet, ()))}, schema={"value": pl.String})
    gone = chosen.join(found, on="value", how="anti").with_columns(
        pl.lit(0, dtype=found["containers"].dtype).alias("containers")
    )
    return pl.concat([found, gone]).sort("containers", "value", descending=[True, False])
