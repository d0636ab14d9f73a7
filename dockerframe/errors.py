"""The exceptions that dockerframe raises: one family, each with a remedy.

Their text may quote what a host or a container sent, so it is made safe for a terminal where it becomes text. All of
them can be pickled, with their attributes: the workers of a cluster raise them too.
"""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dockerframe._text import shown_lines, visible_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class DockerframeError(Exception):
    """The base of every error that this package raises.

    Its text says what failed and where, and ends with `remedy`, which says how to fix it.

    Attributes
    ----------
    message
        What failed and where, as it was raised; may hold characters that steer a terminal.
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
        """Restore the arguments and attributes as they are: most subclasses are made from other arguments."""
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[DockerframeError], arguments: tuple[object, ...]) -> DockerframeError:
    """An exception with these arguments, without running its `__init__`."""
    return kind.__new__(kind, *arguments)


def did_you_mean(name: str, known: Iterable[str], otherwise: str, most: int = 3) -> str:
    """The remedy for an unknown name: the known names that are similar to it, else `otherwise`.

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
    """A fleet file, a Docker context or the environment can't be used; lists all mistakes in it together.

    Attributes
    ----------
    source
        Where the description comes from: a file's path, `environment`, `contexts`, `mapping`.
    mistakes
        Each mistake with its path inside the source.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake], *, remedy: str) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{source}: {count} mistake{'s' if count != 1 else ''}{lines}\n", remedy=remedy)


class HostError(DockerframeError):
    """One host did not answer, or its answer could not be read.

    Attributes
    ----------
    kind
        One of `dockerframe.schemas.ERROR_KINDS`, as in the column `error_kind` of the table `hosts`.
    host
        The host's name, where it is known.
    """

    def __init__(self, kind: str, message: str, *, remedy: str = "", host: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.kind = kind
        self.host = host

    @classmethod
    def at(cls, host: str, kind: str, problem: str, remedy: str = "") -> HostError:
        """The error of a host with a message that begins with its name.

        Examples
        --------
        >>> print(HostError.at("edge", "refused", "nothing listens", "Start the engine."))
        Host edge: nothing listens. Start the engine.
        """
        return cls(kind, f"Host {host}: {problem}.", remedy=remedy, host=host)


class GatherError(DockerframeError):
    """With `strict=True`: at least one host failed. Lists every failure.

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
    """A snapshot can't be made from its input, written to its folder, or read back."""


class AuditError(DockerframeError):
    """A rule of the audit, or a question to the audit, can't be used."""


class HistoryError(DockerframeError):
    """A history can't be read or written."""


class MissingExtraError(DockerframeError):
    """Something needs packages that are not installed; names the extra that has them.

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
    """Import packages of an extra: a missing one raises `MissingExtraError`.

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
