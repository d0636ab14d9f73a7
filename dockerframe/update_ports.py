"""Ports that the summary does not tell: those a container in host network mode exposes (labels.md, section 3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from dockerframe.clients.failures import host_error
from dockerframe.derive.container_errors import OWN_ERROR_KINDS
from dockerframe.derive.labels import KEYS
from dockerframe.derive.ports import public_ports
from dockerframe.derive.tables import route_tables
from dockerframe.errors import HostError, SnapshotError
from dockerframe.gather import MAX_WORKERS
from dockerframe.schemas import CONTAINERS, ERRORS, PORT_FIELDS, PORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerframe.hosts.host import Host
    from dockerframe.snapshot import Snapshot, Source

_EXPOSED = {"host": pl.String(), "container_id": pl.String(), **PORT_FIELDS}


def update_ports(
    snapshot: Snapshot, containers: pl.DataFrame | None = None, *, fleet: Source | None = None
) -> Snapshot:
    """A copy of a snapshot that knows the exposed ports of some containers, as public ports of the same number.

    Parameters
    ----------
    snapshot
        The snapshot; the hosts that it was taken of are asked to inspect the containers.
    containers
        Which containers: a frame with `host` and `container_id`. By default those in host network mode.
    fleet
        The fleet to ask, where the snapshot was read back or made from summaries.

    A container that has gone since is an error of kind `container_gone` on its row; what can't be inspected
    otherwise is one of kind `inspect_failed`. Routes are derived anew. Source: labels.md, section 3.

    Raises
    ------
    SnapshotError
        When there is no fleet to ask.
    """
    source = fleet or snapshot.source
    if source is None:
        raise SnapshotError("The snapshot was not taken of a fleet that could be asked.", remedy="Give fleet=.")
    wanted = snapshot.containers.filter("is_host_network_mode") if containers is None else containers
    asked = _inspect_all(wanted.select(KEYS).unique(maintain_order=True), source)
    updated = _with_public_ports(snapshot.containers, asked.exposed)
    own_errors = snapshot.errors.filter(pl.col("kind").is_in(OWN_ERROR_KINDS))
    parts = route_tables(updated, own_errors, precedence=snapshot.precedence, explicit_only=snapshot.explicit_only)
    return snapshot.with_tables(
        {"containers": updated, "routes": parts["routes"], "errors": pl.concat([snapshot.errors, asked.errors])}
    )


class _Asked(NamedTuple):
    exposed: pl.DataFrame
    errors: pl.DataFrame


def _inspect_all(wanted: pl.DataFrame, source: Source) -> _Asked:
    hosts = {host.name: host for host in source.hosts}
    by_host: dict[str, list[str]] = {}
    for name, container_id in wanted.iter_rows():
        by_host.setdefault(name, []).append(container_id)
    exposed: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    with ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="dockerframe-inspect") as executor:
        for rows, failed in executor.map(
            lambda name: _inspect_host(name, hosts.get(name), by_host[name], source), by_host
        ):
            exposed.extend(rows)
            errors.extend(failed)
    return _Asked(pl.DataFrame(exposed, schema=_EXPOSED), pl.DataFrame(errors, schema=ERRORS.schema))


def _inspect_host(
    name: str, host: Host | None, container_ids: Sequence[str], source: Source
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The exposed ports of some containers of one host, and an error for each that could not be inspected."""
    if host is None:
        problem = HostError("not_found", f"The fleet has no host {name}.", remedy="Give the fleet that it belongs to.")
        return [], [_error(name, one, problem) for one in container_ids]
    rows: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    try:
        with source.pool.acquire(host) as client:
            for container_id in container_ids:
                try:
                    document = client.get_object(f"/containers/{container_id}/json", timeouts=host.timeouts)
                    rows.extend({"host": name, "container_id": container_id, **port} for port in _exposed(document))
                except HostError as error:
                    errors.append(_error(name, container_id, error))
    except Exception as error:  # noqa: BLE001 - one host's trouble must not cost the other hosts' ports
        failed = error if isinstance(error, HostError) else host_error(error, host)
        errors = [_error(name, one, failed) for one in container_ids]
        rows = []
    return rows, errors


def _exposed(document: dict[str, Any]) -> list[dict[str, Any]]:
    config = document.get("Config")
    ports = config.get("ExposedPorts") if isinstance(config, dict) else None
    found = []
    for text in ports if isinstance(ports, dict) else ():
        number, _, kind = str(text).partition("/")
        if number.isdigit() and 0 < int(number) < 2**16:
            port = int(number)
            found.append({"ip": None, "private_port": port, "public_port": port, "type": kind or "tcp"})
    return found


def _error(host: str, container_id: str, error: HostError) -> dict[str, Any]:
    if error.kind == "not_found":
        message = "It went away before it could be inspected; take a new snapshot."
        return {"host": host, "container_id": container_id, "kind": "container_gone", "label": None, "message": message}
    return {"host": host, "container_id": container_id, "kind": "inspect_failed", "label": None, "message": str(error)}


def _with_public_ports(containers: pl.DataFrame, exposed: pl.DataFrame) -> pl.DataFrame:
    """Containers with more public ports; of several with one number the exposed one wins, as it came last."""
    added = exposed.group_by(KEYS, maintain_order=True).agg(pl.struct(list(PORT_FIELDS)).alias("added"))
    joined = containers.join(added, on=KEYS, how="left", maintain_order="left")
    both = joined.with_columns(pl.concat_list("public_ports", pl.col("added").fill_null([]).cast(PORTS)).alias("ports"))
    return joined.with_columns(both.select(public_ports()).to_series()).select(CONTAINERS.schema.names())
