"""The Compose project and service of a container (labels.md, section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockerframe._derive.labels import label

if TYPE_CHECKING:
    import polars as pl

PROJECT_LABEL: Final = "com.docker.compose.project"
SERVICE_LABEL: Final = "com.docker.compose.service"


def compose_project() -> pl.Expr:
    """The Compose project; null without one.

    Reads `labels` (Map), gives `compose_project` (String). Source: labels.md, section 7.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"com.docker.compose.project": "shop"}, {}]}, schema=schema)
    >>> frame.select(compose_project()).to_series().to_list()
    ['shop', None]
    """
    return label(PROJECT_LABEL).alias("compose_project")


def compose_service() -> pl.Expr:
    """The Compose service; null without one.

    Reads `labels` (Map), gives `compose_service` (String). Source: labels.md, section 7.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"com.docker.compose.service": "db"}, {}]}, schema=schema)
    >>> frame.select(compose_service()).to_series().to_list()
    ['db', None]
    """
    return label(SERVICE_LABEL).alias("compose_service")
