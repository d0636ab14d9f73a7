"""Running the command line within the test process, which is much quicker than starting Python for each command."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass
from typing import Any
from unittest import mock

from dockerframe.cli import main


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    status: int
    data: bytes
    errors: str

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def json_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


class _Stream(io.TextIOWrapper):
    """A standard stream, of a pipe or of a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def content(self) -> bytes:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue()


def run(*arguments: str, columns: int | None = None, **environment: str) -> Done:
    """Run a command with its output in a pipe; with `columns` in a terminal of this width."""
    terminal = columns is not None
    out, err = _Stream(terminal=terminal), _Stream(terminal=terminal)
    variables = {**environment, **({"COLUMNS": str(columns), "TERM": "xterm"} if terminal else {})}
    with (
        mock.patch.dict(os.environ, variables),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int)
    return Done(code or 0, out.content(), err.content().decode())


def demo(*arguments: str, columns: int | None = None, **environment: str) -> Done:
    """Run a command on the demo fleet, one of whose hosts is down."""
    return run(*arguments, "--demo", columns=columns, **environment)
