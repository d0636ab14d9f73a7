"""What an audit cannot know: rules whose evidence was not gathered for a host, or for some of its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.tables.unknown import TABLE as UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerframe.audit.rule import Rule

NOT_INSPECTED: Final = "it needs inspections: take the snapshot with inspect=True"
"""Why a rule did not run, in a table of rules."""
_HOST_FAILED: Final = "the host did not answer"
_ABOUT_HOSTS: Final = frozenset({"host-failed", "engine-over-plain-tcp"})
"""Rules that are about how a host is reached: they are known for a host that did not answer."""


def missing_table(name: str) -> str:
    """Why a rule did not run that needs a table which was not gathered."""
    if name == "inspections":
        return NOT_INSPECTED
    return f"it needs the table {name}: take the snapshot with include=({name!r},)"


def unknown_results(rules: Sequence[Rule], tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """A row per host and rule whose result is unknown, with the columns of `dockerframe.tables.unknown`.

    A host that did not answer is unknown for every rule about containers. A rule that needs an optional table is
    unknown for hosts, or for as many of their containers, as the table has no rows of.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/web"]}])
    >>> unknown_results([dkf.BUILTIN_RULES["privileged"], dkf.BUILTIN_RULES["restarting"]], snap.tables).rows()
    [('local', 'privileged', 1, 'it needs inspections: take the snapshot with inspect=True')]
    """
    hosts = tables["hosts"].select("host", "ok")
    failed = hosts.filter(~pl.col("ok")).select("host")
    about_containers = pl.DataFrame(
        {"rule": [rule.id for rule in rules if rule.id not in _ABOUT_HOSTS]}, schema={"rule": pl.String}
    )
    whole = failed.join(about_containers, how="cross").with_columns(
        pl.lit(None, pl.UInt32).alias("containers"), pl.lit(_HOST_FAILED).alias("reason")
    )
    parts = [_without_rows(name, rules, tables) for name in sorted({name for rule in rules for name in rule.needs})]
    found = pl.concat([whole, *parts]).unique(["host", "rule"], keep="first", maintain_order=True)
    return UNKNOWN.conform(found.sort("host", "rule"))


def _without_rows(name: str, rules: Sequence[Rule], tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Hosts with containers that an optional table has nothing of, for each rule that needs it."""
    table = tables.get(name)
    keys = [*KEYS] if table is None or "container_id" in table.columns else ["host"]
    containers = tables["containers"].select(KEYS)
    missing = containers if table is None else containers.join(table.select(keys).unique(), on=keys, how="anti")
    by_host = missing.group_by("host").agg(pl.len().cast(pl.UInt32).alias("containers"))
    needing = pl.DataFrame({"rule": [rule.id for rule in rules if name in rule.needs]}, schema={"rule": pl.String})
    reason = missing_table(name) if table is None else f"the table {name} has no rows of them"
    return by_host.join(needing, how="cross").select("host", "rule", "containers", reason=pl.lit(reason))
