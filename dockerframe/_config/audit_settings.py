"""Settings of the audit in a fleet file: rules that are switched off, and findings that are accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings that are accepted: those of a rule, on a host, of a container by its name; None for any.

    `reason` is why, `until` the last day (UTC) on which it holds; None for no end.
    """

    reason: str
    rule: str | None = None
    host: str | None = None
    container: str | None = None
    until: date | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it still holds."""
        return self.until is None or now.date() <= self.until


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Settings of the audit in a fleet file: ids of rules that are switched off, and suppressions."""

    off: frozenset[str] = frozenset()
    suppressions: tuple[Suppression, ...] = ()


def merged_settings(several: Iterable[AuditSettings]) -> AuditSettings:
    """The settings of several fleet files: each suppression once, and off only what is off in all of them."""
    parts = list(several)
    off = frozenset.intersection(*(one.off for one in parts)) if parts else frozenset[str]()
    suppressions = dict.fromkeys(suppression for one in parts for suppression in one.suppressions)
    return AuditSettings(off, tuple(suppressions))
