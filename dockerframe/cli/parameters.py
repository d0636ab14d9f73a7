"""The options and arguments of commands, declared once as typed values, in the order of the help.

Importing this module is quick: nothing of it needs Polars.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from dockerframe.cli import completion

OUTPUTS: Final = ("table", "wide", "json", "jsonl", "csv", "parquet")
SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 30.0
# As in `dockerframe.schemas` and `dockerframe._config.host`, which take too long to import for a help text.

OWN: Final = "Options"
ROWS: Final = "Rows and columns"
FLEET: Final = "Which fleet"


class Option(click.Option):
    """An option with the section of the help that it belongs to."""

    def __init__(self, *names: str, section: str = OWN, **attributes: Any) -> None:
        super().__init__(list(names), **attributes)
        self.section = section


class Argument(click.Argument):
    """An argument with a line in the help."""

    def __init__(self, name: str, *, about: str, **attributes: Any) -> None:
        super().__init__([name], **attributes)
        self.about = about


def choice(*values: str) -> click.Choice[str]:
    """One of some words, in any case."""
    return click.Choice(values, case_sensitive=False)


_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_SECONDS: Final = click.FloatRange(min=0.01)

OUTPUT: Final = Option(
    "--output", "-o", section=ROWS, type=choice(*OUTPUTS), default="table",
    help="table; wide: all columns that people see; json, jsonl, csv, parquet: all columns, for programs.",
)  # fmt: skip
SHAPE: Final = (
    OUTPUT,
    Option("--columns", section=ROWS, metavar="NAMES", help="Columns to show, with commas between them."),
    Option(
        "--where", section=ROWS, metavar="SQL", help="Only rows that meet a condition, such as \"state = 'exited'\"."
    ),
    Option("--sort", section=ROWS, metavar="NAMES", help="Columns to sort by; -name for descending."),
    Option("--limit", section=ROWS, type=click.IntRange(min=0), metavar="N", help="At most so many rows."),
    Option("--quiet", "-q", section=ROWS, is_flag=True, help="Only ids (or names), one per line."),
    Option("--no-trunc", section=ROWS, is_flag=True, help="Do not cut, wrap or leave out anything."),
)
"""The options of every command that prints a table."""

SOURCE: Final = (
    Option("--config", section=FLEET, type=_FILE, help="Fleet file (YAML)."),
    Option(
        "--context", section=FLEET, multiple=True, metavar="NAME", help="Docker context, by name. Repeatable.",
        shell_complete=completion.contexts,
    ),
    Option("--host", section=FLEET, multiple=True, metavar="URL", help="Host, as URL or NAME=URL. Repeatable."),
    Option("--demo", section=FLEET, is_flag=True, help="The recorded fleet that ships with dockerframe."),
    Option(
        "--select", section=FLEET, multiple=True, metavar="HOST",
        help="Only these hosts: a name, a pattern such as web-*, or tag:NAME. Repeatable.",
        shell_complete=completion.hosts,
    ),
    Option(
        "--connect-timeout", section=FLEET, type=_SECONDS, metavar="SECONDS",
        default=CONNECT_TIMEOUT, show_default=True, help="Time to connect to a host.",
    ),
    Option(
        "--read-timeout", section=FLEET, type=_SECONDS, metavar="SECONDS",
        default=READ_TIMEOUT, show_default=True, help="Time for each complete answer.",
    ),
    Option("--reveal", section=FLEET, is_flag=True, help="Show secrets, which are left out otherwise."),
)  # fmt: skip
"""The options of every command that asks a fleet. Without any it is the host that the docker CLI would ask."""

SIZE: Final = Option("--size", is_flag=True, help="Ask for the sizes of containers too, which is slow.")
INSPECT: Final = Option("--inspect", is_flag=True, help="Inspect every container, for the rules that need it.")
MIN_SCORE: Final = Option(
    "--min-score", type=click.FloatRange(0, 100), metavar="SCORE",
    help="End with status 4 if the score of the fleet is lower.",
)  # fmt: skip
FAIL_ON: Final = Option(
    "--fail-on", type=choice(*SEVERITIES), help="End with status 4 if there are findings this severe, or more."
)

AUDIT: Final = (
    INSPECT,
    Option("--severity", type=choice(*SEVERITIES), help="Only findings this severe, or more."),
    Option(
        "--rule", multiple=True, metavar="RULE", help="Only findings of this rule. Repeatable.",
        shell_complete=completion.rules,
    ),
    Option("--suppressed", is_flag=True, help="Show findings that the fleet file suppresses too."),
    FAIL_ON,
    MIN_SCORE,
    Option(
        "--output", "-o", section=ROWS, type=choice(*OUTPUTS, "sarif", "junit"), default="table",
        help="As for other commands; sarif and junit for systems that run checks.",
    ),
    *SHAPE[1:],
)  # fmt: skip

REPORT: Final = (
    Option("--out", type=_FOLDER, required=True, help="Folder in which a new folder, named by the UTC time, is made."),
    Option(
        "--format", "formats", default="parquet", show_default=True,
        help="Formats, with commas between them: parquet, csv, json, html.",
    ),
    SIZE,
    INSPECT,
    Option("--scheduler", metavar="URL", help="Let the workers of a Dask cluster ask the hosts (extra distributed)."),
    Option("--geo", type=_FILE, help="MaxMind City database, to locate hosts (extra geo)."),
    Option("--since", help="Add what changed since the folder of an earlier report, or since the `last` in --out."),
    Option("--save", metavar="STORE", help="Also append to a history: a folder or URL (extra history)."),
    Option("--metrics", type=_FILE, help="Write figures for Prometheus into this file."),
    FAIL_ON,
    Option("--quiet", "-q", is_flag=True, help="Print what changed, with --since, and nothing else."),
)  # fmt: skip

HISTORY: Final = (
    Argument("store", about="Folder or URL of a history, as `report --save` makes it."),
    Option("--table", help="Rows of this table over time, instead of the list of snapshots."),
    Option("--since", metavar="TIME", help="Only snapshots since a time (2026-11-24T06:00) or a duration (7d, 12h)."),
    *SHAPE,
)

DIFF: Final = (
    Argument("before", type=_FOLDER, about="Folder of an earlier snapshot, as `report` makes it."),
    Argument("after", type=_FOLDER, required=False, about="Folder of a later one; without it the fleet is asked."),
    *SHAPE,
)

WATCH: Final = (
    Option(
        "--output", "-o", section=ROWS, type=choice("table", "jsonl"), default="table",
        help="table: one line per difference, for people; jsonl: one object per line, for programs.",
    ),
)  # fmt: skip

EXPLAIN: Final = (
    Argument(
        "name", about="An alias, a container, a host name that is served, or a host.", shell_complete=completion.names
    ),
)

IMPACT: Final = (
    Argument("name", about="A container: its name, or the beginning of its id.", shell_complete=completion.containers),
    *SHAPE,
)

START_ORDER: Final = (Argument("project", about="A Compose project.", shell_complete=completion.projects), *SHAPE)

FREE_PORTS: Final = (
    Argument("on_host", metavar="HOST", about="A host of the fleet.", shell_complete=completion.hosts),
    Option(
        "--from", "first", type=click.IntRange(1, 65535), metavar="PORT", default=8000, show_default=True,
        help="The first port to offer.",
    ),
    Option(
        "--count", type=click.IntRange(min=1), metavar="N", default=5, show_default=True,
        help="How many free ports to offer.",
    ),
    Option(
        "--type", "protocol", type=choice("tcp", "udp", "sctp"), default="tcp", show_default=True,
        help="The protocol of the free ports.",
    ),
    *SHAPE,
)  # fmt: skip

SQL: Final = (
    Argument("query", about='A query, such as "select host, count(*) from containers group by host".'),
    INSPECT,
    *SHAPE,
)

DOCTOR: Final = (
    Argument(
        "names", metavar="HOST", nargs=-1, shell_complete=completion.hosts,
        about="Names of hosts, patterns such as web-*, or tag:NAME; all hosts without any.",
    ),
    *SHAPE,
)  # fmt: skip

VIEW: Final = (Option("--print", "printed", is_flag=True, help="Write the notebook to standard output instead."),)
DEMO: Final = (
    Option("--out", type=_FOLDER, help="Write a report of it into this folder too."),
    Option("--format", "formats", default="parquet,csv,html", show_default=True, help="Formats of that report."),
)
COMPLETION: Final = (Argument("shell", type=choice("bash", "zsh", "fish"), about="bash, zsh or fish."),)
