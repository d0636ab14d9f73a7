"""Rules about routes and the labels that make them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS, proxy_labels
from dockerframe._derive.routes.effective import route_target
from dockerframe._derive.routes.fields import resolve_routes, wildcard_is_object
from dockerframe._derive.routes.labels import route_labels
from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

ROUTE_FIELDS: Final = (
    "access_log", "agent", "bind", "disable_compression", "healthcheck", "homepage", "host", "idlewatcher",
    "inbound_mtls_profile", "index", "load_balance", "max_conns_per_host", "middlewares", "no_tls_verify",
    "path_patterns", "port", "relay_proxy_protocol_header", "response_header_timeout", "root", "rule_file", "rules",
    "scheme", "spa", "ssl_certificate", "ssl_certificate_key", "ssl_protocols", "ssl_server_name",
    "ssl_trusted_certificate", "tls_termination",
)  # fmt: skip
"""The first parts of the fields that GoDoxy reads."""

_NEAR: Final = 0.75
_NO_NETWORK_KINDS: Final = ("network_not_found", "no_network")


@rule(
    severity="high",
    source="labels.md, section 4; GoDoxy keeps one route an alias",
    remedy="Give each its own alias with proxy.aliases, or balance them with proxy.<alias>.load_balance.link.",
)
def alias_on_several_containers(fleet: FleetTables) -> pl.LazyFrame:
    """One alias on several containers.

    Only one of them gets the route, and which one depends on the order in which they are seen. Routes that are
    excluded do not count, nor do those that `load_balance.link` joins.
    """
    linked = fleet.route_fields.filter(pl.col("field") == "load_balance.link").select(*KEYS, "alias")
    routes = fleet.routes.filter(pl.col("excluded_reason").is_null()).join(linked, on=[*KEYS, "alias"], how="anti")
    owner = pl.concat_str("container_name", pl.lit(" on "), "host")
    owners = pl.col("owners")
    shared = (
        routes.group_by("alias")
        .agg(owner.sort().alias("owners"))
        .filter(owners.list.len() > 1)
        .select(
            "alias",
            message=pl.format("The alias {} is on {} containers.", "alias", owners.list.len()),
            evidence=pl.format("routes.alias: {}: {}", "alias", owners.list.head(5).list.join(", ")),
        )
    )
    return routes.select(*KEYS, "alias").join(shared, on="alias")


@rule(
    severity="medium",
    source="labels.md, section 6; GoDoxy's route fields",
    remedy="Correct the label's name: GoDoxy ignores fields that it does not know.",
)
def unknown_route_field(fleet: FleetTables) -> pl.LazyFrame:
    """A route field that nothing reads, but nearly has the name of one that is.

    A slip in a label's name is ignored in silence, so that the route is not what was meant.
    """
    first = pl.col("field").str.split(".").list.first().str.to_lowercase()
    fields = fleet.route_fields.select(*KEYS, "source_label", first.alias("first"))
    distinct = fields.select(pl.col("first").unique()).collect().to_series()
    # Over the distinct names only: a fleet has few.
    near = {
        name: close[0]
        for name in distinct
        if name not in ROUTE_FIELDS and (close := difflib.get_close_matches(name, ROUTE_FIELDS, n=1, cutoff=_NEAR))
    }
    slips = pl.LazyFrame(
        {"first": list(near), "meant": list(near.values())}, schema={"first": pl.String, "meant": pl.String}
    )
    found = fields.join(slips, on="first").unique(maintain_order=True)
    return found.select(
        *KEYS,
        message=pl.format("Nothing reads the field {}; {} is nearly it.", "first", "meant"),
        evidence=pl.format("labels: {}", "source_label"),
    )


@rule(
    severity="low",
    source="labels.md, section 4",
    remedy="Name the alias in proxy.aliases, or correct the label if it means another one.",
)
def alias_outside_aliases(fleet: FleetTables) -> pl.LazyFrame:
    """A label that names an alias which the container does not have.

    It makes a route of its own beside the container's aliases, which is often a slip in the alias's name.
    """
    own = fleet.containers.select(*KEYS, alias=pl.col("aliases")).explode(
        "alias", empty_as_null=False, keep_nulls=False
    )
    outside = fleet.routes.join(own, on=[*KEYS, "alias"], how="anti").select(*KEYS, "alias")
    aliases = fleet.containers.select(*KEYS, pl.col("aliases").list.join(", "))
    return outside.join(aliases, on=KEYS).select(
        *KEYS,
        message=pl.format("A label names the alias {}, and the container's aliases are {}.", "alias", "aliases"),
        evidence=pl.format("containers.aliases: {}; labels: proxy.{}", "aliases", "alias"),
    )


@rule(
    severity="low",
    source="labels.md, section 6.5: GoDoxy's code and its documentation disagree on who wins",
    remedy="Take the field out of the alias's labels or out of the wildcard.",
)
def alias_and_wildcard_set_one_field(fleet: FleetTables) -> pl.LazyFrame:
    """An alias and a wildcard set the same field.

    What the route becomes depends on the version of the proxy that reads the labels.
    """
    containers = _may_set_one_field_twice(fleet.frames["containers"])
    # Most fleets have none, and to resolve none takes as long as to resolve a hundred.
    if containers.is_empty():
        return containers.lazy().select(*KEYS, message=pl.lit(""), evidence=pl.lit(""))
    entries = resolve_routes(containers).entries.lazy().filter(pl.col("value").is_not_null())
    is_wildcard = pl.col("origin") == "wildcard"
    both = (
        entries.group_by("row", "alias", "field")
        .agg(
            is_wildcard.any().alias("wildcard"),
            (~is_wildcard).any().alias("named"),
            pl.col("label").unique().sort().str.join(", ").alias("labels"),
        )
        .filter(pl.col("wildcard") & pl.col("named"))
    )
    keys = containers.lazy().select(KEYS).with_row_index("row")
    return both.join(keys.with_columns(pl.col("row").cast(both.collect_schema()["row"])), on="row").select(
        *KEYS,
        message=pl.format("{} of {} is set by the alias and by a wildcard.", "field", "alias"),
        evidence=pl.format("labels: {}", "labels"),
    )


def _may_set_one_field_twice(containers: pl.DataFrame) -> pl.DataFrame:
    """The containers that may have a field set by a wildcard and otherwise: only these are worth resolving again.

    Those with a wildcard label and another one for the same field, or one of the two that may be for any: it names no
    field (an object, or a shortcut), or is a wildcard that holds an object in spite of its field.
    """
    labels = route_labels(proxy_labels(containers))
    is_wildcard = pl.col("name") == "*"
    wild = labels.filter(is_wildcard).select("row", wild=pl.when(~wildcard_is_object()).then("field"))
    both = wild.join(labels.filter(~is_wildcard), on="row")
    is_same = pl.col("wild") == pl.col("field")
    may = both.filter(is_same | pl.col("wild").is_null() | pl.col("field").is_null())
    return containers[may["row"].unique().sort()]


@rule(
    severity="medium",
    source="labels.md, section 12",
    remedy="Set proxy.<alias>.port, expose a port in the image, or exclude the container with proxy.exclude.",
)
def route_without_port(fleet: FleetTables) -> pl.LazyFrame:
    """A route for which there is no port.

    Containers that say nothing to the proxy are left out: they are not meant to be reached.
    """
    explicit = fleet.containers.filter("is_explicit").select(KEYS)
    found = fleet.routes.filter(pl.col("excluded_reason") == "no_port").join(explicit, on=KEYS, how="semi")
    return found.select(
        *KEYS,
        message=pl.format("The route {} has no port, so there is none.", "alias"),
        evidence=pl.lit("routes.excluded_reason: no_port"),
    )


@rule(
    severity="medium",
    source="labels.md, section 12",
    remedy="Start the container, let the proxy wake it with proxy.idle_timeout, or exclude it with proxy.exclude.",
)
def route_to_stopped_container(fleet: FleetTables) -> pl.LazyFrame:
    """A route to a container that does not run.

    Containers that the proxy wakes (`proxy.idle_timeout`) are left out, and those that say nothing to it.
    """
    asleep = fleet.containers.filter(
        ~pl.col("running") & pl.col("is_explicit") & pl.col("idle_timeout").is_null()
    ).select(*KEYS, "state")
    found = fleet.routes.filter(pl.col("excluded_reason").is_null()).join(asleep, on=KEYS)
    return found.select(
        *KEYS,
        message=pl.format("The route {} leads to a container that is {}.", "alias", "state"),
        evidence=pl.format("containers.state: {}; routes: {}", "state", route_target()),
    )


@rule(
    severity="medium",
    source="labels.md, section 10",
    remedy="Attach the container to a network that the proxy reaches, or name one that it has in proxy.network.",
)
def network_not_usable(fleet: FleetTables) -> pl.LazyFrame:
    """A network that the container is not in, or no network at all."""
    return _errors(fleet).filter(pl.col("kind").is_in(_NO_NETWORK_KINDS)).drop("kind")


@rule(
    severity="medium",
    source="labels.md, sections 4 to 6, 11 and 12: the table errors",
    remedy="Mend the label as the message says.",
)
def label_error(fleet: FleetTables) -> pl.LazyFrame:
    """A label that can't be used, or a summary that can't be read: a row of the table `errors`."""
    return _errors(fleet).filter(~pl.col("kind").is_in(_NO_NETWORK_KINDS)).drop("kind")


def _errors(fleet: FleetTables) -> pl.LazyFrame:
    label = pl.col("label").fill_null("none")
    return fleet.errors.select(
        *KEYS, "kind", "message", evidence=pl.format("errors.kind: {}; label: {}", "kind", label)
    )
