"""The output of programs on a terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence


def shown_on_terminal(command: Sequence[str], stream: str, environment: Mapping[str, str]) -> str:
    """The output of a command on `stdout` or `stderr` when that stream is a terminal; the other one is dropped."""
    import pty

    main, other = pty.openpty()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: other}
    process = subprocess.Popen(command, env={**os.environ, "TERM": "xterm", **environment}, **streams)
    os.close(other)
    shown = b""
    try:
        while chunk := os.read(main, 65536):
            shown += chunk
    except OSError:
        pass  # the other end of the terminal is closed
    process.wait()
    os.close(main)
    return shown.decode()
