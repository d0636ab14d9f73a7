"""What was probably meant by a label that Traefik refuses."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from dockerframe._derive.exposures.traefik_schema import ROOT, Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT_NAME: Final = "traefik"
_LONGEST: Final = 200
_YES: Final = frozenset({"yes", "on", "y", "enabled", "true", "1"})
_NO: Final = frozenset({"no", "off", "n", "disabled", "false", "0"})


def suggestion(label: str, value: str) -> str | None:
    """The label, or the value, that was probably meant; null where nothing comes near.

    Examples
    --------
    >>> suggestion("traefik.http.routers.app.entrypoint", "web")
    'traefik.http.routers.app.entrypoints'
    >>> suggestion("traefik.http.routers.app.certresolver", "le")
    'traefik.http.routers.app.tls.certresolver'
    >>> suggestion("traefik.enable", "Yes")
    'traefik.enable=true'
    """
    if len(label) > _LONGEST:
        return None
    root, *parts = label.split(".")
    if root != _ROOT_NAME:
        return ".".join([_ROOT_NAME, *parts]) if root.lower() == _ROOT_NAME else None
    at: Field | None = ROOT
    for position, part in enumerate(parts):
        if at is None or at.kind in {"text", "flag", "integer", "duration", "texts", "raw"}:
            return None
        below = at.element if at.kind == "map" else at.fields.get(part.partition("[")[0].strip().lower())
        if below is None:
            return _near(parts[:position], part, parts[position + 1 :], at.fields)
        at = below
    return _value(label, value, at)


def _near(before: Sequence[str], part: str, after: Sequence[str], fields: Mapping[str, Field]) -> str | None:
    """The label with a field that is spelled alike, else with one that stands a level lower, else at the root."""
    name = part.strip().lower()
    found = difflib.get_close_matches(name, [one for one, field in fields.items() if not field.ignored], n=1)
    lower = [one for one, field in fields.items() if name in field.fields and not field.ignored]
    if lower:
        middle = [lower[0], name]
    elif found:
        middle = [found[0]]
    elif name in ROOT.fields:
        return ".".join([_ROOT_NAME, name, *after])
    else:
        return None
    return ".".join([_ROOT_NAME, *before, *middle, *after])


def _value(label: str, value: str, at: Field | None) -> str | None:
    """The label with a value of its kind."""
    if at is None or at.kind != "flag":
        return None
    text = value.strip().strip("\"'").lower()
    if text in _YES:
        return f"{label}=true"
    return f"{label}=false" if text in _NO else None
