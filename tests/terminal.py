"""What a program shows on a terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence


def shown_on_terminal(command: Sequence[str], stream: str, environment: Mapping[str, str]) -> str:
    """What a command writes to `stdout` or `stderr` when that is a terminal; the other stream is dropped."""
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
        pass  # a terminal whose other end is closed
    process.wait()
    os.close(main)
    return shown.decode()
