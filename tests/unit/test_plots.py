"""Pictures of fleets whose containers say what they like."""

from __future__ import annotations

import json
import string

import pytest

import dockerframe as dkf
from dockerframe import plots
from tests.summaries import snapshot_of, summary

# XML has no place for most of them, and what draws the pictures aborts the process at one.
HOSTILE = "".join(map(chr, range(32))) + "\x7f\ufffe\uffff<b>&amp;" + string.punctuation


@pytest.fixture
def snap() -> dkf.Snapshot:
    project = {"com.docker.compose.project": HOSTILE}
    return snapshot_of(
        summary(Id="1", Names=[f"/{HOSTILE}"], State=HOSTILE, Image=HOSTILE, Labels=project),
        summary(Id="2", Names=["/other"], Labels={**project, "proxy.depends_on": "db"}),
        summary(Id="3", Names=["/db"], Labels=project, Ports=[{"PrivatePort": 80, "PublicPort": 80, "IP": HOSTILE}]),
    )


def test_no_text_of_a_container_keeps_a_picture_from_being_drawn(snap: dkf.Snapshot) -> None:
    charts = [
        plots.containers_by_host(snap.containers),
        plots.port_map(snap.ports),
        plots.findings_by_rule(snap.findings()),
        plots.container_ages(snap.containers, snap.taken_at),
        plots.dependency_graph(snap.containers, snap.dependencies, HOSTILE),
    ]
    for chart in charts:
        described = json.dumps(chart.to_dict(), ensure_ascii=False)
        # Where this fails the next line would take the process with it.
        assert "\\u0000" not in described
        assert "\ufffe" not in described
        assert plots.svg(chart).startswith("<svg")
    assert "<b>" not in "".join(map(plots.svg, charts))
