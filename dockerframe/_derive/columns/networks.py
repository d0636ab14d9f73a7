"""Networks and hostnames (labels.md, section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.compose import compose_project
from dockerframe._derive.columns.identity import running
from dockerframe._derive.evaluation import only_where
from dockerframe._derive.labels import KEYS, non_empty, non_empty_label

if TYPE_CHECKING:
    from polars._typing import IntoExpr

    from dockerframe.schemas import FrameT

NETWORK_LABEL: Final = "proxy.network"

_OTHER_CONTAINER: Final = "container:"
_INGRESS: Final = "ingress"
_LAST: Final = "\U0010ffff"
"""The last of all characters, in front of a name that is sorted behind all others."""

_NAMED: Final = pl.Struct({"wanted": pl.String(), "used": pl.String()})
_HOST_PART: Final = r"^[a-z]+://(?:[^/?#]*@)?(?:\[([^\]]*)\]|([^/?#:]*))"
_LOCAL_NAME: Final = r"^(?i:localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|::1|0\.0\.0\.0|::)$"


def url_hostname(url: IntoExpr = "url") -> pl.Expr:
    """The host part of a URL, without user, port and brackets; empty without one.

    Gives `url_hostname` (String).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"url": ["ssh://ops@docker1:22", "tcp://[2001:db8::1]:2375", "unix:///run/docker.sock"]})
    >>> frame.select(url_hostname()).to_series().to_list()
    ['docker1', '2001:db8::1', '']
    """
    parts = _expression(url).str.extract_groups(_HOST_PART).struct
    return pl.coalesce(parts.field("1"), parts.field("2"), pl.lit("")).alias("url_hostname")


def is_local(url: IntoExpr = "url", *, docker_host: str | None = None) -> pl.Expr:
    """Whether a host is local: a socket, the one that `DOCKER_HOST` names, or at a loopback address.

    Gives `is_local` (Boolean). `docker_host` is the value of `DOCKER_HOST`, which this function does not read from
    the environment. Source: labels.md, section 10; a named pipe is as local as a socket.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"url": ["unix:///run/docker.sock", "tcp://127.0.0.1:2375", "tcp://10.0.0.5:2375"]})
    >>> frame.select(is_local()).to_series().to_list()
    [True, True, False]
    """
    address = _expression(url)
    by_scheme = address.str.contains(r"^(?:unix|npipe)://")
    by_name = url_hostname(url).str.contains(_LOCAL_NAME)
    by_environment = (address == docker_host) if docker_host else pl.lit(value=False)
    return (by_scheme | by_name | by_environment).fill_null(value=False).alias("is_local")


def public_hostname(url: IntoExpr = "url", *, docker_host: str | None = None) -> pl.Expr:
    """Where the published ports of a container are reached; null when it is not running.

    Reads `state`, `status` and the URL of the host (join `hosts` for it, or give `pl.lit(url)`), gives
    `public_hostname` (String). Source: labels.md, section 10.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"state": ["running", "exited"], "status": ["Up", "Exited (0)"]})
    >>> frame.select(public_hostname(pl.lit("tcp://docker1:2375"))).to_series().to_list()
    ['docker1', None]
    """
    return public_hostname_of(is_local(url, docker_host=docker_host), url_hostname(url))


def public_hostname_of(local: pl.Expr, hostname: pl.Expr) -> pl.Expr:
    """As `public_hostname`, where the facts about the host are expressions already."""
    where = pl.when(local).then(pl.lit("127.0.0.1")).when(hostname != "").then(hostname)
    return pl.when(running()).then(where).alias("public_hostname")


def network(reachable: pl.Expr) -> pl.Expr:
    """The network whose address is used; without one the value of `proxy.network`, else null.

    `reachable` (Boolean) is whether the host is local or an agent, so that addresses inside its networks can be
    reached. Without `proxy.network` it is the first network by name that has an address, Swarm's `ingress` last.
    Reads `labels` and `networks` (Maps), gives `network` (String). Source: labels.md, section 10.
    """
    wanted, of_project = non_empty_label(NETWORK_LABEL), _network_of_project()
    used = pl.when(_is_attached(wanted)).then(wanted).when(_is_attached(of_project)).then(of_project).otherwise(wanted)
    # Few containers name a network, and looking up keys of maps is slow.
    named = only_where(
        ["labels", "networks"], wanted.is_not_null(), [wanted.alias("wanted"), used.alias("used")], _NAMED
    ).struct
    chosen = pl.coalesce(named.field("used"), _first_with_address())
    return pl.when(reachable).then(chosen).otherwise(named.field("wanted")).alias("network")


def private_hostname(reachable: pl.Expr) -> pl.Expr:
    """The container's address in its `network`; null unless the host is local or an agent.

    `reachable` as in `network`. Reads `labels` and `networks` (Maps), gives `private_hostname` (String). Source:
    labels.md, section 10.

    Examples
    --------
    >>> import polars as pl
    >>> address = pl.Struct({"ip_address": pl.String(), "global_ipv6_address": pl.String()})
    >>> schema = {"labels": pl.Map(pl.String(), pl.String()), "networks": pl.Map(pl.String(), address)}
    >>> front, ingress = {"ip_address": "", "global_ipv6_address": "2001:db8::2"}, {"ip_address": "10.0.0.2"}
    >>> rows = {"labels": [{}], "networks": [{"front": front, "ingress": ingress}]}
    >>> pl.DataFrame(rows, schema=schema).select(private_hostname(pl.lit(True))).to_series().to_list()
    ['2001:db8::2']
    """
    return private_hostname_in(network(reachable), reachable)


def private_hostname_in(name: pl.Expr, reachable: pl.Expr) -> pl.Expr:
    """As `private_hostname`, where the `network` is a column already."""
    address = _address(pl.col("networks").map.get(name).struct)
    return pl.when(reachable).then(address).alias("private_hostname")


def shared_networks(summaries: pl.DataFrame) -> pl.DataFrame | None:
    """Networks and published ports of containers that use the network of another one (`container:<id>`).

    Gives `networks` and `ports` for all summaries: in that mode the networks of the other container on the same host,
    and its published ports in addition. None where no container uses the mode. Source: labels.md, section 10.
    """
    other = pl.col("network_mode").str.strip_prefix(_OTHER_CONTAINER)
    position = pl.int_range(pl.len(), dtype=pl.UInt32)
    keys = summaries.select("host", "container_id", "names", "network_mode", position.alias("position"))
    sharing = keys.filter(pl.col("network_mode").str.starts_with(_OTHER_CONTAINER)).with_columns(other.alias("other"))
    if sharing.is_empty():
        return None
    by_id = keys.select("host", other="container_id", owner="position")
    name = pl.col("names").list.first().str.strip_prefix("/")
    by_name = keys.select("host", other=name, owner="position").unique(["host", "other"], keep="first")
    owners = pl.concat([by_id, by_name]).unique(["host", "other"], keep="first", maintain_order=True)
    found = sharing.join(owners, on=["host", "other"])
    source = keys["position"].scatter(found["position"], found["owner"])
    published = pl.element().filter(pl.element().struct.field("public_port").is_not_null())
    is_shared = source != keys["position"]
    both = summaries.select(
        networks=pl.col("networks").gather(source),
        ports=pl.when(is_shared)
        .then(pl.concat_list("ports", pl.col("ports").gather(source).list.eval(published)))
        .otherwise("ports"),
    )
    return both.rechunk()


def network_not_found(reachable: pl.Expr) -> pl.Expr:
    """Whether `proxy.network` names a network the container is not in, on a host with private addresses (Boolean)."""
    wanted = non_empty_label(NETWORK_LABEL)
    attached = _is_attached(wanted) | _is_attached(_network_of_project())
    return (reachable & wanted.is_not_null() & ~attached).fill_null(value=False).alias("network_not_found")


def network_attachments(containers: FrameT) -> FrameT:
    """One row per attachment: `host`, `container_id`, `network` and the fields that the engine sends.

    Reads `host`, `container_id` and `networks` (Map of the network's name to a Struct).
    """
    entries = containers.select(*KEYS, pl.col("networks").map.entries())
    rows = entries.explode("networks", empty_as_null=False, keep_nulls=False).unnest("networks")
    return rows.rename({"key": "network"}).unnest("value")


def _network_of_project() -> pl.Expr:
    return compose_project() + "_" + non_empty_label(NETWORK_LABEL)


def _is_attached(name: pl.Expr) -> pl.Expr:
    return pl.col("networks").map.contains_key(name).fill_null(value=False)


def _address(entry: pl.expr.struct.ExprStructNameSpace) -> pl.Expr:
    """The IPv4 address of an attachment, else the IPv6 address, else null."""
    return pl.coalesce(non_empty(entry.field("ip_address")), non_empty(entry.field("global_ipv6_address")))


def _first_with_address() -> pl.Expr:
    """The first network by name that has an address. Swarm's ingress comes last: it reaches no single container."""
    entry = pl.element().struct
    has_address = _address(entry.field("value").struct).is_not_null()
    name = entry.field("key")
    ordered = pl.when(name == _INGRESS).then(pl.lit(_LAST + _INGRESS)).otherwise(name)
    first = pl.col("networks").map.entries().list.agg(ordered.filter(has_address).min())
    return first.str.strip_prefix(_LAST)


def _expression(value: IntoExpr) -> pl.Expr:
    """An expression as it is, a text as the name of a column, as everywhere in Polars."""
    return value if isinstance(value, pl.Expr) else pl.col(str(value))
