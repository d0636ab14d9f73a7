"""ssh by the system's own program, as the docker CLI does it: whatever `ssh` reaches is reached here.

Its configuration, known hosts, certificates, agents, jump hosts and hardware keys work because ssh itself reads
them. Without the program, `dockerframe._transport.paramiko_ssh` logs in.

Processes against paramiko, 200 logins, 64 at a time, on 2 busy cores: 75 ms of processor time for each `ssh` with its
`ssh -G`, spread over processes, against 287 ms in this one, where threads take turns. A process costs 1.3 MB of
memory, a paramiko client 0.7 MB and a thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dockerframe._transport.failures import TransportFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerframe._config.host import Host

_LOG: Final = logging.getLogger("dockerframe.clients")

_OPTIONS: Final = {
    # Nobody is there to answer questions, and unknown host keys are refused whatever the configuration allows.
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "UpdateHostKeys": "no",
    # A master that exists is used; one that this process started would outlive it.
    "ControlMaster": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    # Routers in between forget a connection that is silent for a few minutes.
    "ServerAliveInterval": "30",
    # Reports the end of the login, which nothing else shows.
    "LogLevel": "VERBOSE",
}
_LOGGED_IN: Final = b"Authenticated to "
_CHATTER: Final = re.compile(
    r"^(?:Authenticated to |Transferred: |Bytes per second|Pseudo-terminal |Warning: Permanently)"
)
_MOST_LOG_BYTES: Final = 2**14
_MOST_TEXT: Final = 400

# An ssh server drops connections by chance once ten others have not logged in yet (`MaxStartups` of sshd_config(5)).
# Half of that: the server forgets a login a little later than it is done, and others log in too.
_LOGINS_AT_A_TIME: Final = 5
# A server that is down holds nobody up for longer than it takes as many logins to time out.
_LOGINS_WAITED_FOR: Final = 2
_PAUSES: Final = (0.3, 0.6, 1.2)
# One connect timeout to reach the server, which ssh itself keeps, and one to log in.
_LOGIN_SHARES: Final = 2

# What OpenSSH prints, most telling first.
_KINDS: Final = tuple(
    (re.compile(words), kind)
    for words, kind in (
        ("Too many authentication failures", "ssh_authentication"),
        ("Permission denied", "ssh_authentication"),
        ("Host key verification failed|HOST IDENTIFICATION HAS CHANGED|key is marked as revoked", "ssh_host_key"),
        ("Could not resolve hostname", "unknown_name"),
        ("Connection refused", "refused"),
        ("No route to host|Network is unreachable", "unreachable"),
        ("timed out", "connect_timeout"),
        ("Too many open files", "resources"),
        # By an address, not by a ProxyCommand that ended.
        ("onnection (?:closed|reset) by (?!UNKNOWN|remote|peer)", "disconnected"),
    )
)
_EXPLAINING: Final = ("strict checking", "revoked", "ertificate invalid", "ertificate not")
_TOO_MANY_KEYS: Final = (
    "The ssh agent holds more keys than the server lets you try: name the right one with IdentityFile, "
    "and set IdentitiesOnly yes."
)


class SshTarget(NamedTuple):
    """Where to log in: what stands in an `ssh://` URL, percent-decoded."""

    user: str | None
    name: str
    port: int | None
    socket: str | None

    @property
    def command(self) -> str:
        """The command that speaks for the engine, as the docker CLI runs it."""
        engine = f"--host {shlex.quote(f'unix://{self.socket}')} " if self.socket is not None else ""
        return f"docker {engine}system dial-stdio"

    @property
    def arguments(self) -> list[str]:
        """The target as arguments of `ssh`."""
        user = ["-l", self.user] if self.user is not None else []
        return [*user, *(["-p", str(self.port)] if self.port is not None else []), "--", self.name]


def ssh_target(host: Host) -> SshTarget:
    """The target of an `ssh://` URL. The name keeps its case: it is looked up in the ssh configuration.

    Examples
    --------
    >>> from dockerframe._config.host import Host
    >>> ssh_target(Host("edge", "ssh://me%40corp.example@Docker1:2222"))
    SshTarget(user='me@corp.example', name='Docker1', port=2222, socket=None)
    """
    return SshTarget(host.user, host.hostname, host.port, host.ssh_socket)


def _jump_target(text: str) -> SshTarget:
    """The target of `[ssh://][USER@]NAME[:PORT]` in `ProxyJump`."""
    user, at, place = text.removeprefix("ssh://").rpartition("@")
    name, colon, port = place.rpartition(":")
    if not (colon and port.isdecimal()):
        name, port = place, ""
    return SshTarget(user if at else None, name.strip("[]"), int(port) if port else None, None)


def can_run_ssh() -> bool:
    """Whether there is an ssh program, and this process runs as a user with a name, which ssh demands."""
    try:
        import pwd  # noqa: PLC0415 - Windows has none

        pwd.getpwuid(os.getuid())
    except (ImportError, KeyError):
        return False
    return shutil.which("ssh") is not None


class SshProgram:
    """Connections by the `ssh` program: each is a process with a socket as its input and output."""

    def __init__(self, target: SshTarget) -> None:
        self._target = target
        self._options: dict[str, str] | None = None

    def open(self, seconds: float) -> socket.socket:
        """Log in, in turn with others at the same server, and run docker there.

        A server that has too many logins under way hangs up: that is tried again a few times.

        Raises
        ------
        TransportFailure
            With what ssh prints.
        """
        if self._options is None:
            self._options = _options(self._target, seconds)
            _check_jumps(self._options, frozenset(), seconds)
        with turn_at(_first_server(self._options), seconds):
            for pause in (*_PAUSES, None):
                try:
                    return self._log_in(seconds, self._options)
                except TransportFailure as failure:
                    if pause is None or failure.kind != "disconnected":
                        raise
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _log_in(self, seconds: float, options: dict[str, str]) -> socket.socket:
        limit = {"ConnectTimeout": str(max(1, round(seconds)))}
        written = [part for name, value in {**_OPTIONS, **limit}.items() for part in ("-o", f"{name}={value}")]
        process = _Process(["ssh", "-T", "-x", *written, *self._target.arguments, self._target.command])
        try:
            # A master has logged in already.
            if not os.path.exists(options.get("controlpath", "")):  # noqa: PTH110 - it may be too long for a path
                process.wait_for_login(seconds * _LOGIN_SHARES)
        except BaseException:
            process.socket.close()
            raise
        return process.socket


def _options(target: SshTarget, seconds: float) -> dict[str, str]:
    """The options of a host as `ssh -G` prints them; the first of each name."""
    command = ["ssh", "-G", *target.arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds)  # noqa: S603 - a list, with the target behind `--`
    except subprocess.TimeoutExpired:
        problem = f"`ssh -G {target.name}` did not end within {seconds:g} s"
        raise TransportFailure("connect_timeout", problem, "Check `Match exec` in the ssh configuration.") from None
    if done.returncode:
        raise _failure(done.stderr)
    pairs = (line.partition(" ") for line in reversed(done.stdout.decode(errors="replace").splitlines()))
    options = {name: value for name, _, value in pairs if value != "none"}
    _LOG.debug("ssh %s: %s port %s", target.name, options.get("hostname"), options.get("port"))
    return options


def _first_jump(options: dict[str, str]) -> str | None:
    return options["proxyjump"].partition(",")[0] if "proxyjump" in options else None


def _check_jumps(options: dict[str, str], passed: frozenset[str], seconds: float) -> None:
    """Raise for jump hosts that lead in a circle: ssh would start processes without end."""
    jump = _first_jump(options)
    if jump is None:
        return
    if jump in passed:
        raise TransportFailure("ssh", f"ProxyJump leads in a circle: {jump}", "Fix ProxyJump in the ssh configuration.")
    _check_jumps(_options(_jump_target(jump), seconds), passed | {jump}, seconds)


def _first_server(options: dict[str, str]) -> str:
    """The server that is connected to first: hosts behind one jump host share it."""
    direct = f"{options.get('hostname')}:{options.get('port')}"
    return _first_jump(options) or options.get("proxycommand") or direct


_turns: Final[dict[str, threading.Semaphore]] = {}
if hasattr(os, "register_at_fork"):
    # The threads that had a turn do not exist in the child.
    os.register_at_fork(after_in_child=_turns.clear)


@contextlib.contextmanager
def turn_at(server: str, seconds: float) -> Iterator[None]:
    """Log in inside this block: five at a time at each server. Anyone who waited too long goes ahead without a turn."""
    turn = _turns.setdefault(server, threading.Semaphore(_LOGINS_AT_A_TIME))
    has_turn = turn.acquire(timeout=seconds * _LOGINS_WAITED_FOR)
    try:
        yield
    finally:
        if has_turn:
            turn.release()


class SshSocket(socket.socket):
    """A socket whose other end speaks for an engine behind ssh, and ends with it.

    Attributes
    ----------
    printed
        Gives what ssh and docker have printed to standard error.
    end
        Ends the login.
    """

    printed: Callable[[], bytes]
    end: Callable[[], None]
    _has_answered = False

    def recv_into(self, *arguments: Any) -> int:
        """As of a socket; where docker ends without an answer, the error has what it printed.

        Raises
        ------
        TransportFailure
            Of kind `ssh`: usually there is no docker, or the user may not use it.
        """
        try:
            received: int = super().recv_into(*arguments)
        except ConnectionError:
            if self._has_answered:
                raise
            received = 0
        if not received and not self._has_answered:
            text = " ".join(_lines(self.printed()))[-_MOST_TEXT:]
            raise TransportFailure("ssh", f"docker system dial-stdio: {text or 'it ended without an answer'}")
        self._has_answered = True
        return received

    def has_ended(self) -> bool:
        """Whether the other end is closed. Nothing is read."""
        try:
            return not self.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def _real_close(self) -> None:
        """Python calls this once the socket is closed and nothing reads from it."""
        super()._real_close()  # type: ignore[misc]
        self.end()


class _Process:
    """An ssh process, and the socket that is its input and output."""

    def __init__(self, command: Sequence[str]) -> None:
        self._log = b""
        ours, theirs = socket.socketpair()
        self.socket = SshSocket(fileno=ours.detach())
        self.socket.printed, self.socket.end = self._last_words, lambda: None
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the arguments are a list, the target is behind `--`
                    command,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
                )
            except BaseException as error:
                self.socket.close()
                if isinstance(error, BlockingIOError):
                    raise TransportFailure("resources", f"ssh could not be started: {error.strerror}") from error
                raise
        self.socket.end = self._end
        os.set_blocking(self._errors, False)

    def wait_for_login(self, seconds: float) -> None:
        """Wait until ssh has logged in.

        Raises
        ------
        TransportFailure
            When ssh ends, with what it printed, or is not done in time.
        """
        deadline = time.monotonic() + seconds
        waiting = select.poll()
        waiting.register(self._errors, select.POLLIN)
        waiting.register(self.socket, select.POLLIN)
        while _LOGGED_IN not in self._read_log():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TransportFailure("connect_timeout", f"no ssh login within {seconds:g} s")
            # Nothing is written to the socket before the login: readable means closed.
            if self.socket.has_ended():
                raise _failure(self._last_words())
            waiting.poll(left * 1000)

    @property
    def _errors(self) -> int:
        if self._process.stderr is None:
            raise ValueError("the process has no pipe for errors")
        return self._process.stderr.fileno()

    def _read_log(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            while printed := os.read(self._errors, _MOST_LOG_BYTES):
                self._log = (self._log + printed)[-_MOST_LOG_BYTES:]
        return self._log

    def _last_words(self) -> bytes:
        """What the process printed until it ended, or for a second."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._read_log()

    def _end(self) -> None:
        """End the process and those that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGTERM)
        # Leaving the block closes the pipe and waits for the process.
        with self._process:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()


def _lines(log: bytes) -> list[str]:
    """The lines that ssh and docker printed, without what ssh reports about itself."""
    lines = (line.strip() for line in log.decode(errors="replace").splitlines())
    return [line for line in lines if line and not _CHATTER.match(line)]


def _failure(log: bytes) -> TransportFailure:
    """The failure that ssh printed."""
    lines = _lines(log)
    for words, kind in _KINDS:
        found = next((line for line in lines if words.search(line)), None)
        if found is not None:
            explained = [line for line in lines if any(word in line for word in _EXPLAINING) and line != found]
            text = " ".join([found, *explained[:1]] if kind == "ssh_host_key" else [found])
            remedy = _TOO_MANY_KEYS if "Too many authentication" in found else None
            return TransportFailure(kind, text[:_MOST_TEXT].rstrip("."), remedy)
    return TransportFailure("ssh", " ".join(lines)[-_MOST_TEXT:].rstrip(".") or "ssh ended without a message")
