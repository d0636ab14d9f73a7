"""What Traefik 3 serves from container labels, over all hosts together.

The rules are those of exposures.md, section "Traefik v3". One Traefik watches one host's engine, so routers, services
and middlewares of one name meet within a host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.addresses import addresses, attachments, lowest_port
from dockerframe._derive.exposures.settings import TraefikSettings, settings_table
from dockerframe._derive.exposures.table import EXPOSURES
from dockerframe._derive.exposures.templates import constraint, normalized
from dockerframe._derive.exposures.traefik_labels import DecodedLabels, considered, decode_labels
from dockerframe._derive.exposures.traefik_merge import conflicts
from dockerframe._derive.exposures.traefik_middlewares import usable_middlewares
from dockerframe._derive.exposures.traefik_routers import Names, judged, routers
from dockerframe._derive.exposures.traefik_services import Services, built_protocols, services

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROW: Final = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_CAPITAL_HEAD: Final = r"^[^.]*\.(?:[^.]*\.)?[^.]*[A-Z]"
_HEALTH: Final = r"\((?:health: )?(starting|healthy|unhealthy)\)$"
_READ: Final = (
    "host",
    "container_id",
    "container_name",
    "names",
    "state",
    "status",
    "health",
    "network_mode",
    "compose_project",
    "compose_service",
)


def traefik_exposures(
    containers: pl.DataFrame, settings: TraefikSettings | Mapping[str, TraefikSettings]
) -> pl.DataFrame:
    """The rows of `exposures` that Traefik gives, in no order.

    Reads the table `containers`. `settings` are those of all hosts, or by host.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = {"traefik.http.routers.app.rule": "Host(`app.example.com`)", "traefik.http.routers.app.tls": "true"}
    >>> summary = {"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels, "Ports": [{"PrivatePort": 80}]}
    >>> summary["NetworkSettings"] = {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}
    >>> table = traefik_exposures(dkf.from_summaries([summary]).containers, TraefikSettings())
    >>> table.select("router", "hostnames", "target_host", "target_port", "tls").row(0)
    ('app', ['app.example.com'], '172.17.0.2', 80, True)
    """
    own = _containers(containers, settings)
    decoded = decode_labels(traefik_labels(containers))
    own = _with_reason(_with_provider_labels(own, decoded), containers["labels"])
    if own["set_only_labelled"].any():
        own = _labelled_only(own, decoded)
    kept = own.filter(pl.col("reason").is_null())
    numbered = containers.select(_ROW, "networks", "ports")
    kept = kept.join(addresses(own, attachments(numbered)), on="row", how="left", maintain_order="left")
    built = built_protocols(kept, decoded)
    found = services(kept, decoded, built, numbered)
    configured = kept.join(found.dropped, on="row", how="anti", maintain_order="left") if len(found.dropped) else kept
    rows = _router_rows(configured, decoded, built, found, containers["labels"])
    dropped = _dropped_rows(own, found, configured, rows)
    return _table(own, decoded, pl.concat([rows, dropped], how="diagonal"))


def traefik_labels(containers: pl.DataFrame) -> pl.DataFrame:
    """The labels that Traefik reads: `row` (the container's position), `label`, `value`."""
    entries = containers.lazy().select(_ROW, pl.col("labels").map.entries())
    rows = entries.explode("labels", empty_as_null=False, keep_nulls=False)
    key = pl.col("labels").struct.field("key")
    value = pl.col("labels").struct.field("value").fill_null("")
    return rows.select("row", key.alias("label"), value.alias("value")).filter(considered(pl.col("label"))).collect()


def _containers(containers: pl.DataFrame, settings: TraefikSettings | Mapping[str, TraefikSettings]) -> pl.DataFrame:
    """The containers as Traefik sees them: with its settings, `service_name`, `is_running` and `is_healthy`."""
    table = settings_table(containers["host"], settings, TraefikSettings())
    names = pl.col("names").list.eval(pl.element().filter(pl.element().str.count_matches("/") == 1))
    name = pl.coalesce(names.list.first().str.strip_prefix("/"), "container_name").fill_null("")
    composed = pl.concat_str("compose_service", "compose_project", separator="_")
    is_composed = (pl.col("compose_service") != "") & (pl.col("compose_project") != "")
    health = pl.coalesce(
        pl.when(~pl.col("health").is_in(["", "none"])).then("health"), pl.col("status").str.extract(_HEALTH)
    )
    return (
        containers.lazy()
        .select(_ROW, *_READ, lowest_port())
        .with_columns(name.alias("container_name"))
        .with_columns(
            normalized(pl.when(is_composed).then(composed).otherwise("container_name")).alias("service_name"),
            pl.col("state").is_in(["", "running"]).fill_null(value=True).alias("is_running"),
            (health == "healthy").fill_null(value=True).alias("is_healthy"),
        )
        .drop("names", "health", "status", "state", "compose_project", "compose_service")
        .join(table.lazy(), on="host", how="left", maintain_order="left")
        .collect()
    )


def _with_provider_labels(own: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    """The containers with what `traefik.enable` and `traefik.docker.*` say, and their first label error."""
    fields = {"enable": "enable", "labelled_network": "docker.network", "allows_stopped": "docker.allownonrunning"}
    values = decoded.values("provider", fields).lazy()
    provider = values.select("row", pl.col("object").alias("provider_object"), *fields)
    # An empty text names no network, not even that of the setting.
    empty = decoded.rows.lazy().filter((pl.col("path") == "docker.network") & (pl.col("value") == ""))
    emptied = empty.select("row", pl.lit("").alias("emptied"))
    provider = provider.join(emptied, on="row", how="left").with_columns(
        pl.coalesce("labelled_network", "emptied").alias("labelled_network"), pl.col("allows_stopped").is_in(_TRUE)
    )
    first = decoded.errors.lazy().sort("row", "stage", "label")
    refused = first.group_by("row").agg(
        pl.col("label").filter("is_provider").first().alias("refused_provider_label"),
        pl.col("label").filter(~pl.col("is_provider")).first().alias("refused_label"),
    )
    wanted = pl.coalesce("labelled_network", "set_network")
    return (
        own.lazy()
        .join(provider, on="row", how="left", maintain_order="left")
        .join(refused, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce(pl.col("enable").is_in(_TRUE), "set_exposed_by_default").alias("is_enabled"),
            pl.when(wanted != "").then(wanted).alias("wanted"),
            pl.col("allows_stopped").fill_null(value=False),
            pl.col("refused_provider_label").is_not_null().alias("is_unreadable"),
            (pl.col("is_running") & pl.col("is_healthy")).alias("gives_servers"),
        )
        .collect()
    )


def _with_reason(own: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    """The containers with the reason for which Traefik drops them before it builds anything; null where it does not."""
    return own.with_columns(_matches(own, labels)).with_columns(
        pl.when("is_unreadable")
        .then(pl.lit("label_error"))
        .when(~pl.col("is_enabled"))
        .then(pl.lit("disabled"))
        .when(~pl.col("matches"))
        .then(pl.lit("constraint"))
        .when(~pl.col("allows_stopped") & ~pl.col("is_running"))
        .then(pl.lit("not_running"))
        .when(~pl.col("allows_stopped") & ~pl.col("set_allow_empty_services") & ~pl.col("is_healthy"))
        .then(pl.lit("unhealthy"))
        .when(pl.col("refused_label").is_not_null())
        .then(pl.lit("label_error"))
        .alias("reason")
    )


def _matches(own: pl.DataFrame, labels: pl.Series) -> pl.Series:
    """Whether each container matches the constraints of its host, each distinct expression being read once."""
    texts = [text for text in own["set_constraints"].unique().sort().to_list() if text]
    if not texts:
        return pl.repeat(value=True, n=own.height, eager=True).alias("matches")
    matches = pl.lit(value=True)
    for text in texts:
        matches = pl.when(pl.col("set_constraints") == text).then(constraint(text)).otherwise(matches)
    return own.select("set_constraints").hstack([labels.alias("labels")]).select(matches.alias("matches")).to_series()


def _labelled_only(own: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    labelled = pl.concat([decoded.objects["row"], decoded.errors["row"]]).unique()
    return own.filter(~pl.col("set_only_labelled") | pl.col("row").is_in(labelled.implode()))


def _router_rows(
    configured: pl.DataFrame, decoded: DecodedLabels, built: pl.DataFrame, found: Services, labels: pl.Series
) -> pl.DataFrame:
    """The routers with their reason and target."""
    every = routers(configured, decoded, built, found.rows, labels)
    staying = every.filter(pl.col("reason").is_null())
    names = Names(
        services=found.rows,
        service_conflicts=conflicts(found.rows, decoded, "service"),
        router_conflicts=conflicts(staying, decoded, "router", "rule", "service", "is_default_rule"),
        middlewares=usable_middlewares(configured, decoded),
    )
    return _with_targets(judged(every, names), found.rows)


def _with_targets(rows: pl.DataFrame, own_services: pl.DataFrame) -> pl.DataFrame:
    """The routers with the target of their service: that of their own container, else the first of the host."""
    target = ["scheme", "target_host", "target_port"]
    plain = pl.col("service").alias("plain_service")
    own = own_services.lazy().select(
        "row",
        "protocol",
        plain,
        *target,
        pl.col("has_server").alias("own_server"),
        pl.col("object").alias("service_object"),
    )
    joined = rows.lazy().join(own, on=["row", "protocol", "plain_service"], how="left", maintain_order="left").collect()
    is_served = pl.col("reason").is_null() & ~pl.col("is_foreign")
    has_own = pl.col("own_server").fill_null(value=False)
    targets = joined.with_columns(pl.when(is_served & has_own).then(name).alias(name) for name in target)
    elsewhere = targets.filter(is_served & ~has_own)
    if elsewhere.is_empty():
        return targets
    place = ["host", "protocol", "plain_service"]
    serving = own_services.lazy().filter("has_server").with_columns(plain).sort("row")
    first = serving.unique(place, keep="first", maintain_order=True)
    found = elsewhere.lazy().drop(target).join(first.select(*place, *target), on=place, how="left").collect()
    return pl.concat([targets.filter(~(is_served & ~has_own)), found.select(targets.columns)])


def _dropped_rows(own: pl.DataFrame, found: Services, configured: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The containers that Traefik drops whole, and those that keep no router."""
    refused = pl.coalesce("refused_provider_label", "refused_label")
    is_refused = pl.col("reason") == "label_error"
    early = own.lazy().filter(pl.col("reason").is_not_null())
    early = early.select("row", "reason", pl.when(is_refused).then(refused).alias("refused"))
    late = found.dropped.lazy().select("row", "reason", "object")
    without = configured.lazy().join(rows.lazy(), on="row", how="anti").select("row")
    is_http = pl.col("protocol").eq("http").any()
    unserved = found.rows.lazy().join(without, on="row", how="semi")
    reason = pl.when(is_http).then(pl.lit("several_services")).otherwise(pl.lit("no_router")).alias("reason")
    empty = unserved.group_by("row").agg(reason, pl.col("object").alias("objects"))
    return pl.concat([early, late, empty], how="diagonal").collect()


def _table(own: pl.DataFrame, decoded: DecodedLabels, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as those of the table `exposures`."""
    keys = own.lazy().select("row", "host", "container_id", "container_name", "provider_object")
    is_router = pl.col("router").is_not_null()
    empty = pl.lit([], pl.List(pl.String()))
    finished = (
        rows.lazy()
        .drop("host", "container_name", "container_id", strict=False)
        .join(keys, on="row", how="left")
        .collect()
    )
    return EXPOSURES.conform(
        finished.with_columns(
            pl.lit("traefik").alias("proxy"),
            pl.when(is_router).then("hostnames").otherwise(empty).alias("hostnames"),
            pl.when(is_router).then("paths").otherwise(empty).alias("paths"),
            pl.when(is_router).then(pl.lit("proxy")).alias("handler"),
            pl.col("reason").alias("excluded_reason"),
            _source_labels(finished, decoded),
        )
    )


def _source_labels(finished: pl.DataFrame, decoded: DecodedLabels) -> pl.Series:
    """The labels that were read for each row, sorted: those of its container, its router and its services.

    Objects follow one another as their labels do, unless a label is not in lower case.
    """
    of_object = decoded.labels()["labels"]
    none = pl.lit([], pl.List(pl.String()))
    single = [of_object.gather(finished[name]).alias(name) for name in ("provider_object", "object", "service_object")]
    parts = pl.DataFrame([finished["row"], finished["refused"], *single]).with_row_index("at")
    each = finished.select("objects").with_row_index("at").filter(pl.col("objects").is_not_null())
    each = each.explode("objects", empty_as_null=False, keep_nulls=False).drop_nulls()
    each = each.with_columns(of_object.gather(each["objects"]).alias("further")).explode("further")
    further = each.group_by("at").agg(pl.col("further").sort())
    parts = parts.join(further, on="at", how="left", maintain_order="left")
    every = pl.concat_list(pl.col("provider_object", "object", "service_object", "further").fill_null(none))
    is_refused = pl.col("refused").is_not_null()
    listed = parts.select(
        "row", pl.when(is_refused).then(pl.concat_list("refused")).otherwise(every).alias("source_labels")
    )
    if not decoded.has_capitals:
        return listed["source_labels"]
    capitals = decoded.rows.filter(pl.col("label").str.contains(_CAPITAL_HEAD))["row"].unique()
    has_capitals = pl.col("row").is_in(capitals.implode())
    ordered = listed.with_row_index("at").filter(has_capitals).with_columns(pl.col("source_labels").list.sort())
    others = listed.with_row_index("at").filter(~has_capitals)
    return pl.concat([ordered, others]).sort("at")["source_labels"]
