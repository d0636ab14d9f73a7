"""A newer Docker engine than that of this Debian release, unpacked without installing it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_NEXT_RELEASE = "trixie"


def newer_docker(folder: Path) -> Path | None:
    """The folder with `docker.io` and `containerd` of the next release, unpacked; None if that is impossible.

    The machine's own package sources are used, with the name of the release changed.
    """
    root = folder / "root"
    if (root / "usr/sbin/dockerd").exists():
        return root
    sources = [
        file
        for file in Path("/etc/apt").rglob("*")
        if file.suffix in {".list", ".sources"} and "debian.org" in file.read_text()
    ]
    release = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if not sources or release is None:
        return None
    parts = folder / "parts"
    for made in (parts, folder / "state/lists/partial", folder / "cache/archives/partial"):
        made.mkdir(parents=True, exist_ok=True)
    for source in sources:
        (parts / source.name).write_text(source.read_text().replace(release[1], _NEXT_RELEASE))
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": parts,
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    for command in ([*apt, "update"], [*apt, "download", "docker.io", "containerd"]):
        if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode:
            return None
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    return root
