"""Every derivation as an expression or a function over frames, and as a method of frames: `df.docker.aliases()`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.columns.aliases import aliases, is_excluded, is_explicit
from dockerframe._derive.columns.blacklist import blacklist_reasons, is_blacklisted
from dockerframe._derive.columns.compose import compose_project, compose_service
from dockerframe._derive.columns.dependencies import dependencies, dependency_edges
from dockerframe._derive.columns.identity import (
    container_name,
    health,
    is_host_network_mode,
    running,
    swarm_service,
)
from dockerframe._derive.columns.idle import idle_settings
from dockerframe._derive.columns.image import image, image_sha256, image_version
from dockerframe._derive.columns.networks import is_local, public_hostname, url_hostname
from dockerframe._derive.columns.ports import private_ports, public_ports
from dockerframe._derive.routes.effective import routes
from dockerframe._derive.routes.fields import route_fields

if TYPE_CHECKING:
    from collections.abc import Callable

_COLUMNS: Final[tuple[Callable[..., pl.Expr], ...]] = (
    container_name,
    running,
    health,
    is_host_network_mode,
    image,
    image_sha256,
    image_version,
    public_ports,
    private_ports,
    is_explicit,
    is_excluded,
    aliases,
    compose_project,
    compose_service,
    swarm_service,
    dependencies,
    is_blacklisted,
    blacklist_reasons,
    is_local,
    url_hostname,
    public_hostname,
    idle_settings,
)
"""Expressions: as a method of a frame each gives the frame with that column added; structs add their fields."""

_FRAMES: Final[tuple[Callable[..., Any], ...]] = (route_fields, routes, dependency_edges)
"""Functions from frame to frame: as a method each gives the other frame."""


class DockerNamespace:
    """`df.docker` and `lazy_frame.docker`: what `dockerframe` derives, for any frame with the raw columns.

    A method named after an expression gives the frame with that column added; `image` and `idle_settings`, which are
    structs, add one column per field. `route_fields`, `routes` and `dependency_edges` give another frame. All take the
    arguments of the functions of the same name.

    Examples
    --------
    >>> import polars as pl
    >>> import dockerframe
    >>> frame = pl.DataFrame({"names": [["/web"]], "image": ["nginx:1.27"], "image_id": ["sha256:c0ffee"]})
    >>> frame.docker.container_name()["container_name"].to_list()
    ['web']
    >>> frame.docker.image().select("image", "image_name", "image_tag").row(0)
    ('nginx:1.27', 'nginx', '1.27')
    """

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self._frame = frame


def _column_method(function: Callable[..., pl.Expr]) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(self: DockerNamespace, *arguments: Any, **options: Any) -> Any:
        column = function(*arguments, **options)
        if function in {image, idle_settings}:
            column = column.struct.unnest()
        return self._frame.with_columns(column)

    return method


def _frame_method(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(self: DockerNamespace, *arguments: Any, **options: Any) -> Any:
        return function(self._frame, *arguments, **options)

    return method


def _register() -> None:
    for function in _COLUMNS:
        setattr(DockerNamespace, function.__name__, _column_method(function))
    for function in _FRAMES:
        setattr(DockerNamespace, function.__name__, _frame_method(function))
    pl.api.register_dataframe_namespace("docker")(DockerNamespace)
    pl.api.register_lazyframe_namespace("docker")(DockerNamespace)


_register()

__all__ = [
    "DockerNamespace",
    "aliases",
    "blacklist_reasons",
    "compose_project",
    "compose_service",
    "container_name",
    "dependencies",
    "dependency_edges",
    "health",
    "idle_settings",
    "image",
    "image_sha256",
    "image_version",
    "is_blacklisted",
    "is_excluded",
    "is_explicit",
    "is_host_network_mode",
    "is_local",
    "private_ports",
    "public_hostname",
    "public_ports",
    "route_fields",
    "routes",
    "running",
    "swarm_service",
    "url_hostname",
]
