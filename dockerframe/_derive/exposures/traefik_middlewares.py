"""Middlewares that labels define, and those that Traefik cannot build: routers that name one are disabled."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.go_values import is_address_range, is_pattern
from dockerframe._derive.exposures.traefik_merge import conflicts
from dockerframe._derive.exposures.traefik_schema import HTTP_MIDDLEWARES, TCP_MIDDLEWARES
from dockerframe._derive.exposures.traefik_services import is_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockerframe._derive.exposures.traefik_labels import DecodedLabels

_SECTIONS: Final = ("http.middlewares", "tcp.middlewares")
_TYPES: Final = sorted({*HTTP_MIDDLEWARES, *TCP_MIDDLEWARES})
_ID: Final = ["host", "protocol", "middleware"]

_NEEDED: Final = {
    "addprefix": "addprefix.prefix",
    "redirectscheme": "redirectscheme.scheme",
    "ipallowlist": "ipallowlist.sourcerange",
    "ipwhitelist": "ipwhitelist.sourcerange",
}
"""What Traefik does not build a middleware without."""

_CHECKED: Final[dict[str, Callable[[str], bool]]] = {
    "ipallowlist.sourcerange": is_address_range,
    "ipwhitelist.sourcerange": is_address_range,
    "basicauth.users": lambda user: user.count(":") == 1,
    "digestauth.users": lambda user: user.count(":") == 2,
    "redirectregex.regex": is_pattern,
    "replacepathregex.regex": is_pattern,
    "stripprefixregex.regex": is_pattern,
    "compress.encodings": lambda encoding: encoding in {"gzip", "br", "zstd"},
}
"""The fields whose values Traefik checks when it builds a middleware; those of lists, item by item."""

_LISTS: Final = ("sourcerange", "users", "stripprefixregex.regex", "encodings")


def split_names(text: pl.Expr) -> pl.Expr:
    """The names of a list in a label: separated by commas; null for an empty text."""
    names = text.str.split(",").list.eval(pl.element().str.strip_chars())
    return pl.when(text != "").then(names)


def usable_middlewares(configured: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    """The middlewares that Traefik can build: `host`, `protocol`, `middleware`.

    `configured` has `row`, `host` and `set_providers` of the containers that Traefik keeps.
    """
    defined = _defined(configured, decoded)
    if defined.is_empty():
        return defined.select(_ID)
    refused = conflicts(defined, decoded, "middleware")
    left = defined.join(refused, on=_ID, how="anti") if len(refused) else defined
    sound = left.filter(pl.col("is_sound"))
    links = sound.filter(pl.col("members").is_not_null())
    if links.is_empty():
        return sound.select(_ID).unique()
    return _without_broken_chains(sound, links)


def _unsound(rows: pl.LazyFrame) -> pl.DataFrame:
    """The middlewares (`object`) that lack what they need, or have a value that Traefik refuses."""
    needed = pl.col("top").cast(pl.String).replace_strict(_NEEDED, default=None, return_dtype=pl.String)
    needing = rows.with_columns(needed.alias("needed")).filter(pl.col("needed").is_not_null())
    given = needing.filter((pl.col("path").cast(pl.String) == pl.col("needed")) & (pl.col("value") != ""))
    lacking = needing.select("object").unique().join(given, on="object", how="anti")
    checked = rows.filter(pl.col("path").cast(pl.String).is_in(list(_CHECKED)) & (pl.col("value") != ""))
    values = checked.select("object", pl.col("path").cast(pl.String), "value").collect()
    distinct = values.select("path", "value").unique()
    is_refused = [not _passes(path, value) for path, value in distinct.iter_rows()]
    refused = values.join(distinct.filter(pl.Series(is_refused, dtype=pl.Boolean())), on=["path", "value"], how="semi")
    return pl.concat([lacking.select("object").collect(), refused.select("object")]).unique()


def _passes(path: str, value: str) -> bool:
    items = [item.strip() for item in value.split(",")] if path.endswith(_LISTS) else [value]
    return all(_CHECKED[path](item) for item in items)


def _defined(configured: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    found = decoded.values("middlewares", {"members": "chain.middlewares"}).lazy()
    rows = decoded.rows.lazy().filter(pl.col("section").is_in(_SECTIONS) & ~pl.col("is_disabled"))
    typed = rows.filter(pl.col("top").cast(pl.String).is_in(_TYPES)).select("object", pl.col("top").to_physical())
    types = typed.group_by("object").agg((pl.col("top").min() == pl.col("top").max()).alias("is_sound"))
    types = types.join(_unsound(rows).lazy(), on="object", how="anti")
    return (
        found.filter(pl.col("name").is_not_null())
        .join(types, on="object", how="left")
        .join(configured.lazy().select("row", "host", "set_providers"), on="row")
        .select(
            "object",
            "host",
            "protocol",
            pl.col("name").alias("middleware"),
            pl.col("is_sound").fill_null(value=False),
            split_names(pl.col("members")).alias("members"),
            "set_providers",
        )
        .collect()
    )


def _without_broken_chains(sound: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """A chain can be built when all its members can, without coming back to itself."""
    member = links.select(*_ID, "set_providers", pl.col("members")).explode(
        "members", empty_as_null=False, keep_nulls=False
    )
    member = member.filter(~is_foreign(pl.col("members"))).with_columns(pl.col("members").str.strip_suffix("@docker"))
    needs: dict[tuple[str, str, str], set[tuple[str, str, str]]] = defaultdict(set)
    for host, protocol, chain, name in member.select(*_ID, "members").iter_rows():
        needs[host, protocol, chain].add((host, protocol, name))
    names = set(sound.select(_ID).iter_rows())
    usable = _reachable(names, needs)
    return pl.DataFrame(sorted(usable), schema=dict.fromkeys(_ID, pl.String()), orient="row")


def _reachable(
    names: Iterable[tuple[str, str, str]], needs: dict[tuple[str, str, str], set[tuple[str, str, str]]]
) -> set[tuple[str, str, str]]:
    """The names whose needs are met, in time linear in names and needs."""
    waiting = {name: len(needs.get(name, ())) for name in names}
    wanted_by: dict[tuple[str, str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for name, wants in needs.items():
        for want in wants:
            wanted_by[want].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    met: set[tuple[str, str, str]] = set(ready)
    while ready:
        for name in wanted_by[ready.pop()]:
            waiting[name] = waiting.get(name, 0) - 1
            if waiting[name] == 0:
                met.add(name)
                ready.append(name)
    return met


def routers_with_unusable(routers: pl.DataFrame, usable: pl.DataFrame) -> pl.DataFrame:
    """The routers (`router_id`) that name a middleware which Traefik cannot build.

    `routers` has `router_id`, `host`, `protocol`, `middlewares` (text) and `set_providers`.
    """
    named = routers.lazy().filter(pl.col("middlewares").is_not_null() & (pl.col("protocol") != "udp"))
    each = (
        named.select(
            "router_id", "host", "protocol", "set_providers", split_names(pl.col("middlewares")).alias("middleware")
        )
        .explode("middleware", empty_as_null=False, keep_nulls=False)
        .filter(~is_foreign(pl.col("middleware")))
        .with_columns(pl.col("middleware").str.strip_suffix("@docker"))
    )
    return each.join(usable.lazy(), on=_ID, how="anti").select("router_id").unique().collect()
