"""Checking hosts step by step: what works, what fails, and how to fix it."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from dockerframe._decode.documents import parse_document
from dockerframe._gather.gather import in_parallel
from dockerframe._redaction import redact_text
from dockerframe._transport.failures import TransportFailure, host_error
from dockerframe._transport.sockets import addresses, open_tcp
from dockerframe.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerframe._config.host import Host
    from dockerframe._transport.client import Client
    from dockerframe._transport.pool import ClientPool

STEPS: Final = ("name", "connection", "login", "engine", "api_version", "permissions", "endpoints", "clock")
"""The steps, in their order: each needs those before it."""

OUTCOMES: Final = ("ok", "failed", "skipped")

DIAGNOSIS: Final = {
    "host": pl.String(),
    "step": pl.Enum(STEPS),
    "outcome": pl.Enum(OUTCOMES),
    "detail": pl.String(),
    "fix": pl.String(),
}
"""The schema of a diagnosis: one row per host and step."""

MOST_SKEW_SECONDS: Final = 5.0
"""By how much a host's clock may differ before it is reported."""

_LOGIN_KINDS: Final = frozenset({"tls", "unknown_agent", "ssh", "ssh_host_key", "ssh_authentication", "unsupported"})
_CONNECTION_KINDS: Final = frozenset(
    {"refused", "unreachable", "unknown_name", "dns_timeout", "no_socket", "permission", "connect_timeout"}
)
_RECORDED: Final = "the answers of the host are recorded"
_BY_SSH: Final = "ssh looks up the name and connects"
_ENDPOINTS: Final = {
    "/info": ({}, "the engine's name, processors and memory"),
    "/version": ({}, "the engine and its version"),
    # Events that ended long ago: the answer is empty and comes to its end.
    "/events": ({"since": "1", "until": "2"}, "watch"),
}


class _Step(NamedTuple):
    step: str
    outcome: str
    detail: str
    fix: str | None = None


class _StepFailedError(Exception):
    """A step failed; those behind it can't be taken."""

    def __init__(self, step: _Step) -> None:
        super().__init__(step.detail)
        self.step = step


def diagnose(host: Host, pool: ClientPool, *, recorded: bool = False) -> pl.DataFrame:
    """What works and what fails when a host is asked: one row per step of `STEPS`, in that order.

    Parameters
    ----------
    host
        The host to check.
    pool
        Makes the client; it is not shared with others.
    recorded
        Whether the pool replays recordings: their network, clock and missing endpoints are not the host's.

    Returns
    -------
    polars.DataFrame
        With the schema `DIAGNOSIS`: `outcome` is `ok`, `failed` or `skipped`, `fix` is how to fix what failed.

    Examples
    --------
    >>> from dockerframe.demo import demo_hosts, demo_pool
    >>> found = diagnose(demo_hosts()[0], demo_pool(), recorded=True)
    >>> found.filter(pl.col("step") == "api_version")["detail"].item()
    '1.45'
    """
    steps: dict[str, _Step] = {}
    try:
        for step in _steps(host, pool, recorded=recorded):
            steps[step.step] = step
    except _StepFailedError as failure:
        steps[failure.step.step] = failure.step
    except HostError as error:
        step = _failed(_first_open(steps), error)
        steps[step.step] = step
    return _table(host, steps)


def _table(host: Host, steps: dict[str, _Step]) -> pl.DataFrame:
    """One row per step; those that were not taken are skipped."""
    failed = next((name for name, step in steps.items() if step.outcome == "failed"), None)
    rest = {name: _Step(name, "skipped", f"the step {failed} failed") for name in STEPS}
    rows = ((rest | steps)[name] for name in STEPS)
    return pl.DataFrame([_row(host, step) for step in rows], schema=DIAGNOSIS)


def diagnose_hosts(hosts: Sequence[Host], pool: ClientPool, *, recorded: bool = False) -> pl.DataFrame:
    """`diagnose` for several hosts at the same time, in their order."""

    def failed(host: Host, error: HostError) -> pl.DataFrame:
        return _table(host, {STEPS[0]: _failed(STEPS[0], error)})

    found = in_parallel(hosts, lambda host: diagnose(host, pool, recorded=recorded), failed)
    return pl.concat([pl.DataFrame(schema=DIAGNOSIS), *found])


def _steps(host: Host, pool: ClientPool, *, recorded: bool) -> Iterator[_Step]:
    if recorded:
        yield from (_Step(name, "skipped", _RECORDED) for name in ("name", "connection", "endpoints", "clock"))
    else:
        yield from _network_steps(host)
    client = _logged_in(host, pool)
    try:
        yield _login_step(host)
        yield _engine_step(client)
        yield _api_version_step(client)
        containers = _containers(client)
        yield _Step("permissions", "ok", f"it lists {len(containers)} containers")
        if recorded:
            return
        started = datetime.now(UTC)
        answers = dict(_endpoints(client, containers))
        yield _endpoints_step(answers)
        yield _clock_step(answers.get("/info"), started)
    finally:
        client.close()


def _row(host: Host, step: _Step) -> dict[str, str | None]:
    """A row; the name of the host stands in a column of its own, so messages need not repeat it."""
    detail = redact_text(step.detail.removeprefix(f"Host {host.name}: "))
    return {"host": host.name, **step._asdict(), "detail": detail}


def _first_open(steps: dict[str, _Step]) -> str:
    return next(name for name in STEPS if name not in steps)


def _failed(step: str, error: HostError) -> _Step:
    return _Step(step, "failed", error.message, error.remedy or None)


def _network_steps(host: Host) -> Iterator[_Step]:
    """The name and the connection, as far as this machine makes them itself."""
    if host.scheme in {"ssh", "npipe"}:
        reason = _BY_SSH if host.scheme == "ssh" else "a pipe is opened by the engine's client"
        yield from (_Step(name, "skipped", reason) for name in ("name", "connection"))
        return
    if host.scheme == "unix":
        yield _Step("name", "skipped", "a socket has no name to look up")
        _attempt("connection", host, lambda: _open_socket(host))
        yield _Step("connection", "ok", f"{host.address} accepts connections")
        return
    found = _attempt("name", host, lambda: addresses(host.hostname, host.port or 0, host.connect_timeout))
    if _is_address(host.hostname):
        yield _Step("name", "skipped", f"{host.hostname} is an address")
    else:
        yield _Step("name", "ok", f"{host.hostname} is {', '.join(dict.fromkeys(one[4][0] for one in found))}")
    with _attempt("connection", host, lambda: open_tcp(host.hostname, host.port or 0, host.connect_timeout)) as opened:
        address = opened.getpeername()[0]
    yield _Step("connection", "ok", f"{address} port {host.port} accepts connections")


def _attempt(step: str, host: Host, act: Callable[[], Any]) -> Any:
    """The result of an act; what the system raises becomes the failure of the step."""
    try:
        return act()
    except (OSError, TransportFailure) as error:
        raise _StepFailedError(_failed(step, host_error(error, host))) from error


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _open_socket(host: Host) -> None:
    with socket.socket(socket.AF_UNIX) as tried:
        tried.settimeout(host.connect_timeout)
        tried.connect(host.address)


def _logged_in(host: Host, pool: ClientPool) -> Client:
    """A client of its own. Its failure is that of the step that its kind belongs to."""
    try:
        return pool.acquire(host, unique=True)
    except HostError as error:
        is_login = error.kind in _LOGIN_KINDS or (host.scheme == "ssh" and error.kind in _CONNECTION_KINDS)
        is_connection = not is_login and error.kind in _CONNECTION_KINDS
        step = "login" if is_login else "connection" if is_connection else "engine"
        raise _StepFailedError(_failed(step, error)) from error


def _login_step(host: Host) -> _Step:
    if host.scheme == "ssh":
        return _Step("login", "ok", f"logged in at {host.hostname} over ssh")
    if not host.uses_tls:
        return _Step("login", "skipped", "there is neither TLS nor ssh")
    shown = "with a client certificate" if host.scheme == "agent" or (host.tls and host.tls.cert_file) else "verified"
    return _Step("login", "ok", f"TLS, {shown}")


def _engine_step(client: Client) -> _Step:
    version = client.version.get("Version")
    if not version:
        return _Step("engine", "ok", "it answers, and does not show its version")
    components = client.version.get("Components")
    names = [one.get("Name") for one in components if isinstance(one, dict)] if isinstance(components, list) else []
    return _Step("engine", "ok", f"{next((str(name) for name in names if name), 'engine')} {version}")


def _api_version_step(client: Client) -> _Step:
    if client.api_version is None:
        return _Step("api_version", "skipped", "the host does not show its API version; requests are sent without one")
    return _Step("api_version", "ok", client.api_version)


def _containers(client: Client) -> list[Any]:
    """The list of containers, without which nothing can be shown of a host."""
    try:
        containers = parse_document(client.get("/containers/json", {"all": "1"}))
    except HostError as error:
        raise _StepFailedError(_failed("permissions", error)) from error
    except ValueError:
        containers = None
    if not isinstance(containers, list):
        remedy = "Check that the URL is that of a Docker engine."
        raise _StepFailedError(_Step("permissions", "failed", "/containers/json is not a list", remedy))
    return containers


def _endpoints(client: Client, containers: Sequence[Any]) -> Iterator[tuple[str, bytes | None]]:
    """Each optional endpoint with its answer; None where it is refused."""
    wanted = {path: params for path, (params, _) in _ENDPOINTS.items()}
    identifier = next((one.get("Id") for one in containers if isinstance(one, dict)), None)
    if isinstance(identifier, str) and identifier.isalnum():
        wanted[f"/containers/{identifier}/json"] = {}
    for path, params in wanted.items():
        try:
            yield path, client.get(path, params)
        except HostError:
            yield path, None


def _endpoints_step(answers: dict[str, bytes | None]) -> _Step:
    refused = [path for path, answer in answers.items() if answer is None]
    if not refused:
        return _Step("endpoints", "ok", "all that dockerframe reads are allowed")
    shown = [f"{path} ({_ENDPOINTS[path][1]})" for path in refused if path in _ENDPOINTS]
    shown += ["/containers/ID/json (--inspect)"] if len(shown) < len(refused) else []
    fix = "Allow these at the engine's proxy, if you need what they are for. Everything else works without them."
    return _Step("endpoints", "failed", f"not answered: {', '.join(shown)}", fix)


def _clock_step(info: bytes | None, started: datetime) -> _Step:
    """How far the clock of the host is from that of this machine, by what `/info` answered."""
    there = _system_time(info)
    if there is None:
        return _Step("clock", "skipped", "the host does not show its time")
    now = datetime.now(UTC)
    # The answer was written at some time between.
    ahead, behind = (there - now).total_seconds(), (started - there).total_seconds()
    skew = max(ahead, behind, 0.0)
    if skew <= MOST_SKEW_SECONDS:
        return _Step("clock", "ok", f"it differs by less than {MOST_SKEW_SECONDS:g} s from this machine's")
    where = "ahead of" if ahead > 0 else "behind"
    fix = "Synchronize both clocks, such as with chrony or systemd-timesyncd: times in tables are the host's."
    return _Step("clock", "failed", f"the host's clock is {skew:.0f} s {where} this machine's", fix)


def _system_time(info: bytes | None) -> datetime | None:
    try:
        document = parse_document(info) if info is not None else None
        text = document.get("SystemTime") if isinstance(document, dict) else None
        parsed = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return parsed if parsed is not None and parsed.tzinfo is not None else None
