"""The command line as a whole."""

from __future__ import annotations

import sys
from typing import Final

from dockerframe.cli import audit, report, tables
from dockerframe.cli.output import warn
from dockerframe.cli.root import USAGE, app
from dockerframe.cli.streams import open_standard_streams, output_errors
from dockerframe.errors import DockerframeError

__all__ = ["app", "audit", "main", "report", "tables"]

# In the order in which a newcomer meets them, which is not that of the alphabet.
_HELP_ORDER: Final = [module.__name__ for module in (tables, audit, report)]
app.registered_commands.sort(key=lambda command: _HELP_ORDER.index(getattr(command.callback, "__module__", "")))


def main() -> None:
    """Run the command line."""
    open_standard_streams()
    with output_errors():
        try:
            app()
        except DockerframeError as error:
            warn(str(error))
            sys.exit(USAGE)
