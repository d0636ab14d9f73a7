"""Effective routes: what a request to an alias would reach (labels.md, sections 12 and 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.container_errors import EXCLUDING_KINDS, container_errors
from dockerframe._derive.labels import KEYS
from dockerframe._derive.lookup import lists_at_numbers
from dockerframe._derive.routes.checks import failed_checks
from dockerframe._derive.routes.fields import ResolvedRoutes, resolve_routes, with_keys
from dockerframe._derive.routes.labels import ROUTE_ERROR
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
    "running",
    "health",
    "idle_timeout",
)


class DerivedRoutes(NamedTuple):
    """The table `routes`, and what is wrong with the fields of some (`ROUTE_ERROR`)."""

    routes: pl.DataFrame
    errors: pl.DataFrame


def routes(
    containers: FrameT,
    precedence: Precedence = "alias",
    errors: pl.DataFrame | None = None,
    *,
    known_middlewares: Collection[str] = (),
    agents: Collection[str] = (),
) -> FrameT:
    """One row for each alias of each container: what a request to it would reach.

    Gives the columns of `dockerframe.schemas.ROUTES`, in the order of the containers, then of their aliases. Source:
    labels.md, sections 12 and 13.

    Parameters
    ----------
    containers
        The table `containers`.
    precedence
        Which label wins where an alias and a wildcard set the same field.
    errors
        The table `errors`. Containers with an error that excludes them (`network_not_found`, `no_network` or
        `invalid_idle`) have routes with the `excluded_reason` "error". Without it these errors are derived from the
        labels, except for networks that do not exist, which needs the URLs of the hosts.
    known_middlewares
        Names of middlewares that GoDoxy's own files define. Others are an error unless they are built in.
    agents
        Names of the hosts that are reached through a GoDoxy agent.

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
        return derive_routes(frame, resolved, failed, known_middlewares=known_middlewares, agents=agents).routes

    if isinstance(containers, pl.LazyFrame):
        return containers.map_batches(table, schema=ROUTES.schema)
    return table(containers)


def derive_routes(
    containers: pl.DataFrame,
    resolved: ResolvedRoutes,
    failed: pl.DataFrame,
    *,
    explicit_only: Collection[str] = (),
    known_middlewares: Collection[str] = (),
    agents: Collection[str] = (),
) -> DerivedRoutes:
    """The routes of containers whose labels are resolved.

    `failed` has the `host` and `container_id` of containers that have errors of their own, and their `kind` if not
    all of them exclude. On the hosts of `explicit_only` a container without `proxy.` labels has no route.
    """
    rows = resolved.aliases.hstack(containers.select(_OF_CONTAINER).select(pl.all().gather(resolved.aliases["row"])))
    rows = rows.filter(pl.col("is_explicit") | ~pl.col("host").is_in(list(explicit_only)))
    fields = (
        resolved.fields.filter(pl.col("route").is_in(rows["route"].implode())) if explicit_only else resolved.fields
    )
    values = route_values(rows["route"], fields, resolved.precedence)
    served_alias = pl.col("alias").str.strip_chars().str.to_lowercase().alias("served_alias")
    rows = _with_target(rows.hstack(values.columns.drop("route")).with_columns(served_alias), containers)
    rows = rows.with_columns(
        _has_own_error(containers, failed).alias("has_own_error"),
        has_idle_timeout=(pl.col("idle_timeout") > pl.duration()).fill_null(value=False),
        is_agent=pl.col("host").is_in(list(agents)),
    )
    rows = rows.with_columns(_excluded_reason())
    judged = rows.filter(~pl.col("has_own_error")) if rows["has_own_error"].any() else rows
    checks = failed_checks(judged, values, _emptied(resolved), known_middlewares)
    rows = rows.with_columns(_final_reason(checks["route"]), _maps(rows["route"], fields)).with_columns(*_fileserver())
    errors = pl.concat([values.errors, checks.drop("route"), _duplicates(rows)])
    return DerivedRoutes(ROUTES.conform(with_keys(containers, rows, ROUTES.schema.names())), errors)


def _final_reason(failed: pl.Series) -> pl.Expr:
    has_error = pl.col("has_own_error")
    if len(failed):
        has_error |= pl.col("route").is_in(failed.implode())
    return pl.when(has_error).then(pl.lit("error")).otherwise("excluded_reason").alias("excluded_reason")


def _emptied(resolved: ResolvedRoutes) -> pl.Series:
    """The numbers of routes that have an object without any text, and no field."""
    if resolved.emptied.is_empty():
        return pl.Series([], dtype=pl.UInt32())
    found = resolved.aliases.join(resolved.emptied, on=["row", "alias"], how="semi")
    return found.join(resolved.fields, on="route", how="anti")["route"]


def _fileserver() -> tuple[pl.Expr, ...]:
    """Files are served by the proxy: a route that is not excluded has neither host nor port."""
    serves_files = (pl.col("scheme") == "fileserver") & pl.col("excluded_reason").is_null()
    return tuple(pl.when(~serves_files).then(name).alias(name) for name in ("target_host", "target_port"))


def _duplicates(rows: pl.DataFrame) -> pl.DataFrame:
    """Aliases of one container that are equal but for case and blanks: one is served, which one is open."""
    twins = rows.filter(pl.col("alias") != pl.col("served_alias")).select("row", "served_alias").unique()
    if twins.is_empty():
        return pl.DataFrame(schema=ROUTE_ERROR)
    of_twins = rows.select("row", "alias", "served_alias").join(twins, on=["row", "served_alias"], how="semi")
    names = of_twins.group_by("row", "served_alias").agg(pl.col("alias").sort().alias("aliases"))
    several = of_twins.join(names.filter(pl.col("aliases").list.len() > 1), on=["row", "served_alias"])
    message = pl.format(
        "The aliases {} are the same route {} and only one of them is served; rename one.",
        pl.col("aliases").list.join(", "),
        "served_alias",
    )
    return several.sort("row", "alias").select(
        "row", "alias", kind=pl.lit("duplicate_alias"), label=pl.lit(None, pl.String), message=message
    )


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
    """The number of the well-known port of the image, else of the alias; null without one."""
    by_image = {name: number for number, name in enumerate(BY_IMAGE)}
    by_alias = {name: len(BY_IMAGE) + number for number, name in enumerate(BY_ALIAS)}
    return pl.coalesce(
        pl.col("image_name").replace_strict(by_image, default=None, return_dtype=pl.UInt32),
        pl.col("served_alias").replace_strict(by_alias, default=None, return_dtype=pl.UInt32),
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


def _excluded_reason() -> pl.Expr:
    """Why a route that passes every check is excluded; null where it is not."""
    reasons = {
        "manual": pl.col("is_excluded"),
        "no_port": pl.col("target_port").is_null() & ~pl.col("has_idle_timeout"),
        "blacklisted": pl.col("is_blacklisted") & ~pl.col("is_explicit"),
        "buildx": pl.col("container_name").str.starts_with("buildx_"),
        "yaml_anchor": pl.col("served_alias").str.starts_with("x-"),
        "renaming": pl.col("served_alias").str.ends_with("-old"),
    }
    first = pl.coalesce(*(pl.when(holds).then(pl.lit(reason)) for reason, holds in reasons.items()))
    return first.alias("excluded_reason")


def _has_own_error(containers: pl.DataFrame, failed: pl.DataFrame) -> pl.Expr:
    """Whether the container of a route has an error that excludes it (Boolean). Reads `row`."""
    if "kind" in failed.columns:
        failed = failed.filter(pl.col("kind").is_in(EXCLUDING_KINDS))
    if failed.is_empty():
        # To look for none takes as long as to look for a few, and most fleets have none.
        return pl.lit(value=False)
    container = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    rows = containers.select(container, *KEYS).join(failed, on=KEYS, how="semi")["row"]
    return pl.col("row").is_in(rows.implode())


def route_target() -> pl.Expr:
    """Where a route leads, as a URL; `?` for a missing host or port."""
    port = pl.col("target_port").cast(pl.String)
    return pl.format("{}://{}:{}", "scheme", pl.col("target_host").fill_null("?"), port.fill_null("?"))
