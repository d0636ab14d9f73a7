"""Charts of fleets with hostile text."""

from __future__ import annotations

import json
import string

import pytest

import dockerframe as dkf
from dockerframe import plots
from tests.summaries import snapshot_of, summary

# XML cannot contain most of these characters; one of them makes the renderer abort the process.
HOSTILE = "".join(map(chr, range(32))) + "\x7f\ufffe\uffff<b>&amp;" + string.punctuation


@pytest.fixture
def snap() -> dkf.Snapshot:
    project = {"com.docker.compose.project": HOSTILE}
    return snapshot_of(
        summary(Id="1", Names=[f"/{HOSTILE}"], State=HOSTILE, Image=HOSTILE, Labels=project),
        summary(Id="2", Names=["/other"], Labels={**project, "proxy.depends_on": "db"}),
        summary(Id="3", Names=["/db"], Labels=project, Ports=[{"PrivatePort": 80, "PublicPort": 80, "IP": HOSTILE}]),
    )


def test_hostile_text_does_not_break_charts(snap: dkf.Snapshot) -> None:
    charts = [
        plots.containers_by_host(snap.containers),
        plots.port_map(snap.ports),
        plots.findings_by_rule(snap.findings()),
        plots.container_ages(snap.containers, snap.taken_at),
        plots.dependency_graph(snap.containers, snap.dependencies, HOSTILE),
    ]
    for chart in charts:
        described = json.dumps(chart.to_dict(), ensure_ascii=False)
        # If this fails, the next line would abort the process.
        assert "\\u0000" not in described
        assert "\ufffe" not in described
        assert plots.svg(chart).startswith("<svg")
    assert "<b>" not in "".join(map(plots.svg, charts))
