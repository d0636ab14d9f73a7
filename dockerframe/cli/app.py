"""The command line as a whole: its commands, and the exit status of errors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

import dockerframe
from dockerframe.cli.commands import HELP_OPTIONS, Root, all_commands
from dockerframe.cli.streams import open_standard_streams, output_errors
from dockerframe.errors import DockerframeError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE: Final = 2

app = Root(
    "dockerframe",
    commands=all_commands(),
    help="See a whole fleet of Docker hosts as tables. It only ever reads from a host.",
    epilog="Exit status: 0 all good, 1 some host failed, 2 usage or configuration, 3 no host answered,"
    " 4 findings as severe as --fail-on, 74 the output can't be written, 141 its reader ended early.",
    context_settings=HELP_OPTIONS,
)
app = click.version_option(dockerframe.__version__, prog_name="dockerframe", message="%(prog)s %(version)s")(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status.

    Parameters
    ----------
    arguments
        The arguments; those of the process when None.
    """
    open_standard_streams()
    with output_errors():
        try:
            app.main(_checked(sys.argv[1:] if arguments is None else arguments), prog_name="dockerframe")
        except DockerframeError as error:
            from dockerframe.cli.output import for_command_line, warn  # noqa: PLC0415 - slow to import

            warn(for_command_line(str(error)))
            sys.exit(USAGE)


def _checked(arguments: Sequence[str]) -> Sequence[str]:
    """Arguments without bytes that are not UTF-8, which would fail wherever an option is used first."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="surrogateescape").decode(errors="replace")
            raise DockerframeError(
                f"The argument {shown} has bytes that are not UTF-8.", remedy="Write it as UTF-8 text."
            ) from None
    return arguments
