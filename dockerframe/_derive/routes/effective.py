"""Effective routes: what a request to an alias would reach (labels.md, section 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.container_errors import container_errors
from dockerframe._derive.labels import KEYS
from dockerframe._derive.lookup import lists_at_numbers
from dockerframe._derive.routes.fields import ResolvedRoutes, resolve_routes, with_keys
from dockerframe._derive.routes.values import route_values
from dockerframe._derive.routes.well_known_ports import BY_ALIAS, BY_IMAGE
from dockerframe.schemas import LABELS, ROUTES, FrameT, Precedence

if TYPE_CHECKING:
    from collections.abc import Collection

PREFERRED_PORTS: Final = (80, 8080, 3000, 8000, 443, 8443)
"""Ports that are taken first where a container has several and no label says which."""

_WELL_KNOWN: Final = (*BY_IMAGE.values(), *BY_ALIAS.values())
_PORTS: Final = pl.Series([known.port for known in _WELL_KNOWN], dtype=pl.UInt16())
_SCHEMES: Final = pl.Series([known.scheme for known in _WELL_KNOWN])

_OF_CONTAINER: Final = (
    "host",
    "container_name",
    "image_name",
    "public_hostname",
    "private_hostname",
    "is_host_network_mode",
    "is_explicit",
    "is_excluded",
    "is_blacklisted",
    "idle_timeout",
)


class DerivedRoutes(NamedTuple):
    """The table `routes`, and what is wrong with the values of some fields."""

    routes: pl.DataFrame
    errors: pl.DataFrame


def routes(containers: FrameT, precedence: Precedence = "alias", errors: pl.DataFrame | None = None) -> FrameT:
    """One row for each alias of each container: what a request to it would reach.

    Reads the table `containers`. `errors` has the `host` and `container_id` of containers that have errors of their
    own, which gives their routes the `excluded_reason` "error"; without it they are looked for in the labels, except
    for networks that are not there, which needs the host's URL. Gives the columns of `dockerframe.schemas.ROUTES`, in
    the order of the containers, then of their aliases. Source: labels.md, section 12.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> body = b'[{"Id": "1", "Names": ["/web"], "Image": "nginx", "State": "running", "Labels": {}}]'
    >>> containers = dkf.from_summaries(body, url="tcp://docker1:2375").containers
    >>> routes(containers).select("alias", "scheme", "target_host", "target_port").rows()
    [('web', 'http', 'docker1', 80)]
    """

    def table(frame: pl.DataFrame) -> pl.DataFrame:
        resolved = resolve_routes(frame, precedence)
        failed = container_errors(frame, reachable=pl.lit(value=False)) if errors is None else errors
        return derive_routes(frame, resolved, failed).routes

    if isinstance(containers, pl.LazyFrame):
        return containers.map_batches(table, schema=ROUTES.schema)
    return table(containers)


def derive_routes(
    containers: pl.DataFrame,
    resolved: ResolvedRoutes,
    failed: pl.DataFrame,
    *,
    explicit_only: Collection[str] = (),
) -> DerivedRoutes:
    """The routes of containers whose labels are resolved.

    `failed` has the `host` and `container_id` of containers that have errors of their own. On the hosts of
    `explicit_only` a container without `proxy.` labels has no route.
    """
    rows = resolved.aliases.hstack(containers.select(_OF_CONTAINER).select(pl.all().gather(resolved.aliases["row"])))
    rows = rows.filter(pl.col("is_explicit") | ~pl.col("host").is_in(list(explicit_only)))
    fields = (
        resolved.fields.filter(pl.col("route").is_in(rows["route"].implode())) if explicit_only else resolved.fields
    )
    values = route_values(rows["route"], fields)
    rows = _with_target(rows.hstack(values.columns), containers)
    errors = pl.concat([resolved.errors, values.errors])
    rows = rows.with_columns(_excluded_reason(rows, containers, failed, errors), _maps(rows["route"], fields))
    table = with_keys(containers, rows, ROUTES.schema.names())
    return DerivedRoutes(ROUTES.conform(table), values.errors)


def _maps(routes: pl.Series, fields: pl.DataFrame) -> pl.Series:
    """The fields of each route as `fields` (Map of String to String)."""
    entries = fields.select("route", pl.col("field").alias("key"), "value")
    return lists_at_numbers(routes, entries, "route", ["key", "value"]).cast(LABELS).alias("fields")


def _with_target(rows: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """`target_host`, `scheme` and `target_port`."""
    preferred = containers.select(_preferred_port()).to_series().gather(rows["row"])
    host = pl.coalesce("labelled_host", "private_hostname", "public_hostname").alias("target_host")
    rows = rows.with_columns(host, _well_known().alias("well_known"))
    rows = rows.with_columns(pl.coalesce("labelled_port", _of_well_known(_PORTS), preferred).alias("port"))
    found = _bindings_at(rows.select("row", "port"), containers)
    return rows.hstack(found).with_columns(_scheme().alias("scheme"), _target_port().alias("target_port"))


def _well_known() -> pl.Expr:
    """The number of the well-known port that the image has, else the alias; null without one."""
    by_image = {name: number for number, name in enumerate(BY_IMAGE)}
    by_alias = {name: len(BY_IMAGE) + number for number, name in enumerate(BY_ALIAS)}
    return pl.coalesce(
        pl.col("image_name").replace_strict(by_image, default=None, return_dtype=pl.UInt32),
        pl.col("alias").replace_strict(by_alias, default=None, return_dtype=pl.UInt32),
    )


def _of_well_known(values: pl.Series) -> pl.Expr:
    return pl.lit(values).gather("well_known")


def _bindings_at(wanted: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """What is known of a `port` of each container `row`, in the same order.

    `is_private` and `published_as` when it is a private port, `published_for` when it is a public one, `is_udp` when
    it is published as UDP.
    """
    private, public = _bindings(containers, "private_ports"), _bindings(containers, "public_ports")
    udp = public.filter(pl.col("type") == "udp")
    as_udp = [udp.select(_place(key)) for key in ("private_port", "public_port")]
    return (
        wanted.lazy()
        .select(_place("port"))
        .join(
            private.lazy().select(_place("private_port"), pl.col("public_port").alias("published_as"), is_private=True),
            on="place",
            how="left",
            maintain_order="left",
        )
        .join(
            public.lazy().select(_place("public_port"), pl.col("private_port").alias("published_for")),
            on="place",
            how="left",
            maintain_order="left",
        )
        .join(
            pl.concat(as_udp).unique().lazy().with_columns(is_udp=True), on="place", how="left", maintain_order="left"
        )
        .drop("place")
        .collect(engine="in-memory")
    )


def _place(port: str) -> pl.Expr:
    """A port of a container as one number, which joins faster than two columns."""
    return (pl.col("row").cast(pl.UInt64) * 2**16 + pl.col(port)).alias("place")


def _preferred_port() -> pl.Expr:
    """The port that is taken where nothing says which: a preferred one if it is there, else the lowest."""
    private = pl.col("private_ports").list.eval(pl.element().struct.field("private_port"))
    public = pl.col("public_ports").list.eval(pl.element().struct.field("public_port"))
    candidates = pl.when("is_host_network_mode").then(public).otherwise(private)
    preferred = [pl.when(candidates.list.contains(port)).then(pl.lit(port, pl.UInt16)) for port in PREFERRED_PORTS]
    return pl.coalesce(*preferred, candidates.list.min())


def _bindings(containers: pl.DataFrame, column: str) -> pl.DataFrame:
    position = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    return containers.select(position, column).explode(column, empty_as_null=False, keep_nulls=False).unnest(column)


def _scheme() -> pl.Expr:
    return pl.coalesce(
        "labelled_scheme",
        _of_well_known(_SCHEMES),
        pl.when("is_udp").then(pl.lit("udp")),
        pl.when(pl.col("listening_port").is_not_null()).then(pl.lit("tcp")),
        pl.when(pl.col("port") % 1000 == 443).then(pl.lit("https")),
        pl.lit("http"),
    )


def _target_port() -> pl.Expr:
    """The port as it is reached at the target host: published ports outside, private ports inside."""
    is_outside = (pl.col("target_host") == pl.col("public_hostname")).fill_null(value=False)
    # A private port that is not published can't be reached from outside, unless a label insists on it.
    outside = pl.when("is_private").then(pl.coalesce("published_as", "labelled_port")).otherwise("port")
    return pl.when(is_outside).then(outside).otherwise(pl.coalesce("published_for", "port"))


def _excluded_reason(
    rows: pl.DataFrame, containers: pl.DataFrame, failed: pl.DataFrame, errors: pl.DataFrame
) -> pl.Series:
    has_error = _has_own_error(containers, failed) | _has_route_error(rows, errors)
    reasons = {
        "error": has_error,
        "manual": pl.col("is_excluded"),
        "no_port": pl.col("target_port").is_null() & pl.col("idle_timeout").is_null(),
        "blacklisted": pl.col("is_blacklisted") & ~pl.col("is_explicit"),
        "buildx": pl.col("container_name").str.starts_with("buildx_"),
        "yaml_anchor": pl.col("alias").str.starts_with("x-"),
        "renaming": pl.col("alias").str.ends_with("-old"),
    }
    first = pl.coalesce(*(pl.when(holds).then(pl.lit(reason)) for reason, holds in reasons.items()))
    return rows.select(first.alias("excluded_reason")).to_series()


def _has_own_error(containers: pl.DataFrame, failed: pl.DataFrame) -> pl.Expr:
    """Whether the container of a route is one of those that failed (Boolean). Reads `row`."""
    if failed.is_empty():
        # To look for none takes as long as to look for a few, and most fleets have none.
        return pl.lit(value=False)
    container = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    rows = containers.select(container, *KEYS).join(failed, on=KEYS, how="semi")["row"]
    return pl.col("row").is_in(rows.implode())


def _has_route_error(rows: pl.DataFrame, errors: pl.DataFrame) -> pl.Expr:
    """Whether a label of a route itself is wrong (Boolean), of `rows` in their order."""
    failed = errors.filter(pl.col("alias").is_not_null()).select("row", "alias").unique()
    if failed.is_empty():
        return pl.lit(value=False)
    found = rows.select("row", "alias").join(
        failed.with_columns(is_failed=True), on=["row", "alias"], how="left", maintain_order="left"
    )
    return pl.lit(found["is_failed"].fill_null(value=False))


def route_target() -> pl.Expr:
    """Where a route leads, as a URL; `?` for a host or a port that it has not."""
    port = pl.col("target_port").cast(pl.String)
    return pl.format("{}://{}:{}", "scheme", pl.col("target_host").fill_null("?"), port.fill_null("?"))
