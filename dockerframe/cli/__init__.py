"""The command line: where a fleet comes from, what is shown of it, and what the exit status says."""

from dockerframe.cli.app import main

__all__ = ["main"]
