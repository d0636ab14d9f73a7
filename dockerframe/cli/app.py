"""The command line as a whole."""

from __future__ import annotations

import sys

from dockerframe.cli import audit, report, tables
from dockerframe.cli.output import warn
from dockerframe.cli.root import USAGE, app
from dockerframe.errors import DockerframeError

__all__ = ["app", "audit", "main", "report", "tables"]


def main() -> None:
    """Run the command line."""
    try:
        app()
    except DockerframeError as error:
        warn(str(error))
        sys.exit(USAGE)
