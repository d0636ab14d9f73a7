"""Inspecting containers on all hosts in parallel. A container that cannot be inspected becomes a row of `errors`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from dockerframe._decode import Inspected, decode_inspections, inspect_error
from dockerframe._derive.labels import KEYS
from dockerframe._gather.gather import MAX_WORKERS, in_parallel, isolated
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from dockerframe._config.host import Host
    from dockerframe._transport.pool import ClientPool

    Rows: TypeAlias = tuple[list[dict[str, str]], list[Mapping[str, str | None]]]

_CONTAINER_ERRORS = frozenset({"not_found", "http", "too_large"})
_ANSWER = {"host": pl.String(), "container_id": pl.String(), "answer": pl.String()}


def inspect_containers(
    wanted: pl.DataFrame,
    hosts: Sequence[Host],
    pool: ClientPool,
    *,
    max_workers: int = MAX_WORKERS,
    on_done: Callable[[object], None] | None = None,
) -> Inspected:
    """Inspect containers with one request each, hosts in parallel.

    A container that no longer exists is an error of kind `container_gone`. A container that cannot be inspected for
    another reason, such as an unknown host, is an error of kind `inspect_failed`.

    Parameters
    ----------
    wanted
        A frame with the `host` and `container_id` of the containers.
    hosts
        The hosts.
    pool
        The pool of their clients.
    max_workers
        How many hosts are queried at the same time.
    on_done
        Called after each host.
    """
    by_host = {name: rows["container_id"].to_list() for (name,), rows in wanted.unique(KEYS).group_by("host")}
    queried = [host for host in hosts if host.name in by_host]

    def query(host: Host) -> Rows:
        ids = by_host[host.name]
        return isolated(host, lambda: _inspect_host(host, ids, pool), partial(failed, host))

    def failed(host: Host, error: HostError) -> Rows:
        return _all_failed(host.name, by_host[host.name], error)

    rows: list[dict[str, str]] = []
    errors: list[Mapping[str, str | None]] = []
    for host_rows, host_errors in in_parallel(queried, query, failed, max_workers=max_workers, on_done=on_done):
        rows += host_rows
        errors += host_errors
    for name in by_host.keys() - {host.name for host in queried}:
        unknown = HostError.at(name, "unknown_name", "the fleet has no such host", "Give the fleet that it belongs to.")
        errors += _all_failed(name, by_host[name], unknown)[1]
    decoded = decode_inspections(pl.DataFrame(rows, schema=_ANSWER))
    ordered = wanted.select(KEYS).unique(maintain_order=True)
    inspections = ordered.join(decoded.inspections, on=KEYS, maintain_order="left")
    return Inspected(inspections, pl.concat([pl.DataFrame(errors, schema=ERRORS.schema), decoded.errors]))


def _inspect_host(host: Host, container_ids: Sequence[str], pool: ClientPool) -> Rows:
    rows: list[dict[str, str]] = []
    errors: list[Mapping[str, str | None]] = []
    with pool.acquire(host) as client:
        for number, container_id in enumerate(container_ids):
            try:
                answer = client.get(f"/containers/{container_id}/json", timeouts=host.timeouts)
            except HostError as error:
                if error.kind not in _CONTAINER_ERRORS:
                    # The host failed: each further container would wait for the same timeout.
                    errors += _all_failed(host.name, container_ids[number:], error)[1]
                    break
                errors.append(_failed(host.name, container_id, error))
            else:
                text = answer.decode(errors="replace")
                rows.append({"host": host.name, "container_id": container_id, "answer": text})
    return rows, errors


def _all_failed(host: str, container_ids: Sequence[str], error: HostError) -> Rows:
    return [], [inspect_error(host, container_id, "inspect_failed", str(error)) for container_id in container_ids]


def _failed(host: str, container_id: str, error: HostError) -> Mapping[str, str | None]:
    if error.kind == "not_found":
        message = "The container was removed before it could be inspected; take a new snapshot."
        return inspect_error(host, container_id, "container_gone", message)
    return inspect_error(host, container_id, "inspect_failed", str(error))
