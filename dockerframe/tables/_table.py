"""What a registered table declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from dockerframe._redaction import redact_table
from dockerframe.schemas import TableSchema

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._derive.derivation import Derivation
    from dockerframe._redaction import SecretColumns

Scope: TypeAlias = Literal["snapshot", "optional", "result"]
"""Whether every snapshot has a table, only one that asked for it, or whether it is a result of a question."""


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A column that people see.

    Attributes
    ----------
    heading
        What stands above it.
    value
        A column of the table, or an expression over the table with `container_name`.
    priority
        How much it matters: 1 stays on the narrowest terminal, 2 goes first when there is no room, 3 is shown in
        wide listings only.
    sort_by
        What it is sorted by, as an expression; None for its value (text in natural order, enums by rank).
    wraps
        Whether long text wraps instead of being cut.
    """

    heading: str
    value: pl.Expr | str
    priority: int = 2
    sort_by: pl.Expr | None = None
    wraps: bool = False

    @property
    def expression(self) -> pl.Expr:
        """The column as an expression named by its heading."""
        value = pl.col(self.value) if isinstance(self.value, str) else self.value
        return value.alias(self.heading)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Table(TableSchema):
    """A table: its rows and columns, where it comes from, and what people see of it.

    Attributes
    ----------
    description
        One sentence that begins with "One row per".
    order
        Its place among the tables, in tabs, reports and files.
    source
        The request it comes from, or the tables it is derived from.
    listing
        The columns that people see, in order.
    derive
        Gives its rows from what was gathered; None for results and for tables that arrive decoded.
    scope
        Whether it is part of every snapshot.
    command
        Whether the command line has a command of its name.
    in_report
        Whether the HTML report has a section for it.
    option
        The keyword of `Fleet.snapshot` that asks for an optional table.
    secrets
        The columns that are searched for secrets before the table is shown or written; None for every column of text.
    """

    description: str
    order: int
    source: str
    listing: tuple[Listed, ...]
    derive: Callable[[Derivation], pl.DataFrame] | None = None
    scope: Scope = "snapshot"
    command: bool = True
    in_report: bool = True
    option: str = ""
    secrets: SecretColumns | None = None

    @property
    def title(self) -> str:
        """Its name as a heading."""
        return self.name.replace("_", " ").capitalize()

    def redacted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of this table, without the secrets in the columns that it declares.

        Examples
        --------
        >>> import polars as pl
        >>> from dockerframe.tables import REGISTRY
        >>> found = pl.DataFrame({"field": ["db.password", "port"], "after": ["hunter2", "80"], "before": [None, "81"]})
        >>> REGISTRY["differences"].redacted(found)["after"].to_list()
        ['‹redacted›', '80']
        """
        return redact_table(rows, self.secrets)
