"""The budget for foreign data: answers built to be as expensive as possible stay within it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dockerframe._budget import ERROR_ROWS, MEMORY_BYTES, MEMORY_PER_BYTE
from dockerframe._decode.density import Density, density

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="measures memory as Linux has it")

SIZE = 4 * 2**20
# Ten times what the worst answer takes on the machine where it was measured; before, it took 68.
SECONDS = 20.0
RETAINED_BYTES = 2**24

CONTAINER = '{"Id":"%d",'
INSIDE = {
    "elements": ("[", "]"),
    "ports": ('[{"Id":"1","Ports":[', "]}]"),
    "mounts": ('[{"Id":"1","Mounts":[', "]}]"),
    "names": ('[{"Id":"1","Names":[', "]}]"),
    "labels": ('[{"Id":"1","Labels":{', "}}]"),
    "networks": ('[{"Id":"1","NetworkSettings":{"Networks":{', "}}}]"),
    "unknown list": ('[{"Id":"1","X":[', "]}]"),
    "unknown object": ('[{"Id":"1","X":{', "}}]"),
    "keys": ('[{"Id":"1",', "}]"),
}
VALUES = ["{}", "[]", "1", "null", '""', "true", "1.5", "-1", '"é😀"', '"\\u00e9"', '"\\""', "[[]]", '{"a":{}}', "1e5", '"x%d"', '{"Id":"%d"}',
          '{"Id":"%d","Labels":7}', '{"Id":"%064d","Labels":7}', '{"Id":"%d","Created":"x"}', '{"Id":"1"}', '{"Id":"1","Labels":{"a":"b"}}',
          '{"Id":"%d","Ports":[{}]}', '{"Id":"%d","Ports":[{"PrivatePort":70000}]}', '{"PrivatePort":%d}', '{"Id":"%d","Names":["/aaaaaaaaaaaaa"]}',
          '{"Id":"%d","State":"running","Image":"nginx"}', '{"Id":"%d","Command":"' + "x" * 60 + '"}', '{"Id":"\\ud800%d"}', "1" * 5000, "9" * 50]  # fmt: skip
MEMBERS = [
    f'"{key}":{value}' for key in ("a", "%d", "k%d-long-enough-for-a-label") for value in VALUES if "%d" not in value
]
RECIPES = [
    {"prefix": prefix, "unit": unit, "suffix": suffix}
    for name, (prefix, suffix) in INSIDE.items()
    for unit in (MEMBERS if prefix.endswith(("{", ",")) else VALUES)
]


class Measuring:
    """A process that decodes answers; a new one where the last answer left memory behind that would be counted again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, recipe: dict[str, str]) -> dict[str, object]:
        process = self._process = self._process or subprocess.Popen(
            [sys.executable, "-m", "tests.properties.measured", str(SIZE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps(recipe), file=process.stdin, flush=True)
        answer = process.stdout.readline()
        assert answer, f"the process ended with {process.wait()} at {recipe}"
        taken: dict[str, object] = json.loads(answer)
        if taken["retained"] > RETAINED_BYTES:
            self.close()
        return taken

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
        self._process = None


@pytest.fixture(scope="module")
def measure() -> Iterator[Measuring]:
    measuring = Measuring()
    yield measuring
    measuring.close()


def assert_within_budget(taken: dict[str, object]) -> None:
    assert taken["seconds"] < SECONDS
    assert taken["bytes"] < MEMORY_BYTES + MEMORY_PER_BYTE * taken["size"]
    assert taken["errors"] <= ERROR_ROWS
    assert taken["good"] == 1
    assert taken["failure"].keys() <= {"bad"}
    if "bad" in taken["failure"]:
        assert taken["failure"]["bad"][0] in {"invalid_answer", "too_large"}


@pytest.mark.parametrize("inside", ["elements", "ports", "mounts", "labels", "networks", "names"])
def test_amplified_answers_are_refused_or_cut(measure: Measuring, inside: str) -> None:
    prefix, suffix = INSIDE[inside]
    for unit in ('"%d":{}', '"%d":""', '"a":{}') if prefix.endswith("{") else ("{}", "1", "null"):
        assert_within_budget(measure({"prefix": prefix, "unit": unit, "suffix": suffix}))


def test_many_broken_containers_are_one_row_in_a_few_seconds(measure: Measuring) -> None:
    unit = '{"Id":"' + "0" * 56 + '%d","Labels":7}'
    taken = measure({"prefix": "[", "unit": unit, "suffix": "]"})
    assert_within_budget(taken)
    assert (taken["errors"], taken["rows"]) == (1, 1)


@pytest.mark.timeout(900)
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(recipe=st.sampled_from(RECIPES), other=st.sampled_from(["", *VALUES]))
def test_any_repeated_value_is_within_the_budget(measure: Measuring, recipe: dict[str, str], other: str) -> None:
    joined = {**recipe, "unit": f"{recipe['unit']},{other}"} if other and recipe["prefix"].endswith("[") else recipe
    assert_within_budget(measure(joined))


@pytest.mark.parametrize(
    "text",
    [b"{" * 10**6, b"[{" * 10**6, b",," * 10**6, b'\\"' * 10**6, b"\\\\" * 10**6, b"\\" + b'"{' * 0 + b"u007b" * 10**6],
)
def test_the_text_of_a_label_does_not_count(text: bytes) -> None:
    body = b'[{"Id":"1","Labels":{"a":"' + text + b'"}}]'
    assert density(body)[0] is Density.plain


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 10**6, b'"' * 10**6, b"\\" * 10**6, b'{"a' * 10**6, b'"\\' * 10**6])
def test_texts_that_never_end_are_counted_in_linear_time(body: bytes) -> None:
    assert density(body)[0] in Density
