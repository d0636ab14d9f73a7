"""The table `hosts`, from what each host answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from dockerframe.schemas import HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerframe._gather.gather import HostAnswer
    from dockerframe.errors import HostError

T = TypeVar("T")


def hosts_table(
    answers: Sequence[HostAnswer], errors: Mapping[str, HostError], containers: Mapping[str, int]
) -> pl.DataFrame:
    """One row per host: `errors` by its name where it failed, `containers` the number of its containers where not."""
    rows = [_row(answer, errors.get(answer.host.name), containers.get(answer.host.name, 0)) for answer in answers]
    return pl.DataFrame(rows, schema=HOSTS.schema)


def minimal_hosts_table(
    urls: Mapping[str, str], errors: Mapping[str, HostError], containers: Mapping[str, int]
) -> pl.DataFrame:
    """One row per host that was not asked, only its answer decoded."""
    rows = [
        {"host": name, "url": url, **_outcome(errors.get(name), containers.get(name, 0))} for name, url in urls.items()
    ]
    return pl.DataFrame(rows, schema=HOSTS.schema)


def _outcome(error: HostError | None, containers: int) -> dict[str, Any]:
    if error is not None:
        return {"ok": False, "error_kind": error.kind, "error": str(error)}
    return {"ok": True, "containers": containers}


def _row(answer: HostAnswer, error: HostError | None, containers: int) -> dict[str, Any]:
    info, version, agent = answer.info, answer.version, answer.agent
    return {
        "host": answer.host.name,
        "url": answer.host.url,
        "seconds": answer.seconds,
        **_outcome(error, containers),
        "engine_id": _of(info, "ID", str),
        "api_version": answer.api_version,
        "engine": None if error is not None else _engine(version),
        "engine_version": _of(info, "ServerVersion", str) or _of(version, "Version", str),
        "os": _of(info, "OperatingSystem", str) or _of(version, "Os", str),
        "arch": _of(info, "Architecture", str) or _of(version, "Arch", str),
        "cpus": _number(info, "NCPU", bits=32),
        "memory": _number(info, "MemTotal", bits=63),
        "agent_name": _of(agent, "name", str),
        "agent_version": _of(agent, "version", str),
    }


def _engine(version: Mapping[str, Any]) -> str | None:
    if not version:
        return None
    components = version.get("Components")
    listed = components if isinstance(components, list) else []
    names = [str(one.get("Name", "")) for one in listed if isinstance(one, dict)]
    return "podman" if any("podman" in name.lower() for name in names) else "docker"


def _of(document: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """A value of an answer, as long as it is of the type that it should have."""
    value = document.get(key)
    return value if isinstance(value, kind) and not isinstance(value, bool) and value != "" else None


def _number(document: Mapping[str, Any], key: str, *, bits: int) -> int | None:
    """A number of an answer that its column can hold: what one host tells must not cost the others their rows."""
    value = _of(document, key, int)
    return value if value is not None and 0 <= value < 2**bits else None
