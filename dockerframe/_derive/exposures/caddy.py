"""What caddy-docker-proxy serves from container labels, over all hosts together.

The rules are those of exposures.md, section "caddy-docker-proxy". They were read from the source of the plugin, and
not compared with the running plugin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.caddy_labels import UPSTREAMS, Key, read_key, read_value
from dockerframe._derive.exposures.settings import CaddySettings, settings_table
from dockerframe._derive.exposures.table import EXPOSURES

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN: Final = "caddy-docker-proxy"
"""The image name of containers that run the plugin."""

INGRESS_LABEL: Final = "caddy_ingress_network"

_LISTED: Final = ("running", "paused", "restarting")
_HANDLERS: Final = ("reverse_proxy", "respond", "redir", "file_server", "php_fastcgi")
_ENCLOSING: Final = ("handle", "handle_path", "route")
_ADDRESS: Final = r"^(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(\[[^\]]*\]|[^:/]*)(?::([0-9]+))?(?:/.*)?$"
_UPSTREAM: Final = r"^(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(\[[^\]]*\]|[^:/]*)(?::([0-9]{1,5}))?$"
_TEXTS: Final = pl.List(pl.String())
_KEYS: Final = {
    "root": pl.String(),
    "name": pl.String(),
    "parents": _TEXTS,
    "parent_names": _TEXTS,
    "order": pl.Int64(),
}


def caddy_exposures(containers: pl.DataFrame, settings: CaddySettings | Mapping[str, CaddySettings]) -> pl.DataFrame:
    """The rows of `exposures` that caddy-docker-proxy gives, in no order.

    Reads the table `containers`. `settings` are those of all hosts, or by host.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = {"caddy": "app.example.com", "caddy.reverse_proxy": "{{upstreams 8080}}"}
    >>> summary = {"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels}
    >>> summary["NetworkSettings"] = {"Networks": {"caddy": {"IPAddress": "172.20.0.2"}}}
    >>> table = caddy_exposures(dkf.from_summaries([summary]).containers, CaddySettings(ingress_networks=("caddy",)))
    >>> table.select("hostnames", "target_host", "target_port", "tls").row(0)
    (['app.example.com'], '172.20.0.2', 8080, True)
    """
    table = settings_table(containers["host"], settings, CaddySettings())
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    own = containers.lazy().select(row, "host", "container_id", "container_name", "state", "image_name", "networks")
    own = own.join(table.lazy(), on="host", how="left", maintain_order="left")
    labels = _labels(containers, own.collect())
    names = containers.lazy().select(row, pl.col("labels").map.keys().alias("own_labels"))
    named = (
        own.join(labels.lazy().select("row").unique(), on="row", how="semi").join(names, on="row", how="left").collect()
    )
    read = _read(labels, named)
    dropped = _dropped(named, read)
    kept = read.join(dropped, on="row", how="anti")
    rows = _with_targets(_handlers(kept, _sites(kept)), kept, _addresses(own.collect(), containers))
    return _finished(pl.concat([rows, dropped], how="diagonal"), named)


def _labels(containers: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """The labels with the prefix of their host: `row`, `label`, `value`; and those that name an ingress network."""
    entries = containers.lazy().select(pl.col("labels").map.entries()).with_row_index("row")
    rows = entries.explode("labels", empty_as_null=False, keep_nulls=False).unnest("labels")
    rows = rows.select(pl.col("row").cast(pl.UInt32), pl.col("key").alias("label"), pl.col("value").fill_null(""))
    parts = []
    for prefix in own["set_label_prefix"].unique().sort().drop_nulls():
        hosts = own.lazy().filter(pl.col("set_label_prefix") == prefix).select("row")
        pattern = f"^{re.escape(prefix)}(?:_[0-9]+)?(?:\\.|$)"
        parts.append(rows.filter(pl.col("label").str.contains(pattern)).join(hosts, on="row", how="semi"))
    return pl.concat(parts).collect() if parts else rows.limit(0).collect()


def _read(labels: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The labels with what their names and values mean, each distinct one being read once."""
    keys = labels["label"].unique().sort()
    read_keys = [(read_key(key) or Key("", "", (), (), None)) for key in keys]
    by_key = pl.DataFrame(
        {"label": keys, **{name: [getattr(one, name) for one in read_keys] for name in _KEYS}},
        schema={"label": pl.String(), **_KEYS},
    )
    values = labels["value"].unique().sort()
    read_values = [read_value(value) for value in values]
    by_value = pl.DataFrame(
        {
            "value": values,
            "arguments": [list(one.arguments) for one in read_values],
            "problem": [one.problem for one in read_values],
        },
        schema={"value": pl.String(), "arguments": _TEXTS, "problem": pl.String()},
    )
    refused = pl.when(pl.col("root") == "").then(pl.lit("label_error")).otherwise("problem")
    return (
        labels.lazy()
        .join(named.lazy().select("row"), on="row", how="semi")
        .join(by_key.lazy(), on="label", how="left")
        .join(by_value.lazy(), on="value", how="left")
        .with_columns(refused.alias("problem"))
        .collect()
    )


def _sites(kept: pl.DataFrame) -> pl.DataFrame:
    """A row per address of a site: `row`, `root`, `rule` and what the address says."""
    address = pl.col("rule").str.extract_groups(_ADDRESS).struct.rename_fields(["scheme", "host", "port"])
    first = pl.col("arguments").list.first()
    is_snippet = (pl.col("arguments").list.len() == 1) & first.str.starts_with("(") & first.str.ends_with(")")
    is_site = (pl.col("name") == "") & ((pl.col("arguments").list.len() > 0) | pl.col("problem").is_not_null())
    unsupported = pl.col("problem") == "unsupported_template"
    rule = pl.when(unsupported).then(pl.concat_list("value")).otherwise("arguments").alias("rule")
    return (
        kept.lazy()
        .filter(is_site & ~is_snippet.fill_null(value=False))
        .select(
            "row",
            "root",
            rule,
            pl.col("label").alias("site_label"),
            unsupported.fill_null(value=False).alias("is_unread"),
        )
        .explode("rule", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("rule").str.strip_suffix(","))
        .filter(pl.col("rule") != "")
        .with_columns(address.alias("address"))
        .unnest("address")
        .with_columns(pl.col("scheme").str.to_lowercase(), pl.col("host").fill_null("").str.to_lowercase())
        .collect()
    )


def _handlers(kept: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """A row per address and handler: all `reverse_proxy` of a site, else the first of its other handlers."""
    rank = pl.col("handler").replace_strict({name: at for at, name in enumerate(_HANDLERS)}, return_dtype=pl.UInt8)
    # A block may have no label of its own, only labels below it.
    itself = (
        kept.lazy()
        .filter(pl.col("name").is_in(_HANDLERS))
        .select("row", "root", pl.col("name").alias("handler"), pl.col("label").alias("block"))
    )
    above = (
        kept.lazy()
        .select("row", "root", pl.col("parent_names").alias("handler"), pl.col("parents").alias("block"))
        .explode("handler", "block", empty_as_null=False, keep_nulls=False)
        .filter(pl.col("handler").is_in(_HANDLERS))
    )
    blocks = pl.concat([itself, above]).unique().with_columns(rank.alias("rank")).sort("row", "root", "rank", "block")
    proxies = blocks.filter(pl.col("rank") == 0)
    others = blocks.join(proxies, on=["row", "root"], how="anti").unique(
        ["row", "root"], keep="first", maintain_order=True
    )
    own = kept.lazy().select("row", pl.col("label").alias("block"), "arguments", "problem", "parents", "parent_names")
    chosen = pl.concat([proxies, others]).join(own, on=["row", "block"], how="left")
    rows = sites.lazy().join(chosen, on=["row", "root"]).collect()
    return _with_paths(rows.with_row_index("handler_id"), kept)


def _with_paths(rows: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The handlers with `paths` and the labels that were read for them."""
    matcher = pl.col("arguments").list.first()
    is_matcher = matcher.str.contains(r"^[/@*]").fill_null(value=False)
    rows = rows.with_columns(pl.when(is_matcher).then(matcher).alias("matcher"))
    enclosing = (
        rows.lazy()
        .filter(pl.col("matcher").is_null() & pl.col("parents").is_not_null())
        .select(
            "handler_id",
            "row",
            pl.col("parents").alias("label"),
            "parent_names",
            pl.int_ranges(pl.col("parents").list.len()).alias("distance"),
        )
        .explode("label", "parent_names", "distance", empty_as_null=False, keep_nulls=False)
        .filter(pl.col("parent_names").is_in(_ENCLOSING))
        .join(kept.lazy().select("row", "label", "arguments"), on=["row", "label"])
        .with_columns(matcher.alias("matcher"))
        .filter(is_matcher)
        .sort("handler_id", "distance")
        .unique("handler_id", keep="first", maintain_order=True)
        .select("handler_id", pl.col("matcher").alias("enclosing_matcher"))
    )
    matched = (
        rows.lazy()
        .join(enclosing, on="handler_id", how="left")
        .with_columns(pl.coalesce("matcher", "enclosing_matcher").alias("matcher"))
    )
    named = _named_matchers(kept)
    joined = matched.join(named.lazy(), on=["row", "root", "matcher"], how="left").collect()
    paths = pl.when(pl.col("matcher").str.starts_with("/")).then(pl.concat_list("matcher")).otherwise("named_paths")
    return joined.with_columns(paths.fill_null(pl.lit([], _TEXTS)).alias("paths"))


def _named_matchers(kept: pl.DataFrame) -> pl.DataFrame:
    """The paths of named matchers: `row`, `root`, `matcher`, `named_paths`, `matcher_labels`."""
    is_line = pl.col("name").str.starts_with("@") & (pl.col("arguments").list.first() == "path")
    is_below = (pl.col("name") == "path") & pl.col("parent_names").list.first().str.starts_with("@")
    matcher = pl.when(is_line).then("name").otherwise(pl.col("parent_names").list.first()).alias("matcher")
    paths = pl.when(is_line).then(pl.col("arguments").list.slice(1)).otherwise("arguments").alias("named_paths")
    found = kept.lazy().filter((is_line | is_below).fill_null(value=False))
    found = found.select("row", "root", matcher, paths, pl.col("label").alias("matcher_labels"))
    return (
        found.group_by("row", "root", "matcher", maintain_order=True)
        .agg(pl.col("named_paths").list.explode(empty_as_null=False, keep_nulls=False), "matcher_labels")
        .collect()
    )


def _addresses(own: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """The addresses in ingress networks: `row`, `address`, and the label that names the network."""
    override = containers.select(pl.col("labels").map.get(INGRESS_LABEL).alias("override"))["override"]
    entry = pl.col("networks").struct.field("value").struct.field
    every = (
        own.lazy()
        .with_columns(override)
        .select("row", "host", "image_name", "set_ingress_networks", "override", pl.col("networks").map.entries())
        .explode("networks", empty_as_null=False, keep_nulls=False)
        .with_columns(
            pl.col("networks").struct.field("key").alias("network"),
            entry("network_id").alias("network_id"),
            entry("ip_address").alias("address"),
        )
    )
    plugin = every.filter((pl.col("image_name") == PLUGIN) & pl.col("set_ingress_networks").is_null())
    flag = pl.lit(value=True).alias("is_shared")
    by_name = plugin.select("host", "network", flag).unique()
    by_id = plugin.filter(pl.col("network_id") != "").select("host", "network_id", flag.alias("is_shared_id")).unique()
    listed = pl.col("set_ingress_networks").list.contains(pl.col("network"))
    listed |= pl.col("set_ingress_networks").list.contains(pl.col("network_id"))
    is_ingress = pl.coalesce(pl.col("network") == pl.col("override"), listed, "is_shared", "is_shared_id")
    return (
        every.join(by_name, on=["host", "network"], how="left")
        .join(by_id, on=["host", "network_id"], how="left")
        .filter(is_ingress.fill_null(value=False) & (pl.col("address") != ""))
        .select("row", "address")
        .unique()
        .collect()
    )


def _with_targets(rows: pl.DataFrame, kept: pl.DataFrame, addresses: pl.DataFrame) -> pl.DataFrame:
    """A row per upstream of each handler; one row without a target where there is no upstream."""
    is_proxy = pl.col("handler").is_in(["reverse_proxy", "php_fastcgi"])
    own = rows.lazy().filter(is_proxy).select("handler_id", "row", "matcher", pl.col("arguments").alias("upstream"))
    below = (
        kept.lazy()
        .filter(pl.col("name") == "to")
        .select("row", pl.col("parents").list.first().alias("block"), pl.col("arguments").alias("upstream"))
    )
    further = (
        rows.lazy().filter(is_proxy).select("handler_id", "row", "matcher", "block").join(below, on=["row", "block"])
    )
    named = pl.concat([own, further.select("handler_id", "row", "matcher", "upstream")])
    each = named.explode("upstream", empty_as_null=False, keep_nulls=False).filter(
        ~pl.col("upstream").str.contains(r"^[/@*]")
    )
    pattern = f"^([^{UPSTREAMS}]*){UPSTREAMS}([^\x02]*)\x02([^{UPSTREAMS}]*){UPSTREAMS}(.*)$"
    parts = pl.col("upstream").str.extract_groups(pattern).struct.rename_fields(["lead", "before", "after", "tail"])
    marked = each.with_columns(parts.alias("parts")).unnest("parts")
    expanded = marked.filter(pl.col("before").is_not_null()).join(addresses.lazy(), on="row", how="left")
    expanded = expanded.with_columns(pl.concat_str("lead", "before", "address", "after", "tail").alias("upstream"))
    upstreams = pl.concat(
        [
            marked.filter(pl.col("before").is_null()).select("handler_id", "upstream"),
            expanded.select("handler_id", "upstream"),
        ]
    )
    upstreams = upstreams.filter(pl.col("upstream").is_not_null()).unique()
    asking = marked.filter(pl.col("before").is_not_null()).select("handler_id").unique()
    asking = asking.with_columns(pl.lit(value=True).alias("asks_addresses"))
    fields = ["target_scheme", "target_host", "given_port"]
    target = pl.col("upstream").str.extract_groups(_UPSTREAM).struct.rename_fields(fields)
    joined = rows.lazy().join(upstreams, on="handler_id", how="left").join(asking, on="handler_id", how="left")
    return joined.with_columns(target.alias("target"), is_proxy.alias("is_proxy")).unnest("target").collect()


def _dropped(named: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """The containers that the plugin does not list, and those with a label that it refuses."""
    is_listed = pl.col("set_scan_stopped") | pl.col("state").is_in(_LISTED).fill_null(value=True)
    stopped = named.lazy().filter(~is_listed).select("row", pl.lit("not_running").alias("reason"))
    stopped = stopped.join(read.lazy().select("row", "label"), on="row")
    refused = (
        read.lazy()
        .filter(pl.col("problem") == "label_error")
        .select("row", pl.lit("label_error").alias("reason"), "label")
    )
    ports = _sites(read.filter(~pl.col("row").is_in(refused.select("row").collect()["row"].implode()))).lazy()
    is_wrong = ((pl.col("scheme") == "http") & (pl.col("port") == "443")) | (
        (pl.col("scheme") == "https") & (pl.col("port") == "80")
    )
    wrong = ports.filter(is_wrong).select(
        "row", pl.lit("label_error").alias("reason"), pl.col("site_label").alias("label")
    )
    late = pl.concat([refused, wrong]).join(stopped, on="row", how="anti")
    return pl.concat([stopped, late]).group_by("row", "reason").agg(pl.col("label").alias("labels")).collect()


def _finished(rows: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The rows as those of the table `exposures`."""
    is_site = pl.col("reason").is_null()
    is_target = is_site & pl.col("target_host").is_not_null() & (pl.col("target_host") != "")
    port = pl.col("given_port").cast(pl.UInt32, strict=False).cast(pl.UInt16, strict=False)
    by_scheme = pl.when(pl.col("target_scheme") == "https").then(pl.lit(443)).otherwise(pl.lit(80)).cast(pl.UInt16)
    is_plain = (pl.col("scheme") == "http").fill_null(value=False) | (pl.col("port") == "80").fill_null(value=False)
    listening = pl.coalesce("port", pl.when(is_plain).then(pl.lit("80")).otherwise(pl.lit("443")))
    has_name = (pl.col("host") != "") | (pl.col("scheme") == "https").fill_null(value=False)
    keys = named.lazy().select(
        "row", pl.col("host").alias("fleet_host"), "container_id", "container_name", "own_labels"
    )
    empty = pl.lit([], _TEXTS)
    is_unread = pl.col("is_unread").fill_null(value=False)
    finished = (
        rows.lazy()
        .join(keys, on="row", how="left")
        .with_columns(
            pl.lit("caddy").alias("proxy"),
            pl.col("root").alias("router"),
            pl.when(is_site).then(pl.lit("http")).alias("protocol"),
            pl.when(is_site & (pl.col("host") != "") & ~is_unread)
            .then(pl.concat_list("host"))
            .otherwise(empty)
            .alias("hostnames"),
            pl.col("paths").fill_null(empty),
            pl.when(pl.col("handler") == "reverse_proxy").then(pl.lit("proxy")).otherwise("handler").alias("handler"),
            pl.when(is_target).then(pl.col("target_scheme").fill_null("http")).alias("target_scheme"),
            pl.when(is_target).then("target_host").alias("target_host"),
            pl.when(is_target)
            .then(pl.when(pl.col("given_port").is_null()).then(by_scheme).otherwise(port))
            .alias("target_port"),
            pl.when(is_site & ~is_unread).then(pl.concat_list(listening)).alias("entrypoints"),
            pl.when(is_site & is_plain)
            .then(statement=False)
            .when(is_site & has_name & ~is_unread)
            .then(statement=True)
            .alias("tls"),
            pl.lit(None, pl.String()).alias("service"),
            pl.coalesce("reason", _excluded(is_target)).alias("excluded_reason"),
        )
        .sort("row", "router", "rule", "block", "target_host", nulls_last=True)
        .collect()
    )
    labelled = finished.with_columns(_source_labels()).drop("host", "scheme")
    return EXPOSURES.conform(labelled.rename({"fleet_host": "host", "target_scheme": "scheme"}))


def _excluded(is_target: pl.Expr) -> pl.Expr:
    """Why a site's handler reaches nothing; null where it does, or answers without a target."""
    is_unsupported = (pl.col("problem") == "unsupported_template").fill_null(value=False)
    return (
        pl.when(is_unsupported | pl.col("is_unread").fill_null(value=False))
        .then(pl.lit("unsupported_template"))
        .when(~pl.col("is_proxy") | is_target)
        .then(None)
        .when(pl.col("asks_addresses").fill_null(value=False))
        .then(pl.lit("not_in_ingress_network"))
        .otherwise(pl.lit("no_server"))
    )


def _source_labels() -> pl.Expr:
    """The labels that were read for a row: those of its site, its handler and what encloses it."""
    empty = pl.lit([], _TEXTS)
    read = pl.concat_list(
        pl.col("labels").fill_null(empty),
        pl.concat_list("site_label", "block", pl.lit(INGRESS_LABEL)),
        pl.col("parents").fill_null(empty),
        pl.col("matcher_labels").fill_null(empty),
    )
    # A block may have no label of its own.
    is_router = pl.col("root").is_not_null()
    return (
        pl.when(is_router)
        .then(read.list.set_intersection("own_labels"))
        .otherwise("labels")
        .list.sort()
        .alias("source_labels")
    )
