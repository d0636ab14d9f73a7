"""What GoDoxy serves: the table `routes` as rows of `exposures`."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.exposures.table import EXPOSURES

_STREAMS: Final = ("tcp", "udp")
_SCHEMES: Final = ("http", "https", "h2c", "fileserver", *_STREAMS)
_ALIASES_LABEL: Final = "proxy.aliases"


def godoxy_exposures(containers: pl.DataFrame, routes: pl.DataFrame, route_fields: pl.DataFrame) -> pl.DataFrame:
    """The rows of `exposures` that GoDoxy gives: one per route, served or not.

    Reads the tables `containers`, `routes` and `route_fields`.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> summary = {"Id": "1", "Names": ["/web"], "Image": "nginx", "State": "running"}
    >>> snap = dkf.from_summaries([summary], url="tcp://docker1:2375")
    >>> table = godoxy_exposures(snap.containers, snap.routes, snap.route_fields)
    >>> table.select("router", "rule", "target_host", "target_port").row(0)
    ('web', 'web, web.*', 'docker1', 80)
    """
    key = ["host", "container_id"]
    alias = pl.col("alias").str.strip_chars().str.to_lowercase().alias("router")
    labels = route_fields.lazy().group_by(*key, "alias").agg(pl.col("source_label").unique().alias("field_labels"))
    listed = containers.lazy().select(*key, pl.col("labels").map.get(_ALIASES_LABEL).is_not_null().alias("is_listed"))
    is_http = ~pl.col("scheme").is_in(_STREAMS)
    has_target = pl.col("target_host").is_not_null()
    empty = pl.lit([], pl.List(pl.String()))
    aliases_label = pl.when("is_listed").then(pl.lit([_ALIASES_LABEL])).otherwise(empty)
    found = (
        routes.lazy()
        .join(labels, on=[*key, "alias"], how="left", maintain_order="left")
        .join(listed, on=key, how="left", maintain_order="left")
        .with_columns(alias)
        .with_columns(
            pl.lit("godoxy").alias("proxy"),
            pl.when(is_http).then(pl.lit("http")).otherwise("scheme").fill_null("http").alias("protocol"),
            pl.when(pl.col("router").str.contains(".", literal=True))
            .then("router")
            .otherwise(pl.format("{}, {}.*", "router", "router"))
            .alias("rule"),
            pl.concat_list("router").alias("hostnames"),
            empty.alias("paths"),
            pl.lit("proxy").alias("handler"),
            # GoDoxy refuses a scheme that it does not know, and serves the route with the default one.
            pl.when(has_target & pl.col("scheme").is_in(_SCHEMES))
            .then("scheme")
            .when(has_target)
            .then(pl.lit("http"))
            .alias("scheme"),
            pl.when(has_target).then("target_port").alias("target_port"),
            pl.when(is_http)
            .then(None)
            .otherwise(pl.concat_list(pl.col("listening_port").cast(pl.String)).list.drop_nulls())
            .alias("entrypoints"),
            pl.lit(None, pl.Boolean()).alias("tls"),
            pl.lit(None, pl.String()).alias("service"),
            pl.concat_list(pl.col("field_labels").fill_null(empty), aliases_label)
            .list.unique()
            .list.sort()
            .alias("source_labels"),
        )
        .collect()
    )
    return EXPOSURES.conform(found)
