"""The table `hosts`, from the answers of the hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from dockerframe.tables.hosts import TABLE as HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerframe._gather.gather import HostAnswer
    from dockerframe.errors import HostError

T = TypeVar("T")


def hosts_table(
    answers: Sequence[HostAnswer], errors: Mapping[str, HostError], containers: Mapping[str, int]
) -> pl.DataFrame:
    """One row per host.

    Parameters
    ----------
    answers
        The answers of the hosts.
    errors
        The errors of failed hosts, by name.
    containers
        The number of containers of the others, by name.
    """
    rows = [_row(answer, errors.get(answer.host.name), containers.get(answer.host.name, 0)) for answer in answers]
    return pl.DataFrame(rows, schema=HOSTS.schema)


def minimal_hosts_table(
    urls: Mapping[str, str], errors: Mapping[str, HostError], containers: Mapping[str, int]
) -> pl.DataFrame:
    """One row per host whose answer was decoded without a query."""
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
        "engine_id": _value(info, "ID", str),
        "api_version": answer.api_version,
        "engine": None if error is not None else _engine(version),
        "engine_version": _value(info, "ServerVersion", str) or _value(version, "Version", str),
        "os": _value(info, "OperatingSystem", str) or _value(version, "Os", str),
        "arch": _value(info, "Architecture", str) or _value(version, "Arch", str),
        "cpus": _number(info, "NCPU", bits=32),
        "memory": _number(info, "MemTotal", bits=63),
        "agent_name": _value(agent, "name", str),
        "agent_version": _value(agent, "version", str),
    }


def _engine(version: Mapping[str, Any]) -> str | None:
    if not version:
        return None
    components = version.get("Components")
    present = components if isinstance(components, list) else []
    names = [str(component.get("Name", "")) for component in present if isinstance(component, dict)]
    return "podman" if any("podman" in name.lower() for name in names) else "docker"


def _value(document: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """A value of an answer if it has the expected type, else None."""
    value = document.get(key)
    return value if isinstance(value, kind) and not isinstance(value, bool) and value != "" else None


def _number(document: Mapping[str, Any], key: str, *, bits: int) -> int | None:
    """A number of an answer if its column can hold it: a bad value must not affect other hosts."""
    value = _value(document, key, int)
    return value if value is not None and 0 <= value < 2**bits else None
