"""What is wrong with exposures, as rows that audit rules report: each function takes tables and gives rows.

Every function gives the columns of `ROWS`. A rule writes its message from them.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.exposures.suggestions import suggestion
from dockerframe._derive.exposures.traefik import traefik_labels
from dockerframe._derive.exposures.traefik_labels import considered, decode_labels

ROWS: Final = pl.Schema(
    {
        "host": pl.String(),
        "container_id": pl.String(),
        "container_name": pl.String(),
        "router": pl.String(),
        "label": pl.String(),
        "value": pl.String(),
        "detail": pl.String(),
        "suggestion": pl.String(),
        "others": pl.List(pl.String()),
    }
)
"""`router`, `label` and `value` say where; `detail` what is wrong; `suggestion` what was probably meant; `others` are
further containers that take part, as `host/name`. Null where a function has nothing to say."""

DATABASES: Final = (
    "cassandra",
    "clickhouse-server",
    "couchdb",
    "elasticsearch",
    "etcd",
    "influxdb",
    "mariadb",
    "memcached",
    "mongo",
    "mssql",
    "mysql",
    "opensearch",
    "percona",
    "postgres",
    "postgresql",
    "rabbitmq",
    "redis",
    "timescaledb",
    "valkey",
)
"""Image names of databases and queues."""

_KEY: Final = ["host", "container_id"]
_DISABLED: Final = (
    "rule_error",
    "middleware_error",
    "tls_options_missing",
    "entrypoint_missing",
    "service_missing",
    "service_conflict",
    "server_error",
    "priority_error",
)
_DASHBOARDS: Final = ("api@internal", "dashboard@internal")
_LOOPBACK: Final = r"^(127\.|::1$)"
_PORT_LABEL: Final = r"(?i)\.loadbalancer\.server\.(port|url)$"
_TLS_LABEL: Final = r"(?i)^traefik\.(http|tcp)\.routers\.[^.]+\.tls$"
_FIELDS: Final = ("rule", "entrypoints", "service", "middlewares", "priority", "tls", "rulesyntax")
_FORGOTTEN: Final = rf"(?i)^traefik\.(http|tcp|udp)\.routers\.({'|'.join(_FIELDS)})$"


def hostname_on_several_containers(exposures: pl.DataFrame) -> pl.DataFrame:
    """Host names that several routers serve from several containers, on the same path; any proxies, any hosts.

    Containers that share one router of one proxy share its traffic on purpose.

    Examples
    --------
    >>> from dockerframe._derive.exposures import EXPOSURES
    >>> hostname_on_several_containers(EXPOSURES.empty()).height
    0
    """
    served = _served(exposures).filter(pl.col("hostnames").list.len() > 0)
    path = pl.when(pl.col("paths").list.len() > 0).then("paths").otherwise(pl.lit([""], pl.List(pl.String())))
    each = (
        served.lazy()
        .select(*_KEY, "container_name", "proxy", "protocol", "router", "hostnames", path.alias("path"))
        .explode("hostnames", empty_as_null=False, keep_nulls=False)
        .explode("path", empty_as_null=False, keep_nulls=False)
        .unique(maintain_order=True)
    )
    place = ["hostnames", "path", "protocol"]
    named = pl.concat_str("host", pl.lit("/"), "container_name").alias("named")
    several = each.group_by(place).agg(
        pl.struct("host", "proxy", "router").n_unique().alias("routers"),
        pl.struct(_KEY).n_unique().alias("containers"),
        named.unique().sort().alias("everyone"),
    )
    several = several.filter((pl.col("routers") > 1) & (pl.col("containers") > 1))
    found = (
        each.with_columns(named)
        .join(several, on=place)
        .with_columns(
            pl.concat_str("hostnames", "path").alias("value"),
            pl.col("everyone").list.set_difference(pl.concat_list("named")).alias("others"),
        )
    )
    return _rows(found)


def exposed_by_two_proxies(exposures: pl.DataFrame) -> pl.DataFrame:
    """Containers that more than one proxy serves; `detail` names the proxies."""
    served = _served(exposures).lazy().with_columns(pl.col("proxy").cast(pl.String))
    proxies = served.group_by(*_KEY, "container_name").agg(pl.col("proxy").unique().sort())
    several = proxies.filter(pl.col("proxy").list.len() > 1)
    return _rows(several.with_columns(pl.col("proxy").list.join(", ").alias("detail")))


def traefik_label_errors(containers: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """The label because of which Traefik drops a container, Traefik's message, and what was probably meant.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> from dockerframe._derive.exposures import exposures
    >>> summary = {"Id": "1", "Labels": {"traefik.http.routers.app.entrypoint": "web"}, "State": "running"}
    >>> containers = dkf.from_summaries([summary]).containers
    >>> found = traefik_label_errors(containers, exposures(containers, proxies=["traefik"]))
    >>> found.select("detail", "suggestion").row(0)
    ('field not found, node: entrypoint', 'traefik.http.routers.app.entrypoints')
    """
    is_dropped = (pl.col("proxy") == "traefik") & (pl.col("excluded_reason") == "label_error")
    dropped = exposures.filter(is_dropped).select(*_KEY, pl.col("source_labels").list.first().alias("label"))
    own = containers.select(*_KEY, "container_name", pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    labels = traefik_labels(containers).join(own, on="row").join(dropped, on=[*_KEY, "label"], how="semi")
    problems = decode_labels(labels.select("row", "label", "value")).errors.unique(["row", "label"], keep="first")
    found = labels.join(problems.select("row", "label", pl.col("problem").alias("detail")), on=["row", "label"])
    distinct = found.select("label", "value").unique()
    meant = [suggestion(label, value) for label, value in distinct.iter_rows()]
    suggestions = distinct.with_columns(pl.Series("suggestion", meant, dtype=pl.String()))
    return _rows(found.lazy().join(suggestions.lazy(), on=["label", "value"], how="left"))


def traefik_routers_disabled(exposures: pl.DataFrame) -> pl.DataFrame:
    """Routers that Traefik loads and does not serve; `detail` is the reason."""
    reason = pl.col("excluded_reason").cast(pl.String)
    found = exposures.lazy().filter((pl.col("proxy") == "traefik") & reason.is_in(_DISABLED))
    return _rows(found.with_columns(pl.col("rule").alias("value"), reason.alias("detail")))


def traefik_router_conflicts(exposures: pl.DataFrame) -> pl.DataFrame:
    """Routers that containers of a host define differently, so that Traefik serves none of them."""
    found = exposures.lazy().filter((pl.col("excluded_reason") == "router_conflict").fill_null(value=False))
    named = pl.concat_str("host", pl.lit("/"), "container_name").alias("named")
    place = ["host", "protocol", "router"]
    everyone = found.group_by(place).agg(named.unique().sort().alias("everyone"))
    joined = found.with_columns(named).join(everyone, on=place)
    others = pl.col("everyone").list.set_difference(pl.concat_list("named")).alias("others")
    return _rows(joined.with_columns(others, pl.col("rule").alias("value")))


def traefik_port_ambiguous(containers: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Containers with several ports of which no label names one: Traefik takes the lowest, in `value`."""
    ports = pl.col("ports").list.eval(pl.element().struct.field("private_port")).list.unique()
    several = containers.lazy().select(*_KEY, ports.list.sort().alias("found")).filter(pl.col("found").list.len() > 1)
    is_named = pl.col("source_labels").list.eval(pl.element().str.contains(_PORT_LABEL)).list.any()
    served = _served(exposures).lazy().filter((pl.col("proxy") == "traefik") & ~is_named)
    chosen = served.filter(pl.col("target_port").is_not_null()).join(several, on=_KEY)
    listed = pl.col("found").cast(pl.List(pl.String)).list.join(", ")
    return _rows(chosen.with_columns(pl.col("target_port").cast(pl.String).alias("value"), listed.alias("detail")))


def traefik_network_ambiguous(containers: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Containers in several networks of which no label names one: Traefik takes any; `detail` lists them."""
    names = pl.col("networks").map.keys()
    wanted = pl.col("labels").map.get("traefik.docker.network")
    is_named = (wanted != "") & names.list.contains(wanted)
    several = containers.lazy().filter((names.list.len() > 1) & ~is_named.fill_null(value=False))
    several = several.select(*_KEY, names.list.sort().list.join(", ").alias("detail"), wanted.alias("value"))
    served = _served(exposures).lazy().filter((pl.col("proxy") == "traefik") & pl.col("target_host").is_not_null())
    return _rows(served.unique(_KEY, keep="first", maintain_order=True).join(several, on=_KEY))


def traefik_tls_ignored(containers: pl.DataFrame) -> pl.DataFrame:
    """Labels that mean to switch TLS on, with a value at which Traefik leaves it off without a message."""
    value = pl.col("value").str.to_lowercase()
    is_off = (value != "") & (value != "true") & ~value.str.strip_chars().is_in(["false", "0", "no", "off"])
    found = _labels(containers).filter(pl.col("label").str.contains(_TLS_LABEL) & is_off)
    return _rows(found.with_columns(pl.format("{}=true", "label").alias("suggestion")))


def traefik_ignored_labels(containers: pl.DataFrame) -> pl.DataFrame:
    """Labels that Traefik ignores, and routers whose name was forgotten; `detail` is `ignored` or `forgotten_name`."""
    label = pl.col("label")
    is_ignored = label.str.contains(r"(?i)^traefik\.") & ~considered(label)
    is_forgotten = label.str.contains(_FORGOTTEN)
    detail = pl.when(is_forgotten).then(pl.lit("forgotten_name")).otherwise(pl.lit("ignored")).alias("detail")
    field = label.str.extract(r"([^.]+)$").str.to_lowercase()
    named = pl.concat_str(label.str.extract(r"^(.*)\.[^.]+$"), pl.lit(".<name>."), field)
    meant = pl.when(is_forgotten).then(named).when(label == "traefik.network").then(pl.lit("traefik.docker.network"))
    found = _labels(containers).filter(is_ignored | is_forgotten)
    return _rows(found.with_columns(detail, meant.alias("suggestion")))


def exposed_by_default(exposures: pl.DataFrame) -> pl.DataFrame:
    """Containers that Traefik serves although no label of theirs asks for it."""
    return _rows(
        _served(exposures).lazy().filter((pl.col("proxy") == "traefik") & (pl.col("source_labels").list.len() == 0))
    )


def databases_exposed(containers: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Databases and queues that a proxy serves; `value` is the image."""
    databases = containers.lazy().filter(pl.col("image_name").is_in(DATABASES))
    own = databases.select(*_KEY, pl.col("image_name").alias("value"))
    return _rows(_served(exposures).lazy().join(own, on=_KEY))


def exposed_and_published(containers: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Containers that a proxy serves and that can be reached without it; `detail` lists the published ports."""
    field = pl.element().struct.field
    is_public = field("public_port").is_not_null() & ~field("ip").str.contains(_LOOPBACK).fill_null(value=False)
    ports = (
        pl.col("ports").list.eval(pl.element().filter(is_public).struct.field("public_port")).list.unique().list.sort()
    )
    listed = ports.cast(pl.List(pl.String)).list.join(", ").alias("detail")
    published = containers.lazy().filter(ports.list.len() > 0).select(*_KEY, listed)
    return _rows(_served(exposures).lazy().unique(_KEY, keep="first", maintain_order=True).join(published, on=_KEY))


def public_dashboards(exposures: pl.DataFrame) -> pl.DataFrame:
    """Routers that serve Traefik's dashboard or API."""
    return _rows(_served(exposures).lazy().filter(pl.col("service").is_in(_DASHBOARDS)))


def exposed_without_tls(exposures: pl.DataFrame) -> pl.DataFrame:
    """Routers that serve host names over plain HTTP; `value` lists the names."""
    is_plain = (pl.col("tls") == False) & (pl.col("protocol") == "http")  # noqa: E712 - null is not plain
    found = _served(exposures).lazy().filter(is_plain & (pl.col("hostnames").list.len() > 0))
    return _rows(found.with_columns(pl.col("hostnames").list.join(", ").alias("value")))


def caddy_not_in_ingress_network(exposures: pl.DataFrame) -> pl.DataFrame:
    """Sites whose container is in no network over which Caddy reaches containers."""
    is_outside = (pl.col("excluded_reason") == "not_in_ingress_network").fill_null(value=False)
    return _rows(exposures.lazy().filter(is_outside).with_columns(pl.col("rule").alias("value")))


def _served(exposures: pl.DataFrame) -> pl.DataFrame:
    return exposures.filter(pl.col("excluded_reason").is_null())


def _labels(containers: pl.DataFrame) -> pl.LazyFrame:
    """The labels as rows: `host`, `container_id`, `container_name`, `label`, `value`."""
    entries = containers.lazy().select(*_KEY, "container_name", pl.col("labels").map.entries())
    rows = entries.explode("labels", empty_as_null=False, keep_nulls=False).unnest("labels")
    return rows.rename({"key": "label"}).with_columns(pl.col("value").fill_null(""))


def _rows(found: pl.LazyFrame) -> pl.DataFrame:
    """The columns of `ROWS`, with nulls for those that are missing, in an order that does not change."""
    present = found.collect_schema().names()
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in ROWS.items() if name not in present]
    return (
        found.with_columns(missing)
        .select(ROWS.names())
        .sort([*_KEY, "router", "label", "value"], nulls_last=True)
        .collect()
    )
