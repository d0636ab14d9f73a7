"""Every command of the command line, in the order of the help."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from dockerframe.cli import parameters as given
from dockerframe.cli.declarations import declared_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TABLES: Final = "Tables"
QUESTIONS: Final = "Questions"
CHANGES: Final = "Changes and reports"
OTHER: Final = "Other"

HELP_OPTIONS: Final = {"help_option_names": ["-h", "--help"]}
_OPTION_SECTIONS: Final = (given.OWN, given.ROWS, given.FLEET)
_EXTRA_OPTIONS: Final = {"containers": [given.SIZE]}


class Command(click.Command):
    """A command whose code is imported when it runs.

    Parameters
    ----------
    section
        The section of the help that lists it.
    runs
        `module:function` in `dockerframe.cli`.
    params
        The options and arguments. Those of `parameters.SOURCE` reach the function as one value `source`, those of
        `parameters.SHAPE` as `shape`, the others by name.
    fixed
        Further arguments of the function.
    """

    def __init__(
        self,
        name: str,
        runs: str,
        *,
        section: str,
        help: str,  # noqa: A002 - as click names it
        params: Iterable[click.Parameter] = (),
        **fixed: Any,
    ) -> None:
        self.runs = runs
        self.section = section
        self.fixed = fixed
        super().__init__(name, callback=self._run, params=[*params], help=help, context_settings=HELP_OPTIONS)

    def _run(self, **values: Any) -> None:
        module, _, function = self.runs.partition(":")
        groups = {"source": ("sources", "FleetSource", given.SOURCE), "shape": ("output", "Shape", given.SHAPE)}
        for name, (home, kind, options) in groups.items():
            if all(option.name in values for option in options):
                taken = {option.name: values.pop(option.name) for option in options}
                values[name] = getattr(import_module(f"dockerframe.cli.{home}"), kind)(**taken)
        run: Callable[..., None] = getattr(import_module(f"dockerframe.cli.{module}"), function)
        run(**values, **self.fixed)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, then the options by section."""
        params = self.get_params(ctx)
        arguments = [(one.make_metavar(ctx), one.about) for one in params if isinstance(one, given.Argument)]
        sections = {"Arguments": arguments}
        for section in _OPTION_SECTIONS:
            options = [one for one in params if _section_of(one) == section]
            sections[section] = [record for one in options if (record := one.get_help_record(ctx)) is not None]
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _section_of(param: click.Parameter) -> str:
    """The section of an option; `--help` stands with the command's own."""
    return getattr(param, "section", "" if isinstance(param, click.Argument) else given.OWN)


def all_commands() -> list[Command]:
    """The commands, in the order of the help."""
    tables = [
        Command(
            table.name.replace("_", "-"),
            "tables:show",
            section=TABLES,
            help=table.description,
            params=[*_EXTRA_OPTIONS.get(table.name, []), *given.SHAPE, *given.SOURCE],
            name_of_table=table.name,
        )
        for table in declared_tables()
        if table.command
    ]
    return [
        *tables,
        Command(
            "sql", "tables:sql", section=TABLES, params=[*given.SQL, *given.SOURCE],
            help="The result of a SQL query over all tables, findings, rules and scores.",
        ),
        Command(
            "audit", "questions:audit", section=QUESTIONS, params=[*given.AUDIT, *given.SOURCE],
            help="What the rules of the audit find, worst first, and the score of the fleet.",
        ),
        Command("rules", "questions:rules", section=QUESTIONS, params=given.SHAPE, help="The rules of the audit."),
        Command(
            "explain", "questions:explain", section=QUESTIONS, params=[*given.EXPLAIN, *given.SOURCE],
            help="Why a name reaches what it reaches, or why it has no route. Shows the label behind each field.",
        ),
        Command(
            "impact", "questions:impact", section=QUESTIONS, params=[*given.IMPACT, *given.SOURCE],
            help="What stops working when a container fails. Distance counts the steps to what depends on it.",
        ),
        Command(
            "start-order", "questions:start_order", section=QUESTIONS, params=[*given.START_ORDER, *given.SOURCE],
            help="In which steps the containers of a Compose project can start.",
        ),
        Command(
            "free-ports", "questions:free_ports", section=QUESTIONS, params=[*given.FREE_PORTS, *given.SOURCE],
            help="The published ports of a host, and the next free ones. Ports of other programs are not known.",
        ),
        Command(
            "doctor", "doctor:doctor", section=QUESTIONS, params=[*given.DOCTOR, *given.SOURCE],
            help="Check hosts step by step: what fails, and how to fix it.",
        ),
        Command(
            "diff", "changes:diff", section=CHANGES, params=[*given.DIFF, *given.SOURCE],
            help="What changed between two snapshots, or between one and now.",
        ),
        Command(
            "watch", "changes:watch", section=CHANGES, params=[*given.WATCH, *given.SOURCE],
            help="What changes, as it happens, until interrupted. A host that fails is reported and tried again.",
        ),
        Command(
            "history", "changes:history", section=CHANGES, params=given.HISTORY,
            help="The snapshots of a history, or a table over time. Needs the extra history.",
        ),
        Command(
            "report", "reports:report", section=CHANGES, params=[*given.REPORT, *given.SOURCE],
            help="Write all tables and the findings into a new folder. Made for cron and timers.",
        ),
        Command(
            "view", "reports:view", section=OTHER, params=[*given.VIEW, *given.SOURCE],
            help="Open JupyterLab with a notebook that shows the fleet. Needs the extra notebook.",
        ),
        Command(
            "demo", "reports:demo", section=OTHER, params=given.DEMO,
            help="Show the recorded fleet that ships with dockerframe. Needs no Docker; one of its hosts is down.",
        ),
        Command(
            "completion", "completion:script", section=OTHER, params=given.COMPLETION,
            help='Print the completion of a shell. For bash: eval "$(dockerframe completion bash)".',
        ),
    ]  # fmt: skip


class Root(click.Group):
    """The command line as a whole, whose help lists the commands by section."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """The commands in their order, which is not that of the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands by section."""
        commands = [command for command in self.commands.values() if isinstance(command, Command)]
        for section in dict.fromkeys(command.section for command in commands):
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (str(command.name), command.get_short_help_str(formatter.width))
                        for command in commands
                        if command.section == section
                    ]
                )
