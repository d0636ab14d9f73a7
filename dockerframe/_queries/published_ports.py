"""The published ports of a host: which are in use, and which are free."""

from __future__ import annotations

import polars as pl

from dockerframe.schemas import HIGHEST_PORT


def ports_in_use(ports: pl.DataFrame, host: str) -> pl.DataFrame:
    """One row per published port of a host: `port`, `type`, `address`, `container_name`, by port.

    Reads the table `ports` with the names of its containers. Addresses of one port are listed together, `*` for all.

    Examples
    --------
    >>> import polars as pl
    >>> row = {"host": "a", "container_name": "web", "ip": "0.0.0.0", "public_port": 80, "type": "tcp"}
    >>> ports_in_use(pl.DataFrame([row, row | {"ip": "::"}, row | {"public_port": None}]), "a").rows()
    [(80, 'tcp', '*', 'web')]
    """
    address = pl.col("ip").fill_null("")
    shown = pl.when(address.is_in(["", "0.0.0.0", "::"])).then(pl.lit("*")).otherwise(address)  # noqa: S104
    published = ports.filter((pl.col("host") == host) & pl.col("public_port").is_not_null())
    by_port = published.with_columns(shown.alias("address")).group_by("public_port", "type", "container_name")
    joined = by_port.agg(pl.col("address").unique().sort().str.join(", "))
    named = joined.select(pl.col("public_port").alias("port"), "type", "address", "container_name")
    return named.sort("port", "type", "container_name")


def free_ports(in_use: pl.DataFrame, *, first: int, count: int, protocol: str) -> list[int]:
    """The next ports from `first` that no container publishes for a protocol. Reads the result of `ports_in_use`.

    Examples
    --------
    >>> import polars as pl
    >>> free_ports(pl.DataFrame({"port": [8001], "type": ["tcp"]}), first=8000, count=2, protocol="tcp")
    [8000, 8002]
    """
    taken = in_use.filter(pl.col("type") == protocol)["port"].implode()
    ports = pl.int_range(first, HIGHEST_PORT + 1, dtype=pl.Int64, eager=True)
    return ports.filter(~ports.is_in(taken.cast(pl.List(pl.Int64)))).head(count).to_list()
