"""Which containers the view shows: facets, the values they have, and how many containers each value would leave."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.schemas import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NONE: Final = "(none)"
OWN_FACETS: Final = ("host", "state", "health", "project", "image", "excluded", "blacklisted")
"""Facets with one value per container."""
FINDING_FACETS: Final = ("severity", "rule")
"""Facets of findings: a container has as many values as findings."""
FACETS: Final = (*OWN_FACETS, *FINDING_FACETS)
_NUMBER: Final = "number"


@dataclass(frozen=True, slots=True)
class Filters:
    """The chosen values of each facet; a facet without any lets everything pass."""

    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_values(self, facet: str, values: frozenset[str]) -> Filters:
        """A copy with other values of one facet."""
        return replace(self, chosen={**self.chosen, facet: values})

    def active(self) -> dict[str, frozenset[str]]:
        """The facets that filter."""
        return {facet: values for facet, values in self.chosen.items() if values}


class Facets:
    """The facets of a fleet's containers, by their position in the table `containers`."""

    def __init__(self, tables: Mapping[str, pl.DataFrame], findings: Callable[[], pl.DataFrame]) -> None:
        self._tables = tables
        self._get_findings = findings

    def passing(self, filters: Filters, *, except_for: str | None = None) -> pl.Series:
        """Whether each container passes the filters, those of one facet aside (Boolean, in the order of containers).

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "State": "running"}, {"Id": "2", "State": "exited"}])
        >>> facets = Facets(snap.tables, snap.findings)
        >>> facets.passing(Filters({"state": frozenset({"exited"})})).to_list()
        [False, True]
        """
        active = {facet: values for facet, values in filters.active().items() if facet != except_for}
        tests = [pl.col(facet).is_in(list(values)) for facet, values in active.items() if facet in OWN_FACETS]
        of_findings = {facet: values for facet, values in active.items() if facet in FINDING_FACETS}
        if of_findings:
            found = self._findings.filter([pl.col(facet).is_in(list(values)) for facet, values in of_findings.items()])
            tests.append(pl.col(_NUMBER).is_in(found[_NUMBER].implode()))
        everything = pl.repeat(value=True, n=pl.len())
        return self._own.select(pl.all_horizontal(everything, *tests).alias("passes")).to_series()

    def counts(self, filters: Filters, facet: str) -> pl.DataFrame:
        """How many containers each value of a facet would leave: `value`, `containers`, most first.

        The facet's own choice does not count, so that other values keep their numbers. Chosen values and all hosts
        are always there. Severities come worst first.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "State": "running"}, {"Id": "2", "State": "exited"}])
        >>> Facets(snap.tables, snap.findings).counts(Filters(), "state").rows()
        [('exited', 1), ('running', 1)]
        """
        passes = self.passing(filters, except_for=facet)
        if facet in OWN_FACETS:
            found = self._own.filter(passes).group_by(pl.col(facet).alias("value")).len("containers")
        else:
            numbers = self._own.filter(passes)[_NUMBER]
            rows = self._findings.filter(pl.col(_NUMBER).is_in(numbers.implode()))
            found = rows.group_by(pl.col(facet).alias("value")).agg(pl.col(_NUMBER).n_unique().alias("containers"))
        always = set(filters.chosen.get(facet, ()))
        if facet == "host":
            always |= set(self._tables["hosts"]["host"])
        chosen = pl.DataFrame({"value": sorted(always)}, schema={"value": pl.String})
        missing = chosen.join(found, on="value", how="anti").with_columns(
            pl.lit(0, dtype=found["containers"].dtype).alias("containers")
        )
        values = pl.concat([found, missing])
        if facet == "severity":
            return values.sort(pl.col("value").cast(pl.Enum(SEVERITIES)), descending=True)
        return values.sort("containers", "value", descending=[True, False])

    @cached_property
    def _own(self) -> pl.DataFrame:
        """The value of each one-valued facet, one row per container."""
        reason = pl.col("excluded_reason")
        has_route = pl.when(reason.null_count() > 0).then(pl.lit("no")).otherwise(reason.first())
        excluded = self._tables["routes"].group_by(KEYS).agg(has_route.alias("excluded"))
        blacklisted = pl.when("is_blacklisted").then(pl.lit("yes")).otherwise(pl.lit("no"))
        return (
            self._tables["containers"]
            .join(excluded, on=KEYS, how="left", maintain_order="left")
            .select(
                pl.int_range(pl.len(), dtype=pl.UInt32).alias(_NUMBER),
                "host",
                pl.col("state").fill_null(NONE),
                pl.col("health").fill_null(NONE),
                pl.col("compose_project").fill_null(NONE).alias("project"),
                pl.col("image").fill_null(NONE),
                pl.col("excluded").fill_null("no alias"),
                blacklisted.alias("blacklisted"),
            )
        )

    @cached_property
    def _findings(self) -> pl.DataFrame:
        """The severity and rule of each finding about a container, with the container's number."""
        numbers = self._tables["containers"].select(KEYS).with_row_index(_NUMBER)
        found = self._get_findings().select(*KEYS, pl.col("severity").cast(pl.String), "rule")
        return found.join(numbers, on=KEYS)
