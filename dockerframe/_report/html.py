"""HTML of the overview and the report: one page without scripts or external requests, with all values escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.diff import summary
from dockerframe._report.listings import listing
from dockerframe._report.overview import overview
from dockerframe._text import shown_text, visible_text
from dockerframe.errors import MissingExtraError
from dockerframe.tables import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jinja2 import Environment


_MOST_ROWS: Final = 2_000
_MOST_PROJECTS: Final = 6
_OPEN: Final = ("findings", "hosts")
_LONGEST_CELL: Final = 300


def overview_html(tables: Mapping[str, pl.DataFrame], findings: pl.DataFrame, taken_at: datetime) -> str:
    """The overview of a fleet for a page: figures, one bar per host, errors of hosts.

    Parameters
    ----------
    tables
        The tables of a snapshot.
    findings
        The findings of its audit.
    taken_at
        The time of the snapshot.
    """
    return _rendered("overview.html", **_overview_values(tables, findings, taken_at))


def report_html(
    tables: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    rules: pl.DataFrame,
    taken_at: datetime,
    differences: pl.DataFrame | None = None,
) -> str:
    """The complete report as one page: overview, charts (with the extra `plots`), changes, findings and tables.

    Tables are limited to 2,000 rows, with a note; the files next to the report have all rows.

    Parameters
    ----------
    tables
        The tables of a snapshot.
    findings, rules
        The results of its audit.
    taken_at
        The time of the snapshot.
    differences
        What changed since an earlier snapshot; None without one.
    """
    shown = {**tables, "findings": findings}
    sections = [_section(shown, name) for name, table in REGISTRY.items() if table.in_report and name in shown]
    changed = None
    if differences is not None:
        changed = {
            "summary": summary(differences),
            **_rows("differences", listing({**shown, "differences": differences}, "differences")),
        }
    skipped = rules.filter(~pl.col("ran")).select("rule", "reason").rows()
    return _rendered(
        "report.html",
        **_overview_values(tables, findings, taken_at),
        charts=_charts(tables, findings, taken_at),
        sections=sections,
        changed=changed,
        skipped=skipped,
    )


def _overview_values(tables: Mapping[str, pl.DataFrame], findings: pl.DataFrame, taken_at: datetime) -> dict[str, Any]:
    failed = tables["hosts"].filter(~pl.col("ok")).select("host", "error_kind", "error").rows()
    taken = f"{taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return {"overview": overview(tables, findings), "failed": failed, "taken": taken}


def _section(tables: Mapping[str, pl.DataFrame], name: str) -> dict[str, Any]:
    return _rows(name, listing(tables, name)) | {"open": name in _OPEN}


def _rows(name: str, frame: pl.DataFrame) -> dict[str, Any]:
    shown = frame.head(_MOST_ROWS)
    return {
        "name": name,
        "total": frame.height,
        "cut": frame.height > shown.height,
        "columns": [(heading, dtype.is_numeric()) for heading, dtype in frame.schema.items()],
        "rows": [[shown_text(value)[:_LONGEST_CELL] for value in row] for row in shown.iter_rows()],
    }


def _charts(tables: Mapping[str, pl.DataFrame], findings: pl.DataFrame, taken_at: datetime) -> list[str]:
    """Charts as SVG; an empty list without the extra `plots`."""
    try:
        from dockerframe import plots  # noqa: PLC0415 - an extra, and slow to import
    except MissingExtraError:
        return []
    charts = [plots.containers_by_host(tables["containers"])] if tables["containers"].height else []
    charts += [plots.findings_by_rule(findings)] if findings.height else []
    charts += [plots.port_map(tables["ports"])] if tables["ports"]["public_port"].count() else []
    is_dated = tables["containers"]["created"].count() > 0
    charts += [plots.container_ages(tables["containers"], taken_at)] if is_dated else []
    charts += [
        plots.dependency_graph(tables["containers"], tables["dependencies"], project, host)
        for host, project in _linked_projects(tables)
    ]
    return [plots.svg(chart) for chart in charts]


def _linked_projects(tables: Mapping[str, pl.DataFrame]) -> list[tuple[str, str]]:
    """The projects with the most dependencies between their containers, each with its host."""
    members = tables["containers"].select(*KEYS, "compose_project").drop_nulls("compose_project")
    edges = tables["dependencies"].drop_nulls("resolved_id").join(members, on=KEYS)
    counted = edges.group_by("host", "compose_project").len()
    most = counted.sort("len", "host", "compose_project", descending=[True, False, False]).head(_MOST_PROJECTS)
    return most.select("host", "compose_project").rows()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only needed for HTML

    environment = Environment(
        loader=PackageLoader("dockerframe._report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = (files("dockerframe._report") / "templates" / "style.css").read_text(
        encoding="utf-8"
    )
    return environment


def _visible(value: object) -> object:
    """A value that is put into a page, with text made visible; markup of our own stays as it is."""
    return "\n".join(map(visible_text, value.split("\n"))) if type(value) is str else value


def _rendered(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)
