"""What Traefik does with routers, services and middlewares of one name on several containers of a host.

Equal ones join; of different ones, none is left. Only names that several containers define are compared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.exposures.go_values import boolean, duration, integer
from dockerframe._derive.exposures.traefik_schema import ROOT

if TYPE_CHECKING:
    from dockerframe._derive.exposures.traefik_labels import DecodedLabels

_ALWAYS_THERE: Final = ("loadbalancer", "loadbalancer.responseforwarding")
_SERVERS: Final = r"^loadbalancer\.server(\.|$)"


def conflicts(defined: pl.DataFrame, decoded: DecodedLabels, name: str, *also: str) -> pl.DataFrame:
    """The names that several containers of a host define differently: `host`, `protocol` and the name.

    Parameters
    ----------
    defined
        A row per definition: `host`, `protocol`, the name, and `object` (null where no label defines it).
    decoded
        The decoded labels.
    name
        The column with the name.
    also
        Columns that must be equal as well.
    """
    key = ["host", "protocol", name]
    several = defined.lazy().group_by(key).agg(pl.len().alias("count")).filter(pl.col("count") > 1).drop("count")
    repeated = defined.lazy().join(several, on=key, how="semi").collect()
    if repeated.is_empty():
        return repeated.select(key)
    compared = repeated.join(_contents(repeated, decoded), on="object", how="left")
    compared = compared.with_columns(pl.col("content").fill_null(""))
    distinct = compared.lazy().group_by(key).agg(pl.struct("content", *also).n_unique().alias("count"))
    return distinct.filter(pl.col("count") > 1).select(key).collect()


def _contents(repeated: pl.DataFrame, decoded: DecodedLabels) -> pl.DataFrame:
    """The content of each object as a text that is equal where Traefik's objects are equal."""
    objects = repeated["object"].drop_nulls().unique()
    own = (
        decoded.rows.lazy()
        .filter(pl.col("object").is_in(objects.implode()) & ~pl.col("is_disabled") & (pl.col("kind") != "lost"))
        .with_columns(pl.col("section", "path", "kind").cast(pl.String))
        .filter(~pl.col("path").str.contains(_SERVERS))
        .collect()
    )
    items = own.lazy().join(_items(own).lazy(), on=["section", "path", "kind", "value"]).select("object", "items")
    # What an object holds, as numbers: equal objects have equal numbers, however their labels are written.
    each = items.explode("items", empty_as_null=False, keep_nulls=False).unique().collect()
    number = each["items"].cast(pl.Enum(each["items"].unique().sort())).to_physical()
    ordered = each.with_columns(number.alias("items")).sort("object", "items")
    text = pl.col("items").cast(pl.String).str.join(",").alias("content")
    return ordered.group_by("object", maintain_order=True).agg(text)


def _items(own: pl.DataFrame) -> pl.DataFrame:
    distinct = own.select("section", "path", "kind", "value").unique()
    items = [content(section, path, kind, value) for section, path, kind, value in distinct.iter_rows()]
    return distinct.with_columns(pl.Series("items", items, dtype=pl.List(pl.String())))


def content(section: str, path: str, kind: str, value: str) -> list[str]:
    """What a label adds to an object: the struct that it makes, and its value unless that is the default.

    Examples
    --------
    >>> content("http.services", "loadbalancer.sticky.cookie.path", "text", "/")
    ['loadbalancer.sticky.cookie/']
    >>> content("http.routers", "priority", "integer", "07")
    ['priority=7']
    """
    parents = [path] if kind in {"struct", "map", "list"} else [path.rpartition(".")[0]]
    found = [f"{parent}/" for parent in parents if parent and parent not in _ALWAYS_THERE]
    if kind in {"struct", "map", "list"}:
        return found
    normal = _normal(kind, value)
    default = _default(section, path)
    if default != "?" and normal == _normal(kind, default):
        return found
    return [*found, f"{path}={normal}"]


def _normal(kind: str, value: str) -> str:
    if kind == "flag":
        return str(boolean(value) or False)
    if kind == "integer":
        return str(integer(value) or 0)
    if kind == "duration":
        return str(duration(value) or 0)
    if kind == "texts":
        return ",".join(part.strip() for part in value.split(",")) if value else ""
    return value


@lru_cache(maxsize=4096)
def _default(section: str, path: str) -> str:
    """The default of a field; `?` where no value equals the absence of one."""
    at = ROOT
    for part in [*section.split("."), "", *path.split(".")]:
        below = at.element if at.kind == "map" else at.fields.get(part) if part or at.kind == "struct" else at
        if below is None:
            # A numbered struct of a list.
            continue
        if at.kind == "map" and below.kind == "text":
            return "?"
        at = below
    return at.default
