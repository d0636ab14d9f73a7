"""A rule of the audit, and the registry that rules are kept in."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from dockerframe.errors import AuditError
from dockerframe.schemas import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
        finding is about a host), `message` and `evidence`, and optionally `severity`.
    severity
        How bad its findings are: `info`, `low`, `medium`, `high` or `critical`. Where the check gives a `severity` of
        its own for each finding, this is the worst of them.
    source
        Where the rule comes from: a section, a benchmark, a convention.
    remedy
        How to fix what it finds.
    needs
        The optional tables that it reads, such as `inspections`. Where one was not gathered, the result is unknown.
    cis
        The checks of the CIS Docker Benchmark that it covers, such as `5.32`.
    """

    id: str
    check: Check
    severity: Severity
    source: str
    remedy: str
    needs: tuple[str, ...] = ()
    cis: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it looks for: the first line of the function's docstring."""
        return (inspect.getdoc(self.check) or self.id).partition("\n")[0]

    @property
    def explanation(self) -> str:
        """Why it matters and when it does not fire: the rest of the docstring."""
        return (inspect.getdoc(self.check) or "").partition("\n")[2].strip()


class Registry:
    """Rules by id, in the order in which they were added.

    `Registry()` is empty and takes rules with the decorator `rule`. `dockerframe.BUILTIN_RULES` cannot be changed: keep
    your rules in a registry of your own and run `BUILTIN_RULES + mine`.
    """

    __slots__ = ("_is_frozen", "_rules")

    def __init__(self, rules: Iterable[Rule] = (), *, frozen: bool = False) -> None:
        self._is_frozen = False
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            self._add(rule)
        self._is_frozen = frozen

    def rule(
        self,
        *,
        severity: Severity,
        source: str,
        remedy: str,
        needs: Iterable[str] = (),
        cis: Iterable[str] = (),
    ) -> Callable[[Check], Check]:
        """Add a function as a rule; its id is its name, with hyphens.

        The function takes the tables of a fleet, each a LazyFrame (`fleet.containers`, `fleet.ports`, …), and returns a
        frame with `host`, `container_id`, `message` and `evidence`; a column `severity` overrides the rule's severity
        for single findings. The docstring of the function is the documentation of the rule. `needs` names the optional
        tables that it reads (`inspections`), `cis` the checks of the CIS Docker Benchmark that it covers.

        Raises
        ------
        AuditError
            When the registry has a rule of this id, cannot be changed, or the severity does not exist.

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
        ...         "host", "container_id", message=pl.lit("It has no owner."), evidence=pl.lit("labels.owner: not set")
        ...     )
        >>> registry
        Registry(1 rule: no-owner)
        >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "State": "running"}])
        >>> snap.findings(rules=registry).select("container_name", "rule", "severity").rows()
        [('web', 'no-owner', 'low')]
        """
        if severity not in SEVERITIES:
            raise AuditError(f"Severity {severity!r} does not exist.", remedy=f"Use one of {', '.join(SEVERITIES)}.")

        def add(check: Check) -> Check:
            name = check.__name__.replace("_", "-")
            self._add(Rule(name, check, severity, source, remedy, tuple(needs), tuple(cis)))
            return check

        return add

    def _add(self, rule: Rule) -> None:
        if self._is_frozen:
            raise AuditError(
                f"Rule {rule.id} cannot be added: the built-in rules cannot be changed.",
                remedy="Add it to a registry of your own, mine = dkf.Registry(), and run BUILTIN_RULES + mine.",
            )
        if rule.id in self._rules:
            raise AuditError(f"The registry has a rule {rule.id} already.", remedy="Give the function another name.")
        self._rules[rule.id] = rule

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __getitem__(self, rule: str) -> Rule:
        return self._rules[rule]

    def __contains__(self, rule: object) -> bool:
        return rule in self._rules

    def __len__(self) -> int:
        return len(self._rules)

    def __add__(self, other: Registry) -> Registry:
        """A new registry with the rules of both; a rule of `other` replaces one of the same id."""
        return Registry({**self._rules, **other._rules}.values())

    def __repr__(self) -> str:
        shown = [*list(self._rules)[:3], *(["…"] if len(self) > 3 else [])]
        rules = "rule" if len(self) == 1 else "rules"
        return f"Registry({len(self)} {rules}{': ' if shown else ''}{', '.join(shown)})"
