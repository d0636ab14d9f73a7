"""Record the demo fleet again: start real engines, create its containers, and keep the answers.

Run as root on a machine that can start engines: `python -m cassettes.record_demo`. It takes about a minute.
"""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockerframe._config.host import Host
from dockerframe._transport import new_client
from tests.engines import Dockerd, Podman, create_all, newer_docker
from tests.engines.agent import INFO
from tests.engines.containers import root_folder
from tests.engines.fleets import APPS, APPS_NETWORKS, DATA, DATA_NETWORKS, EDGE, EDGE_NETWORKS, EXPOSED, LAB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engines.containers import Created

ANSWERS = Path(__file__).parents[1] / "dockerframe" / "demo" / "answers"
# Enough for several health checks and for restarts of the container that crashes.
_SETTLING_SECONDS = 6


def main() -> None:
    """Record every host of the demo fleet except the one that is down."""
    shutil.rmtree(ANSWERS, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="dkf") as folder:
        root = Path(folder)
        newer = newer_docker(Path(tempfile.gettempdir()) / "dockerframe-newer")
        _record_docker("edge", root, EDGE, EDGE_NETWORKS, newer)
        _record_docker("apps", root, APPS, APPS_NETWORKS, None)
        _record_docker("data", root, DATA, DATA_NETWORKS, None)
        (ANSWERS / "data" / "agent.json").write_text(json.dumps(INFO | {"name": "data"}))
        _record_podman("lab", root)


def _record_docker(
    name: str, root: Path, wanted: Sequence[Created], networks: Sequence[str], binaries: Path | None
) -> None:
    engine = Dockerd(name, root / name, binaries=binaries).start()
    try:
        create_all(engine, wanted, networks=networks, exposed=EXPOSED)
        time.sleep(_SETTLING_SECONDS)
        _record(name, engine.url, {str(root / name / "data"): "/var/lib/docker", str(root / name): "/run"})
    finally:
        engine.remove()


def _record_podman(name: str, root: Path) -> None:
    engine = Podman(name, root / name).start()
    try:
        for wanted in LAB:
            engine.podman("import", "-", wanted.image, given=root_folder())
            labels = [part for key, value in wanted.labels.items() for part in ("--label", f"{key}={value}")]
            engine.podman("create", "--name", wanted.name, *labels, *wanted.arguments, wanted.image, *wanted.command)
        _record(name, engine.url, {str(root / name): "/var/lib/containers"})
    finally:
        engine.remove()


def _record(name: str, url: str, places: dict[str, str]) -> None:
    """Keep the answers of a host, with the name and folders of this machine replaced."""
    target = ANSWERS / name
    target.mkdir(parents=True)
    with new_client(Host(name, url), unique=True) as client:
        containers = json.loads(client.get("/containers/json", {"all": "1"}))
        answers = {
            "version.json": client.version,
            "info.json": client.get_object("/info"),
            "containers.json": containers,
        }
        ids = [container["Id"] for container in containers]
        answers["inspections.json"] = {one: client.get_object(f"/containers/{one}/json") for one in ids}
    for file, answer in answers.items():
        (target / file).write_text(scrubbed(answer, name, places))


def scrubbed(answer: Any, host: str, places: dict[str, str]) -> str:
    """An answer as compact JSON, without traces of the recording machine."""
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    for place, replacement in {**places, socket.gethostname(): host}.items():
        text = text.replace(place, replacement)
    return text


if __name__ == "__main__":
    main()
