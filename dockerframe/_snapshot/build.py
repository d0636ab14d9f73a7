"""How snapshots are made: of a fleet's answers, of bodies, of other snapshots, of files."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._config.audit_settings import AuditSettings, merged_settings
from dockerframe._decode import decode_bodies, encode_summaries
from dockerframe._derive.tables import derive_tables
from dockerframe._gather.hosts_table import bare_hosts_table, hosts_table
from dockerframe._snapshot import Snapshot
from dockerframe._storage import read_tables
from dockerframe.errors import SnapshotError
from dockerframe.schemas import INSPECTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dockerframe._decode import Decoded
    from dockerframe._gather.gather import HostAnswer
    from dockerframe._snapshot import Source
    from dockerframe.errors import HostError
    from dockerframe.schemas import Precedence

LOCAL_URL: Final = "unix:///var/run/docker.sock"
# Snapshots written before 0.2 use the old name.
_RENAMED_PRECEDENCES: Final[dict[str, Precedence]] = {"explicit": "alias"}


def from_summaries(
    body: bytes | Sequence[Mapping[str, object]],
    host: str = "local",
    url: str = LOCAL_URL,
    precedence: Precedence = "alias",
) -> Snapshot:
    """A snapshot of one host, from the answer to `GET /containers/json?all=1`: its bytes, or docker-py's list.

    Raises
    ------
    HostError
        When the answer is no JSON array.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "abc", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> snap.containers.select("container_name", "image_name", "image_tag").row(0)
    ('web', 'nginx', '1.27')
    """
    encoded = bytes(body) if isinstance(body, bytes | bytearray | memoryview) else encode_summaries(body)
    decoded = decode_bodies({host: encoded})
    if host in decoded.failures:
        raise decoded.failures[host]
    return _from_decoded(decoded, {host: url}, precedence)


def from_bodies(
    bodies: Mapping[str, bytes],
    urls: Mapping[str, str] | None = None,
    precedence: Precedence = "alias",
) -> Snapshot:
    """A snapshot of many hosts, from the bytes of their answers to `GET /containers/json?all=1`, in parallel.

    `urls` gives each host's URL; a host without one counts as local. A body that is no JSON array makes its host a
    row with `ok=False`.

    Raises
    ------
    SnapshotError
        When `urls` names a host that has no body.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_bodies({"a": b'[{"Id": "1"}]', "b": b"<html>"}, urls={"a": "tcp://a:2375"})
    >>> snap.hosts.select("host", "ok", "error_kind", "containers").rows()
    [('a', True, None, 1), ('b', False, 'invalid_answer', None)]
    """
    unknown = sorted(set(urls or {}) - set(bodies))
    if unknown:
        raise SnapshotError(
            f"urls names hosts without a body: {', '.join(unknown)}.", remedy="Give both the same hosts."
        )
    named = {host: (urls or {}).get(host, LOCAL_URL) for host in bodies}
    return _from_decoded(decode_bodies(bodies), named, precedence)


def from_answers(
    answers: Sequence[HostAnswer],
    *,
    precedence: Precedence = "alias",
    source: Source | None = None,
) -> tuple[Snapshot, dict[str, HostError]]:
    """A snapshot of what a fleet answered, and the errors of the hosts that failed."""
    decoded = decode_bodies({answer.host.name: answer.body for answer in answers if answer.error is None})
    errors = decoded.failures | {answer.host.name: answer.error for answer in answers if answer.error is not None}
    hosts = hosts_table(answers, errors, decoded.counts())
    explicit_only = frozenset(answer.host.name for answer in answers if answer.host.explicit_only)
    sizes = {answer.host.name: len(answer.body) for answer in answers if answer.error is None}
    taken = _snapshot(decoded, hosts, precedence, explicit_only)
    settings = AuditSettings() if source is None else source.audit
    return replace(taken, source=source, received_bytes=sizes, audit_settings=settings), errors


def concat(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Snapshots of different hosts as one.

    Raises
    ------
    SnapshotError
        When there are none, when two have a host of the same name, or when they differ in precedence.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> both = dkf.concat([dkf.from_summaries(b"[]", host="a"), dkf.from_summaries(b"[]", host="b")])
    >>> both.hosts["host"].to_list()
    ['a', 'b']
    """
    parts = list(snapshots)
    if not parts:
        raise SnapshotError("There is no snapshot to join.", remedy="Give at least one.")
    tables: dict[str, Any] = {name: pl.concat([getattr(part, name) for part in parts]) for name in TABLES}
    if all(part.inspections is not None for part in parts):
        tables[INSPECTIONS.name] = pl.concat([part.tables[INSPECTIONS.name] for part in parts])
    twice = tables["hosts"].filter(pl.col("host").is_duplicated())["host"].unique().sort().to_list()
    if twice:
        raise SnapshotError(f"Several snapshots have a host called {', '.join(twice)}.", remedy="Rename one of them.")
    if len({part.precedence for part in parts}) > 1:
        raise SnapshotError("The snapshots differ in precedence.", remedy="Take them with the same precedence.")
    explicit_only = frozenset[str]().union(*(part.explicit_only for part in parts))
    latest = max(part.taken_at for part in parts)
    return Snapshot(
        **tables,
        taken_at=latest,
        precedence=parts[0].precedence,
        explicit_only=explicit_only,
        received_bytes=dict(chain.from_iterable(part.received_bytes.items() for part in parts)),
        audit_settings=merged_settings(part.audit_settings for part in parts),
    )


def read_snapshot(folder: str | os.PathLike[str]) -> Snapshot:
    """Read back what `Snapshot.write` wrote as Parquet.

    Raises
    ------
    SnapshotError
        When it is no folder of a snapshot, or has no Parquet tables.
    """
    tables, described = read_tables(folder)
    frames: dict[str, Any] = dict(tables)
    return Snapshot(
        **frames,
        taken_at=datetime.fromisoformat(described["taken_at"]),
        precedence=_RENAMED_PRECEDENCES.get(described["precedence"], described["precedence"]),
        explicit_only=frozenset(described["explicit_only"]),
    )


def _from_decoded(decoded: Decoded, urls: Mapping[str, str], precedence: Precedence) -> Snapshot:
    hosts = bare_hosts_table(urls, decoded.failures, decoded.counts())
    return _snapshot(decoded, hosts, precedence, frozenset())


def _snapshot(
    decoded: Decoded, hosts: pl.DataFrame, precedence: Precedence, explicit_only: Collection[str]
) -> Snapshot:
    tables: dict[str, Any] = derive_tables(
        decoded.summaries,
        hosts,
        decoded.errors,
        precedence=precedence,
        docker_host=os.environ.get("DOCKER_HOST"),
        explicit_only=explicit_only,
    )
    return Snapshot(**tables, taken_at=datetime.now(UTC), precedence=precedence, explicit_only=frozenset(explicit_only))
