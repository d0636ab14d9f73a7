"""Errors of the labels of containers, apart from routes: rows of the table `errors`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.aliases import ALIASES_LABEL, EXCLUDE_LABEL
from dockerframe._derive.columns.idle import IDLE_SETTINGS, IDLE_TIMEOUT_LABEL, has_idle_timeout
from dockerframe._derive.columns.networks import NETWORK_LABEL, network_not_found
from dockerframe._derive.labels import FALSE_TEXTS, KEYS, TRUE_TEXTS, first_characters, label
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_ERROR_KINDS: Final = ("invalid_bool", "empty_alias", "network_not_found", "no_network", "invalid_idle")
"""The kinds of errors that belong to a container as a whole, in the order in which they are looked for."""

EXCLUDING_KINDS: Final = ("network_not_found", "no_network", "invalid_idle")
"""The kinds of errors of a container that exclude its routes (labels.md, section 13, rule 13)."""


def container_errors(containers: pl.DataFrame, reachable: pl.Expr) -> pl.DataFrame:
    """Errors of the labels that belong to the container as a whole.

    Reads `labels`, `networks`, `aliases`, `running`, `public_hostname`, `private_hostname` and `idle_timeout`;
    `reachable` (Boolean) is whether the host is local or an agent. Gives rows of `dockerframe.schemas.ERRORS`, of the
    kinds `invalid_bool`, `empty_alias`, `network_not_found`, `no_network` and `invalid_idle`. Source: labels.md,
    sections 4, 10 and 11.
    """
    frames = pl.collect_all([found.lazy() for found in _all_errors(containers.lazy(), reachable)])
    return pl.concat([ERRORS.empty(), *frames])


def error_rows(found: pl.LazyFrame, kind: str, label_name: pl.Expr, message: pl.Expr) -> pl.LazyFrame:
    """Rows of the table `errors` from rows that have the keys."""
    return found.select(
        *KEYS, pl.lit(kind).alias("kind"), label_name.cast(pl.String).alias("label"), message.alias("message")
    )


def _all_errors(containers: pl.LazyFrame, reachable: pl.Expr) -> Iterator[pl.LazyFrame]:
    yield _invalid_bool(containers)
    yield _empty_alias(containers)
    yield _network_not_found(containers, reachable)
    yield _no_network(containers)
    yield from _invalid_idle(containers)


def _invalid_idle(containers: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    # A bad setting removes all of them, so that checking one column is enough.
    without = containers.filter(pl.col("idle_timeout").is_null()).select(*KEYS, "labels")
    bad = _with_label(without, IDLE_TIMEOUT_LABEL).filter(has_idle_timeout())
    for setting in IDLE_SETTINGS if bad.height else ():
        message = pl.format(
            "{} is {}; it must be {}.", pl.lit(setting.label), _quoted(setting.text), pl.lit(setting.valid)
        )
        yield error_rows(bad.lazy().filter(setting.is_bad), "invalid_idle", pl.lit(setting.label), message)


def _with_label(containers: pl.LazyFrame, name: str) -> pl.DataFrame:
    """The containers that have a label, filtered once: few have it, and several checks read it."""
    return containers.filter(label(name).is_not_null()).collect()


def _invalid_bool(containers: pl.LazyFrame) -> pl.LazyFrame:
    value = label(EXCLUDE_LABEL)
    labelled = _with_label(containers.select(*KEYS, "labels"), EXCLUDE_LABEL)
    bad = labelled.lazy().filter(~value.is_in((*TRUE_TEXTS, *FALSE_TEXTS)))
    message = pl.format("{} is {}; it must be true or false.", pl.lit(EXCLUDE_LABEL), _quoted(value))
    return error_rows(bad, "invalid_bool", pl.lit(EXCLUDE_LABEL), message)


def _empty_alias(containers: pl.LazyFrame) -> pl.LazyFrame:
    bad = containers.filter(pl.col("aliases").list.len() == 0)
    message = pl.lit(f"{ALIASES_LABEL} has nothing but separators; name at least one alias, or remove the label.")
    return error_rows(bad, "empty_alias", pl.lit(ALIASES_LABEL), message)


def _no_network(containers: pl.LazyFrame) -> pl.LazyFrame:
    bad = containers.filter(
        pl.col("running") & pl.col("public_hostname").is_null() & pl.col("private_hostname").is_null()
    )
    message = pl.lit("It is running without an address to reach it at; attach it to a network, or publish a port.")
    return error_rows(bad, "no_network", pl.lit(None), message)


def _network_not_found(containers: pl.LazyFrame, reachable: pl.Expr) -> pl.LazyFrame:
    wanted, attached = label(NETWORK_LABEL).alias("wanted"), pl.col("networks").map.keys().alias("attached")
    named = _with_label(containers.select(*KEYS, "labels", "networks"), NETWORK_LABEL)
    bad = named.lazy().filter(network_not_found(reachable)).select(*KEYS, wanted, attached)
    message = pl.struct("wanted", "attached").map_batches(_suggestions, return_dtype=pl.String())
    return error_rows(bad, "network_not_found", pl.lit(NETWORK_LABEL), message)


def _suggestions(rows: pl.Series) -> pl.Series:
    """One message per row, computed once per distinct pair of a wanted name and the existing names."""
    texts = {(one["wanted"], tuple(one["attached"])): "" for one in rows.to_list()}
    for wanted, attached in texts:
        nearest = difflib.get_close_matches(wanted, attached, n=1, cutoff=0.0)
        hint = f"did you mean {nearest[0]!r}?" if nearest else "it is in no network."
        texts[wanted, attached] = f"{NETWORK_LABEL} names {wanted!r}, which the container is not in; {hint}"
    return pl.Series([texts[one["wanted"], tuple(one["attached"])] for one in rows.to_list()], dtype=pl.String())


def _quoted(text: pl.Expr) -> pl.Expr:
    """A value from a label, short enough for a message."""
    shown = pl.when(text.str.len_chars() > 80).then(first_characters(text, 80) + "…").otherwise(text)
    return pl.lit("'") + shown + pl.lit("'")
