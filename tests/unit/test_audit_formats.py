"""SARIF and JUnit of any findings are valid by their schemas, and have no text that steers what shows it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import polars as pl
import pytest
import xmlschema
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import dockerframe as dkf
from dockerframe.audit.formats import host_uri, junit, sarif
from dockerframe.schemas import SEVERITIES
from dockerframe.tables.findings import TABLE as FINDINGS
from tests.steering import steering_characters
from tests.summaries import summary

SCHEMAS = Path(__file__).parent.parent / "schemas"
SARIF = jsonschema.Draft7Validator(json.loads((SCHEMAS / "sarif.json").read_text()), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)  # fmt: skip
JUNIT = xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd"))
HOSTS = ["agent://10.0.0.5:8890", "10.0.0.5:8890", "two words", "javascript:alert(1)", "data:text/html,x", "..", ".", "a/b", "//evil", "%zz", "\x1b]8;;x\x07", "\u202e", "[", "é"]  # fmt: skip
RULES = dkf.from_summaries(b"[]").rules().head(3)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(HOSTS)


def findings_of(*rows: dict[str, object]) -> pl.DataFrame:
    defaults = {"host": "h", "container_id": "1", "container_name": "web", "rule": "r", "severity": "high",
                "message": "m", "evidence": "e", "remedy": "fix"}  # fmt: skip
    return pl.DataFrame([defaults | row for row in rows], schema=FINDINGS.schema)


def assert_valid(findings: pl.DataFrame, rules: pl.DataFrame) -> None:
    text, page = sarif(findings, rules), junit(findings, rules)
    SARIF.validate(json.loads(text))
    JUNIT.validate(page)
    assert steering_characters(text) == []
    assert steering_characters(page) == []
    assert steering_characters(json.loads(text)) == []


def test_the_demo_is_valid() -> None:
    audited = dkf.Fleet.demo().snapshot(progress=False).audit()
    assert audited.findings.height > 10
    assert_valid(audited.findings, audited.rules)


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_of_any_name_has_a_valid_relative_uri(host: str) -> None:
    rules = dkf.from_summaries([summary()]).rules()
    assert_valid(findings_of({"host": host}, {"host": None, "container_name": None}), rules)
    assert ":" not in host_uri(host)
    assert "/" not in host_uri(host)


def test_two_hosts_have_two_uris() -> None:
    assert len({host_uri(host) for host in HOSTS}) == len(HOSTS)


@settings(max_examples=50, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "host": st.none() | TEXTS,
                "container_name": st.none() | TEXTS,
                "severity": st.sampled_from(SEVERITIES),
                "message": TEXTS,
                "evidence": TEXTS,
                "remedy": TEXTS,
                "suppressed": st.none() | TEXTS,
            }
        ),
        max_size=4,
    )
)
def test_any_findings_are_valid(rows: list[dict[str, object]]) -> None:
    assert_valid(findings_of(*rows), RULES)
