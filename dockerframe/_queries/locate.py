"""Locations of hosts, from their addresses and a MaxMind database of the user. Needs the extra `geo`."""

from __future__ import annotations

import ipaddress
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.columns.networks import url_hostname
from dockerframe.errors import SnapshotError, needs_extra
from dockerframe.tables.hosts import TABLE as HOSTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maxminddb import Reader

_PLACE: Final = ("country", "city", "timezone", "latitude", "longitude")
_MAX_LOOKUPS: Final = 16


def locate(hosts: pl.DataFrame, database: str | os.PathLike[str]) -> pl.DataFrame:
    """The table `hosts` with `country`, `city`, `timezone`, `latitude` and `longitude` from a MaxMind City database.

    Each distinct host name and each address is looked up once. A host with a Unix socket, without an address, or with
    an address that is not in the database has nulls.

    Parameters
    ----------
    hosts
        The table `hosts`.
    database
        The MaxMind database.

    Raises
    ------
    MissingExtraError
        When the extra is not installed.
    SnapshotError
        When the database cannot be read.
    """
    named = hosts.with_columns(url_hostname().alias("_name"))
    names = named.filter(pl.col("_name").is_not_null() & (pl.col("_name") != ""))["_name"].unique().to_list()
    with _open(database) as reader:
        places = _places(reader, _addresses(names))
    schema = {"_name": pl.String(), **{name: HOSTS.schema[name] for name in _PLACE}}
    found = pl.DataFrame(places, schema=schema)
    located = named.drop(_PLACE).join(found, on="_name", how="left", maintain_order="left")
    return HOSTS.conform(located)


def _open(database: str | os.PathLike[str]) -> Reader:
    with needs_extra("geo"):
        import maxminddb  # noqa: PLC0415 - an extra
    try:
        return maxminddb.open_database(os.fspath(database))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        problem = f"{database} is not a MaxMind database: {error}."
        raise SnapshotError(problem, remedy="Use a file such as GeoLite2-City.mmdb.") from error


def _addresses(names: Iterable[str]) -> dict[str, str]:
    """The address of each name that has one, resolved in parallel."""
    distinct = list(names)
    with ThreadPoolExecutor(_MAX_LOOKUPS, thread_name_prefix="dockerframe-locate") as executor:
        found = executor.map(_address, distinct)
        return {name: address for name, address in zip(distinct, found, strict=True) if address is not None}


def _address(name: str) -> str | None:
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        # A name without an address has no location: its row keeps nulls.
        return None


def _places(reader: Reader, addresses: dict[str, str]) -> list[dict[str, Any]]:
    by_address = {address: _place(reader.get(address)) for address in set(addresses.values())}
    return [{"_name": name, **by_address[address]} for name, address in addresses.items()]


def _place(record: object) -> dict[str, Any]:
    """The location in a record of a City or Country database; null for missing values."""
    country, city, location = (_part(record, name) for name in ("country", "city", "location"))
    english = _part(city, "names").get("en")
    return {
        "country": country.get("iso_code"),
        "city": english,
        "timezone": location.get("time_zone"),
        "latitude": location.get("latitude"),
        "longitude": location.get("longitude"),
    }


def _part(record: object, name: str) -> dict[str, Any]:
    part = record.get(name) if isinstance(record, dict) else None
    return part if isinstance(part, dict) else {}
