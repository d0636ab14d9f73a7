"""A fleet from recorded answers: for tests, demonstrations and documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlencode

from dockerframe._config.host import Host
from dockerframe._transport.pool import ClientPool
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerframe._config.host import Timeouts
    from dockerframe._transport.connection import Connection

_VERSION_PREFIX: Final = re.compile(r"^/v[0-9.]+(?=/)")

Answers: TypeAlias = Mapping[str, bytes | HostError]
"""The body for each path of the API, without its version, or the error that asking for it raises."""


class MockTransport(ClientPool):
    """A pool that answers from memory instead of from engines.

    Parameters
    ----------
    answers
        For each host by its name: the bodies by path, or the error of a host that is down. A path may have a query
        (`/containers/json?all=1&size=1`), which goes before the one without. Anything else answers 404.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> transport = dkf.MockTransport({"edge": {"/containers/json": b'[{"Id": "1", "Names": ["/web"]}]'}})
    >>> snapshot = dkf.Fleet(transport.hosts, pool=transport).snapshot(progress=False)
    >>> snapshot.containers["container_name"].to_list()
    ['web']

    A host that is down:

    >>> transport = dkf.MockTransport({"edge": dkf.HostError("refused", "Nothing listens.")})
    >>> dkf.Fleet(transport.hosts, pool=transport).snapshot(progress=False).hosts["error_kind"].to_list()
    ['refused']
    """

    def __init__(self, answers: Mapping[str, Answers | HostError]) -> None:
        super().__init__(partial(_connection, answers))
        self._answers = answers

    @property
    def hosts(self) -> list[Host]:
        """Hosts with the names of the recorded ones."""
        return [Host(name, f"tcp://{name}:2375") for name in self._answers]


class _RecordedConnection:
    def __init__(self, host: Host, answers: Answers) -> None:
        self._host = host
        self._answers = answers

    def get(self, path: str, params: Mapping[str, str], timeouts: Timeouts) -> bytes:  # noqa: ARG002 - of Connection
        plain = _VERSION_PREFIX.sub("", path)
        answer = self._answers.get(f"{plain}?{urlencode(params)}" if params else plain) or self._answers.get(plain)
        if answer is None:
            remedy = "Add the path to the recorded answers."
            raise HostError.at(self._host.name, "not_found", f"{path} is not recorded", remedy, status=404)
        if isinstance(answer, HostError):
            raise answer.at_host(self._host.name)
        return answer

    def head(self, path: str, timeouts: Timeouts) -> Mapping[str, str]:
        self.get(path, {}, timeouts)
        return {}

    def lines(
        self,
        path: str,
        params: Mapping[str, str],
        timeouts: Timeouts,
        *,
        silence: float | None = None,  # noqa: ARG002 - of Connection
    ) -> Iterator[bytes]:
        yield from self.get(path, params, timeouts).splitlines()

    def interrupt(self) -> None:
        """No answer is under way."""

    def close(self) -> None:
        """Nothing is open."""


def _connection(answers: Mapping[str, Answers | HostError], host: Host) -> Connection:
    recorded = answers.get(host.name)
    if recorded is None:
        remedy = f"Recorded are: {', '.join(answers)}."
        raise HostError.at(host.name, "refused", "no answers are recorded for this host", remedy)
    if isinstance(recorded, HostError):
        raise recorded.at_host(host.name)
    return _RecordedConnection(host, recorded)
