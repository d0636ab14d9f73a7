"""The command line as a whole."""

from __future__ import annotations

import io
import sys
from typing import Final

from dockerframe.cli import audit, doctor, report, tables
from dockerframe.cli.output import warn
from dockerframe.cli.root import USAGE, app
from dockerframe.errors import DockerframeError

__all__ = ["app", "audit", "doctor", "main", "report", "tables"]

# In the order in which a newcomer meets them, which is not that of the alphabet.
_HELP_ORDER: Final = [module.__name__ for module in (tables, audit, report, doctor)]
app.registered_commands.sort(key=lambda command: _HELP_ORDER.index(getattr(command.callback, "__module__", "")))


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without some character shows the rest; what other programs read is written as bytes.
        sys.stdout.reconfigure(errors="replace")
    try:
        _check_arguments(sys.argv[1:])
        app()
    except DockerframeError as error:
        warn(str(error))
        sys.exit(USAGE)


def _check_arguments(arguments: list[str]) -> None:
    """Refuse bytes that are not UTF-8 once, rather than wherever an option is used first."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="surrogateescape").decode(errors="replace")
            raise DockerframeError(
                f"The argument {shown} has bytes that are not UTF-8.", remedy="Write it as UTF-8 text."
            ) from None
