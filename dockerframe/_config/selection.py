"""Some hosts of a fleet, by name and by tag."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, NamedTuple

from dockerframe.errors import ConfigurationError, Mistake, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerframe._config.host import Host

_TAG: Final = "tag:"


class Selection(NamedTuple):
    """Tags that hosts must all have, and patterns of which their name must match one; empty for any."""

    tags: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def read_selection(texts: Iterable[str]) -> Selection:
    """A selection as the command line has it: `tag:NAME` for a tag, anything else for a pattern of names.

    Examples
    --------
    >>> read_selection(["tag:prod", "web-*"])
    Selection(tags=('prod',), hosts=('web-*',))
    """
    parts = [text.strip() for text in texts]
    return Selection(
        tuple(part.removeprefix(_TAG) for part in parts if part.startswith(_TAG)),
        tuple(part for part in parts if part and not part.startswith(_TAG)),
    )


def select_hosts(
    fleet: Iterable[Host],
    /,
    *,
    tags: str | Iterable[str] = (),
    hosts: str | Iterable[str] = (),
) -> tuple[Host, ...]:
    """The hosts that have all of some tags and whose name matches one of some patterns, in the order of the fleet.

    Parameters
    ----------
    fleet
        The hosts to choose from.
    tags
        A tag, or several that a host must all have.
    hosts
        A name, a pattern such as `web-*`, or several of which a host must match one. Case counts.

    Returns
    -------
    tuple[Host, ...]
        At least one host.

    Raises
    ------
    ConfigurationError
        When no host has one of the tags, no host matches one of the patterns, or no host is left.

    Examples
    --------
    >>> from dockerframe._config.host import Host
    >>> fleet = [Host("web-1", "tcp://a", tags={"prod"}), Host("web-2", "tcp://b"), Host("db", "tcp://c")]
    >>> [host.name for host in select_hosts(fleet, hosts="web-*")]
    ['web-1', 'web-2']
    >>> [host.name for host in select_hosts(fleet, hosts="web-*", tags="prod")]
    ['web-1']
    """
    candidates = tuple(fleet)
    wanted_tags, patterns = _listed(tags), _listed(hosts)
    names = [host.name for host in candidates]
    known_tags = sorted({tag for host in candidates for tag in host.tags})
    mistakes = [
        Mistake(tag, "no host has this tag. " + did_you_mean(tag, known_tags, f"The tags are: {_shown(known_tags)}."))
        for tag in wanted_tags
        if tag not in known_tags
    ]
    mistakes += [
        Mistake(pattern, "no host matches. " + did_you_mean(pattern, names, f"The hosts are: {_shown(names)}."))
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    ]
    selected = tuple(
        host
        for host in candidates
        if set(wanted_tags) <= set(host.tags)
        and (not patterns or any(fnmatchcase(host.name, pattern) for pattern in patterns))
    )
    if not mistakes and not selected:
        mistakes = [Mistake("", f"no host has the tags {_shown(wanted_tags)} and a name like {_shown(patterns)}")]
    if mistakes:
        raise ConfigurationError("selection", mistakes, remedy="Select at least one host of the fleet.")
    return selected


def _listed(texts: str | Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _shown(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
