"""Containers that do not run because something else starts them when they are needed."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.labels import KEYS, labels_table

_LABELS: Final = r"^(sablier|lazytainer|lazyloader|ofelia|chadburn|swarm\.cronjob)\."
"""Sablier, Lazytainer and Traefik's lazy loader start containers on request; the others at set times."""
_OFF: Final = r"^(sablier\.enable|ofelia\.enabled|chadburn\.enabled|swarm\.cronjob\.enable)$"
_RUNS_INSIDE: Final = r"^(ofelia|chadburn)\.job-exec\."
_STARTS: Final = r"^(ofelia|chadburn)\.job-run\."
"""A job of the first kind needs its container running, one of the second starts it."""
_FALSE: Final = ("false", "0", "no", "f")


def asleep(containers: pl.LazyFrame, dependencies: pl.LazyFrame) -> pl.DataFrame:
    """Containers that do not run and may be stopped on purpose: `host`, `container_id`.

    Those with an idle timeout, those with a label of a tool that starts containers on request or at set times, and
    those on which only such containers depend: GoDoxy stops them together with the container that sleeps.
    """
    stopped = containers.filter(~pl.col("running"))
    with_timeout = stopped.filter(pl.col("idle_timeout").is_not_null()).select(KEYS)
    found, edges = pl.collect_all(
        [
            pl.concat([with_timeout, _labelled(stopped)]).unique(),
            dependencies.filter(pl.col("resolved_id").is_not_null()).select(*KEYS, "resolved_id"),
        ],
        engine="in-memory",
    )
    # Each pass goes one dependency further; chains are short.
    new = found
    while new.height:
        new = _needed_only_by(found, new, edges).join(found, on=KEYS, how="anti")
        found = pl.concat([found, new])
    return found


def _labelled(containers: pl.LazyFrame) -> pl.LazyFrame:
    """Containers with a label of a scheduler or of a tool that starts on request, unless that tool is switched off."""
    labels = labels_table(containers).filter(pl.col("key").str.contains(_LABELS))
    key = pl.col("key")
    is_off = key.str.contains(_OFF) & pl.col("value").str.to_lowercase().is_in(_FALSE)
    has_to_run = key.str.contains(_RUNS_INSIDE).any() & ~key.str.contains(_STARTS).any()
    is_awake = (is_off.any() | has_to_run).alias("is_awake")
    return labels.group_by(KEYS).agg(is_awake).filter(~pl.col("is_awake")).select(KEYS)


def _needed_only_by(found: pl.DataFrame, new: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """What the new ones depend on, where no container that is not asleep depends on it as well."""
    needed = edges.join(new, on=KEYS, how="semi").select("host", "resolved_id").unique()
    by_others = edges.join(needed, on=["host", "resolved_id"], how="semi").join(found, on=KEYS, how="anti")
    return needed.join(by_others, on=["host", "resolved_id"], how="anti").rename({"resolved_id": "container_id"})
