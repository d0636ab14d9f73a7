"""The purpose of a container, from its image."""

from __future__ import annotations

from typing import Final

import polars as pl

_SOCKET_PROXY: Final = r"(?i)(?:^|[-_])(?:socket-?proxy|docker-?proxy|dockerproxy)(?:$|[-_])"


def is_socket_proxy() -> pl.Expr:
    """Whether an image is a proxy for the engine's socket, such as `tecnativa/docker-socket-proxy`.

    Reads `image_name`, Boolean and never null.
    """
    return pl.col("image_name").str.contains(_SOCKET_PROXY).fill_null(value=False)


def is_local_build() -> pl.Expr:
    """Whether an image was built by Compose on its host and never pulled: it has the name of project and service.

    Reads `image_name`, `image_author`, `image_tag`, `compose_project` and `compose_service`, Boolean and never null.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({
    ...     "image_name": ["shop-api", "nginx"], "image_author": ["library"] * 2, "image_tag": ["latest"] * 2,
    ...     "compose_project": ["shop"] * 2, "compose_service": ["api"] * 2,
    ... })
    >>> frame.select(is_local_build()).to_series().to_list()
    [True, False]
    """
    names = [pl.concat_str("compose_project", pl.lit(mark), "compose_service") for mark in "-_"]
    is_named_so = pl.any_horizontal(pl.col("image_name") == name for name in names)
    is_plain = (pl.col("image_author") == "library") & (pl.col("image_tag") == "latest")
    return (is_named_so & is_plain).fill_null(value=False).alias("is_local_build")
