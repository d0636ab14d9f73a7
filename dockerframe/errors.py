"""The exceptions that dockerframe raises: one family, each with a remedy."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class DockerframeError(Exception):
    """What every error of this package is.

    Its text says what failed and where; `remedy` says how to mend it, and is part of the text.

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


def did_you_mean(name: str, known: Iterable[str], otherwise: str, most: int = 3) -> str:
    """The remedy for a name that there is not: the known ones that are nearly it, else `otherwise`.

    Examples
    --------
    >>> did_you_mean("webb", ["web", "db"], "Look again.")
    'Did you mean web?'
    """
    near = difflib.get_close_matches(name, list(known), n=most)
    return f"Did you mean {', '.join(near)}?" if near else otherwise


class Mistake(NamedTuple):
    """One thing wrong with a description of hosts: where it stands, and what is wrong with it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigurationError(DockerframeError):
    """A fleet file, a Docker context or the environment can't be used; lists all that is wrong with it at once.

    Attributes
    ----------
    source
        Where the description came from: a file's path, `environment`, `contexts`, `mapping`.
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
    """One host could not be asked, or its answer could not be read.

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
        """The error of a host by its name, which the message begins with.

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
            remedy="Mend these hosts, or gather without strict=True to have the others.",
        )


class SnapshotError(DockerframeError):
    """A snapshot can't be made of what was given, written where it should be, or read back."""


class AuditError(DockerframeError):
    """A rule of the audit, or what was asked of the audit, can't be used."""


class MissingTableError(SnapshotError, AttributeError):
    """A snapshot was taken without an optional table. Also an `AttributeError`, so that `hasattr` works."""


class HistoryError(DockerframeError):
    """A history can't be read or written."""


class MissingExtraError(DockerframeError):
    """Something needs packages that are not installed; names the extra that brings them.

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
    """Where packages of an extra are imported: one that is missing raises `MissingExtraError`.

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
