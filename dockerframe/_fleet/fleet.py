"""A fleet: its hosts, and snapshots of all of them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import polars as pl

from dockerframe._config.audit_settings import AuditSettings
from dockerframe._config.docker_config import host_defaults
from dockerframe._config.environment import host_from_environment, hosts_from_contexts, hosts_from_urls
from dockerframe._config.fleet_file import FleetDescription, fleet_from_file, fleet_from_mapping
from dockerframe._config.proxy_options import FleetSettings
from dockerframe._config.selection import select_hosts
from dockerframe._config.urls import default_url
from dockerframe._config.values import Surroundings
from dockerframe._fleet.cluster import (
    HOSTS_PER_PIECE,
    in_batches,
    in_groups,
    on_cluster,
    write_pieces,
    write_pieces_on_cluster,
)
from dockerframe._fleet.progress import progress_bar
from dockerframe._fleet.watch import watch
from dockerframe._gather.ahead import gather_ahead
from dockerframe._gather.gather import MAX_WORKERS, gather
from dockerframe._gather.inspect import inspect_containers
from dockerframe._snapshot.build import concat, from_answers
from dockerframe._transport import shared_pool
from dockerframe._transport.pool import refuse_after_fork
from dockerframe.errors import ConfigurationError, GatherError, HostError, Mistake, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from typing import Self, Unpack

    from dockerframe._config.host import Host
    from dockerframe._decode.inspections import Inspected
    from dockerframe._gather.gather import HostAnswer
    from dockerframe._snapshot.pieces import Pieces
    from dockerframe._snapshot.snapshot import Snapshot
    from dockerframe._transport.pool import ClientPool
    from dockerframe.schemas import Precedence

ResultT = TypeVar("ResultT")


class Limits(TypedDict, total=False):
    """The limits of hosts that set none: seconds to connect, seconds for a complete answer, bytes of an answer."""

    connect_timeout: float
    read_timeout: float
    max_answer_bytes: int


@dataclass(frozen=True, slots=True)
class _Options:
    """How hosts are queried, on this machine and on workers."""

    size: bool
    inspect: bool
    precedence: Precedence
    max_workers: int


class Fleet:
    """Docker hosts that are queried together.

    Each constructor takes the same limits: `connect_timeout` (5) and `read_timeout` (30, for each complete answer),
    both in seconds, and `max_answer_bytes` (256 MB). A fleet file may set others, for all hosts or for one.

    Parameters
    ----------
    hosts
        The hosts; their names must be unique.
    pool
        The pool of clients; the shared one when None.
    audit
        The rules that are switched off and the findings that are suppressed.
    settings
        What the tables `routes` and `exposures` need to know that labels cannot show: middlewares of GoDoxy's own
        files, options of proxies.

    Raises
    ------
    ConfigurationError
        When two hosts have the same name.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> fleet = dkf.Fleet.from_mapping({"providers": {"docker": {"edge": "tcp://docker1.local:2375"}}})
    >>> fleet
    Fleet(edge: tcp://docker1.local:2375)
    """

    def __init__(
        self,
        hosts: Iterable[Host],
        *,
        pool: ClientPool | None = None,
        audit: AuditSettings | None = None,
        settings: FleetSettings | None = None,
    ) -> None:
        self.hosts = tuple(hosts)
        self.audit = audit if audit is not None else AuditSettings()
        self.settings = settings if settings is not None else FleetSettings()
        self.pool = pool if pool is not None else shared_pool
        names = Counter(host.name for host in self.hosts)
        twice = sorted(name for name, times in names.items() if times > 1)
        if twice:
            mistakes = [Mistake(name, "two hosts have this name") for name in twice]
            raise ConfigurationError("hosts", mistakes, remedy="Names are keys of every table: rename one.")

    def __repr__(self) -> str:
        """Show the hosts."""
        return f"Fleet({', '.join(f'{host.name}: {host.url}' for host in self.hosts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without clients: the copy connects again."""
        pool = None if self.pool is shared_pool else self.pool
        return partial(type(self), pool=pool, audit=self.audit, settings=self.settings), (self.hosts,)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **limits: Unpack[Limits]) -> Self:
        """The fleet of a YAML file in GoDoxy's format.

        Parameters
        ----------
        path
            The file. File names in it are relative to its folder.
        **limits
            Default limits; see the class.

        Raises
        ------
        ConfigurationError
            When the file has mistakes; lists all of them, each with its path in the file.
        """
        file = Path(path)
        defaults = host_defaults(os.environ, **limits)
        return cls._described(fleet_from_file(file, _surroundings(file.absolute().parent), defaults))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], **limits: Unpack[Limits]) -> Self:
        """The fleet of a mapping with the structure of a fleet file.

        Parameters
        ----------
        mapping
            The mapping. File names in it are relative to the working directory.
        **limits
            Default limits; see the class.

        Raises
        ------
        ConfigurationError
            When the mapping has mistakes; lists all of them, each with its path.
        """
        defaults = host_defaults(os.environ, **limits)
        return cls._described(fleet_from_mapping(mapping, _surroundings(Path.cwd()), defaults))

    @classmethod
    def _described(cls, described: FleetDescription) -> Self:
        return cls(described.hosts, audit=described.audit, settings=described.settings)

    @classmethod
    def from_contexts(cls, names: Iterable[str] | None = None, **limits: Unpack[Limits]) -> Self:
        """The fleet of Docker contexts.

        Parameters
        ----------
        names
            The contexts; all when None, including `default`.
        **limits
            Limits; see the class.

        Raises
        ------
        ConfigurationError
            When a context does not exist or cannot be used; lists all mistakes.
        """
        defaults = host_defaults(os.environ, **limits)
        return cls(hosts_from_contexts(names, os.environ, default_url(sys.platform), defaults))

    @classmethod
    def from_env(cls, **limits: Unpack[Limits]) -> Self:
        """The host that the docker CLI would use: `DOCKER_HOST`, else the current context, else this machine.

        Parameters
        ----------
        **limits
            Limits; see the class.

        Raises
        ------
        ConfigurationError
            When a variable or the context cannot be used.
        """
        return cls([host_from_environment(os.environ, default_url(sys.platform), host_defaults(os.environ, **limits))])

    @classmethod
    def from_urls(cls, urls: Iterable[str], **limits: Unpack[Limits]) -> Self:
        """The fleet of some URLs.

        Parameters
        ----------
        urls
            `URL` or `NAME=URL`. TLS files come from `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`.
        **limits
            Limits; see the class.

        Raises
        ------
        ConfigurationError
            When a URL cannot be used; lists all mistakes.
        """
        return cls(hosts_from_urls(urls, os.environ, host_defaults(os.environ, **limits)))

    @classmethod
    def demo(cls) -> Self:
        """The recorded fleet that ships with the package: answers of real engines, replayed without Docker.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.Fleet.demo().snapshot(progress=False).hosts["ok"].to_list()
        [True, True, True, True, False]
        """
        from dockerframe.demo import demo_hosts, demo_pool  # noqa: PLC0415 - only needed here

        return cls(demo_hosts(), pool=demo_pool())

    def host(self, name: str) -> Host:
        """A host by name.

        Parameters
        ----------
        name
            Its name in the fleet.

        Raises
        ------
        ConfigurationError
            When the fleet has no such host; lists the existing ones.
        """
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise ConfigurationError("hosts", [Mistake(name, "the fleet has no such host")], remedy=f"There are: {known}.")

    def select(self, *, hosts: str | Iterable[str] = (), tags: str | Iterable[str] = ()) -> Fleet:
        """The part of this fleet whose hosts match.

        Parameters
        ----------
        hosts
            A name, a pattern such as `web-*`, or several of which a host must match one.
        tags
            A tag, or several that a host must all have.

        Raises
        ------
        ConfigurationError
            When no host is left.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.Fleet([dkf.Host("web-1", "tcp://a:2375"), dkf.Host("db", "tcp://b:2375")]).select(hosts="web-*")
        Fleet(web-1: tcp://a:2375)
        """
        chosen = select_hosts(self.hosts, hosts=hosts, tags=tags)
        return Fleet(chosen, pool=self.pool, audit=self.audit, settings=self.settings)

    def snapshot(
        self,
        *,
        size: bool = False,
        inspect: bool = False,
        strict: bool = False,
        precedence: Precedence = "alias",
        progress: bool | None = None,
        max_workers: int = MAX_WORKERS,
        engine: Any = None,
    ) -> Snapshot:
        """Query all hosts in parallel.

        A host that fails is a row of `snapshot.hosts` with the error, and affects no other host.

        Parameters
        ----------
        size
            Whether to request the sizes of containers, which is slow.
        inspect
            Whether to inspect every container with one request each, for the table `inspections` and the rules that
            need it.
        strict
            Whether to raise when a host fails.
        precedence
            Which label wins where an alias and a wildcard set the same field: `alias` or `wildcard`.
        progress
            Whether to show a progress bar; None for one on a terminal or in a notebook only.
        max_workers
            How many hosts are queried at the same time, on each machine.
        engine
            A client of a Dask cluster whose workers query the hosts, each worker with its own pool. Credentials
            travel as file names: the files must exist on every worker. The work of a lost worker is retried.

        Returns
        -------
        Snapshot
            The tables, each derived when it is first accessed.

        Raises
        ------
        GatherError
            With `strict`, when a host fails; lists all failures.
        """
        refuse_after_fork()
        if engine is not None:
            options = _Options(size=size, inspect=inspect, precedence=precedence, max_workers=max_workers)
            return self._spread(engine, self._on_worker(_one_snapshot, options), strict=strict, progress=progress)
        with progress_bar(len(self.hosts), wanted=progress) as advance:
            answers = gather(self.hosts, self.pool, size=size, max_workers=max_workers, on_answer=advance)
        inspector = self._inspector(progress=progress, max_workers=max_workers) if inspect else None
        snapshot, failures = from_answers(answers, precedence=precedence, source=self, inspect=inspector)
        if strict and failures:
            raise GatherError(failures)
        return snapshot

    def write_pieces(
        self,
        folder: str | os.PathLike[str],
        *,
        hosts_per_piece: int = HOSTS_PER_PIECE,
        size: bool = False,
        inspect: bool = False,
        precedence: Precedence = "alias",
        progress: bool | None = None,
        max_workers: int = MAX_WORKERS,
        engine: Any = None,
        reveal: bool = False,
    ) -> Pieces:
        """Take the fleet some hosts at a time and write each piece before the next, for fleets larger than the memory.

        Hosts of later pieces are queried while a piece is written or waits for a host that does not answer.
        `dockerframe.scan_pieces` reads the folder.

        Parameters
        ----------
        folder
            A new folder; with `engine`, one that all workers share.
        hosts_per_piece
            The number of hosts per piece.
        size, inspect, precedence, progress, max_workers
            As for `snapshot`.
        engine
            A client of a Dask cluster whose workers take and write the pieces.
        reveal
            Whether to write secrets.

        Returns
        -------
        Pieces
            The pieces in the folder.

        Raises
        ------
        SnapshotError
            When the folder already has pieces, or cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import dockerframe as dkf
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pieces = dkf.Fleet.demo().write_pieces(folder, hosts_per_piece=2)
        ...     pieces.scan("containers").select(pl.len()).collect().item()
        61
        """
        refuse_after_fork()
        target = Path(folder).absolute()
        groups = in_groups(self.hosts, hosts_per_piece)
        options = _Options(size=size, inspect=inspect, precedence=precedence, max_workers=max_workers)
        with progress_bar(len(self.hosts), wanted=progress) as advance:
            if engine is not None:
                snapshots = self._on_worker(_snapshots, options)
                return write_pieces_on_cluster(engine, groups, snapshots, target, reveal=reveal, on_host=advance)
            return write_pieces(
                groups, partial(self._snapshots, options=options, on_answer=advance), target, reveal=reveal
            )

    def _snapshots(
        self,
        groups: Sequence[Sequence[Host]],
        options: _Options,
        on_answer: Callable[[HostAnswer], None] | None = None,
    ) -> Generator[Snapshot]:
        """A snapshot of each group of hosts, one after the other; hosts of later groups are queried meanwhile."""
        max_workers = options.max_workers
        inspector = self._inspector(progress=False, max_workers=max_workers) if options.inspect else None

        def snapshot(answers: list[HostAnswer]) -> Snapshot:
            return from_answers(answers, precedence=options.precedence, source=self, inspect=inspector)[0]

        hosts = list(chain.from_iterable(groups))
        ahead = gather_ahead(hosts, self.pool, size=options.size, max_workers=max_workers, on_answer=on_answer)
        with closing(ahead) as answers:
            for group in groups:
                # No variable holds the answers or the snapshot, which may be large.
                yield snapshot(list(islice(answers, len(group))))

    def _spread(
        self, engine: Any, task: Callable[[Sequence[Sequence[Host]]], Snapshot], *, strict: bool, progress: bool | None
    ) -> Snapshot:
        batches = in_batches(engine, in_groups(self.hosts, HOSTS_PER_PIECE))
        with progress_bar(len(self.hosts), wanted=progress) as advance:
            parts = []
            for batch, part in on_cluster(engine, task, batches):
                parts.append(part)
                for host in chain.from_iterable(batch):
                    advance(host)
        snapshot = replace(concat(parts), source=self)
        failed = snapshot.hosts.filter(~pl.col("ok"))
        if strict and failed.height:
            errors = failed.select("host", "error_kind", "error").iter_rows()
            raise GatherError({host: HostError(kind, error, host=host) for host, kind, error in errors})
        return snapshot

    def _on_worker(self, task: Callable[..., ResultT], options: _Options) -> Callable[..., ResultT]:
        """A function that takes snapshots on a worker, with the shared pool of its process."""
        if self.pool is not shared_pool:
            raise SnapshotError(
                "This fleet has its own pool of clients, which cannot be sent to workers.",
                remedy="Create the fleet without a pool, or omit engine=.",
            )
        return partial(task, audit=self.audit, settings=self.settings, options=options)

    def _inspector(self, *, progress: bool | None, max_workers: int) -> Callable[[pl.DataFrame], Inspected]:
        """A function that inspects the containers of a frame, with a progress bar."""

        def inspect(containers: pl.DataFrame) -> Inspected:
            hosts = containers["host"].n_unique()
            with progress_bar(hosts, "Inspecting", wanted=progress) as advance:
                return inspect_containers(containers, self.hosts, self.pool, max_workers=max_workers, on_done=advance)

        return inspect

    def watch(self, *, precedence: Precedence = "alias") -> Generator[pl.DataFrame]:
        """The differences on all hosts as they happen, from the events of the engines.

        Each host has its own connection. An event only triggers a comparison of the lists of containers, so that none
        is missed; a host without events is compared every 30 seconds. A host that can't be reached, or does not answer
        within its timeouts, is a row, and is retried after growing pauses of 10 seconds at most; the next comparison
        then shows what changed in between. The iterator runs until it is closed.

        Parameters
        ----------
        precedence
            Which label wins where an alias and a wildcard set the same field.

        Returns
        -------
        Generator of polars.DataFrame
            Frames with the columns of the table `differences`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> changes = dkf.Fleet([]).watch()
        >>> changes.close()
        """
        refuse_after_fork()
        return watch(self.hosts, self.pool, precedence)


def _snapshots(
    groups: Sequence[Sequence[Host]], *, audit: AuditSettings, settings: FleetSettings, options: _Options
) -> Generator[Snapshot]:
    """Snapshots of groups of hosts, one after the other."""
    fleet = Fleet(chain.from_iterable(groups), audit=audit, settings=settings)
    return fleet._snapshots(groups, options)  # noqa: SLF001 - same module


def _one_snapshot(
    groups: Sequence[Sequence[Host]], *, audit: AuditSettings, settings: FleetSettings, options: _Options
) -> Snapshot:
    """One snapshot of groups of hosts, without its fleet, which knows only some of the hosts."""
    return concat(_snapshots(groups, audit=audit, settings=settings, options=options))


def _surroundings(folder: Path) -> Surroundings:
    return Surroundings(os.environ, folder, default_url(sys.platform))
