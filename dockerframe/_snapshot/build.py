"""Building snapshots: from a fleet's answers, from bytes, from other snapshots, from files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._config.audit_settings import AuditSettings, merged_settings
from dockerframe._config.proxy_options import set_options
from dockerframe._decode.bodies import decode_bodies, encode_summaries
from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._derive.exposures import CaddySettings, TraefikSettings
from dockerframe._gather.hosts_table import hosts_table, minimal_hosts_table
from dockerframe._snapshot.lazy_tables import LazyTables
from dockerframe._snapshot.snapshot import Snapshot
from dockerframe._storage.folders import read_tables
from dockerframe.errors import SnapshotError
from dockerframe.schemas import ERRORS
from dockerframe.tables import STORED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dockerframe._decode.inspections import Inspected
    from dockerframe._gather.gather import HostAnswer
    from dockerframe._snapshot.snapshot import Source
    from dockerframe.errors import HostError
    from dockerframe.schemas import Precedence

LOCAL_URL: Final = "unix:///var/run/docker.sock"
# Snapshots written before 0.2 use the old name.
_RENAMED_PRECEDENCES: Final[Mapping[str, Precedence]] = {"explicit": "alias"}


def from_summaries(
    body: bytes | Sequence[Mapping[str, object]],
    *,
    host: str = "local",
    url: str = LOCAL_URL,
    precedence: Precedence = "alias",
) -> Snapshot:
    """A snapshot of one host from its answer to `GET /containers/json?all=1`.

    Parameters
    ----------
    body
        The bytes of the answer, or the list of summaries that docker-py returns.
    host
        The name of the host.
    url
        The URL of the host, which decides the hostnames of its routes.
    precedence
        Which label wins where an alias and a wildcard set the same field: `alias` or `wildcard`.

    Raises
    ------
    HostError
        When the answer is not a JSON array.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.from_summaries([{"Id": "abc", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> snap.containers.select("container_name", "image_name", "image_tag").row(0)
    ('web', 'nginx', '1.27')
    """
    encoded = bytes(body) if isinstance(body, bytes | bytearray | memoryview) else encode_summaries(body)
    snapshot, failures = _from_bodies({host: encoded}, {host: url}, precedence)
    if host in failures:
        raise failures[host]
    return snapshot


def from_bodies(
    bodies: Mapping[str, bytes],
    urls: Mapping[str, str] | None = None,
    *,
    precedence: Precedence = "alias",
) -> Snapshot:
    """A snapshot of many hosts from their answers to `GET /containers/json?all=1`, decoded in parallel.

    A body that is not a JSON array makes its host a row with `ok=False`.

    Parameters
    ----------
    bodies
        The bytes of each host's answer, by the name of the host.
    urls
        The URL of each host; a host without one counts as local.
    precedence
        Which label wins where an alias and a wildcard set the same field: `alias` or `wildcard`.

    Raises
    ------
    SnapshotError
        When `urls` names a host without a body.

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
    return _from_bodies(bodies, named, precedence)[0]


def from_answers(
    answers: Sequence[HostAnswer],
    *,
    precedence: Precedence = "alias",
    source: Source | None = None,
    inspect: Callable[[pl.DataFrame], Inspected] | None = None,
) -> tuple[Snapshot, dict[str, HostError]]:
    """A snapshot of what a fleet answered, and the errors of the hosts that failed.

    `inspect` is called with the summaries where the snapshot has inspections.
    """
    decoded = decode_bodies({answer.host.name: answer.body for answer in answers if answer.error is None})
    errors = decoded.failures | {answer.host.name: answer.error for answer in answers if answer.error is not None}
    inspected = None if inspect is None else inspect(decoded.summaries)
    gathered = Gathered(
        decoded.summaries,
        hosts_table(answers, errors, decoded.counts()),
        pl.concat([decoded.errors, *([] if inspected is None else [inspected.errors]), _size_errors(answers)]),
        optional={} if inspected is None else {"inspections": inspected.inspections},
        precedence=precedence,
        docker_host=os.environ.get("DOCKER_HOST"),
        explicit_only=frozenset(answer.host.name for answer in answers if answer.host.explicit_only),
        **_settings(source),
    )
    sizes = {answer.host.name: len(answer.body) for answer in answers if answer.error is None}
    settings = AuditSettings() if source is None else source.audit
    return _snapshot(gathered, source=source, received_bytes=sizes, audit_settings=settings), errors


def _settings(source: Source | None) -> dict[str, Any]:
    """What a fleet file sets of the derivations."""
    if source is None:
        return {}
    options = {host.name: source.settings.proxies_of(host.name) for host in source.hosts}
    traefik = {host: set_options(one.traefik) for host, one in options.items()}
    caddy = {host: set_options(one.caddy) for host, one in options.items()}
    return {
        "known_middlewares": frozenset(source.settings.known_middlewares),
        "traefik": {host: TraefikSettings(**values) for host, values in traefik.items() if values},
        "caddy": {host: CaddySettings(**values) for host, values in caddy.items() if values},
    }


def _size_errors(answers: Sequence[HostAnswer]) -> pl.DataFrame:
    """The hosts whose engine could not measure its containers, as rows of `errors`."""
    message = "Its containers have no sizes: the engine could not measure one of them, usually a dead one. {}"
    rows = [
        {"host": answer.host.name, "kind": "no_sizes", "message": message.format(answer.size_error.message)}
        for answer in answers
        if answer.size_error is not None
    ]
    return pl.DataFrame(rows, schema=ERRORS.schema)


def concat(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Snapshots of different hosts as one.

    Parameters
    ----------
    snapshots
        At least one snapshot; tables that only some of them have are left out.

    Raises
    ------
    SnapshotError
        When `snapshots` is empty, when two have a host of the same name, or when they differ in precedence.

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
    names = [name for name in STORED_TABLES if all(name in part.tables for part in parts)]
    tables = {name: pl.concat([part.tables[name] for part in parts]) for name in names}
    twice = tables["hosts"].filter(pl.col("host").is_duplicated())["host"].unique().sort().to_list()
    if twice:
        raise SnapshotError(f"Several snapshots have a host named {', '.join(twice)}.", remedy="Rename one of them.")
    if len({part.precedence for part in parts}) > 1:
        raise SnapshotError("The snapshots differ in precedence.", remedy="Take them with the same precedence.")
    return Snapshot(
        tables,
        taken_at=max(part.taken_at for part in parts),
        precedence=parts[0].precedence,
        explicit_only=frozenset[str]().union(*(part.explicit_only for part in parts)),
        received_bytes=dict(chain.from_iterable(part.received_bytes.items() for part in parts)),
        audit_settings=merged_settings(part.audit_settings for part in parts),
    )


def read_snapshot(folder: str | os.PathLike[str]) -> Snapshot:
    """Read a snapshot that `Snapshot.write` wrote as Parquet.

    Parameters
    ----------
    folder
        The folder that `Snapshot.write` returned.

    Raises
    ------
    SnapshotError
        When the folder is not a snapshot, or has no Parquet tables.
    """
    tables, described = read_tables(folder)
    return Snapshot(
        tables,
        taken_at=datetime.fromisoformat(described["taken_at"]),
        precedence=_RENAMED_PRECEDENCES.get(described["precedence"], described["precedence"]),
        explicit_only=frozenset(described["explicit_only"]),
    )


def _from_bodies(
    bodies: Mapping[str, bytes], urls: Mapping[str, str], precedence: Precedence
) -> tuple[Snapshot, dict[str, HostError]]:
    decoded = decode_bodies(bodies)
    hosts = minimal_hosts_table(urls, decoded.failures, decoded.counts())
    docker_host = os.environ.get("DOCKER_HOST")
    gathered = Gathered(decoded.summaries, hosts, decoded.errors, precedence=precedence, docker_host=docker_host)
    return _snapshot(gathered), decoded.failures


def _snapshot(
    gathered: Gathered,
    *,
    source: Source | None = None,
    received_bytes: Mapping[str, int] | None = None,
    audit_settings: AuditSettings | None = None,
) -> Snapshot:
    return Snapshot(
        LazyTables({}, Derivation(gathered)),
        taken_at=datetime.now(UTC),
        precedence=gathered.precedence,
        explicit_only=gathered.explicit_only,
        source=source,
        received_bytes=received_bytes or {},
        audit_settings=audit_settings or AuditSettings(),
    )
