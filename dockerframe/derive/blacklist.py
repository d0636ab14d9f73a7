"""Containers that get no route unless their labels ask for one (labels.md, section 9)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe.derive.evaluation import once_per_distinct, only_where
from dockerframe.derive.image import image_author, image_name

MOUNT_DESTINATIONS: Final = (
    "/var/lib/postgresql/data",
    "/var/lib/mysql",
    "/var/lib/mongodb",
    "/var/lib/mariadb",
    "/var/lib/memcached",
    "/var/lib/rabbitmq",
)
PRIVATE_PORTS: Final = (5432, 3306, 6379, 11211, 27017)
IMAGE_NAMES: Final = (
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "memcached",
    "mongo",
    "rabbitmq",
    "couchdb",
    "neo4j",
    "telegraf",
    "elasticsearch",
    "meilisearch",
    "kibana",
    "solr",
)
IMAGE_AUTHORS: Final = ("selenium", "browserless", "zenika", "zabbix", "moby", "docker")

_REASONS: Final = pl.Struct({"reasons": pl.List(pl.String())})
_DESTINATIONS: Final = pl.Series(MOUNT_DESTINATIONS)
_PORTS: Final = pl.Series(PRIVATE_PORTS, dtype=pl.UInt16())


def blacklist_reasons() -> pl.Expr:
    """Why a container is blacklisted: `mount:<path>`, `port:<number>`, `image:<name>`, `author:<name>`.

    Reads `mounts` and `ports` (Lists of Struct) and `image` (String), gives `blacklist_reasons` (List of String,
    empty when it is not). Mounts come in their order, ports by number. Source: labels.md, section 9.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({
    ...     "image": ["postgres:16", "nginx"],
    ...     "ports": [[{"private_port": 5432}], [{"private_port": 80}]],
    ...     "mounts": [[{"destination": "/var/lib/mysql"}], [{"destination": "/data"}]],
    ... })
    >>> frame.select(blacklist_reasons()).to_series().to_list()
    [['mount:/var/lib/mysql', 'port:5432', 'image:postgres'], []]
    """
    names = pl.concat_list(
        _single(image_name(), IMAGE_NAMES, "image:"), _single(image_author(), IMAGE_AUTHORS, "author:")
    )
    by_image = once_per_distinct(pl.col("image"), [names.alias("reasons")], _REASONS).struct.field("reasons")
    mounts = _listed("mounts", "destination", _DESTINATIONS, "mount:", sort=False)
    ports = _listed("ports", "private_port", _PORTS, "port:", sort=True)
    # Most containers have no reason at all, and lists cost more than flags.
    any_reason = (
        _any_listed("mounts", "destination", _DESTINATIONS)
        | _any_listed("ports", "private_port", _PORTS)
        | (by_image.list.len() > 0)
    )
    reasons = pl.concat_list(mounts, ports, by_image).alias("reasons")
    found = only_where(["mounts", "ports", "image"], any_reason, [reasons], _REASONS)
    return found.struct.field("reasons").fill_null([]).alias("blacklist_reasons")


def is_blacklisted() -> pl.Expr:
    """Whether a container is blacklisted: it has any of the `blacklist_reasons`.

    Reads `mounts`, `ports` and `image`, gives `is_blacklisted` (Boolean). Source: labels.md, section 9.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"ports": pl.List(pl.Struct({"private_port": pl.UInt16()})),
    ...           "mounts": pl.List(pl.Struct({"destination": pl.String()})), "image": pl.String()}
    >>> frame = pl.DataFrame({"ports": [[], []], "mounts": [[], []], "image": ["zabbix/agent", "app"]}, schema=schema)
    >>> frame.select(is_blacklisted()).to_series().to_list()
    [True, False]
    """
    return (blacklist_reasons().list.len() > 0).alias("is_blacklisted")


def _listed(column: str, field: str, listed: pl.Series, prefix: str, *, sort: bool) -> pl.Expr:
    """Each distinct value of a field of a list of structs that is on the list, with a prefix."""
    value = pl.element().struct.field(field).cast(listed.dtype)
    # Not `list.set_intersection`, which panics on a frame of several chunks (Polars 2.1).
    found = value.filter(value.is_in(listed.implode())).unique(maintain_order=True)
    ordered = found.sort() if sort else found
    return pl.col(column).list.eval(pl.lit(prefix) + ordered.cast(pl.String)).fill_null([])


def _any_listed(column: str, field: str, listed: pl.Series) -> pl.Expr:
    """Whether a field of any struct of a list is on the list."""
    value = pl.element().struct.field(field).cast(listed.dtype)
    return pl.col(column).list.eval(value.is_in(listed.implode())).list.any().fill_null(value=False)


def _single(value: pl.Expr, listed: tuple[str, ...], prefix: str) -> pl.Expr:
    """A list of the one value where it is on the list, else an empty list."""
    return (
        pl.when(value.is_in(listed))
        .then(pl.concat_list(pl.lit(prefix) + value))
        .otherwise(pl.lit([], pl.List(pl.String)))
    )
