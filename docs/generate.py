"""Reference pages generated from the code: tables, rules, errors, redaction, the command line, the API."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import mkdocs_gen_files

import dockerframe as dkf
from dockerframe import plots, testing
from dockerframe._redaction import RECOGNISED, REDACTED, TEXT_LIMIT
from dockerframe.audit import score
from dockerframe.cli.app import app
from dockerframe.schemas import CHANGES, ERROR_KINDS, LABEL_ERROR_KINDS, SEVERITIES
from dockerframe.tables import OPTIONAL_TABLES, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dockerframe._redaction import SecretColumns
    from dockerframe.tables import Table

COMMANDS: Final = tuple(app.list_commands(click.Context(app)))
LABELS: Final = Path(__file__).parent / "reference" / "labels.md"
# Headings of the API page, each with the modules whose public names stand under it.
API_SECTIONS: Final = {
    "Fleets": ("dockerframe._fleet",),
    "Snapshots": ("dockerframe._snapshot.snapshot", "dockerframe._snapshot.build", "dockerframe._queries"),
    "Histories and pieces": ("dockerframe._snapshot",),
    "Views": ("dockerframe._views",),
    "Reverse proxies": ("dockerframe._derive.exposures",),
    "Audit": ("dockerframe.audit", "dockerframe._config.audit_settings"),
    "Hosts and clients": ("dockerframe._config", "dockerframe._transport"),
}
REST: Final = "Constants and types"


def write(page: str, *lines: str) -> None:
    with mkdocs_gen_files.open(f"reference/{page}.md", "w") as file:
        file.write("\n".join(lines) + "\n")


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def anchors() -> dict[str, str]:
    """The anchor of each numbered section of the label specification, by its number."""
    headings = re.findall(
        r"^#+ +((?:Section +)?(\d+(?:\.\d+)*)\b.*)$", LABELS.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {number: anchor(heading) for heading, number in headings}


def anchor(heading: str) -> str:
    """The id of a heading: the one it declares, else the one that Markdown gives it."""
    declared = re.search(r"\{[^}]*#([\w-]+)[^}]*\}", heading)
    text = re.sub(r"[^\w\s-]", "", heading).strip().lower()
    return declared[1] if declared else re.sub(r"[-\s]+", "-", text)


SECTIONS: Final = anchors()


def linked(text: str) -> str:
    """A text in which `labels.md, section N` is a link to that section."""

    def link(match: re.Match[str]) -> str:
        section = SECTIONS.get(match[1]) or SECTIONS.get(match[1].partition(".")[0])
        return f"[{match[0]}](labels.md#{section})" if section else match[0]

    return re.sub(r"labels\.md, section (\d+(?:\.\d+)*)", link, text)


def table_section(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", f"Each row is {table.row}.", "")
    yield f"- Key: {code(table.key)}"
    yield f"- Source: {table.source if ' ' in table.source else f'`{table.source}`'}"
    yield f"- Listed for people: {', '.join(column.heading for column in table.listing)}"
    if table.name in OPTIONAL_TABLES:
        yield f"- Only with `snapshot({table.option}=True)`"
    command = table.name.replace("_", "-")
    if command in COMMANDS:
        yield f"- Command: [`dockerframe {command}`](command-line.md#dockerframe-{command})"
    yield from ("", "| column | type | meaning |", "| --- | --- | --- |")
    for column in table.columns:
        yield f"| `{column.name}` | `{cell(column.dtype)}` | {linked(cell(column.meaning))} |"
    yield ""


def tables_page() -> None:
    intro = (
        "Every table is a `polars.DataFrame` with a fixed schema: an empty fleet has the columns and types of a full"
        " one. Times are UTC, sizes are bytes."
    )
    write("tables", "# Tables", "", intro, "", *(line for table in REGISTRY.values() for line in table_section(table)))


def score_formula() -> str:
    """The section of the module's docstring below its underlined title."""
    return (inspect.getdoc(score) or "").partition("-----------\n")[2]


def rules_page() -> None:
    severities = f"Severities, mildest first: {', '.join(SEVERITIES)}."
    judged = "If a rule sets the severity of each finding, this page shows the most severe one."
    more = "[Rules](../how-to/rules.md) describes how to add, switch off and suppress rules."
    lines = ["# Rules of the audit", "", f"{severities} {judged} {more}", "", "## The score", "", score_formula(), ""]
    for rule in dkf.BUILTIN_RULES:
        needs = [f"Needs the table `{name}`; without it the result is unknown." for name in rule.needs]
        checks = [f"CIS Docker Benchmark: {', '.join(rule.cis)}."] if rule.cis else []
        explanation = [linked(rule.explanation), ""] if rule.explanation else []
        lines += [
            f"## {rule.id}", "", f"**{rule.severity}** · {linked(rule.title)}", "", *explanation,
            *(line for text in (*needs, *checks) for line in (text, "")),
            f"How to fix it: {linked(rule.remedy)}", "", f"Source: {linked(rule.source)}", "",
        ]  # fmt: skip
    write("rules", *lines)


def kinds(title: str, described: Mapping[str, str], more: str) -> list[str]:
    head = [f"## {title}", "", more, "", "| kind | meaning |", "| --- | --- |"]
    return [*head, *(f"| `{kind}` | {cell(meaning)} |" for kind, meaning in described.items()), ""]


def directives(module: str, names: Iterable[str]) -> list[str]:
    """Names of a module for mkdocstrings."""
    return [line for name in names for line in (f"::: {module}.{name}", "")]


def is_exception(name: str) -> bool:
    value = getattr(dkf, name)
    return inspect.isclass(value) and issubclass(value, Exception)


def errors_page() -> None:
    exceptions = sorted(filter(is_exception, dkf.__all__), key=lambda name: (name != "DockerframeError", name))
    write(
        "errors",
        "# Errors and changes",
        "",
        *kinds("Hosts", ERROR_KINDS, "The values of `hosts.error_kind`."),
        *kinds("Labels and containers", LABEL_ERROR_KINDS, "The values of `errors.kind`."),
        *kinds("Differences", CHANGES, "The values of `differences.change`."),
        "## Exceptions",
        "",
        "All exceptions derive from `DockerframeError`. Each message says how to fix the problem.",
        "",
        *directives("dockerframe", exceptions),
    )


def searched(secrets: SecretColumns | None) -> str:
    """The columns of a table that are searched for secrets."""
    if secrets is None:
        return "all columns of text"
    by_name = [f"`{value}`, by the name in `{name}`" for name, value in secrets.values]
    return "; ".join((*(f"`{name}`" for name in (*secrets.texts, *secrets.maps)), *by_name))


def redaction_page() -> None:
    tables = {table.name: searched(table.secrets) for table in REGISTRY.values()}
    write(
        "redaction",
        "# Redaction",
        "",
        f"Everything that is shown or written has `{REDACTED}` in place of each secret, unless you ask for secrets with"
        " `reveal=True` or `--reveal`. The text around a secret stays. `Snapshot.redacted()` gives the same tables in"
        " Python; the tables of a snapshot in memory are complete.",
        "",
        "## What is recognised",
        "",
        "| kind | what is replaced |",
        "| --- | --- |",
        *(f"| {kind} | {cell(meaning)} |" for kind, meaning in RECOGNISED.items()),
        "",
        "Values that cannot be a secret stay, also under a secret name: booleans, names of variables such as"
        " `$DB_PASSWORD`, and paths such as `/run/secrets/db`.",
        "",
        f"Of each text the first {TEXT_LIMIT:,} characters are searched. The rest is never shown.",
        "",
        "## What is not recognised",
        "",
        "A secret without a telling name, shape or option, such as `login bob hunter2`. Put secrets into files or"
        " Docker secrets instead of labels and commands.",
        "",
        "## Columns that are searched",
        "",
        "Other columns hold names, paths, addresses, numbers and states. They are shown as they are.",
        "",
        "| table | columns |",
        "| --- | --- |",
        *(f"| [{name}](tables.md#{name}) | {columns} |" for name, columns in tables.items() if columns),
        "",
    )


def command_line_page() -> None:
    lines = ["# Command line", ""]
    for command in ("", *COMMANDS):
        done = subprocess.run(
            [sys.executable, "-m", "dockerframe", *([command] if command else []), "--help"],
            capture_output=True,
            check=True,
            env={**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"},
        )
        title = f"dockerframe {command}".strip()
        lines += [f"## {title}", "", "```text", done.stdout.decode().strip(), "```", ""]
    write("command-line", *lines)


def section_of(name: str) -> str:
    """The heading of the API page that a public name belongs to."""
    value = getattr(dkf, name)
    module = getattr(value, "__module__", "")
    is_documented = inspect.isclass(value) or inspect.isroutine(value)
    matching = (
        heading
        for heading, prefixes in API_SECTIONS.items()
        if is_documented and any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)
    )
    return next(matching, REST)


def api_pages() -> None:
    elsewhere = {*dkf.expr.__all__, "expr", "tables", *filter(is_exception, dkf.__all__)}
    names = [name for name in dkf.__all__ if not name.startswith("_") and name not in elsewhere]
    intro = (
        "The public names of `dockerframe`. [Expressions](expressions.md) are also in `dockerframe.expr`,"
        " [exceptions](errors.md#exceptions) in `dockerframe.errors`, [tables](tables.md) in `dockerframe.tables`."
    )
    lines = ["# API", "", intro, ""]
    for heading in (*API_SECTIONS, REST):
        members = [name for name in names if section_of(name) == heading]
        lines += [f"## {heading}", "", *directives("dockerframe", members)] if members else []
    write("api", *lines)
    functions = [name for name in dkf.expr.__all__ if inspect.isfunction(getattr(dkf.expr, name))]
    intro = (
        "Each function returns an expression, or a frame for a frame. All of them are also methods of frames:"
        " `frame.docker.aliases()`."
    )
    write("expressions", "# Expressions", "", intro, "", *directives("dockerframe.expr", functions))
    write("plots", "# Charts", "", inspect.getdoc(plots) or "", "", *directives("dockerframe.plots", plots.__all__))
    write(
        "testing",
        "# Testing",
        "",
        inspect.getdoc(testing) or "",
        "",
        *directives("dockerframe.testing", testing.__all__),
    )


tables_page()
rules_page()
errors_page()
redaction_page()
command_line_page()
api_pages()
