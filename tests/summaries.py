"""Small snapshots for tests: containers with the values of a test, and defaults for the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import dockerframe as dkf

if TYPE_CHECKING:
    from dockerframe.schemas import Precedence


def summary(**own: Any) -> dict[str, Any]:
    """A container summary; keywords replace values."""
    return {
        "Id": "c0ffee",
        "Names": ["/web"],
        "Image": "app",
        "ImageID": "sha256:ab",
        "Command": "run",
        "Created": 1_750_000_000,
        "Ports": [],
        "Labels": {},
        "State": "running",
        "Status": "Up 2 hours",
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
        "Mounts": [],
        **own,
    }


def snapshot_of(
    *summaries: dict[str, Any], url: str = "unix:///var/run/docker.sock", precedence: Precedence = "alias"
) -> dkf.Snapshot:
    """A snapshot of one host with some containers."""
    return dkf.from_summaries(json.dumps(summaries).encode(), url=url, precedence=precedence)


def container(url: str = "unix:///var/run/docker.sock", **own: Any) -> dict[str, Any]:
    """The row of one container."""
    return snapshot_of(summary(**own), url=url).containers.row(0, named=True)


def labelled(**labels: str) -> dict[str, Any]:
    """The row of a container with `proxy.` labels."""
    return container(Labels={f"proxy.{name}": value for name, value in labels.items()})


def fields(labels: dict[str, str], precedence: Precedence = "alias") -> dict[tuple[str, str], str]:
    """The route fields of one container, by alias and field."""
    snap = snapshot_of(summary(Labels=labels), precedence=precedence)
    return {(alias, field): value for alias, field, value in snap.route_fields.select("alias", "field", "value").rows()}


def errors(labels: dict[str, str], **own: Any) -> list[tuple[str, str | None]]:
    """The kinds and labels of one container's errors, sorted."""
    snap = snapshot_of(summary(Labels=labels, **own))
    return sorted(snap.errors.select("kind", "label").rows(), key=str)


def route(url: str = "unix:///var/run/docker.sock", **own: Any) -> dict[str, Any]:
    """The row of the only route of a container."""
    (row,) = snapshot_of(summary(**own), url=url).routes.to_dicts()
    return row
