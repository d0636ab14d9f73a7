"""A fleet: its hosts, and asking all of them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import polars as pl

from dockerframe._config.audit_settings import AuditSettings
from dockerframe._config.docker_config import host_defaults
from dockerframe._config.environment import host_from_environment, hosts_from_contexts, hosts_from_urls
from dockerframe._config.fleet_file import FleetDescription, fleet_from_file, fleet_from_mapping
from dockerframe._config.urls import default_url
from dockerframe._config.values import Surroundings
from dockerframe._fleet.cluster import (
    HOSTS_PER_PIECE,
    in_groups,
    in_turns,
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


class _Options(TypedDict):
    """How hosts are asked, here and on workers alike."""

    size: bool
    inspect: bool
    precedence: Precedence
    max_workers: int


class Fleet:
    """Docker hosts that are asked together.

    Each way to make one takes the same limits: `connect_timeout` (5), `read_timeout` (30, for each complete
    answer; both in seconds), `max_answer_bytes` (256 MB). A fleet file may set others, for all hosts or for one.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> fleet = dkf.Fleet.from_mapping({"providers": {"docker": {"edge": "tcp://docker1.local:2375"}}})
    >>> fleet
    Fleet(edge: tcp://docker1.local:2375)
    """

    def __init__(
        self, hosts: Iterable[Host], *, pool: ClientPool | None = None, audit: AuditSettings | None = None
    ) -> None:
        self.hosts = tuple(hosts)
        self.audit = audit if audit is not None else AuditSettings()
        self.pool = pool if pool is not None else shared_pool
        names = Counter(host.name for host in self.hosts)
        twice = sorted(name for name, times in names.items() if times > 1)
        if twice:
            mistakes = [Mistake(name, "two hosts have this name") for name in twice]
            raise ConfigurationError("hosts", mistakes, remedy="The name is the key of every table: rename one.")

    def __repr__(self) -> str:
        """Show the hosts."""
        return f"Fleet({', '.join(f'{host.name}: {host.url}' for host in self.hosts)})"

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **limits: Any) -> Self:
        """The fleet that a YAML file describes, in GoDoxy's form. Files that it names are relative to its folder.

        Raises
        ------
        ConfigurationError
            When it has mistakes; lists all of them, each with its path in the file.
        """
        file = Path(path)
        return cls._of(
            fleet_from_file(file, _surroundings(file.absolute().parent), host_defaults(os.environ, **limits))
        )

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], **limits: Any) -> Self:
        """The fleet that a mapping describes, of the form of a fleet file. Files are relative to the working folder.

        Raises
        ------
        ConfigurationError
            When it has mistakes; lists all of them, each with its path.
        """
        return cls._of(fleet_from_mapping(mapping, _surroundings(Path.cwd()), host_defaults(os.environ, **limits)))

    @classmethod
    def _of(cls, described: FleetDescription) -> Self:
        return cls(described.hosts, audit=described.audit)

    @classmethod
    def from_contexts(cls, names: Iterable[str] | None = None, **limits: Any) -> Self:
        """The fleet of Docker's own contexts: some by name, or all, `default` included.

        Raises
        ------
        ConfigurationError
            When one is not there or can't be used; lists all that is wrong.
        """
        defaults = host_defaults(os.environ, **limits)
        return cls(hosts_from_contexts(names, os.environ, default_url(sys.platform), defaults))

    @classmethod
    def from_env(cls, **limits: Any) -> Self:
        """The one host that the docker CLI would talk to: `DOCKER_HOST`, else the current context, else this machine.

        Raises
        ------
        ConfigurationError
            When a variable or the context can't be used.
        """
        return cls([host_from_environment(os.environ, default_url(sys.platform), host_defaults(os.environ, **limits))])

    @classmethod
    def from_urls(cls, urls: Iterable[str], **limits: Any) -> Self:
        """Hosts by `URL` or `NAME=URL`; TLS as `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` say.

        Raises
        ------
        ConfigurationError
            When a URL can't be used; lists all that is wrong.
        """
        return cls(hosts_from_urls(urls, os.environ, host_defaults(os.environ, **limits)))

    @classmethod
    def demo(cls) -> Self:
        """A recorded fleet that ships with the package: real engines' answers, replayed without any Docker.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> dkf.Fleet.demo().snapshot(progress=False).hosts["ok"].to_list()
        [True, True, True, True, False]
        """
        from dockerframe.demo import demo_hosts, demo_pool  # noqa: PLC0415 - only who asks for it pays for it

        return cls(demo_hosts(), pool=demo_pool())

    def host(self, name: str) -> Host:
        """The host of a name.

        Raises
        ------
        ConfigurationError
            When there is none; lists those that there are.
        """
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise ConfigurationError("hosts", [Mistake(name, "there is no such host")], remedy=f"There are: {known}.")

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
        """Ask all hosts at once and derive every table.

        Parameters
        ----------
        size
            Ask for the sizes of containers too, which is slow.
        inspect
            Inspect every container too, one request each, for the table `inspections` and the rules that need it.
        strict
            Raise when any host failed, rather than have a row that says so.
        precedence
            Who wins where an alias and a wildcard set one field: `alias` or `wildcard`.
        progress
            Whether there is a progress bar; None for one on a terminal or in a notebook.
        max_workers
            How many hosts are asked at the same time, on each machine.
        engine
            A client of a Dask cluster, whose workers ask the hosts, some hundreds each, each with a pool of its
            own. Files of credentials travel by name only: they must be there on every worker. A worker that is lost
            costs another try.

        Raises
        ------
        GatherError
            With `strict`, when any host failed; lists all that did.
        """
        if engine is not None:
            options = _Options(size=size, inspect=inspect, precedence=precedence, max_workers=max_workers)
            return self._spread(engine, self._travelling(_take_together, options), strict=strict, progress=progress)
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
        """Take the fleet some hosts at a time, and write each piece before the next: no memory holds the whole fleet.

        Hosts of later pieces are asked while a piece is written, or waits for a host that does not answer. With
        `engine`, a client of a Dask cluster, its workers take and write the pieces; the folder must be one that they
        all reach. `dockerframe.scan_pieces` reads it. The other parameters are those of `snapshot` and
        `Snapshot.write`.

        Raises
        ------
        SnapshotError
            When the folder has pieces already, or can't be written.

        Examples
        --------
        >>> import tempfile
        >>> import dockerframe as dkf
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pieces = dkf.Fleet.demo().write_pieces(folder, hosts_per_piece=2)
        ...     pieces.scan("containers").select(pl.len()).collect().item()
        61
        """
        target = Path(folder).absolute()
        groups = in_groups(self.hosts, hosts_per_piece)
        options = _Options(size=size, inspect=inspect, precedence=precedence, max_workers=max_workers)
        with progress_bar(len(self.hosts), wanted=progress) as advance:
            if engine is not None:
                take = self._travelling(_take_in_turn, options)
                return write_pieces_on_cluster(engine, groups, take, target, reveal=reveal, on_host=advance)
            return write_pieces(groups, partial(self._in_turn, on_answer=advance, **options), target, reveal=reveal)

    def _in_turn(
        self,
        groups: Sequence[Sequence[Host]],
        on_answer: Callable[[HostAnswer], None] | None = None,
        **options: Unpack[_Options],
    ) -> Generator[Snapshot]:
        """A snapshot of each group of hosts, one after the other; hosts of later ones are asked meanwhile."""
        max_workers = options["max_workers"]

        inspector = self._inspector(progress=False, max_workers=max_workers) if options["inspect"] else None

        def taken(answers: list[HostAnswer]) -> Snapshot:
            return from_answers(answers, precedence=options["precedence"], source=self, inspect=inspector)[0]

        hosts = list(chain.from_iterable(groups))
        ahead = gather_ahead(hosts, self.pool, size=options["size"], max_workers=max_workers, on_answer=on_answer)
        with closing(ahead) as answers:
            for group in groups:
                # No variable holds what is given, which may be large.
                yield taken(list(islice(answers, len(group))))

    def _spread(
        self, engine: Any, take: Callable[[Sequence[Sequence[Host]]], Snapshot], *, strict: bool, progress: bool | None
    ) -> Snapshot:
        turns = in_turns(engine, in_groups(self.hosts, HOSTS_PER_PIECE))
        with progress_bar(len(self.hosts), wanted=progress) as advance:
            parts = []
            for turn, part in on_cluster(engine, take, turns):
                parts.append(part)
                for host in chain.from_iterable(turn):
                    advance(host)
        whole = replace(concat(parts), source=self)
        failed = whole.hosts.filter(~pl.col("ok"))
        if strict and failed.height:
            errors = failed.select("host", "error_kind", "error").iter_rows()
            raise GatherError({host: HostError(kind, error, host=host) for host, kind, error in errors})
        return whole

    def _travelling(self, take: Callable[..., ResultT], options: _Options) -> Callable[..., ResultT]:
        """What takes hosts on a worker, with the pool of its process, as they would be taken here."""
        if self.pool is not shared_pool:
            raise SnapshotError(
                "The clients of this fleet are of a pool of its own, which can't travel to workers.",
                remedy="Make the fleet without a pool, or take the snapshot here.",
            )
        return partial(take, audit=self.audit, **options)

    def _inspector(self, *, progress: bool | None, max_workers: int) -> Callable[[pl.DataFrame], Inspected]:
        """Inspects the containers of a frame, with a progress bar."""

        def inspect(containers: pl.DataFrame) -> Inspected:
            hosts = containers["host"].n_unique()
            with progress_bar(hosts, "Inspecting", wanted=progress) as advance:
                return inspect_containers(containers, self.hosts, self.pool, max_workers=max_workers, on_done=advance)

        return inspect

    def watch(self, *, precedence: Precedence = "alias") -> Generator[pl.DataFrame]:
        """What differs on any host, as it happens: frames with the columns of `dockerframe.schemas.DIFFERENCES`.

        Each host is listened to on a connection of its own. Events only say that there is something to look at: what
        changed comes from comparing lists of containers, so that none is missed. A host whose connection ends is a
        row, and is tried again until it answers; then the list tells what happened in between. Ends when closed.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> changes = dkf.Fleet([]).watch()
        >>> changes.close()
        """
        return watch(self.hosts, self.pool, precedence)


def _take_in_turn(
    groups: Sequence[Sequence[Host]], *, audit: AuditSettings, **options: Unpack[_Options]
) -> Generator[Snapshot]:
    """Snapshots of groups of hosts, one after the other."""
    return Fleet(chain.from_iterable(groups), audit=audit)._in_turn(groups, **options)  # noqa: SLF001 - of this module


def _take_together(groups: Sequence[Sequence[Host]], *, audit: AuditSettings, **options: Unpack[_Options]) -> Snapshot:
    """One snapshot of groups of hosts, without the fleet that it came of: that could not travel."""
    return concat(_take_in_turn(groups, audit=audit, **options))


def _surroundings(folder: Path) -> Surroundings:
    return Surroundings(os.environ, folder, default_url(sys.platform))
