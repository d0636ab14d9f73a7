"""Containers for engines: busybox under the names of well-known images."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

APPLETS = ("sh", "sleep", "true", "false", "cat", "test")
FOREVER = ("/bin/sleep", "100000")


@dataclass(frozen=True)
class Created:
    """A container for a test or recording: how it is created, and its state afterwards."""

    name: str
    image: str
    labels: dict[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    command: Sequence[str] = FOREVER
    start: bool = True
    paused: bool = False


class HasDocker(Protocol):
    """An engine that the docker CLI can use."""

    def docker(self, *arguments: str, given: bytes | None = None) -> str: ...


def root_folder() -> bytes:
    """A tar of a minimal root folder: busybox and links to it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        busybox = tarfile.TarInfo("bin/busybox")
        content = Path("/bin/busybox").read_bytes()
        busybox.size, busybox.mode = len(content), 0o755
        archive.addfile(busybox, io.BytesIO(content))
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return packed.getvalue()


def import_images(engine: HasDocker, images: Iterable[str], exposed: dict[str, int] | None = None) -> None:
    """Create images with these names, some with an exposed port."""
    root = root_folder()
    for image in sorted(set(images)):
        changes = [
            "--change",
            'CMD ["/bin/sleep","100000"]',
            "--change",
            f"LABEL org.opencontainers.image.version={_version(image)}",
        ]
        if exposed and image in exposed:
            changes += ["--change", f"EXPOSE {exposed[image]}"]
        engine.docker("import", *changes, "-", image, given=root)


def create_all(
    engine: HasDocker, wanted: Sequence[Created], *, networks: Iterable[str] = (), exposed: dict[str, int] | None = None
) -> None:
    """Create networks, images and containers."""
    for network in networks:
        engine.docker("network", "create", *network.split())
    import_images(engine, (one.image for one in wanted), exposed)
    for one in wanted:
        labels = [part for key, value in one.labels.items() for part in ("--label", f"{key}={value}")]
        engine.docker("create", "--name", one.name, *labels, *one.arguments, one.image, *one.command)
    started = [one.name for one in wanted if one.start]
    if started:
        engine.docker("start", *started)
    for one in wanted:
        if one.paused:
            engine.docker("pause", one.name)


def remove_all(engine: HasDocker) -> None:
    """Remove every container of an engine."""
    names = engine.docker("ps", "-aq").split()
    if names:
        engine.docker("rm", "-f", *names)


def _version(image: str) -> str:
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag or "unknown"
