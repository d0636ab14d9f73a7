"""The identity and state of a container (labels.md, section 1)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.labels import label

SWARM_SERVICE_LABEL: Final = "com.docker.swarm.service.name"


def container_name() -> pl.Expr:
    """The first name without its leading `/`; empty without a name.

    Reads `names` (List of String), gives `container_name` (String). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"names": [["/web", "/db/web"], []]}).select(container_name()).to_series().to_list()
    ['web', '']
    """
    first = pl.col("names").cast(pl.List(pl.String)).list.first()
    return first.str.strip_prefix("/").fill_null("").alias("container_name")


def running() -> pl.Expr:
    """Whether the container is running.

    Reads `state` and `status` (String), gives `running` (Boolean). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"state": ["running", "exited"], "status": ["Up 2 days", "Exited (0)"]})
    >>> frame.select(running()).to_series().to_list()
    [True, False]
    """
    by_state = (pl.col("state") == "running").fill_null(value=False)
    by_status = (pl.col("status") == "running").fill_null(value=False)
    return (by_state | by_status).alias("running")


def health() -> pl.Expr:
    """The health check's status: as the engine sends it, else from the end of the status text.

    Reads `health` (String, as API 1.52 and later send it), `state` and `status` (String), gives `health` (String:
    `starting`, `healthy`, `unhealthy`, or null without a health check). A container that is neither running nor
    restarting has none, even where the engine sends one. Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"health": [None, None, "healthy", "unhealthy"],
    ...                       "state": ["running", "running", "running", "exited"],
    ...                       "status": ["Up (health: starting)", "Up", "Up", "Exited (1)"]})
    >>> frame.select(health()).to_series().to_list()
    ['starting', None, 'healthy', None]
    """
    sent = pl.col("health").cast(pl.String)
    at_the_end = pl.col("status").str.extract(r"\((?:health: )?(starting|healthy|unhealthy)\)\s*$")
    is_up = running() | (pl.col("state") == "restarting").fill_null(value=False)
    known = pl.when(sent == "none").then(None).when(sent != "").then(sent).otherwise(at_the_end)
    return pl.when(is_up).then(known).alias("health")


def is_host_network_mode() -> pl.Expr:
    """Whether the container uses the host's network.

    Reads `network_mode` (String), gives `is_host_network_mode` (Boolean). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"network_mode": ["host", "bridge", None]}).select(is_host_network_mode()).to_series().to_list()
    [True, False, False]
    """
    return (pl.col("network_mode") == "host").fill_null(value=False).alias("is_host_network_mode")


def swarm_service() -> pl.Expr:
    """The Swarm service; null without one.

    Reads `labels` (Map), gives `swarm_service` (String). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"com.docker.swarm.service.name": "shop_web"}, {}]}, schema=schema)
    >>> frame.select(swarm_service()).to_series().to_list()
    ['shop_web', None]
    """
    return label(SWARM_SERVICE_LABEL).alias("swarm_service")
