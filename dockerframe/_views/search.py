"""Searching the rows of a table: every word must match, and `key:value` narrows to one column or label."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COLUMNS: Final[Mapping[str, str]] = {
    "host": "host",
    "name": "container_name",
    "container": "container_name",
    "image": "image",
    "project": "compose_project",
    "service": "compose_service",
    "state": "state",
    "status": "status",
    "health": "health",
    "network": "network",
    "alias": "alias",
    "rule": "rule",
    "severity": "severity",
}
"""The keys of `key:value`, and the column of each."""


def search_terms(text: str) -> list[str]:
    """The words of a search, quoted ones kept together.

    Examples
    --------
    >>> search_terms('postgres image:"my app" host:edge')
    ['postgres', 'image:my app', 'host:edge']
    """
    try:
        return shlex.split(text)
    except ValueError:
        # A quotation mark that is not closed yet, while somebody types.
        return text.replace('"', " ").replace("'", " ").split()


def matches(term: str, columns: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """Whether a row matches a `key:value` term of its own columns; None for a term that is not one.

    `columns` are those of the table.
    """
    key, colon, value = term.partition(":")
    column = _COLUMNS.get(key.lower(), "")
    if not colon or not value or column not in columns:
        return None
    return (
        pl.col(column)
        .cast(pl.String)
        .str.to_lowercase()
        .str.contains(value.lower(), literal=True)
        .fill_null(value=False)
    )


def container_matches(term: str) -> pl.Expr | None:
    """Whether a container matches a `label:`, `mount:`, `address:`, `port:` or `id:` term; None for other terms.

    Reads the table `containers`. `label:key` matches the name of a label, `label:key=value` its value too.
    """
    key, _, value = term.lower().partition(":")
    return _CONTAINER_KEYS[key](value) if value and key in _CONTAINER_KEYS else None


def _has_label(wanted: str) -> pl.Expr:
    name, equals, text = wanted.partition("=")
    label = pl.element().struct
    is_named = label.field("key").str.to_lowercase().str.contains(name, literal=True)
    has_value = label.field("value").str.to_lowercase().str.contains(text, literal=True)
    return pl.col("labels").map.entries().list.eval(is_named & has_value if equals else is_named).list.any()


def _has_mount(wanted: str) -> pl.Expr:
    return pl.col("mounts").list.eval(_mount_text().str.to_lowercase().str.contains(wanted, literal=True)).list.any()


def _has_address(wanted: str) -> pl.Expr:
    return _addresses().str.contains(wanted, literal=True)


def _has_port(wanted: str) -> pl.Expr:
    port = pl.element().struct
    numbers = [port.field(name).cast(pl.String) for name in ("public_port", "private_port")]
    return pl.col("ports").list.eval(pl.any_horizontal(*(number == wanted for number in numbers))).list.any()


def _has_id(wanted: str) -> pl.Expr:
    return pl.col("container_id").str.starts_with(wanted)


_CONTAINER_KEYS: Final[Mapping[str, Callable[[str], pl.Expr]]] = {
    "label": _has_label,
    "mount": _has_mount,
    "address": _has_address,
    "port": _has_port,
    "id": _has_id,
}


def searched_text() -> pl.Expr:
    """What a plain word is looked for in, besides what is shown: ids, addresses, mounts and labels of a container."""
    element = pl.element().struct
    mounts = pl.col("mounts").list.eval(_mount_text())
    labels = pl.col("labels").map.entries().list.eval(pl.format("{}={}", element.field("key"), element.field("value")))
    texts = [pl.col("container_id"), _addresses(), mounts.list.join(" "), labels.list.join("\n")]
    return pl.concat_str([text.fill_null("") for text in texts], separator="\n").str.to_lowercase()


def _mount_text() -> pl.Expr:
    mount = pl.element().struct
    return pl.concat_str([mount.field(part).fill_null("") for part in ("name", "source", "destination")], separator=" ")


def _addresses() -> pl.Expr:
    values = pl.col("networks").map.values()
    address = pl.element().struct
    both = pl.concat_str(
        [address.field(name).fill_null("") for name in ("ip_address", "global_ipv6_address")], separator=" "
    )
    return values.list.eval(both).list.join(" ").fill_null("").str.to_lowercase()
