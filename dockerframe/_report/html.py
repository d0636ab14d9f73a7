"""HTML of an overview and of a whole report: one text without scripts, that fetches nothing, all values escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe._queries.diff import said
from dockerframe._report.listings import listing
from dockerframe._report.overview import overview
from dockerframe._text import shown_text, visible_text
from dockerframe.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Environment

    from dockerframe._snapshot.tables import SnapshotTables

_MOST_ROWS: Final = 2_000
_MOST_PROJECTS: Final = 6
_OPEN: Final = ("findings", "hosts")
_SECTIONS: Final = ("findings", "hosts", "containers", "routes", "ports", "dependencies", "errors")
_LONGEST_CELL: Final = 300


def overview_html(snapshot: SnapshotTables, findings: pl.DataFrame) -> str:
    """The overview of a fleet, to be put into a page: figures, a bar a host, why hosts failed."""
    return _rendered("overview.html", **_overview_values(snapshot, findings))


def report_html(
    snapshot: SnapshotTables, findings: pl.DataFrame, rules: pl.DataFrame, differences: pl.DataFrame | None = None
) -> str:
    """The whole report as one page: overview, pictures (with the extra `plots`), what changed, findings and tables.

    Tables are cut at 2,000 rows, and say so: the files beside the report hold all.
    """
    tables = {**snapshot.tables, "findings": findings}
    sections = [_section(tables, name) for name in _SECTIONS]
    changed = None
    if differences is not None:
        changed = {
            "said": said(differences),
            **_rows("differences", listing({**tables, "differences": differences}, "differences")),
        }
    skipped = rules.filter(~pl.col("ran")).select("rule", "reason").rows()
    return _rendered(
        "report.html",
        **_overview_values(snapshot, findings),
        pictures=_pictures(snapshot, findings),
        sections=sections,
        changed=changed,
        skipped=skipped,
    )


def _overview_values(snapshot: SnapshotTables, findings: pl.DataFrame) -> dict[str, Any]:
    failed = snapshot.hosts.filter(~pl.col("ok")).select("host", "error_kind", "error").rows()
    taken = f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return {"overview": overview(snapshot.tables, findings), "failed": failed, "taken": taken}


def _section(tables: dict[str, pl.DataFrame], name: str) -> dict[str, Any]:
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


def _pictures(snapshot: SnapshotTables, findings: pl.DataFrame) -> list[str]:
    """Pictures as SVG; none without the extra `plots`."""
    try:
        from dockerframe import plots  # noqa: PLC0415 - an extra, and slow to import
    except MissingExtraError:
        return []
    charts = [plots.containers_by_host(snapshot.containers)] if snapshot.containers.height else []
    charts += [plots.findings_by_rule(findings)] if findings.height else []
    charts += [plots.port_map(snapshot.ports)] if snapshot.ports["public_port"].count() else []
    is_dated = snapshot.containers["created"].count() > 0
    charts += [plots.container_ages(snapshot.containers, snapshot.taken_at)] if is_dated else []
    charts += [
        plots.dependency_graph(snapshot.containers, snapshot.dependencies, project, host)
        for host, project in _linked_projects(snapshot)
    ]
    return [plots.svg(chart) for chart in charts]


def _linked_projects(snapshot: SnapshotTables) -> list[tuple[str, str]]:
    """The projects with the most dependencies among their containers, each with its host."""
    members = snapshot.containers.select(*KEYS, "compose_project").drop_nulls("compose_project")
    edges = snapshot.dependencies.drop_nulls("resolved_id").join(members, on=KEYS)
    counted = edges.group_by("host", "compose_project").len()
    most = counted.sort("len", "host", "compose_project", descending=[True, False, False]).head(_MOST_PROJECTS)
    return most.select("host", "compose_project").rows()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only for who writes HTML

    made = Environment(
        loader=PackageLoader("dockerframe._report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = (files("dockerframe._report") / "templates" / "style.css").read_text(encoding="utf-8")
    return made


def _visible(value: object) -> object:
    """A value that is put into a page, with text made visible; markup of our own stays as it is."""
    return "\n".join(map(visible_text, value.split("\n"))) if type(value) is str else value


def _rendered(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)
