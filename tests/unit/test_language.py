"""All text files are written in plain, present-day English: none of the habits below is left."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".md", ".ipynb", ".html", ".js", ".yml", ".toml"}
# Recorded or generated data, the specification's own words, and this file.
DATA = (
    "cassettes/test_recorded/",
    "dockerframe/demo/answers/",
    "tests/fuzz/corpus/",
    "tests/real_fleets/fleets/",
    "docs/reference/labels.md",
    "tests/unit/test_language.py",
)

_THING = "(?:container|host|alias|label|rule|row|line|port|project|piece|binding|field|snapshot|column|number|value)"
_UNIT = "(?:row|bar|square|folder|file|request|inspection|entry|finding|fact|line|body|object|connection|chunk)"

# The habit as a regular expression, what to write, a sentence that has it, and one that is fine.
HABITS = {
    r"\bmend(?:s|ed|ing)?\b": ("fix", "how to mend it", "recommended"),
    r"\banew\b": ("again", "it is made anew", "a new one"),
    r"(?<![a-z])beside(?![a-z])": ("next to", "the file beside it", "besides"),
    r"(?<![a-z])(?:told|tells|said)(?![a-z])": ("reported, shows, describes", "is_told", "tell"),
    r"\bby (?:itself|themselves|himself)\b": ("on its own", "it ends by itself", "on its own"),
    r"(?<!all )(?<!both )(?<!hosts )(?<!several )\bat once\b": ("immediately, at the same time", "ends at once", "all at once"),
    r"\bwhoever\b": ("anyone who", "whoever starts it", "anyone who starts it"),
    r"\bhe (?:that|who)\b": ("anyone who", "he that starts it", "the host that"),
    r"\b(?:(?:those|ones) that|what|which) there (?:is|are|was|were)\b": (
        "the existing ones", "lists those that there are", "it shows that there are two",
    ),
    r"\b(?:is|are|was|were) none\b": ("is not one, does not exist", "where there is none", "value is None"),
    r"(?<!there )\b(?:is|are|was|were) no (?!\w+er\b|more\b|less\b|worse\b|different\b)": (
        "is not a", "it is no JSON object", "There is no host; it is no larger, and no longer up",
    ),
    r"\bcosts? (?:it|them|no other|(?:its|their) own|hardly|nothing|nobody)\b": (
        "affects only", "costs its own rows", "it costs 5 ms",
    ),
    r"\bno other's\b": ("only its own", "and no other's", "no other host"),
    rf"\b(?:one|a|each) {_UNIT} an? {_THING}\b": ("one … per …", "One row a host", "one row per host"),
    r"\blook(?:s|ed|ing)? into\b": ("see", "Look into the log", "look up"),
    r"\bnearly it\b": ("similar", "names that are nearly it", "nearly all"),
    r"\b(?:say|says) of\b": ("describes", "what it says of the host", "what it says"),
    r"\blet(?:s|ting)? (?:\w+ ){1,3}stand\b|\bmay stand\b(?! alone)": ("suppress", "let a finding stand", "stand-in"),
    r"\blet(?:s|ting)? go of\b": ("close, delete", "nothing to let go of", "let users go"),
    r"\bfor ever\b": ("forever, unlimited", "it retries for ever", "forever"),
    r"\bhindrance\b": ("do not matter", "are no hindrance", "hinder"),
    r"\bit is (?:they|he|she)\b": ("the … are", "not it is they that wait", "it is there"),
    r"\bmakes? of (?:it|them|that|these)\b": ("turns into", "what it makes of it", "made of rows"),
    r"\b(?:minds|ails)\b": ("is affected by", "what ails the host", "mails"),
    r"\bat the (?:left|right)\b": ("on the left", "hosts at the left", "at the end"),
    r"\bwhole or not at all\b": ("complete or not at all", "written whole or not at all", "the whole table"),
}  # fmt: skip


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [name for name in listed.splitlines() if Path(name).suffix in SUFFIXES and not name.startswith(DATA)]


def lines(name: str) -> Iterator[tuple[str, str]]:
    """Every line of a file with its place; of a notebook every line of its cells."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".ipynb"):
        for number, cell in enumerate(json.loads(text)["cells"], 1):
            yield from ((f"{name}: cell {number}", line) for line in "".join(cell["source"]).splitlines())
    else:
        yield from ((f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1))


def habits(line: str) -> Iterator[str]:
    """What to write instead, for each habit in a line."""
    for pattern, (instead, *_) in HABITS.items():
        found = re.search(pattern, line, re.IGNORECASE if "none" not in pattern else re.NOFLAG)
        if found is not None:
            yield f"{found[0]!r}: write {instead!r}"


@pytest.fixture(scope="module")
def names() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return tracked()


def test_no_habit_is_left(names: list[str]) -> None:
    assert len(names) > 100
    found = [f"{place} {habit}" for name in names for place, line in lines(name) for habit in habits(line)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("pattern", HABITS)
def test_pattern_matches_the_habit_and_not_a_good_sentence(pattern: str) -> None:
    _, bad, good = HABITS[pattern]
    assert list(habits(bad)), "the habit is not recognised"
    assert not list(habits(good)), "a good sentence is refused"
