"""Routers of Traefik: those that labels define, those that Traefik makes, and why some are not served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.exposures.go_values import TRUE_TEXTS
from dockerframe._derive.exposures.templates import template
from dockerframe._derive.exposures.traefik_middlewares import routers_with_unusable, split_names
from dockerframe._derive.exposures.traefik_rules import parse_rules
from dockerframe._derive.exposures.traefik_services import is_foreign

if TYPE_CHECKING:
    from dockerframe._derive.exposures.traefik_labels import DecodedLabels

HIGHEST_PRIORITY: Final = 2**63 - 1001
"""Traefik keeps priorities above for its own routers."""


class Names(NamedTuple):
    """What routers may name on each host: services, their conflicts, and middlewares that can be used."""

    services: pl.DataFrame
    service_conflicts: pl.DataFrame
    router_conflicts: pl.DataFrame
    middlewares: pl.DataFrame


def routers(
    configured: pl.DataFrame, decoded: DecodedLabels, built: pl.DataFrame, services: pl.DataFrame, labels: pl.Series
) -> pl.DataFrame:
    """The routers of the containers that Traefik keeps, each with its service and rule.

    `reason` is that of a router that Traefik removes before it looks at the others of the host; null where it stays.
    `labels` are the labels of all containers, by position.
    """
    labelled = _labelled(decoded).lazy().join(built.lazy(), on=["row", "protocol"], how="semi").collect()
    counts = services.group_by("row", "protocol").agg(pl.len().alias("count"), pl.col("service").first().alias("only"))
    made = _made(configured, labelled, built, counts)
    both = pl.concat([labelled, made], how="diagonal")
    settings = configured.lazy().select(
        "row", "host", "service_name", "container_name", "set_default_rule", "set_providers", "set_entrypoints"
    )
    linked = (
        both.lazy()
        .join(counts.lazy(), on=["row", "protocol"], how="left")
        .join(settings, on="row")
        .with_columns(pl.coalesce("service", pl.when(pl.col("count") == 1).then("only")).alias("service"))
        .collect()
    )
    return _with_rule(linked, labels).with_row_index("router_id").with_columns(_removal())


def _labelled(decoded: DecodedLabels) -> pl.DataFrame:
    fields = ("rule", "service", "entrypoints", "middlewares", "priority", "rulesyntax")
    read = {**{field: field for field in fields}, "tls_options": "tls.options", "tls_passthrough": "tls.passthrough"}
    found = decoded.values("routers", read)
    secured = decoded.rows.lazy().filter((pl.col("top") == "tls") & ~pl.col("is_disabled")).select("object").unique()
    is_tls = pl.col("object").is_in(secured.collect()["object"].implode())
    passthrough = pl.col("tls_passthrough").is_in(TRUE_TEXTS).fill_null(value=False)
    return found.filter(pl.col("name").is_not_null()).select(
        "row",
        "object",
        "protocol",
        pl.col("name").alias("router"),
        *fields,
        "tls_options",
        passthrough.alias("passthrough"),
        is_tls.alias("tls"),
    )


def _made(configured: pl.DataFrame, labelled: pl.DataFrame, built: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """The router that Traefik makes for a container without HTTP routers, when it has one HTTP service."""
    http = built.lazy().filter(pl.col("protocol") == "http")
    alone = http.join(labelled.lazy(), on=["row", "protocol"], how="anti")
    single = alone.join(counts.lazy().filter(pl.col("count") == 1), on=["row", "protocol"], how="semi")
    names = configured.lazy().select("row", pl.col("service_name").alias("router"))
    false = pl.lit(value=False)
    return single.join(names, on="row").with_columns(false.alias("tls"), false.alias("passthrough")).collect()


def _with_rule(linked: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    """The routers with `rule`, `is_default_rule` and `is_unsupported`: each distinct default rule is read once."""
    is_default = pl.col("rule").is_null() & (pl.col("protocol") == "http")
    marked = linked.with_columns(is_default.alias("is_default_rule"), pl.lit(value=False).alias("is_unsupported"))
    texts = marked.filter("is_default_rule")["set_default_rule"].unique().sort()
    for text in texts:
        rule = template(text)
        is_own = pl.col("is_default_rule") & (pl.col("set_default_rule") == text)
        if rule is None:
            marked = marked.with_columns((pl.col("is_unsupported") | is_own).alias("is_unsupported"))
            continue
        own = marked.with_row_index("at").filter(is_own)
        given = own.with_columns(labels.gather(own["row"]).alias("labels")).select("at", rule.alias("given"))
        joined = marked.with_row_index("at").join(given, on="at", how="left", maintain_order="left")
        marked = joined.with_columns(pl.coalesce("given", "rule").alias("rule")).drop("at", "given")
    return marked.drop("set_default_rule")


def _removal() -> pl.Expr:
    """Why Traefik removes a router immediately."""
    is_http, is_tcp = pl.col("protocol") == "http", pl.col("protocol") == "tcp"
    has_no_rule = pl.col("rule").is_null() | (pl.col("rule") == "")
    return (
        pl.when(is_http & pl.col("is_unsupported"))
        .then(pl.lit("unsupported_template"))
        .when((is_tcp | is_http) & has_no_rule)
        .then(pl.lit("no_rule"))
        .when(pl.col("service").is_null())
        .then(pl.lit("several_services"))
        .alias("reason")
    )


def judged(found: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The routers with `reason`, `hostnames`, `paths`, `entrypoints` (list) and `problem` (of the rule).

    Of several reasons, the first in the order in which Traefik checks.
    """
    ruled = found.with_columns(pl.col("protocol").replace("udp", "http").alias("parsed_as"))
    has_rule = pl.col("rule").is_not_null()
    rules = ruled.filter(has_rule)
    parsed = parse_rules(
        rules.select(pl.col("parsed_as").alias("protocol"), pl.col("rulesyntax").alias("syntax"), "rule")
    )
    with_rules = pl.concat(
        [rules.hstack(parsed.drop("protocol", "syntax", "rule")), ruled.filter(~has_rule)], how="diagonal"
    ).sort("router_id")
    empty = pl.lit([], pl.List(pl.String()))
    is_unruled = pl.col("rule").is_null()
    listed = with_rules.with_columns(
        pl.when(is_unruled).then(empty).otherwise("hostnames").alias("hostnames"),
        pl.when(is_unruled).then(empty).otherwise("paths").alias("paths"),
        split_names(pl.col("entrypoints")).alias("entrypoints"),
        pl.col("unparsed").fill_null(value=False),
    )
    marked = _with_marks(listed, names)
    reasoned = _known_entrypoints(marked).with_columns(pl.coalesce("reason", _disabled_because()).alias("reason"))
    is_read = (pl.col("reason") != "rule_error").fill_null(value=True)
    return reasoned.with_columns(pl.when(is_read).then(name).alias(name) for name in ("hostnames", "paths"))


def _with_marks(listed: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The routers with what is true of each: its name conflicts, its service is missing, and so on."""
    place = ["host", "protocol"]
    service = pl.col("service")
    marked = listed.with_columns(
        service.str.strip_suffix("@docker").alias("plain_service"),
        is_foreign(service).fill_null(value=False).alias("is_foreign"),
    )
    marked = _mark(marked, names.router_conflicts, "router", "router", "is_conflict")
    marked = _mark(marked, names.service_conflicts, "plain_service", "service", "is_service_conflict")
    known = (
        names.services.lazy()
        .group_by(*place, pl.col("service").alias("plain_service"))
        .agg(
            pl.col("is_broken").any().alias("is_service_broken"),
            pl.col("has_server").any(),
            pl.lit(value=True).alias("has_service"),
        )
    )
    marked = marked.lazy().join(known, on=[*place, "plain_service"], how="left", maintain_order="left").collect()
    flags = [pl.col(name).fill_null(value=False) for name in ("is_service_broken", "has_server", "has_service")]
    unusable = routers_with_unusable(marked, names.middlewares)
    is_missing = pl.col("router_id").is_in(unusable["router_id"].implode())
    return marked.with_columns(*flags, is_missing.alias("is_middleware_missing"))


def _mark(frame: pl.DataFrame, other: pl.DataFrame, left: str, right: str, flag: str) -> pl.DataFrame:
    """The frame with whether `other` has its name on its host."""
    if other.is_empty():
        return frame.with_columns(pl.lit(value=False).alias(flag))
    place = ["host", "protocol"]
    keys = other.select(*place, pl.col(right).alias(left), pl.lit(value=True).alias(flag)).unique([*place, left])
    joined = frame.join(keys, on=[*place, left], how="left", maintain_order="left")
    return joined.with_columns(pl.col(flag).fill_null(value=False))


def _known_entrypoints(marked: pl.DataFrame) -> pl.DataFrame:
    """The entry points that exist; all of them where they are not known, or where none exists."""
    known = pl.col("set_entrypoints")
    is_udp = pl.col("protocol") == "udp"
    of_udp = known.list.eval(pl.element().filter(pl.element().str.ends_with("/udp")).str.strip_suffix("/udp"))
    of_tcp = known.list.eval(pl.element().filter(~pl.element().str.ends_with("/udp")).str.strip_suffix("/tcp"))
    left = pl.col("entrypoints").list.set_intersection(pl.when(is_udp).then(of_udp).otherwise(of_tcp))
    asks = pl.col("entrypoints").is_not_null() & known.is_not_null()
    if not marked.select(asks.any()).item():
        return marked.with_columns(pl.lit(value=False).alias("is_entrypoint_missing"))
    is_missing = asks & (left.list.len() == 0)
    return marked.with_columns(
        pl.when(asks & ~is_missing).then(left).otherwise("entrypoints").alias("entrypoints"),
        is_missing.alias("is_entrypoint_missing"),
    )


def _disabled_because() -> pl.Expr:
    """Why a router that is loaded is not served."""
    is_tcp = pl.col("protocol") == "tcp"
    options = pl.col("tls_options")
    has_no_options = pl.col("tls") & options.is_not_null() & (options != "default") & ~is_foreign(options)
    needs_options = ~is_tcp | ~pl.col("passthrough")
    needs_tls = is_tcp & ~pl.col("tls") & (pl.col("first_sni") != "*").fill_null(value=False)
    is_too_high = pl.col("priority").cast(pl.Int64, strict=False) > HIGHEST_PRIORITY
    return (
        pl.when("is_conflict")
        .then(pl.lit("router_conflict"))
        .when("is_entrypoint_missing")
        .then(pl.lit("entrypoint_missing"))
        .when(is_tcp & (pl.col("unparsed") | needs_tls))
        .then(pl.lit("rule_error"))
        .when(is_too_high)
        .then(pl.lit("priority_error"))
        .when(has_no_options & needs_options)
        .then(pl.lit("tls_options_missing"))
        .when("is_service_conflict")
        .then(pl.lit("service_conflict"))
        .when(~pl.col("is_foreign") & ~pl.col("has_service"))
        .then(pl.lit("service_missing"))
        .when("is_service_broken")
        .then(pl.lit("server_error"))
        .when("is_middleware_missing")
        .then(pl.lit("middleware_error"))
        .when(pl.col("problem").is_not_null())
        .then(pl.lit("rule_error"))
        .when(~pl.col("is_foreign") & ~pl.col("has_server"))
        .then(pl.lit("no_server"))
    )
