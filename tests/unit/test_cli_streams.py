"""Output that can't be written: a reader that ends early, a full disk, closed streams; and data formats on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockerframe._text import safe_for_terminal, shown_lines, shown_text, visible_text
from dockerframe.cli.streams import CANNOT_WRITE, CLOSED_PIPE
from tests.steering import HOSTILE, steering_characters
from tests.terminal import shown_on_terminal

COMMAND = [sys.executable, "-m", "dockerframe"]
OUTPUTS = [
    ["containers", "--demo", "-o", "csv"],
    ["containers", "--demo", "-o", "table"],
    ["audit", "--demo", "-o", "sarif"],
    ["--help"],
]
NAMES = ["-".join(part.strip("-") for part in one) for one in OUTPUTS]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells and devices of POSIX")


def in_shell(arguments: list[str], rest: str) -> tuple[int, str]:
    """The exit status of a command with a shell's redirections, and what it wrote to standard error."""
    script = f'set -o pipefail; "$@" {rest}'
    done = subprocess.run(["bash", "-c", script, "-", *COMMAND, *arguments], capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("arguments", OUTPUTS, ids=NAMES)
def test_a_full_disk_is_a_message_and_a_status(arguments: list[str]) -> None:
    status, message = in_shell(arguments, "> /dev/full")
    assert "Traceback" not in message
    assert "The output can't be written: No space left on device." in message
    assert status == CANNOT_WRITE


@pytest.mark.parametrize("arguments", OUTPUTS, ids=NAMES)
def test_a_reader_that_ended_ends_the_command_quietly(arguments: list[str]) -> None:
    # The reader is gone before the first byte is written.
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)
    assert done.returncode == CLOSED_PIPE
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"Broken pipe" not in done.stderr


def test_the_first_line_of_a_long_table_ends_quietly() -> None:
    status, message = in_shell(["containers", "--demo", "-o", "json"], "| head -c 10")
    assert status in {0, 1, CLOSED_PIPE}
    assert "Traceback" not in message


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_not_change_the_status(streams: str) -> None:
    status, message = in_shell(["hosts", "--demo"], streams)
    # One host of the demo is down.
    assert (status, "Traceback" in message) == (1, False)
    assert in_shell(["--version"], streams)[0] == 0


def test_data_formats_are_safe_on_a_terminal(tmp_path: Path) -> None:
    answers = [{"Id": str(number), "Names": [f"/{text}"], "Image": text, "Labels": {text: text}} for number, text in enumerate(HOSTILE.values())]  # fmt: skip
    script = (
        "import json, sys; import dockerframe as dkf; from dockerframe.cli.output import Shape, print_frame;"
        f"snap = dkf.from_summaries({json.dumps(json.dumps(answers))}.encode());"
        "print_frame(snap.containers, (), Shape(sys.argv[1]))"
    )
    for output in ("csv", "json", "jsonl"):
        shown = shown_on_terminal([sys.executable, "-c", script, output], "stdout", {})
        assert r"\u202e" in shown
        assert steering_characters(shown, allowed="\n\t\r") == []
        if output != "csv":
            rows = json.loads(shown) if output == "json" else [json.loads(line) for line in shown.splitlines()]
            assert [row["image"] for row in rows] == list(HOSTILE.values())


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_for_people_steers(kind: str) -> None:
    text = HOSTILE[kind]
    assert steering_characters(text, allowed="") != []
    for shown in (shown_text(text), shown_lines(text), visible_text(text), safe_for_terminal(text.encode()).decode()):
        assert steering_characters(shown) == []
    quoted = safe_for_terminal(json.dumps(text, ensure_ascii=False).encode())
    assert json.loads(quoted) == text


def test_texts_for_people_are_bounded_and_otherwise_kept() -> None:
    assert shown_text("é 日本 \N{GRINNING FACE}") == "é 日本 \N{GRINNING FACE}"
    assert len(shown_text("x" * 10**6)) == 2_000
    assert shown_text("a\ud800") == "a�"
    assert safe_for_terminal(b"\xff\n") == b"\\xff\n"
    assert safe_for_terminal("naïve\t1\n".encode()) == "naïve\t1\n".encode()
