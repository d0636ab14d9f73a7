"""Reference pages made from the code: tables, rules, kinds of errors, the command line, the public names."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import mkdocs_gen_files

import dockerframe as dkf
from dockerframe import plots, testing
from dockerframe.cli.commands import all_commands
from dockerframe.schemas import (
    CHANGES,
    DIFFERENCES,
    ERROR_KINDS,
    FINDINGS,
    INSPECTIONS,
    LABEL_ERROR_KINDS,
    RULES,
    SEVERITIES,
    TABLES,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockerframe.schemas import Table


def write(page: str, *lines: str) -> None:
    with mkdocs_gen_files.open(f"reference/{page}.md", "w") as file:
        file.write("\n".join(lines) + "\n")


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def table_section(table: Table) -> list[str]:
    rows = [f"| `{one.name}` | `{cell(one.dtype)}` | {cell(one.meaning)} |" for one in table.columns]
    key = ", ".join(f"`{name}`" for name in table.key)
    head = ["| column | type | meaning |", "| --- | --- | --- |"]
    return [f"## {table.name}", "", f"One row is {table.row}. What tells rows apart: {key}.", "", *head, *rows, ""]


def kinds(title: str, described: Mapping[str, str], more: str) -> list[str]:
    head = [f"## {title}", "", more, "", "| kind | meaning |", "| --- | --- |"]
    return [*head, *(f"| `{kind}` | {cell(meaning)} |" for kind, meaning in described.items()), ""]


def objects(names: Iterable[object]) -> list[str]:
    return [line for one in names for line in (f"::: {one.__module__}.{one.__qualname__}", "")]  # type: ignore[attr-defined]


def tables_page() -> None:
    intro = (
        "Every table is a `polars.DataFrame` with a fixed schema: an empty fleet has the columns and types of a full"
        " one. Times are UTC, sizes bytes."
    )
    listed = [*TABLES.values(), INSPECTIONS, FINDINGS, RULES, DIFFERENCES]
    write("tables", "# Tables", "", intro, "", *(line for table in listed for line in table_section(table)))


def rules_page() -> None:
    lines = ["# Rules of the audit", "", f"Severities, mildest first: {', '.join(SEVERITIES)}.", ""]
    for one in dkf.BUILTIN_RULES:
        needs = ["Needs inspections: `snapshot(inspect=True)`, or `--inspect`.", ""] if one.needs_inspections else []
        explanation = [one.explanation, ""] if one.explanation else []
        lines += [
            f"## {one.id}", "", f"**{one.severity}** · {one.title}", "", *explanation, *needs,
            f"Remedy: {one.remedy}", "", f"Source: {one.source}.", "",
        ]  # fmt: skip
    write("rules", *lines)


def errors_page() -> None:
    write(
        "errors",
        "# Kinds of errors and changes",
        "",
        *kinds("Hosts", ERROR_KINDS, "The values of `hosts.error_kind`."),
        *kinds("Labels and containers", LABEL_ERROR_KINDS, "The values of `errors.kind`."),
        *kinds("Differences", CHANGES, "The values of `differences.change`."),
        "## Exceptions",
        "",
        "All are of one family; each message says how to mend it.",
        "",
        *objects([dkf.DockerframeError, dkf.ConfigurationError, dkf.HostError, dkf.GatherError, dkf.SnapshotError]),
        *objects([dkf.AuditError, dkf.HistoryError, dkf.MissingExtraError]),
    )


def command_line_page() -> None:
    lines = ["# Command line", ""]
    for command in ("", *(str(command.name) for command in all_commands())):
        done = subprocess.run(
            [sys.executable, "-m", "dockerframe", *([command] if command else []), "--help"],
            capture_output=True,
            check=True,
            env={**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"},
        )
        title = f"dockerframe {command}".strip()
        lines += [f"## {title}", "", "```text", done.stdout.decode().strip(), "```", ""]
    write("command-line", *lines)


def api_pages() -> None:
    public = [getattr(dkf, name) for name in dkf.__all__ if not name.startswith("_")]
    functions = [one for one in public if inspect.isfunction(one)]
    expressions = [one for one in functions if one.__module__.startswith("dockerframe._derive")]
    others = [one for one in functions if one not in expressions]
    classes = [one for one in public if inspect.isclass(one) and not issubclass(one, Exception)]
    write("api", "# Fleets, snapshots, clients", "", *objects(classes), *objects(others))
    intro = "Each gives an expression, or a frame from a frame; all of them hang on frames as `frame.docker`."
    write("expressions", "# Expressions and derived frames", "", intro, "", *objects(expressions))
    write(
        "plots",
        "# Pictures",
        "",
        inspect.getdoc(plots) or "",
        "",
        *objects(getattr(plots, one) for one in plots.__all__),
    )
    named = (getattr(testing, one) for one in ("recorded", "configuration", "scrubber", "teach", "taking_turns"))
    write("testing", "# Testing", "", inspect.getdoc(testing) or "", "", *objects(named))


tables_page()
rules_page()
errors_page()
command_line_page()
api_pages()
