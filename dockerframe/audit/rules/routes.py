"""Rules about routes and the labels that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS, proxy_labels
from dockerframe._derive.routes.effective import route_target
from dockerframe._derive.routes.fields import resolve_routes, wildcard_is_object
from dockerframe._derive.routes.labels import route_labels
from dockerframe.audit.names import name_or_short_id
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_NO_NETWORK_KINDS: Final = ("network_not_found", "no_network")
_UNKNOWN_FIELD: Final = "unknown_field"


@rules.rule(
    severity="high",
    source="labels.md, section 4; GoDoxy keeps one route per alias",
    remedy="Give each its own alias with proxy.aliases, or balance them with proxy.<alias>.load_balance.link.",
)
def alias_on_several_containers(fleet: FleetTables) -> pl.LazyFrame:
    """Several containers ask for one alias.

    Only one of them gets the route, and which one depends on the order in which they are seen.

    It does not fire for containers without a `proxy.` label, which ask for nothing, for replicas of one Swarm or
    Compose service, for routes that `load_balance.link` joins, and for routes that are excluded.
    """
    linked = fleet.route_fields.filter(pl.col("field") == "load_balance.link").select(*KEYS, "alias")
    # A service is one claim, however many replicas it has.
    claim = pl.coalesce(
        pl.format("swarm {}", "swarm_service"),
        pl.format("compose {} {} {}", "host", "compose_project", "compose_service"),
        pl.format("container {} {}", *KEYS),
    )
    owner = pl.format("{} on {}", name_or_short_id(), "host")
    who = fleet.containers.filter("is_explicit").select(*KEYS, claim.alias("claim"), owner.alias("owner"))
    routes = (
        fleet.routes.filter(pl.col("excluded_reason").is_null())
        .select(*KEYS, "alias")
        .join(who, on=KEYS)
        .join(linked, on=[*KEYS, "alias"], how="anti")
    )
    owners = pl.col("owners")
    shared = (
        routes.group_by("alias")
        .agg(pl.col("owner").sort().alias("owners"), pl.col("claim").n_unique().alias("claims"))
        .filter(pl.col("claims") > 1)
        .select(
            "alias",
            message=pl.format("{} containers ask for the alias {}.", owners.list.len(), "alias"),
            evidence=pl.format("routes.alias: {}: {}", "alias", owners.list.head(5).list.join(", ")),
        )
    )
    return routes.select(*KEYS, "alias").join(shared, on="alias")


@rules.rule(
    severity="medium",
    source="labels.md, sections 6 and 13: GoDoxy's route fields",
    remedy="Correct the name of the label, or remove it.",
)
def unknown_route_field(fleet: FleetTables) -> pl.LazyFrame:
    """A label sets a route field that does not exist.

    GoDoxy ignores the field, so that the route is not what was meant; usually the name is misspelled.

    It does not fire for fields in other spellings (`noTLSVerify`, `no_tls_verify`), nor for values that do not fit
    (`label-error`).
    """
    return _errors(fleet.errors.filter(pl.col("kind") == _UNKNOWN_FIELD))


@rules.rule(
    severity="low",
    source="labels.md, section 4",
    remedy="Name the alias in proxy.aliases, or correct the label if it means another one.",
)
def alias_outside_aliases(fleet: FleetTables) -> pl.LazyFrame:
    """A label names an alias that the container does not have.

    It makes another route next to those of the container's aliases; often the alias is misspelled. It does not fire for
    wildcards and for references by number (`proxy.*.port`, `proxy.#1.port`).
    """
    # GoDoxy lower-cases an alias only after its labels were found.
    served = pl.col("alias").str.strip_chars().str.to_lowercase().alias("served")
    listed = fleet.containers.select(*KEYS, alias=pl.col("aliases"))
    own = listed.explode("alias", empty_as_null=False, keep_nulls=False).select(*KEYS, served)
    outside = fleet.routes.select(*KEYS, "alias", served).join(own, on=[*KEYS, "served"], how="anti")
    aliases = fleet.containers.select(*KEYS, pl.col("aliases").list.join(", "))
    return outside.join(aliases, on=KEYS).select(
        *KEYS,
        message=pl.format("A label names the alias {}; the container's aliases are {}.", "alias", "aliases"),
        evidence=pl.format("containers.aliases: {}; labels: proxy.{}", "aliases", "alias"),
    )


@rules.rule(
    severity="low",
    source="labels.md, section 6.5: GoDoxy's code and its documentation disagree on who wins",
    remedy="Remove the field from the alias's labels or from the wildcard.",
)
def alias_and_wildcard_set_one_field(fleet: FleetTables) -> pl.LazyFrame:
    """An alias and a wildcard set the same field.

    Which value counts depends on the version of the proxy that reads the labels. It does not fire for wildcards and
    aliases that set different fields, at any depth.
    """
    containers = _may_set_one_field_twice(fleet.frames["containers"])
    # Most fleets have no such container, and resolving an empty table takes as long as resolving a hundred.
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


@rules.rule(
    severity="medium",
    source="labels.md, section 12",
    remedy="Set proxy.<alias>.port, expose a port in the image, or exclude the container with proxy.exclude.",
)
def route_without_port(fleet: FleetTables) -> pl.LazyFrame:
    """A route has no port.

    GoDoxy does not serve it. It does not fire for containers without a `proxy.` label: nobody asked for their route.
    """
    explicit = fleet.containers.filter("is_explicit").select(KEYS)
    found = fleet.routes.filter(pl.col("excluded_reason") == "no_port").join(explicit, on=KEYS, how="semi")
    return found.select(
        *KEYS,
        message=pl.format("The route {} has no port and is not served.", "alias"),
        evidence=pl.lit("routes.excluded_reason: no_port"),
    )


@rules.rule(
    severity="medium",
    source="labels.md, section 12",
    remedy="Start the container, let the proxy wake it with proxy.idle_timeout, or exclude it with proxy.exclude.",
)
def route_to_stopped_container(fleet: FleetTables) -> pl.LazyFrame:
    """A route leads to a container that does not run.

    Requests fail. It does not fire for containers that a proxy or a scheduler starts when they are needed
    (`proxy.idle_timeout`, Sablier, …), and for containers without a `proxy.` label.
    """
    stopped = fleet.containers.filter(~pl.col("running") & pl.col("is_explicit")).select(*KEYS, "state")
    down = stopped.join(fleet.asleep, on=KEYS, how="anti")
    found = fleet.routes.filter(pl.col("excluded_reason").is_null()).join(down, on=KEYS)
    return found.select(
        *KEYS,
        message=pl.format("The route {} leads to a container that is {}.", "alias", "state"),
        evidence=pl.format("containers.state: {}; routes: {}", "state", route_target()),
    )


@rules.rule(
    severity="medium",
    source="labels.md, section 10",
    remedy="Attach the container to a network that the proxy reaches, or name one that it has in proxy.network.",
)
def network_not_usable(fleet: FleetTables) -> pl.LazyFrame:
    """A container with a route has no address, or not the network that its label names.

    The proxy cannot reach it. It does not fire for containers without a `proxy.` label.
    """
    explicit = fleet.containers.filter("is_explicit").select(KEYS)
    found = fleet.errors.filter(pl.col("kind").is_in(_NO_NETWORK_KINDS))
    return _errors(found.join(explicit, on=KEYS, how="semi"))


@rules.rule(
    severity="medium",
    source="labels.md, sections 4 to 6 and 11 to 13: the table errors",
    remedy="Correct the label as the message says.",
)
def label_error(fleet: FleetTables) -> pl.LazyFrame:
    """A label can't be used as it is.

    GoDoxy ignores it or refuses the route. It does not fire for fields that do not exist (`unknown-route-field`), for
    networks (`network-not-usable`), and for what is not about a label (`unreadable-container`).
    """
    others = (*_NO_NETWORK_KINDS, _UNKNOWN_FIELD)
    return _errors(fleet.errors.filter(pl.col("label").is_not_null() & ~pl.col("kind").is_in(others)))


def _errors(errors: pl.LazyFrame) -> pl.LazyFrame:
    label = pl.col("label").fill_null("not set")
    return errors.select(*KEYS, "message", evidence=pl.format("errors.kind: {}; label: {}", "kind", label))
