"""Explanations of routes for people: what an alias reaches, and the label behind each field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.explanations import LOST, explain_alias
from dockerframe._redaction import redacted_text, redacted_value
from dockerframe.errors import SnapshotError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockerframe.schemas import Precedence

_SHOWN_CHARACTERS = 60
_FIELD_KINDS = ("invalid_value", "unknown_field")
_ALIAS_KINDS = ("invalid_yaml", "label_conflict", *_FIELD_KINDS)


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Explanation:
    """What an alias reaches, and why. Prints as text.

    Attributes
    ----------
    routes
        The rows of the table `routes` with the alias: one per container.
    fields
        `host`, `container_id`, `alias`, `field`, `outcome` (`set` or `lost`), `value`, `label`, `origin`.
    errors
        The rows of the table `errors` that concern it.
    """

    routes: pl.DataFrame
    fields: pl.DataFrame
    errors: pl.DataFrame

    def __repr__(self) -> str:
        """The complete explanation as text."""
        return "\n\n".join(self._route_text(row) for row in self.routes.iter_rows(named=True))

    def _route_text(self, route: dict[str, object]) -> str:
        title = f"{route['alias']} (container {route['container_name']} on {route['host']})"
        return "\n".join([title, *(line.text for line in self.lines(route))])

    def lines(self, route: Mapping[str, object]) -> list[ExplainedLine]:
        """The lines about one route: its target, its fields and its errors.

        Parameters
        ----------
        route
            A row of `routes`.
        """
        this = (pl.col("host") == route["host"]) & (pl.col("container_id") == route["container_id"])
        target = f"{route['scheme']}://{route['target_host'] or '?'}:{route['target_port'] or '?'}"
        listening = f", listening on {route['listening_port']}" if route["listening_port"] else ""
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
    """A line about a route: its kind, its content, and the label that is the reason."""

    kind: str
    content: str
    reason: str

    @property
    def text(self) -> str:
        """The printed line."""
        match self.kind:
            case "set":
                return f"  {self.content}  [{self.reason}]"
            case "lost":
                return f"      lost: {self.content}  [{self.reason}]"
            case "error":
                return f"  error: {self.content}"
        return f"  {self.kind} {self.content}"


def explain(
    tables: Mapping[str, pl.DataFrame], alias: str, precedence: Precedence = "alias", *, reveal: bool = False
) -> Explanation:
    """Explain an alias on every container that has it.

    Parameters
    ----------
    tables
        The tables of a snapshot.
    alias
        The alias.
    precedence
        Which label wins where an alias and a wildcard set the same field.
    reveal
        Whether to show secrets.

    Raises
    ------
    SnapshotError
        When no container has the alias; suggests similar ones.
    """
    routes = tables["routes"].filter(pl.col("alias") == alias)
    if not routes.height:
        otherwise = "snap.routes lists the existing ones."
        remedy = did_you_mean(alias, tables["routes"]["alias"].unique(), otherwise)
        raise SnapshotError(f"No container has the alias {alias!r}.", remedy=remedy)
    containers = tables["containers"].join(routes.select(KEYS), on=KEYS, how="semi", maintain_order="left")
    fields, route_errors = explain_alias(containers, alias, precedence)
    if not reveal:
        fields = fields.with_columns(redacted_value(pl.col("field"), pl.col("value")).alias("value"))
    own = (
        tables["errors"]
        .join(containers.select(KEYS), on=KEYS, how="semi", maintain_order="left")
        .join(
            route_errors,
            on=["host", "container_id", "kind", "label"],
            how="anti",
            nulls_equal=True,
            maintain_order="left",
        )
    )
    errors = pl.concat([route_errors, _alias_errors(own, fields)])
    return Explanation(routes, fields, errors if reveal else errors.with_columns(redacted_text(pl.col("message"))))


def _alias_errors(errors: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """The errors of containers, without those that concern only another alias."""
    label = pl.col("label")
    is_of_alias = label.str.starts_with("proxy.") & pl.col("kind").is_in(_ALIAS_KINDS)
    own = errors.join(fields.select(*KEYS, "label").unique(), on=[*KEYS, "label"], how="semi", maintain_order="left")
    return pl.concat(
        [errors.filter(~is_of_alias.fill_null(value=False)), own.filter(pl.col("kind").is_in(_FIELD_KINDS))]
    )


def _shown(text: object) -> str:
    """Text of a label on one line, without control characters."""
    printable = "".join(character if character.isprintable() else " " for character in str(text or ""))
    return printable if len(printable) <= _SHOWN_CHARACTERS else printable[:_SHOWN_CHARACTERS] + "…"
