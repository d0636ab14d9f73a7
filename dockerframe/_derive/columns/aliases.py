"""Explicit, excluded, aliases (labels.md, section 4), from the labels as they are on the container."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.columns.identity import container_name
from dockerframe._derive.labels import PREFIX, TRUE_TEXTS, label, split_list

ALIASES_LABEL: Final = "proxy.aliases"
EXCLUDE_LABEL: Final = "proxy.exclude"


def is_explicit() -> pl.Expr:
    """Whether there is any label whose name starts with `proxy.`.

    Reads `labels` (Map), gives `is_explicit` (Boolean). Source: labels.md, section 4.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> pl.DataFrame({"labels": [{"proxy.a.port": "1"}, {}]}, schema=schema).select(is_explicit()).to_series().to_list()
    [True, False]
    """
    any_proxy = pl.col("labels").map.keys().list.agg(pl.element().str.starts_with(PREFIX).any())
    return any_proxy.fill_null(value=False).alias("is_explicit")


def is_explicit_of(proxied: pl.DataFrame, containers: int) -> pl.Series:
    """As `is_explicit`, for a number of containers whose `dockerframe._derive.labels.proxy_labels` exist already."""
    explicit = proxied.filter(pl.col("label").str.starts_with(PREFIX))["row"]
    return pl.repeat(value=False, n=containers, eager=True).scatter(explicit, True).alias("is_explicit")  # noqa: FBT003


def is_excluded() -> pl.Expr:
    """Whether `proxy.exclude` is true in Go's notation.

    Reads `labels` (Map), gives `is_excluded` (Boolean). Source: labels.md, section 4.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"proxy.exclude": "T"}, {"proxy.exclude": "yes"}, {}]}, schema=schema)
    >>> frame.select(is_excluded()).to_series().to_list()
    [True, False, False]
    """
    return label(EXCLUDE_LABEL).is_in(TRUE_TEXTS).fill_null(value=False).alias("is_excluded")


def aliases() -> pl.Expr:
    """The aliases in the order given; the container's name without the label `proxy.aliases`.

    Reads `labels` (Map) and `names` (List of String), gives `aliases` (List of String). Source: labels.md,
    section 4.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String()), "names": pl.List(pl.String())}
    >>> rows = {"labels": [{"proxy.aliases": "b, a"}, {}], "names": [["/web"], ["/db"]]}
    >>> pl.DataFrame(rows, schema=schema).select(aliases()).to_series().to_list()
    [['b', 'a'], ['db']]
    """
    value = label(ALIASES_LABEL)
    named = pl.concat_list(container_name())
    return pl.when(value != "").then(split_list(value)).otherwise(named).alias("aliases")
