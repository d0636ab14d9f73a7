"""Explanations of routes, for people: what an alias reaches, and which label says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.explanations import LOST, explain_alias
from dockerframe._redaction import redacted_text, redacted_value
from dockerframe._text import shown_text
from dockerframe.errors import SnapshotError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockerframe._snapshot.tables import SnapshotTables

_SHOWN_CHARACTERS = 60
_OF_FIELDS = ("invalid_port", "invalid_value")
_KINDS_OF_ONE_ALIAS = ("invalid_yaml", "label_conflict", *_OF_FIELDS)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Explanation:
    """Why an alias is what it is. Prints as text.

    Attributes
    ----------
    routes
        The rows of the table `routes` that have the alias: one for each container.
    fields
        `host`, `container_id`, `alias`, `field`, `outcome` (`set` or `lost`), `value`, `label`, `origin`.
    errors
        The rows of the table `errors` that concern it.
    """

    routes: pl.DataFrame
    fields: pl.DataFrame
    errors: pl.DataFrame

    def __repr__(self) -> str:
        """The whole explanation as text."""
        return "\n\n".join(self._one(row) for row in self.routes.iter_rows(named=True))

    def _one(self, route: dict[str, object]) -> str:
        title = f"{route['alias']} (container {route['container_name']} on {route['host']})"
        return "\n".join([shown_text(title), *(line.text for line in self.lines(route))])

    def lines(self, route: Mapping[str, object]) -> list[ExplainedLine]:
        """What there is to say of one route, a row of `routes`: its target, its fields, what is wrong."""
        this = (pl.col("host") == route["host"]) & (pl.col("container_id") == route["container_id"])
        target = f"{route['scheme']}://{route['target_host'] or '?'}:{route['target_port'] or '?'}"
        listening = f", listening at {route['listening_port']}" if route["listening_port"] else ""
        excluded = f", excluded: {route['excluded_reason']}" if route["excluded_reason"] else ""
        fields = self.fields.filter(this)
        return [
            ExplainedLine("reaches", f"{target}{listening}{excluded}", ""),
            *([] if fields.height else [ExplainedLine("no label", "sets a field of it", "")]),
            *(
                ExplainedLine(
                    "lost" if row["outcome"] == LOST else "set",
                    f"{row['field']} = {_shown(row['value'])}",
                    f"{_shown(row['label'])}, {row['origin']}",
                )
                for row in fields.iter_rows(named=True)
            ),
            *(
                ExplainedLine("error", f"{_shown(row['label'])}: {row['message']}", "")
                for row in self.errors.filter(this).iter_rows(named=True)
            ),
        ]


class ExplainedLine(NamedTuple):
    """One thing to say of a route: what kind it is, what is said, and the label that is the reason."""

    kind: str
    said: str
    reason: str

    @property
    def text(self) -> str:
        """The line as it is printed."""
        said, reason = shown_text(self.said), shown_text(self.reason)
        match self.kind:
            case "set":
                return f"  {said}  [{reason}]"
            case "lost":
                return f"      lost: {said}  [{reason}]"
            case "error":
                return f"  error: {said}"
        return f"  {self.kind} {said}"


def explain(snapshot: SnapshotTables, alias: str, *, reveal: bool = False) -> Explanation:
    """Explain an alias, on whatever containers have it.

    Raises
    ------
    SnapshotError
        When no container has it; names those that are nearly it.
    """
    routes = snapshot.routes.filter(pl.col("alias") == alias)
    if not routes.height:
        otherwise = "Look into snap.routes for those that there are."
        remedy = did_you_mean(alias, snapshot.routes["alias"].unique(), otherwise)
        raise SnapshotError(f"No container has the alias {alias!r}.", remedy=remedy)
    containers = snapshot.containers.join(routes.select(KEYS), on=KEYS, how="semi", maintain_order="left")
    fields, of_routes = explain_alias(containers, alias, snapshot.precedence)
    if not reveal:
        fields = fields.with_columns(redacted_value(pl.col("field"), pl.col("value")).alias("value"))
    own = snapshot.errors.join(containers.select(KEYS), on=KEYS, how="semi", maintain_order="left").join(
        of_routes, on=["host", "container_id", "kind", "label"], how="anti", nulls_equal=True, maintain_order="left"
    )
    errors = pl.concat([of_routes, _of_alias(own, fields)])
    return Explanation(routes, fields, errors if reveal else errors.with_columns(redacted_text(pl.col("message"))))


def _of_alias(errors: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """The errors of containers that are not those of another alias alone."""
    label = pl.col("label")
    of_one_alias = label.str.starts_with("proxy.") & pl.col("kind").is_in(_KINDS_OF_ONE_ALIAS)
    own = errors.join(fields.select(*KEYS, "label").unique(), on=[*KEYS, "label"], how="semi", maintain_order="left")
    return pl.concat(
        [errors.filter(~of_one_alias.fill_null(value=False)), own.filter(pl.col("kind").is_in(_OF_FIELDS))]
    )


def _shown(text: object) -> str:
    """A text from a label on one line, with blanks in place of control characters."""
    return shown_text(text, most=_SHOWN_CHARACTERS + 1).replace("\N{REPLACEMENT CHARACTER}", " ")
