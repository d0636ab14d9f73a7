"""A rule of the audit, and the registry that rules are kept in."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dockerframe.errors import AuditError
from dockerframe.schemas import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from dockerframe.audit.fleet_tables import FleetTables

    Check: TypeAlias = Callable[[FleetTables], pl.LazyFrame | pl.DataFrame]

Severity: TypeAlias = Literal["info", "low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the audit.

    Attributes
    ----------
    id
        Its name, such as `docker-socket-mounted`.
    check
        A pure function from the tables of a fleet to its findings: a frame with `host`, `container_id` (null where the
        finding is about a host), `message` and `evidence`.
    severity
        How bad what it finds is: `info`, `low`, `medium`, `high` or `critical`.
    source
        Where the rule comes from: a section, a benchmark, a convention.
    remedy
        How to mend what it finds.
    needs_inspections
        Whether it reads the table `inspections`, which is there with `snapshot(inspect=True)`.
    """

    id: str
    check: Check
    severity: Severity
    source: str
    remedy: str
    needs_inspections: bool = False

    @property
    def title(self) -> str:
        """What it looks for: the first line of the function's docstring."""
        return (inspect.getdoc(self.check) or self.id).partition("\n")[0]

    @property
    def explanation(self) -> str:
        """Why it matters: the rest of the docstring."""
        return (inspect.getdoc(self.check) or "").partition("\n")[2].strip()


@dataclass(frozen=True, slots=True)
class Registry:
    """Rules by id, in the order in which they were added."""

    _rules: dict[str, Rule] = field(default_factory=dict)

    def rule(
        self, *, severity: Severity, source: str, remedy: str, needs_inspections: bool = False
    ) -> Callable[[Check], Check]:
        """Add a function as a rule; its id is its name, with hyphens.

        The function takes the tables of a fleet, each a LazyFrame (`fleet.containers`, `fleet.ports`, …), and gives a
        frame with `host`, `container_id`, `message` and `evidence`. Its docstring is the rule's documentation.

        Raises
        ------
        AuditError
            When there is a rule of this id, or no such severity.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> import polars as pl
        >>> registry = dkf.Registry()
        >>> @registry.rule(severity="low", source="our handbook", remedy="Set the label `owner`.")
        ... def no_owner(fleet):
        ...     '''A container that nobody owns.'''
        ...     owned = fleet.labels.filter(pl.col("key") == "owner")
        ...     return fleet.containers.join(owned, on=["host", "container_id"], how="anti").select(
        ...         "host", "container_id", message=pl.lit("It has no owner."), evidence=pl.lit("labels.owner: none")
        ...     )
        >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "State": "running"}])
        >>> snap.findings(rules=registry).select("container_name", "rule", "severity").rows()
        [('web', 'no-owner', 'low')]
        """
        if severity not in SEVERITIES:
            raise AuditError(f"There is no severity {severity!r}.", remedy=f"Use one of {', '.join(SEVERITIES)}.")

        def add(check: Check) -> Check:
            name = check.__name__.replace("_", "-")
            if name in self._rules:
                raise AuditError(f"There is a rule {name} already.", remedy="Give the function another name.")
            self._rules[name] = Rule(name, check, severity, source, remedy, needs_inspections)
            return check

        return add

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __getitem__(self, rule: str) -> Rule:
        return self._rules[rule]

    def __contains__(self, rule: object) -> bool:
        return rule in self._rules

    def __len__(self) -> int:
        return len(self._rules)

    def __add__(self, other: Registry) -> Registry:
        """The rules of both."""
        return Registry({**self._rules, **other._rules})


BUILTIN_RULES: Final = Registry()
"""The rules that come with the package; the modules of `dockerframe.audit.rules` fill it."""

rule: Final = BUILTIN_RULES.rule
