"""Containers that get no route unless their labels ask for one (labels.md, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.image import image_author, image_name

if TYPE_CHECKING:
    from collections.abc import Sequence

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

_REASONS: Final = pl.List(pl.String())


def blacklist_reasons() -> pl.Expr:
    """Why a container is blacklisted: `mount:<path>`, `port:<number>`, `image:<name>`, `author:<name>`.

    Reads `mounts` and `ports` (Lists of Struct) and `image` (String), gives `blacklist_reasons` (List of String,
    empty when it is not). Mounts are sorted by path, ports by number. Source: labels.md, section 9.

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
    return pl.struct("mounts", "ports", "image").map_batches(_reasons, return_dtype=_REASONS).alias("blacklist_reasons")


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


def _reasons(containers: pl.Series) -> pl.Series:
    """The reasons of each container, as one list."""
    rows = containers.struct.unnest().lazy().with_row_index("row")
    # Flat rows: to look inside each list takes twenty times as long.
    mounts = _listed(rows, "mounts", "destination", MOUNT_DESTINATIONS, "mount:").sort("row", "value")
    ports = _listed(rows, "ports", "private_port", PRIVATE_PORTS, "port:").sort("row", "value")
    found = pl.concat([mounts.select("row", "reason"), ports.select("row", "reason"), _listed_images(rows)])
    lists = found.sort("row", maintain_order=True).group_by("row", maintain_order=True).agg("reason")
    of_all = rows.select("row").join(lists, on="row", how="left", maintain_order="left")
    return of_all.select(pl.col("reason").fill_null([])).collect(engine="in-memory").to_series()


def _listed(
    rows: pl.LazyFrame, column: str, field: str, listed: Sequence[str] | Sequence[int], prefix: str
) -> pl.LazyFrame:
    """Each distinct value of a field of a list of structs that is on the list: `row`, `value`, `reason`."""
    value = pl.col(column).struct.field(field)
    return (
        rows.select("row", column)
        .explode(column, empty_as_null=False, keep_nulls=False)
        .select("row", value.alias("value"))
        .filter(pl.col("value").is_in(listed))
        .unique(maintain_order=True)
        .with_columns((pl.lit(prefix) + pl.col("value").cast(pl.String)).alias("reason"))
    )


def _listed_images(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The image's name, then its author, where they are on the list: `row`, `reason`. Each image is read once."""
    parts = rows.select("image").unique().with_columns(image_name(), image_author())
    of_images = pl.concat(
        parts.filter(pl.col(part).is_in(listed)).select("image", (pl.lit(prefix) + pl.col(part)).alias("reason"))
        for part, listed, prefix in (
            ("image_name", IMAGE_NAMES, "image:"),
            ("image_author", IMAGE_AUTHORS, "author:"),
        )
    )
    return rows.select("row", "image").join(of_images, on="image", maintain_order="left_right").drop("image")
