"""Who a container is and how it fares (labels.md, section 1)."""

from __future__ import annotations

import polars as pl


def container_name() -> pl.Expr:
    """The first name without its leading `/`; empty when there is none.

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
    """Whether the container runs.

    Reads `state` and `status` (String), gives `running` (Boolean). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"state": ["running", "exited"], "status": ["Up 2 days", "Exited (0)"]})
    >>> frame.select(running()).to_series().to_list()
    [True, False]
    """
    is_running = (pl.col("state") == "running").fill_null(value=False)
    says_running = (pl.col("status") == "running").fill_null(value=False)
    return (is_running | says_running).alias("running")


def health() -> pl.Expr:
    """The health check's status: as the engine sends it, else from the tail of the status.

    Reads `health` (String, as API 1.52 and later send it) and `status` (String), gives `health` (String:
    `starting`, `healthy`, `unhealthy`, or null without a health check). Source: labels.md, section 1.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"health": [None, None, "healthy"], "status": ["Up (health: starting)", "Up", "Up"]})
    >>> frame.select(health()).to_series().to_list()
    ['starting', None, 'healthy']
    """
    sent = pl.col("health").cast(pl.String)
    said = pl.col("status").str.extract(r"\((?:health: )?(starting|healthy|unhealthy)\)\s*$")
    return pl.when(sent != "").then(sent).otherwise(said).alias("health")


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
