"""The derivations as methods of every frame: `df.docker.aliases()`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.columns import aliases as aliases_module
from dockerframe._derive.columns import blacklist, compose, dependencies, identity, idle, image, networks, ports
from dockerframe._derive.routes.effective import routes
from dockerframe._derive.routes.fields import route_fields

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS: Final[dict[str, Callable[..., pl.Expr]]] = {
    "container_name": identity.container_name,
    "running": identity.running,
    "health": identity.health,
    "is_host_network_mode": identity.is_host_network_mode,
    "image": image.image,
    "image_sha256": image.image_sha256,
    "image_version": image.image_version,
    "public_ports": ports.public_ports,
    "private_ports": ports.private_ports,
    "is_explicit": aliases_module.is_explicit,
    "is_excluded": aliases_module.is_excluded,
    "aliases": aliases_module.aliases,
    "compose_project": compose.compose_project,
    "compose_service": compose.compose_service,
    "swarm_service": identity.swarm_service,
    "dependencies": dependencies.dependencies,
    "is_blacklisted": blacklist.is_blacklisted,
    "blacklist_reasons": blacklist.blacklist_reasons,
    "is_local": networks.is_local,
    "url_hostname": networks.url_hostname,
    "public_hostname": networks.public_hostname,
    "idle_settings": idle.idle_settings,
}
"""Expressions: as a method each gives the frame with that column added."""

FRAMES: Final[dict[str, Callable[..., Any]]] = {
    "route_fields": route_fields,
    "routes": routes,
    "dependency_edges": dependencies.dependency_edges,
}
"""Functions from frame to frame: as a method each gives the other frame."""


class DockerNamespace:
    """`df.docker` and `lazy_frame.docker`: what `dockerframe` derives, for any frame with the raw columns.

    A method named as a column gives the frame with that column added; `route_fields`, `routes` and
    `dependency_edges` give another frame. All take the arguments of the functions of the same name.

    Examples
    --------
    >>> import polars as pl
    >>> import dockerframe
    >>> pl.DataFrame({"names": [["/web"]]}).docker.container_name()["container_name"].to_list()
    ['web']
    """

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self._frame = frame


def _column_method(function: Callable[..., pl.Expr]) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(self: DockerNamespace, *arguments: Any, **options: Any) -> Any:
        return self._frame.with_columns(function(*arguments, **options))

    return method


def _frame_method(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(self: DockerNamespace, *arguments: Any, **options: Any) -> Any:
        return function(self._frame, *arguments, **options)

    return method


def register() -> None:
    """Hang the namespace on every frame."""
    for name, expression in COLUMNS.items():
        setattr(DockerNamespace, name, _column_method(expression))
    for name, function in FRAMES.items():
        setattr(DockerNamespace, name, _frame_method(function))
    pl.api.register_dataframe_namespace("docker")(DockerNamespace)
    pl.api.register_lazyframe_namespace("docker")(DockerNamespace)
