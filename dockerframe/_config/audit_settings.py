"""What a fleet file says of the audit: rules that are switched off, and findings that are let stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

_KEYS: Final = ("rule", "host", "container", "reason", "until")


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings to let stand: those of a rule, on a host, of a container by its name; None for any.

    `reason` says why, `until` is the last day (UTC) on which it holds; None for ever.
    """

    reason: str
    rule: str | None = None
    host: str | None = None
    container: str | None = None
    until: date | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now.date() <= self.until


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What a fleet file says of the audit: ids of rules that are switched off, and findings that are suppressed."""

    off: frozenset[str] = frozenset()
    suppressions: tuple[Suppression, ...] = ()


def merged_settings(several: Iterable[AuditSettings]) -> AuditSettings:
    """What all of several fleet files say: each suppression once, and off only what is off in every one."""
    parts = list(several)
    off = frozenset.intersection(*(one.off for one in parts)) if parts else frozenset[str]()
    suppressions = dict.fromkeys(suppression for one in parts for suppression in one.suppressions)
    return AuditSettings(off, tuple(suppressions))


def read_audit_settings(value: object, path: str, mistake: Callable[[str, str], None]) -> AuditSettings:
    """The settings of a mapping with `off` (ids of rules) and `suppress` (a list of mappings).

    `mistake` is told the path and the message of each thing that is wrong.
    """
    if value is None:
        return AuditSettings()
    if not isinstance(value, Mapping):
        mistake(path, "it must be a mapping of off and suppress")
        return AuditSettings()
    for key in value.keys() - {"off", "suppress"}:
        mistake(f"{path}.{key}", "unknown key; there are off and suppress")
    off = value.get("off") or []
    if not isinstance(off, list) or not all(isinstance(one, str) for one in off):
        mistake(f"{path}.off", "it must be a list of ids of rules, such as [latest-tag]")
        off = []
    listed = value.get("suppress") or []
    if not isinstance(listed, list):
        mistake(f"{path}.suppress", "it must be a list of mappings")
        listed = []
    read = [_suppression(one, f"{path}.suppress.{number}", mistake) for number, one in enumerate(listed)]
    return AuditSettings(frozenset(off), tuple(one for one in read if one is not None))


def _suppression(value: object, path: str, mistake: Callable[[str, str], None]) -> Suppression | None:
    if not isinstance(value, Mapping):
        mistake(path, f"it must be a mapping of {', '.join(_KEYS)}")
        return None
    texts: dict[str, Any] = {key: value[key] for key in ("rule", "host", "container") if value.get(key) is not None}
    wrong = {key: "unknown key; there are " + ", ".join(_KEYS) for key in value.keys() - set(_KEYS)}
    wrong |= {key: "it must be a text" for key, text in texts.items() if not isinstance(text, str)}
    reason = value.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        wrong["reason"] = "it is required: why these findings may stand"
    if not texts:
        wrong["rule"] = "name a rule, a host or a container; without any it would suppress everything"
    until = _day(value.get("until"))
    if value.get("until") is not None and until is None:
        wrong["until"] = f"{value['until']!r} is no day; write it as 2027-01-31"
    for key, message in wrong.items():
        mistake(f"{path}.{key}", message)
    return None if wrong else Suppression(str(reason), **texts, until=until)


def _day(value: object) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        return None
