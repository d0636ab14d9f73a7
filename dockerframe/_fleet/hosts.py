"""Which hosts a fleet has, and where they are described."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dockerframe._config.audit_settings import AuditSettings
from dockerframe._config.docker_config import host_defaults
from dockerframe._config.environment import host_from_environment, hosts_from_contexts, hosts_from_urls
from dockerframe._config.fleet_file import FleetDescription, fleet_from_file, fleet_from_mapping
from dockerframe._config.urls import default_url
from dockerframe._config.values import Surroundings
from dockerframe._transport import shared_pool
from dockerframe.errors import ConfigurationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerframe._config.host import Host
    from dockerframe._transport.pool import ClientPool


class FleetHosts:
    """The hosts of a fleet, by name, with the pool of their clients and what the audit is told of them."""

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
        """The fleet of Docker's own contexts: some by name, or all that have a Docker endpoint, `default` included.

        Raises
        ------
        ConfigurationError
            When one does not exist or can't be used; lists all that is wrong.
        """
        return cls(
            hosts_from_contexts(names, os.environ, default_url(sys.platform), host_defaults(os.environ, **limits))
        )

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


def _surroundings(folder: Path) -> Surroundings:
    return Surroundings(os.environ, folder, default_url(sys.platform))
