"""Services of Traefik: those that labels define, those that Traefik makes, and where each sends requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.exposures.addresses import bindings
from dockerframe._derive.exposures.go_values import target_of_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerframe._derive.exposures.traefik_labels import DecodedLabels

PROTOCOLS: Final = ("http", "tcp", "udp")

_SERVER: Final = "loadbalancer.server."
_UNSPECIFIED: Final = ("", "0.0.0.0", "::")  # noqa: S104 - addresses that Traefik does not use
_DROP_ORDER: Final = {"tcp": 0, "udp": 1, "http": 2}
_TARGET: Final = pl.Schema(
    {"scheme": pl.String(), "target_host": pl.String(), "target_port": pl.UInt16(), "is_url_refused": pl.Boolean()}
)


class Services(NamedTuple):
    """The services of all containers, and the containers that Traefik drops because of one.

    Attributes
    ----------
    rows
        A row per service of a container: `row`, `protocol`, `service`, the target (`scheme`, `target_host`,
        `target_port`), `has_server`, `is_broken` (Traefik cannot use its server), `is_implicit`, `object`.
    dropped
        The containers that Traefik drops whole: `row`, `reason`, `object`.
    """

    rows: pl.DataFrame
    dropped: pl.DataFrame


def built_protocols(kept: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    """The protocols for which Traefik makes services and routers: `row`, `protocol`.

    HTTP is left out where labels configure TCP or UDP, and nothing of HTTP.
    """
    own = kept.lazy().select("row")
    named = decoded.objects.lazy().filter(pl.col("name").is_not_null()).select("row", "section", "protocol")
    streams = named.filter(pl.col("section").is_in(["tcp.routers", "tcp.services", "udp.routers", "udp.services"]))
    by_label = streams.select("row", "protocol").unique()
    with_http = named.filter(pl.col("section").is_in(["http.routers", "http.services", "http.middlewares"]))
    without = by_label.select("row").unique().join(with_http, on="row", how="anti")
    http = own.join(without, on="row", how="anti").with_columns(pl.lit("http").alias("protocol"))
    return pl.concat([by_label.join(own, on="row", how="semi"), http]).collect()


def services(kept: pl.DataFrame, decoded: DecodedLabels, built: pl.DataFrame, containers: pl.DataFrame) -> Services:
    """The services of the containers that Traefik keeps.

    `kept` has `row`, `service_name`, `address`, `lowest_port`, `gives_servers`, `set_use_bind_port_ip` and
    `set_providers`; `containers` has the `ports` of all containers, by position.
    """
    labelled = _labelled(decoded).lazy().join(built.lazy(), on=["row", "protocol"], how="semi")
    implicit = built.lazy().join(labelled, on=["row", "protocol"], how="anti")
    implicit = implicit.join(kept.lazy().select("row", pl.col("service_name").alias("service")), on="row")
    every = pl.concat(
        [
            labelled.with_columns(pl.lit(value=False).alias("is_implicit")),
            implicit.with_columns(pl.lit(value=True).alias("is_implicit"), pl.lit(value=True).alias("has_balancer")),
        ],
        how="diagonal",
    )
    own = kept.lazy().select(
        "row", "host", "address", "lowest_port", "gives_servers", "set_use_bind_port_ip", "set_providers"
    )
    placed = _with_address(every.join(own, on="row").collect(), containers)
    placed = placed.with_columns(_reason().alias("reason"))
    dropped = _dropped(placed)
    remaining = placed.join(dropped, on="row", how="anti").drop("reason") if len(dropped) else placed.drop("reason")
    targets = remaining.hstack(_targets(remaining))
    return Services(targets.with_columns(_is_broken().alias("is_broken")), dropped)


def _labelled(decoded: DecodedLabels) -> pl.DataFrame:
    """The services in labels, with the settings of their servers."""
    found = decoded.values(
        "services",
        {
            "port": f"{_SERVER}port",
            "server_scheme": f"{_SERVER}scheme",
            "url": f"{_SERVER}url",
            "transport": "loadbalancer.serverstransport",
        },
    )
    balanced = decoded.rows.lazy().filter(pl.col("top") == "loadbalancer").select("object").unique().collect()
    is_balanced = pl.col("object").is_in(balanced["object"].implode())
    return found.filter(pl.col("name").is_not_null()).select(
        "row",
        "object",
        "protocol",
        "lower_name",
        pl.col("name").alias("service"),
        is_balanced.alias("has_balancer"),
        "port",
        "server_scheme",
        "url",
        "transport",
    )


def _with_address(placed: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """The services with `server_host` and `server_port` (text)."""
    asked = pl.coalesce("port", "lowest_port").alias("server_port")
    placed = placed.with_columns(pl.col("address").alias("server_host"), asked)
    if not placed["set_use_bind_port_ip"].any():
        return placed
    users = placed.filter("set_use_bind_port_ip").select("row").unique()
    bound = bindings(containers).join(users, on="row", how="semi").filter(~pl.col("bound_host").is_in(_UNSPECIFIED))
    joined = placed.join(
        bound, left_on=["row", "server_port"], right_on=["row", "port"], how="left", maintain_order="left"
    )
    return joined.with_columns(
        pl.coalesce("bound_host", "server_host").alias("server_host"),
        pl.coalesce(pl.col("bound_port").cast(pl.String), "server_port").alias("server_port"),
    ).drop("bound_host", "bound_port")


def _reason() -> pl.Expr:
    """Why Traefik drops the whole container because of a service; null where it does not."""
    is_url = (pl.col("protocol") == "http") & pl.col("url").is_not_null()
    extra = pl.col("server_scheme").is_not_null() | pl.col("port").is_not_null()
    return (
        pl.when(~pl.col("gives_servers"))
        .then(None)
        .when(~pl.col("has_balancer"))
        .then(pl.lit("no_load_balancer"))
        .when(is_url & extra)
        .then(pl.lit("url_with_port"))
        .when(is_url)
        .then(None)
        .when(pl.col("server_host").is_null())
        .then(pl.lit("no_address"))
        .when(pl.col("server_port").is_null())
        .then(pl.lit("no_port"))
    )


def _dropped(placed: pl.DataFrame) -> pl.DataFrame:
    """TCP comes first, then UDP, then HTTP; among the services of one protocol Traefik has no order."""
    refused = placed.lazy().filter(pl.col("reason").is_not_null())
    ordered = refused.sort(pl.col("protocol").replace_strict(_DROP_ORDER, return_dtype=pl.UInt8), "service")
    return ordered.group_by("row").agg(pl.col("reason").first(), pl.col("object").first()).collect()


def _targets(remaining: pl.DataFrame) -> pl.DataFrame:
    """The target of each service; texts that are more than a number are read as URLs, once each."""
    is_http = pl.col("protocol") == "http"
    host, port = pl.col("server_host"), pl.col("server_port")
    is_six = host.str.contains(":", literal=True)
    joined = pl.when(is_six).then(pl.format("[{}]:{}", host, port)).otherwise(pl.format("{}:{}", host, port))
    built = pl.format("{}://{}", pl.col("server_scheme").fill_null("http"), joined)
    url = pl.when(is_http).then(pl.coalesce("url", built)).otherwise(pl.format("http://{}", joined))
    is_plain = pl.col("url").is_null() & port.str.contains(r"^[0-9]{1,5}$") & pl.col("server_scheme").is_null()
    given = remaining.select(
        pl.when(~is_plain & pl.col("gives_servers")).then(url).alias("parsed_url"),
        "gives_servers",
        "protocol",
        host,
        port.cast(pl.UInt32, strict=False).cast(pl.UInt16, strict=False).alias("number"),
        is_plain.alias("is_plain"),
    )
    parsed = _parsed_urls(given["parsed_url"])
    plain_scheme = pl.when(pl.col("protocol") == "http").then(pl.lit("http")).otherwise("protocol")
    found = given.hstack(parsed)
    is_given = pl.col("gives_servers") & ~pl.col("is_url_refused")
    return found.select(
        pl.when(is_given & pl.col("is_plain"))
        .then(plain_scheme)
        .when(is_given)
        .then(pl.when(pl.col("protocol") == "http").then("url_scheme").otherwise("protocol"))
        .alias("scheme"),
        pl.when(is_given & pl.col("is_plain")).then("server_host").when(is_given).then("url_host").alias("target_host"),
        pl.when(is_given & pl.col("is_plain")).then("number").when(is_given).then("url_port").alias("target_port"),
        "is_url_refused",
    ).with_columns(pl.col("target_host").is_not_null().alias("has_server"))


def _parsed_urls(urls: pl.Series) -> pl.DataFrame:
    distinct: Sequence[str] = urls.drop_nulls().unique().to_list()
    targets = [target_of_url(url) for url in distinct]
    table = pl.DataFrame(
        {
            "parsed_url": distinct,
            "url_scheme": [target and target.scheme for target in targets],
            "url_host": [target and target.host for target in targets],
            "url_port": [target and target.port for target in targets],
            "is_url_refused": [target is None for target in targets],
        },
        schema={
            "parsed_url": pl.String(),
            "url_scheme": pl.String(),
            "url_host": pl.String(),
            "url_port": pl.UInt16(),
            "is_url_refused": pl.Boolean(),
        },
    )
    found = urls.to_frame("parsed_url").join(table, on="parsed_url", how="left", maintain_order="left")
    return found.select("url_scheme", "url_host", "url_port", pl.col("is_url_refused").fill_null(value=False))


def is_foreign(name: pl.Expr) -> pl.Expr:
    """Whether a name with `@` means something that labels do not define, and that may exist nevertheless."""
    provider = name.str.extract(r"@([^@]*)$")
    known = pl.col("set_providers").is_null() | pl.col("set_providers").list.contains(provider)
    return (provider == "internal").fill_null(value=False) | (
        (provider.is_not_null() & (provider != "docker")).fill_null(value=False) & known
    )


def _is_broken() -> pl.Expr:
    transport = pl.col("transport")
    has_no_transport = transport.is_not_null() & ~is_foreign(transport) & (pl.col("protocol") != "udp")
    return pl.col("is_url_refused") & (pl.col("protocol") == "http") | (has_no_transport & pl.col("has_server"))
