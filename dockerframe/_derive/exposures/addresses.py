"""The address at which Traefik reaches each container, and the ports it finds there."""

from __future__ import annotations

from typing import Final

import polars as pl

DEEPEST_SHARING: Final = 8
"""How many containers a network may be handed on through (`network_mode: container:<id>`)."""

_SHARED: Final = "container:"
_FALSE: Final = pl.lit(value=False).alias("is_any_of_several")


def attachments(containers: pl.DataFrame) -> pl.DataFrame:
    """A row per network of a container: `row`, `network`, `network_id`, `address` (IPv4, else IPv6; else empty)."""
    field = pl.col("networks").struct.field("value").struct.field
    filled = [pl.when(one != "").then(one) for one in (field("ip_address"), field("global_ipv6_address"))]
    return (
        containers.lazy()
        .select("row", pl.col("networks").map.entries())
        .explode("networks", empty_as_null=False, keep_nulls=False)
        .select(
            "row",
            pl.col("networks").struct.field("key").alias("network"),
            field("network_id"),
            pl.coalesce(*filled, pl.lit("")).alias("address"),
        )
        .collect()
    )


def shares_with(containers: pl.DataFrame) -> pl.DataFrame:
    """The container whose network another one uses: `row`, and `owner`, its row, null where it does not exist.

    Reads `row`, `host`, `container_id`, `container_name` and `network_mode`.
    """
    reference = pl.col("network_mode").str.strip_prefix(_SHARED)
    sharing = containers.lazy().filter(pl.col("network_mode").str.starts_with(_SHARED))
    sharing = sharing.select("row", "host", reference.alias("reference"), reference.str.slice(0, 12).alias("short"))
    owners = containers.lazy().select(
        "host",
        "container_id",
        "container_name",
        pl.col("row").alias("owner"),
        pl.col("container_id").str.slice(0, 12).alias("short"),
    )
    by_id = owners.select("host", pl.col("container_id").alias("reference"), pl.col("owner").alias("by_id"))
    by_name = owners.select("host", pl.col("container_name").alias("reference"), pl.col("owner").alias("by_name"))
    by_start = owners.filter(pl.len().over("host", "short") == 1).select(
        "host", "short", pl.col("owner").alias("by_start")
    )
    is_short = pl.col("reference").str.len_bytes() == 12
    return (
        sharing.join(by_id.unique(["host", "reference"]), on=["host", "reference"], how="left")
        .join(by_name.unique(["host", "reference"]), on=["host", "reference"], how="left")
        .join(by_start, on=["host", "short"], how="left")
        .select("row", pl.coalesce("by_id", "by_name", pl.when(is_short).then("by_start")).alias("owner"))
        .collect()
    )


def addresses(containers: pl.DataFrame, networks: pl.DataFrame) -> pl.DataFrame:
    """The address of each container: `row`, `address` (null without one), and whether it was chosen among several.

    Reads `row`, `network_mode`, `wanted` (the network that its label, else the setting names; null without),
    `is_unreadable` (whether its own provider labels are refused) and what `shares_with` reads. `networks` is what
    `attachments` gives.
    """
    found: list[pl.DataFrame] = []
    owners = shares_with(containers)
    asked = containers.select("row", pl.col("row").alias("at"), "wanted")
    any_network = _any_network(networks)
    modes = containers.select(
        pl.col("row").alias("at"), "network_mode", pl.col("wanted").alias("own_network"), "is_unreadable"
    )
    for _ in range(DEEPEST_SHARING):
        answered = _at(asked, networks, any_network, modes)
        is_shared = pl.col("named").is_null() & pl.col("network_mode").str.starts_with(_SHARED).fill_null(value=False)
        found.append(answered.filter(~is_shared).select("row", _address(), _is_ambiguous()))
        handed = answered.filter(is_shared)
        if handed.is_empty():
            break
        asked = _handed_on(handed, owners, modes)
    return pl.concat(found)


def _any_network(networks: pl.DataFrame) -> pl.DataFrame:
    """Traefik takes any network, in no order; here it is the first by name that has an address."""
    usable = networks.lazy().filter(pl.col("address") != "").with_columns(pl.col("row").is_duplicated().alias("is_one"))
    single = usable.filter(~pl.col("is_one")).select("row", pl.col("address").alias("any"), _FALSE)
    several = (
        usable.filter("is_one")
        .sort("row", "network")
        .group_by("row")
        .agg(pl.col("address").first().alias("any"), (pl.col("address").n_unique() > 1).alias("is_any_of_several"))
    )
    return pl.concat([single, several]).rename({"row": "at"}).collect()


def _at(asked: pl.DataFrame, networks: pl.DataFrame, any_network: pl.DataFrame, modes: pl.DataFrame) -> pl.DataFrame:
    named = networks.lazy().select(
        pl.col("row").alias("at"), pl.col("network").alias("wanted"), pl.col("address").alias("named")
    )
    wanting = asked.lazy().filter(pl.col("wanted").is_not_null()).join(named, on=["at", "wanted"], how="left")
    others = asked.lazy().filter(pl.col("wanted").is_null()).with_columns(pl.lit(None, pl.String()).alias("named"))
    return (
        pl.concat([wanting.select("row", "at", "wanted", "named"), others])
        .join(any_network.lazy(), on="at", how="left")
        .join(modes.lazy(), on="at", how="left")
        .collect()
    )


def _address() -> pl.Expr:
    """The named network's address, else that of the host's network, else any; null where that is empty."""
    other = pl.when(pl.col("network_mode") == "host").then(pl.lit("127.0.0.1")).otherwise("any")
    chosen = pl.when(pl.col("named").is_not_null()).then("named").otherwise(other)
    return pl.when(chosen != "").then(chosen).alias("address")


def _is_ambiguous() -> pl.Expr:
    is_any = pl.col("named").is_null() & (pl.col("network_mode") != "host").fill_null(value=True)
    return (is_any & pl.col("is_any_of_several").fill_null(value=False)).alias("is_ambiguous")


def _handed_on(handed: pl.DataFrame, owners: pl.DataFrame, modes: pl.DataFrame) -> pl.DataFrame:
    """The containers whose network is another's, asked there: the owner's own network label comes first."""
    moved = handed.select("row", "wanted", pl.col("at").alias("sharer")).join(
        owners.rename({"row": "sharer", "owner": "at"}), on="sharer"
    )
    known = moved.filter(pl.col("at").is_not_null()).join(modes, on="at")
    return known.filter(~pl.col("is_unreadable")).select(
        "row", "at", pl.coalesce("own_network", "wanted").alias("wanted")
    )


def bindings(containers: pl.DataFrame) -> pl.DataFrame:
    """The first binding of each port that is published: `row`, `port`, `bound_host`, `bound_port`."""
    field = pl.col("ports").struct.field
    return (
        containers.lazy()
        .select("row", "ports")
        .explode("ports", empty_as_null=False, keep_nulls=False)
        .select(
            "row",
            field("private_port").cast(pl.String).alias("port"),
            field("ip").alias("bound_host"),
            field("public_port").alias("bound_port"),
            field("type").alias("type"),
        )
        .filter(pl.col("bound_port").is_not_null() & pl.col("type").is_in(["tcp", "udp"]))
        .unique(["row", "port"], keep="first", maintain_order=True)
        .drop("type")
        .collect()
    )


def lowest_port() -> pl.Expr:
    """The lowest port of a container, whatever its protocol, as text; null without ports."""
    ports = pl.col("ports").list.eval(pl.element().struct.field("private_port"))
    return ports.list.min().cast(pl.String).alias("lowest_port")
