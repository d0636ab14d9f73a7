"""Names of hosts in an ssh configuration, for fleets that take their hosts from there.

Only the names after `Host` are read. What they mean is up to `ssh`, when the host is reached.
"""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_SSH_CONFIG: Final = "~/.ssh/config"
_KEYWORD: Final = re.compile(r"^\s*(host|include)(?:\s*=\s*|\s+)(.*)$", re.IGNORECASE)
# As in OpenSSH.
_MOST_INCLUDES: Final = 16
_NO_NAME: Final = frozenset("*?!")


def ssh_host_names(file: Path, pattern: str) -> list[str]:
    r"""The names after `Host` in a configuration that match a pattern, in its order; included files are read too.

    Names with wildcards or a `!` stand for no host of their own.

    Raises
    ------
    OSError
        When the file can't be read; files that it includes may be missing, as for ssh.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "config"
    ...     _ = file.write_text("Host docker-1 docker-2 web\nHost *\n")
    ...     ssh_host_names(file, "docker-*")
    ['docker-1', 'docker-2']
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    names = dict.fromkeys(_names(text, file.parent, depth=0))
    return [name for name in names if fnmatchcase(name, pattern)]


def _names(text: str, folder: Path, *, depth: int) -> Iterator[str]:
    for line in text.splitlines():
        found = _KEYWORD.match(line)
        if found is None:
            continue
        words = _words(found[2])
        if found[1].lower() == "host":
            yield from (word for word in words if not _NO_NAME & set(word))
        elif depth < _MOST_INCLUDES:
            yield from (name for word in words for name in _included_names(word, folder, depth))


def _included_names(pattern: str, folder: Path, depth: int) -> Iterator[str]:
    for file in _matching_files(pattern, folder):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        yield from _names(text, folder, depth=depth + 1)


def _matching_files(pattern: str, folder: Path) -> list[Path]:
    """The files that `Include` names: relative to the folder of the configuration, in the order of their names."""
    try:
        path = folder / type(folder)(pattern).expanduser()
    except RuntimeError:
        return []
    relative = path.relative_to(path.anchor)
    return sorted(file for file in type(folder)(path.anchor).glob(str(relative)) if file.is_file())


def _words(text: str) -> list[str]:
    """The words of a line, quotes taken off, without a comment at its end."""
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
