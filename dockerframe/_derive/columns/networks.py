"""Networks and hostnames (labels.md, section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.columns.compose import compose_project
from dockerframe._derive.columns.identity import running
from dockerframe._derive.evaluation import only_where
from dockerframe._derive.labels import KEYS, non_empty_label

if TYPE_CHECKING:
    from polars._typing import IntoExpr

    from dockerframe.schemas import FrameT

NETWORK_LABEL: Final = "proxy.network"

_NAMED: Final = pl.Struct({"wanted": pl.String(), "used": pl.String()})
_HOST_PART: Final = r"^[a-z]+://(?:[^/?#]*@)?(?:\[([^\]]*)\]|([^/?#:]*))"
_LOCAL_NAME: Final = r"^(?i:localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|::1|0\.0\.0\.0|::)$"


def url_hostname(url: IntoExpr = "url") -> pl.Expr:
    """The host part of a URL, without user, port and brackets; empty when it has none.

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

    Gives `is_local` (Boolean). `docker_host` is the value of `DOCKER_HOST`, which this function does not read by
    itself. Source: labels.md, section 10; a named pipe is as local as a socket.

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
    """Where the published ports of a container are reached; null when it does not run.

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
    """As `public_hostname`, where the facts about the host are columns already."""
    where = pl.when(local).then(pl.lit("127.0.0.1")).when(hostname != "").then(hostname)
    return pl.when(running()).then(where).alias("public_hostname")


def network(reachable: pl.Expr) -> pl.Expr:
    """The network whose address is used; where none is, the value of `proxy.network`, else null.

    `reachable` (Boolean) is whether the host is local or an agent, so that addresses inside its networks can be
    reached. Reads `labels` and `networks` (Maps), gives `network` (String). Source: labels.md, section 10.
    """
    wanted, of_project = non_empty_label(NETWORK_LABEL), _network_of_project()
    used = pl.when(_is_attached(wanted)).then(wanted).when(_is_attached(of_project)).then(of_project).otherwise(wanted)
    # Few containers name a network, and maps are slow to be asked.
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
    >>> schema = {"labels": pl.Map(pl.String(), pl.String()),
    ...           "networks": pl.Map(pl.String(), pl.Struct({"ip_address": pl.String()}))}
    >>> rows = {"labels": [{}], "networks": [{"front": {"ip_address": "172.18.0.2"}, "back": {"ip_address": ""}}]}
    >>> pl.DataFrame(rows, schema=schema).select(private_hostname(pl.lit(True))).to_series().to_list()
    ['172.18.0.2']
    """
    return private_hostname_in(network(reachable), reachable)


def private_hostname_in(name: pl.Expr, reachable: pl.Expr) -> pl.Expr:
    """As `private_hostname`, where the `network` is a column already."""
    address = pl.col("networks").map.get(name).struct.field("ip_address")
    return pl.when(reachable & (address != "")).then(address).alias("private_hostname")


def network_not_found(reachable: pl.Expr) -> pl.Expr:
    """Whether `proxy.network` names a network the container is not in, on a host where that matters (Boolean)."""
    wanted = non_empty_label(NETWORK_LABEL)
    attached = _is_attached(wanted) | _is_attached(_network_of_project())
    return (reachable & wanted.is_not_null() & ~attached).fill_null(value=False).alias("network_not_found")


def network_attachments(containers: FrameT) -> FrameT:
    """One row an attachment: `host`, `container_id`, `network` and what the engine tells of it.

    Reads `host`, `container_id` and `networks` (Map of the network's name to a Struct).
    """
    entries = containers.select(*KEYS, pl.col("networks").map.entries())
    rows = entries.explode("networks", empty_as_null=False, keep_nulls=False).unnest("networks")
    return rows.rename({"key": "network"}).unnest("value")


def _network_of_project() -> pl.Expr:
    return compose_project() + "_" + non_empty_label(NETWORK_LABEL)


def _is_attached(name: pl.Expr) -> pl.Expr:
    return pl.col("networks").map.contains_key(name).fill_null(value=False)


def _first_with_address() -> pl.Expr:
    entry = pl.element().struct
    has_address = (entry.field("value").struct.field("ip_address") != "").fill_null(value=False)
    return pl.col("networks").map.entries().list.agg(entry.field("key").filter(has_address).min())


def _expression(value: IntoExpr) -> pl.Expr:
    """An expression as it is, a text as the name of a column, as everywhere in Polars."""
    return value if isinstance(value, pl.Expr) else pl.col(str(value))
