"""Port bindings (labels.md, section 3)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._derive.stable_order import sorted_lists
from dockerframe.schemas import PORTS, FrameT

_TYPES: Final = {"tcp": 0, "udp": 1, "sctp": 2}
_IPV4, _IPV6, _NO_ADDRESS = range(3)


def public_ports() -> pl.Expr:
    """One entry for each public port.

    Of several bindings of one port the first is kept: by type (tcp, udp, sctp), then IPv4 before IPv6, then by
    address, whatever the order in which they are sent. Reads `ports` (List of Struct `ip`, `private_port`,
    `public_port`, `type`), gives `public_ports` of the same type, sorted by the public port. Source: labels.md,
    section 3.

    Examples
    --------
    >>> import polars as pl
    >>> http = {"ip": "0.0.0.0", "private_port": 80, "public_port": 8080, "type": "tcp"}
    >>> frame = pl.DataFrame({"ports": [[http | {"ip": "::"}, http, http | {"public_port": None}]]})
    >>> frame.select(public_ports()).to_series().to_list()
    [[{'ip': '0.0.0.0', 'private_port': 80, 'public_port': 8080, 'type': 'tcp'}]]
    """
    return first_per_port("public_port", sorted_bindings()).alias("public_ports")


def private_ports() -> pl.Expr:
    """One entry for each private port; of several bindings of one port the same is kept as in `public_ports`.

    Reads `ports` (List of Struct `ip`, `private_port`, `public_port`, `type`), gives `private_ports` of the same
    type, sorted by the private port. Source: labels.md, section 3.

    Examples
    --------
    >>> import polars as pl
    >>> http = {"ip": "0.0.0.0", "private_port": 80, "public_port": 8080, "type": "tcp"}
    >>> frame = pl.DataFrame({"ports": [[http, {"ip": None, "private_port": 53, "public_port": None, "type": "udp"}]]})
    >>> frame.select(private_ports().list.eval(pl.element().struct.field("private_port"))).to_series().to_list()
    [[53, 80]]
    """
    return first_per_port("private_port", sorted_bindings()).alias("private_ports")


def port_bindings(containers: FrameT) -> FrameT:
    """One row per binding: `host`, `container_id`, `ip`, `private_port`, `public_port`, `type`.

    Reads `host`, `container_id` and `ports`. Every binding as sent, IPv4 and IPv6 alike.
    """
    return containers.select(*KEYS, "ports").explode("ports", empty_as_null=False, keep_nulls=False).unnest("ports")


def binding_order() -> list[pl.Expr]:
    """What bindings are sorted by, so that the first of several of one port is the one that is kept.

    Reads the fields of a binding as columns.
    """
    ip = pl.col("ip")
    family = pl.when(ip.is_null()).then(_NO_ADDRESS).when(ip.str.contains(":", literal=True)).then(_IPV6)
    rank = pl.col("type").replace_strict(_TYPES, default=len(_TYPES), return_dtype=pl.UInt8)
    return [rank * 3 + family.otherwise(_IPV4), ip, pl.col("private_port"), pl.col("public_port")]


def sorted_bindings() -> pl.Expr:
    """The column `ports`, each list in the order of `binding_order`."""
    return (
        pl.col("ports").cast(PORTS).map_batches(lambda ports: sorted_lists(ports, binding_order()), return_dtype=PORTS)
    )


def first_per_port(key: str, bindings: pl.Expr) -> pl.Expr:
    """The first binding of each port (`public_port` or `private_port`) of sorted lists of bindings, by the port."""

    def first_of_each(ports: pl.Series) -> pl.Series:
        # Flat rows sorted by one integer cost a third of what the same costs inside the lists.
        port = pl.col("binding").struct.field(key).fill_null(0)
        rows = pl.DataFrame({"row": pl.int_range(ports.len(), dtype=pl.UInt32, eager=True), "binding": ports})
        ranked = (
            rows.lazy()
            .explode("binding", empty_as_null=True, keep_nulls=True)
            .with_columns((pl.col("row").cast(pl.UInt64) * 2**16 + port).alias("rank"))
            .sort("rank", maintain_order=True)
            .with_columns(
                pl.col("row").set_sorted(),
                ((port > 0) & pl.col("rank").ne_missing(pl.col("rank").shift(1))).alias("is_first"),
            )
        )
        kept = ranked.group_by("row", maintain_order=True).agg(pl.col("binding").filter("is_first"))
        return kept.select("binding").collect(engine="in-memory").to_series()

    return bindings.map_batches(first_of_each, return_dtype=PORTS)


def on_every_address() -> pl.Expr:
    """Whether a binding is on every address of its host: `0.0.0.0`, `::`, or without an address.

    Reads `ip` (String); Boolean, never null.
    """
    return pl.col("ip").fill_null("").is_in(["", "0.0.0.0", "::"])  # noqa: S104 - this is what is looked for
