"""Explanations of routes: what a name reaches and which label sets each field, or why there is no route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from dockerframe._derive.columns.aliases import EXCLUDE_LABEL
from dockerframe._derive.labels import KEYS
from dockerframe._derive.routes.fields import resolve_routes, route_errors, with_keys
from dockerframe._redaction import redacted_text, redacted_value
from dockerframe._text import shown_text
from dockerframe.errors import SnapshotError, did_you_mean
from dockerframe.tables import redact_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockerframe._derive.routes.fields import ResolvedRoutes
    from dockerframe.schemas import Precedence

SET, LOST = "set", "lost"

_COLUMNS: Final = ["host", "container_id", "alias", "field", "outcome", "value", "label", "origin"]
_SHOWN_CHARACTERS: Final = 60
_SHORTEST_ID: Final = 4
_OF_FIELDS: Final = ("invalid_value", "unknown_field")
_KINDS_OF_ONE_ALIAS: Final = ("invalid_yaml", "label_conflict", *_OF_FIELDS)
_REASONS: Final = {
    "error": "an error excludes it; the errors are listed below",
    "no_port": "no port is known: no label sets one, and the container offers none",
    "buildx": "it is a builder of docker buildx",
    "yaml_anchor": "the alias begins with x-, as YAML anchors do",
    "renaming": "the alias ends with -old, as while Compose replaces a container",
}
"""What the values of `excluded_reason` mean, without those that other columns explain in more detail."""


class ExplainedLine(NamedTuple):
    """A line of an explanation.

    Attributes
    ----------
    kind
        `reaches`, `no route`, `asleep`, `no label`, `set`, `lost` or `error`.
    content
        The line itself.
    reason
        The label behind it, and how it applies; empty without one.
    """

    kind: str
    content: str
    reason: str = ""

    @property
    def text(self) -> str:
        """The line as it is printed."""
        content, reason = shown_text(self.content), shown_text(self.reason)
        match self.kind:
            case "set":
                return f"  {content}  [{reason}]"
            case "lost":
                return f"      lost: {content}  [{reason}]"
            case "reaches" | "no label":
                return f"  {self.kind} {content}"
        return f"  {self.kind}: {content}"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Explanation:
    """Why a name reaches what it reaches, or why it has no route. Prints as text.

    Attributes
    ----------
    routes
        The rows of the table `routes` that the name stands for.
    fields
        `host`, `container_id`, `alias`, `field`, `outcome` (`set` or `lost`), `value`, `label`, `origin`.
    errors
        The rows of the table `errors` that concern these routes.
    containers
        The rows of the table `containers` that the name stands for; one without routes is not in `routes`.
    hosts
        The rows of the table `hosts` that the name stands for and that did not answer.
    """

    routes: pl.DataFrame
    fields: pl.DataFrame
    errors: pl.DataFrame
    containers: pl.DataFrame
    hosts: pl.DataFrame

    def __repr__(self) -> str:
        """The whole explanation as text."""
        parts = [*self._of_hosts(), *self._of_routes(), *self._of_containers()]
        return "\n\n".join(parts) or "The host has no containers."

    def _of_hosts(self) -> Iterator[str]:
        for row in self.hosts.iter_rows(named=True):
            yield f"host {row['host']}\n  no route: the host did not answer. {_shown(row['error'], None)}"

    def _of_routes(self) -> Iterator[str]:
        for row in self.routes.iter_rows(named=True):
            title = f"{_shown(row['alias'])} ({_container(row)} on {_shown(row['host'])})"
            yield "\n".join([title, *(line.text for line in self.lines(row))])

    def _of_containers(self) -> Iterator[str]:
        """Containers that have no route at all."""
        for row in self.containers.join(self.routes, on=KEYS, how="anti", maintain_order="left").iter_rows(named=True):
            line = ExplainedLine("no route", _why_no_alias(row))
            yield f"{_container(row)} on {_shown(row['host'])}\n{line.text}"

    def lines(self, route: Mapping[str, Any]) -> list[ExplainedLine]:
        """The explanation of one route, a row of `routes`: its target or why it has none, its fields, its errors."""
        this = (pl.col("host") == route["host"]) & (pl.col("container_id") == route["container_id"])
        fields = self.fields.filter(this & (pl.col("alias") == route["alias"]))
        of_container = self.containers.filter(this)
        container = of_container.row(0, named=True) if of_container.height else {}
        return [
            *_target_lines(route, container),
            *([] if fields.height else [ExplainedLine("no label", "sets a field of it")]),
            *(
                ExplainedLine(
                    row["outcome"],
                    f"{row['field']} = {_shown(row['value'])}",
                    f"{_shown(row['label'])}, {row['origin']}",
                )
                for row in fields.iter_rows(named=True)
            ),
            *(
                ExplainedLine("error", f"{_shown(row['label'])}: {_shown(row['message'], None)}")
                for row in self.errors.filter(this).iter_rows(named=True)
            ),
        ]


def _target_lines(route: Mapping[str, Any], container: Mapping[str, Any]) -> list[ExplainedLine]:
    """What a route reaches, or every reason why it reaches nothing."""
    target = f"{route['scheme']}://{_shown(route['target_host']) or '?'}:{route['target_port'] or '?'}"
    listening = f", listening at {route['listening_port']}" if route["listening_port"] else ""
    reasons = [ExplainedLine("no route", reason) for reason in _why_no_route(route, container)]
    if reasons:
        return reasons
    if not container.get("running", True):
        if container.get("idle_timeout") is not None:
            return [ExplainedLine("asleep", f"the first request starts the container, at {target}{listening}")]
        return [ExplainedLine("no route", f"the container does not run: its state is {_shown(container['state'])}")]
    if route["target_host"] is None:
        return [ExplainedLine("no route", "the container has no address that can be reached")]
    return [ExplainedLine("reaches", f"{target}{listening}")]


def _why_no_route(route: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    """The reasons for which a route is excluded, and the other ones that would exclude it too."""
    reason = route["excluded_reason"]
    if reason is None:
        return
    if reason in _REASONS:
        yield _REASONS[reason]
    if container.get("is_excluded") or reason == "manual":
        value = dict(container.get("labels") or {}).get(EXCLUDE_LABEL, "true")
        yield f"the label {EXCLUDE_LABEL} is {_shown(value)}"
    if reason == "blacklisted" or (container.get("is_blacklisted") and not container.get("is_explicit")):
        reasons = ", ".join(_shown(one) for one in container.get("blacklist_reasons") or [])
        yield f"it is blacklisted because of {reasons}; any label that begins with proxy. would allow it"
    if not container.get("running", True):
        yield f"the container does not run: its state is {_shown(container['state'])}"


def _container(row: Mapping[str, Any]) -> str:
    """A container by its name; by its id when it has no name."""
    return f"container {_shown(row['container_name'] or row['container_id'][:12])}"


def _why_no_alias(container: Mapping[str, Any]) -> str:
    if container["is_explicit"] or not container["aliases"]:
        return "it has no alias"
    return "this host has routes for containers with proxy. labels only (its name ends with ! in the fleet file)"


def explain(
    tables: Mapping[str, pl.DataFrame], name: str, precedence: Precedence = "alias", *, reveal: bool = False
) -> Explanation:
    """Explain a name: an alias, a container, a host name such as `app.example.com`, or a host of the fleet.

    The first of these that exists is explained. A container is named by its name or the beginning of its id. A host
    name that is not an alias stands for the alias that is its first part.

    Raises
    ------
    SnapshotError
        When there is no such name; suggests similar ones.
    """
    routes, containers, hosts = _meant(tables, name)
    fields, of_routes = _explained(containers, routes["alias"].unique().to_list(), precedence)
    own = _of_containers(tables["errors"], containers, of_routes, fields)
    others = tables["routes"].join(routes, on=[*KEYS, "alias"], how="anti")
    errors = pl.concat([of_routes, own.filter(~_of_other_routes(own, others))])
    if reveal:
        return Explanation(routes, fields, errors, containers, hosts)
    shown = redact_tables({"routes": routes, "containers": containers, "hosts": hosts})
    return Explanation(
        shown["routes"],
        fields.with_columns(redacted_value(pl.col("field"), pl.col("value")).alias("value")),
        errors.with_columns(redacted_text(pl.col("message"))),
        shown["containers"],
        shown["hosts"],
    )


def _meant(tables: Mapping[str, pl.DataFrame], name: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The rows of `routes`, `containers` and `hosts` that a name stands for."""
    routes, containers, hosts = tables["routes"], tables["containers"], tables["hosts"]
    failed = hosts.filter((pl.col("host") == name) & ~pl.col("ok"))
    by_alias = routes.filter(pl.col("alias") == name)
    if by_alias.height:
        return by_alias, _containers_of(by_alias, containers), failed
    by_name = containers.filter(pl.col("container_name") == name)
    if not by_name.height and len(name) >= _SHORTEST_ID:
        by_name = containers.filter(pl.col("container_id").str.starts_with(name))
    if by_name.height:
        return _routes_of(by_name, routes), by_name, failed
    by_first_part = routes.filter(pl.col("alias") == name.partition(".")[0])
    if "." in name and by_first_part.height:
        return by_first_part, _containers_of(by_first_part, containers), failed
    by_host = containers.filter(pl.col("host") == name)
    if name not in hosts["host"]:
        raise _unknown(name, routes, containers, hosts)
    return _routes_of(by_host, routes), by_host, failed


def _containers_of(routes: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    return containers.join(routes.select(KEYS), on=KEYS, how="semi", maintain_order="left")


def _routes_of(containers: pl.DataFrame, routes: pl.DataFrame) -> pl.DataFrame:
    return routes.join(containers.select(KEYS), on=KEYS, how="semi", maintain_order="left")


def _unknown(name: str, routes: pl.DataFrame, containers: pl.DataFrame, hosts: pl.DataFrame) -> SnapshotError:
    """The error for a name that does not exist, with similar ones and the hosts that might have it."""
    known = pl.concat([routes["alias"], containers["container_name"], hosts["host"]]).drop_nulls().unique()
    failed = hosts.filter(~pl.col("ok"))["host"]
    unknown = (
        f" These hosts did not answer, so their containers are not known: {', '.join(failed)}." if len(failed) else ""
    )
    remedy = did_you_mean(name, known, "snap.routes lists the existing ones.")
    return SnapshotError(f"No alias, container or host is named {shown_text(name)!r}.{unknown}", remedy=remedy)


def _explained(
    containers: pl.DataFrame, aliases: list[str], precedence: Precedence
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The labels that set, or would have set, a field of some aliases, and the errors that concern them.

    Source: labels.md, section 6.
    """
    resolved = resolve_routes(containers, precedence)
    concerns = pl.col("alias").is_in(aliases) | pl.col("alias").is_null()
    errors = route_errors(containers, resolved._replace(errors=resolved.errors.filter(concerns)))
    return _fields(containers, resolved, aliases), errors


def _fields(containers: pl.DataFrame, resolved: ResolvedRoutes, aliases: list[str]) -> pl.DataFrame:
    of_aliases = pl.col("alias").is_in(aliases)
    own = ["row", "alias", "field", "label"]
    won = resolved.fields.filter(of_aliases).rename({"source_label": "label"})
    lost = resolved.entries.filter(of_aliases & pl.col("value").is_not_null())
    lost = lost.join(won.select(own), on=own, how="anti")
    lost = lost.join(_extended(lost, won), on=own, how="anti")
    columns = ["row", "alias", "field", "outcome", "value", "label", "origin"]
    rows = pl.concat(
        [
            won.with_columns(pl.lit(SET).alias("outcome")).select(columns),
            lost.with_columns(pl.lit(LOST).alias("outcome")).select(columns),
        ]
    )
    ordered = rows.sort("row", "alias", "field", "outcome", "label", descending=[False, False, False, True, False])
    return with_keys(containers, ordered, _COLUMNS)


def _extended(lost: pl.DataFrame, won: pl.DataFrame) -> pl.DataFrame:
    """Labels that did not lose: their text is a mapping, and sets fields below its own."""
    below = pl.col("field_won").str.starts_with(pl.col("field") + ".")
    winners = won.select("row", "alias", pl.col("field").alias("field_won"), "label")
    return lost.join(winners, on=["row", "alias", "label"]).filter(below).select("row", "alias", "field", "label")


def _of_containers(
    errors: pl.DataFrame, containers: pl.DataFrame, of_routes: pl.DataFrame, fields: pl.DataFrame
) -> pl.DataFrame:
    """The other errors of the containers, without those of another alias alone."""
    key = [*KEYS, "kind", "label"]
    own = errors.join(containers.select(KEYS), on=KEYS, how="semi", maintain_order="left")
    own = own.join(of_routes, on=key, how="anti", nulls_equal=True, maintain_order="left")
    of_one_alias = pl.col("label").str.starts_with("proxy.") & pl.col("kind").is_in(_KINDS_OF_ONE_ALIAS)
    used = own.join(fields.select(*KEYS, "label").unique(), on=[*KEYS, "label"], how="semi", maintain_order="left")
    return pl.concat([own.filter(~of_one_alias.fill_null(value=False)), used.filter(pl.col("kind").is_in(_OF_FIELDS))])


def _of_other_routes(errors: pl.DataFrame, others: pl.DataFrame) -> pl.Series:
    """Whether an error is the failed check of another route (Boolean)."""
    alias = pl.col("label").str.strip_prefix("proxy.").str.split(".").list.first().alias("alias")
    keys = [*KEYS, "alias"]
    found = errors.with_columns(alias).join(
        others.select(keys).with_columns(found=True), on=keys, how="left", maintain_order="left"
    )
    return found.select((pl.col("kind") == "invalid_route") & pl.col("found").fill_null(value=False)).to_series()


def _shown(text: object, most: int | None = _SHOWN_CHARACTERS) -> str:
    """A text on one line, without control characters; one of a label is cut."""
    shown = shown_text(text)
    return shown if most is None or len(shown) <= most else shown[:most] + "…"
