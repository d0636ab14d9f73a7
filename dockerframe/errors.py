"""The exceptions that dockerframe raises: one family, each with a remedy.

Their text may quote what a host or a container sent, so it is made safe for a terminal where it becomes text. All of
them can be pickled, with their attributes: the workers of a cluster raise them too.
"""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar, cast

from dockerframe._text import shown_lines, visible_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ErrorT = TypeVar("ErrorT", bound=Exception)


class DockerframeError(Exception):
    """The base class of all errors of this package.

    The text describes what failed and where, and ends with `remedy`: how to fix it. It is safe on a terminal. Every
    error can be pickled with all of its attributes, so that it survives the way back from a worker of a cluster.

    Attributes
    ----------
    message
        What failed and where, as it was raised; it may have characters that steer a terminal.
    remedy
        How to fix it.

    Examples
    --------
    >>> error = DockerframeError("The report folder is a file.", remedy="Name a folder.")
    >>> print(error)
    The report folder is a file. Name a folder.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        separator = "" if message.endswith("\n") else " "
        super().__init__(f"{message}{separator}{remedy}".strip())
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """The text for people, without control characters."""
        return shown_lines(super().__str__())

    def __repr__(self) -> str:
        """The class and its arguments, without characters that show nothing."""
        return visible_text(super().__repr__())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the text and the attributes: the parameters of the constructors differ."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[ErrorT], args: tuple[object, ...], attributes: dict[str, Any]) -> ErrorT:
    error = Exception.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


def did_you_mean(name: str, known: Iterable[str], otherwise: str, most: int = 3) -> str:
    """The remedy for a name that does not exist: similar known names, else `otherwise`.

    Examples
    --------
    >>> did_you_mean("webb", ["web", "db"], "Look again.")
    'Did you mean web?'
    """
    near = difflib.get_close_matches(name, list(known), n=most)
    return f"Did you mean {', '.join(near)}?" if near else otherwise


class Mistake(NamedTuple):
    """One mistake in a description of hosts: where it is, and what is wrong."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigurationError(DockerframeError):
    """A fleet file, a Docker context or the environment can't be used. Lists all of its mistakes.

    Attributes
    ----------
    source
        Where the description is: the path of a file, `environment`, `contexts`, `mapping`.
    mistakes
        The mistakes, each with its path inside the source.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake], *, remedy: str) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{source}: {count} mistake{'s' if count != 1 else ''}{lines}\n", remedy=remedy)


class HostError(DockerframeError):
    """One host did not answer, or its answer could not be read.

    The class of an error follows from its kind: `HostError("refused", ...)` is a `HostUnreachableError`. Catch the
    subclass that your program reacts to, or `HostError` for all of them.

    Attributes
    ----------
    kind
        One of `dockerframe.schemas.ERROR_KINDS`, as in the column `error_kind` of the table `hosts`.
    host
        The name of the host, where it is known.
    status
        The HTTP status of the answer, where the host answered with one.

    Examples
    --------
    >>> type(HostError("read_timeout", "Host edge: no answer within 30 s.")).__name__
    'HostTimeoutError'
    """

    kinds: ClassVar[frozenset[str]] = frozenset()
    """The kinds that errors of this class have."""

    def __new__(cls, kind: str, *_: object, **__: object) -> Self:
        """Create the error in the class of its kind."""
        classes = HostError.__subclasses__() if cls is HostError else []
        return cast("Self", super().__new__(next((found for found in classes if kind in found.kinds), cls)))

    def __init__(
        self, kind: str, message: str, *, remedy: str = "", host: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.kind = kind
        self.host = host
        self.status = status

    @classmethod
    def at(cls, host: str, kind: str, problem: str, remedy: str = "", *, status: int | None = None) -> HostError:
        """The error of a host by its name, which the message begins with.

        Examples
        --------
        >>> print(HostError.at("edge", "refused", "nothing listens", "Start the engine."))
        Host edge: nothing listens. Start the engine.
        """
        return cls(kind, f"Host {host}: {problem}.", remedy=remedy, host=host, status=status)

    def at_host(self, host: str) -> HostError:
        """The same error for another host that shares the connection.

        Examples
        --------
        >>> print(HostError.at("edge", "refused", "nothing listens").at_host("attic"))
        Host attic: nothing listens.
        """
        message = self.message
        if self.host is not None:
            message = f"Host {host}: {message.removeprefix(f'Host {self.host}: ')}"
        return HostError(self.kind, message, remedy=self.remedy, host=host, status=self.status)


class HostTimeoutError(HostError):
    """A host, or the name service, took longer than its limit."""

    kinds = frozenset({"dns_timeout", "connect_timeout", "read_timeout"})


class HostUnreachableError(HostError):
    """No connection to an engine came about, or it broke."""

    kinds = frozenset({"refused", "unreachable", "unknown_name", "no_socket", "disconnected", "ssh", "wrong_scheme"})


class HostAuthenticationError(HostError):
    """The user may not use the engine, or one side could not prove its identity to the other."""

    kinds = frozenset({"permission", "tls", "ssh_host_key", "ssh_authentication", "unknown_agent", "unauthorized"})


class HostAnswerError(HostError):
    """A server answered, but not with what an engine sends."""

    kinds = frozenset({"not_found", "http", "redirected", "too_large", "invalid_answer"})


class HostLocalError(HostError):
    """No request was sent, because of the URL, a limit of this machine, or a defect in dockerframe."""

    kinds = frozenset({"unsupported", "resources", "internal"})


class GatherError(DockerframeError):
    """At least one host failed, with `strict=True`. Lists every failure.

    Attributes
    ----------
    failures
        The errors, by the name of the host.
    """

    def __init__(self, failures: dict[str, HostError]) -> None:
        self.failures = failures
        lines = "".join(f"\n  {host}: [{error.kind}] {error}" for host, error in failures.items())
        count = len(failures)
        super().__init__(
            f"{count} host{'s' if count != 1 else ''} failed:{lines}\n",
            remedy="Fix these hosts, or gather without strict=True to get the others.",
        )


class SnapshotError(DockerframeError):
    """A snapshot can't be built, written or read."""


class AuditError(DockerframeError):
    """A rule or a setting of the audit can't be used."""


class MissingTableError(SnapshotError, AttributeError):
    """A snapshot was taken without an optional table. Also an `AttributeError`, so that `hasattr` works."""


class HistoryError(DockerframeError):
    """A history can't be read or written."""


class MissingExtraError(DockerframeError):
    """A feature needs packages that are not installed. Names the extra that installs them.

    Attributes
    ----------
    extra
        The extra, as in `pip install 'dockerframe[notebook]'`.
    """

    def __init__(self, extra: str, package: str) -> None:
        self.extra = extra
        super().__init__(
            f"This needs the package {package}, which is not installed.",
            remedy=f"Install the extra: pip install 'dockerframe[{extra}]'.",
        )


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Import packages of an extra inside this block: a missing one raises `MissingExtraError`.

    Examples
    --------
    >>> with needs_extra("plots"):
    ...     import not_installed
    Traceback (most recent call last):
    dockerframe.errors.MissingExtraError: This needs the package not_installed, which is not installed. Install the
    extra: pip install 'dockerframe[plots]'.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name == "dockerframe":
            raise
        raise MissingExtraError(extra, name) from error
