"""Findings in the formats that code scanning and continuous integration read: SARIF and JUnit.

Names and messages come from containers. They are texts for people, so both formats have them without characters that
steer their reader. The name of a host becomes a relative URI reference: it is never a link to somewhere else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from dockerframe._text import shown_lines, shown_text, visible_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
# GitHub's code scanning reads the severity of a security finding from 0 to 10.
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "3.0", "info": "1.0"}
_FLEET: Final = "fleet"
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: pl.DataFrame, rules: pl.DataFrame) -> str:
    """Findings as SARIF 2.1.0, each at the logical location `host/container`; suppressed ones are marked.

    `findings` and `rules` are the tables with these names.
    """
    described = {row["rule"]: row for row in rules.iter_rows(named=True)}
    for row in findings.iter_rows(named=True):
        described.setdefault(row["rule"], {**row, "title": row["message"], "source": "dockerframe", "ran": True})
    index = {rule: number for number, rule in enumerate(described)}
    run = {
        "tool": {
            "driver": {
                "name": "dockerframe",
                "rules": [_sarif_rule(row) for row in described.values()],
            }
        },
        "results": [_sarif_result(row, index) for row in findings.iter_rows(named=True)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def junit(findings: pl.DataFrame, rules: pl.DataFrame, unknown: pl.DataFrame | None = None) -> str:
    """Findings as JUnit XML: a test suite per rule, a failed test per finding, a passed one where it found nothing.

    A rule that did not run is a skipped test, and so is a host for which its result is unknown (the table `unknown`).
    """
    suites = ET.Element("testsuites", name="dockerframe audit", failures=str(findings.height))
    by_rule = findings.partition_by("rule", as_dict=True, maintain_order=True)
    not_known = {} if unknown is None else unknown.partition_by("rule", as_dict=True, maintain_order=True)
    listed = dict(rules.select("rule", "reason").iter_rows())
    names = [*listed, *(rule for (rule,) in by_rule if rule not in listed)]
    for name in names:
        suite = ET.SubElement(suites, "testsuite", name=shown_text(name))
        found = by_rule.get((name,), findings.clear())
        for row in found.iter_rows(named=True):
            case = ET.SubElement(suite, "testcase", name=_place(row), classname=shown_text(name))
            failure = ET.SubElement(case, "failure", message=shown_text(row["message"]), type=row["severity"])
            failure.text = shown_lines(f"{row['evidence']}\n{row['remedy']}")
        if listed.get(name) is not None:
            _skipped(suite, "whole fleet", name, listed[name])
        elif (name,) in not_known:
            for host, reason in not_known[name,].select("host", "reason").iter_rows():
                _skipped(suite, host, name, reason)
        if not len(suite):
            ET.SubElement(suite, "testcase", name="whole fleet", classname=shown_text(name))
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(found.height))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)


def _skipped(suite: ET.Element, name: str, rule: str, reason: str) -> None:
    case = ET.SubElement(suite, "testcase", name=shown_text(name), classname=shown_text(rule))
    ET.SubElement(case, "skipped", message=shown_text(reason))


def _sarif_rule(row: Mapping[str, Any]) -> dict[str, Any]:
    severity = row["severity"]
    return {
        "id": shown_text(row["rule"]),
        "shortDescription": {"text": shown_text(row["title"])},
        "help": {"text": shown_text(f"Source: {row['source']}")},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"security-severity": _SCORES[severity], "tags": [severity, *_tags(row)]},
    }


def _tags(row: Mapping[str, Any]) -> list[str]:
    """The checks of the CIS Docker Benchmark, as code scanning filters by them."""
    return [f"external/cis-docker/{check}" for check in row.get("cis") or ()]


def _sarif_result(row: Mapping[str, Any], index: Mapping[str, int]) -> dict[str, Any]:
    place = _place(row)
    result = {
        "ruleId": shown_text(row["rule"]),
        "ruleIndex": index[row["rule"]],
        "level": _LEVELS[row["severity"]],
        "message": {"text": shown_lines(f"{place}: {row['message']} {row['remedy']}")},
        "locations": [
            {
                # Code scanning requires a file: it gets the host.
                "physicalLocation": {"artifactLocation": {"uri": host_uri(row["host"])}},
                "logicalLocations": [{"fullyQualifiedName": place, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding": visible_text(f"{row['rule']}|{place}|{row['evidence']}")},
        "properties": {"evidence": shown_lines(row["evidence"])},
    }
    if row["suppressed"] is not None:
        result["suppressions"] = [{"kind": "external", "justification": shown_text(row["suppressed"])}]
    return result


def host_uri(host: str | None) -> str:
    """The name of a host as a relative URI reference of one segment, `fleet` without a host.

    Examples
    --------
    >>> host_uri("edge"), host_uri("agent://10.0.0.5:8890"), host_uri("javascript:alert(1)"), host_uri("..")
    ('edge', 'agent%3A%2F%2F10.0.0.5%3A8890', 'javascript%3Aalert%281%29', 'host-..')
    """
    if not host:
        return _FLEET
    encoded = quote(host, safe="", errors="replace")
    # A segment of dots is a folder relative to another one.
    return encoded if encoded.strip(".") else f"host-{encoded}"


def _place(row: Mapping[str, Any]) -> str:
    return shown_text("/".join(part for part in (row["host"], row["container_name"]) if part) or _FLEET)
