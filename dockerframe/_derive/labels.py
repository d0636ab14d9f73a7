"""Reading labels: one by name, or all of them as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from dockerframe.schemas import FrameT

KEYS: Final = ("host", "container_id")

PREFIX: Final = "proxy."
RESERVED: Final = tuple(
    PREFIX + name
    for name in (
        "aliases",
        "exclude",
        "network",
        "idle_timeout",
        "wake_timeout",
        "stop_method",
        "stop_timeout",
        "stop_signal",
        "start_endpoint",
        "depends_on",
        "no_loading_page",
    )
)
"""Labels that are not fields of routes (labels.md, section 5)."""

READ_LABELS: Final = (
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.compose.depends_on",
    "com.docker.compose.oneoff",
    "com.docker.swarm.service.name",
    "org.opencontainers.image.version",
)
"""The labels that columns are derived from, in addition to those that start with `proxy`. Others are dropped."""

_NAMES: Final = (*RESERVED, *READ_LABELS)
_NAME: Final = pl.Enum(_NAMES)

TRUE_TEXTS: Final = ("1", "t", "T", "TRUE", "true", "True")
FALSE_TEXTS: Final = ("0", "f", "F", "FALSE", "false", "False")


def label(name: str) -> pl.Expr:
    """The value of one label; null without it.

    Reads `labels` (Map of String to String), gives a String column named as the label.

    Raises
    ------
    ValueError
        When the label is neither in `READ_LABELS` nor in `RESERVED`.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"proxy.exclude": "1"}, {}]}, schema=schema)
    >>> frame.select(label("proxy.exclude")).to_series().to_list()
    ['1', None]
    """
    if name not in _NAMES:
        raise ValueError(f"{name} is not kept: add it to READ_LABELS or RESERVED in dockerframe/_derive/labels.py")
    return pl.col("labels").map.get(name).alias(name)


def proxy_labels(containers: pl.DataFrame) -> pl.DataFrame:
    """The labels of the namespace `proxy`, one row each: `row` (UInt32: the container's position), `label`, `value`.

    Reads `labels` (Map of String to String). They are few, and the only ones that rules look for by how they begin.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"tier": "front"}, {"proxy.a.port": "80", "proxyless": "1"}]}, schema=schema)
    >>> proxy_labels(frame).rows()
    [(1, 'proxy.a.port', '80')]
    """
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    entries = containers.select(row, pl.col("labels").map.entries())
    rows = entries.explode("labels", empty_as_null=False, keep_nulls=False).unnest("labels")
    name = pl.col("key")
    chosen = rows.filter(name.str.starts_with(PREFIX) | (name == PREFIX.rstrip(".")))
    return chosen.select("row", name.alias("label"), pl.col("value").fill_null(""))


def labels_by_name() -> pl.Expr:
    """The labels that rules look up by name, under numbers: so they are found in a quarter of the time.

    Reads `labels` (Map of String to String), gives `labels` (Map of an Enum to String), which `label` reads as well.
    """
    entries = pl.List(pl.Struct({"key": _NAME, "value": pl.String()}))
    chosen = pl.element().filter(pl.element().struct.field("key").is_in(_NAMES))
    kept = pl.col("labels").map.entries().list.eval(chosen)
    return kept.cast(entries).cast(pl.Map(_NAME, pl.String())).alias("labels")


def non_empty(text: pl.Expr) -> pl.Expr:
    """A text; null where it is empty."""
    return pl.when(text != "").then(text)


def non_empty_label(name: str) -> pl.Expr:
    """The value of one label; null without it and where it is empty."""
    return non_empty(label(name)).alias(name)


def boolean(text: pl.Expr) -> pl.Expr:
    """A text as a boolean in Go's notation; null if it is not one."""
    return pl.when(text.is_in(TRUE_TEXTS)).then(statement=True).when(text.is_in(FALSE_TEXTS)).then(statement=False)


def split_list(text: pl.Expr) -> pl.Expr:
    """Items of a text that are parted by commas or white space; empty items are dropped.

    The expression must give String; the result is List of String. Source: labels.md, section 4.
    """
    return text.str.extract_all(r"[^,\s]+")


def first_characters(text: pl.Expr, number: int) -> pl.Expr:
    """The first characters of a text. Not `str.head`, which panics now and then on a part without rows (Polars 2.1)."""
    return text.str.extract(rf"(?s)^(.{{0,{number}}})")


def on_host(host: str | None) -> pl.Expr:
    """Whether a row belongs to a host; always true for None. Boolean, reads `host`."""
    return pl.lit(value=True) if host is None else pl.col("host") == host


def labels_table(containers: FrameT) -> FrameT:
    """One row per label: `host`, `container_id`, `key`, `value`.

    Reads `host`, `container_id` and `labels`.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"host": pl.String(), "container_id": pl.String(), "labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"host": ["a"], "container_id": ["1"], "labels": [{"tier": "front"}]}, schema=schema)
    >>> labels_table(frame).rows()
    [('a', '1', 'tier', 'front')]
    """
    return (
        containers.select(*KEYS, pl.col("labels").map.entries())
        .explode("labels", empty_as_null=False, keep_nulls=False)
        .unnest("labels")
    )
