"""What a command does when its output can't be written: a pipe that ended, a full disk, a closed stream.

`dockerframe containers | head -1` ends quietly, as other tools do, and with a status of its own: status 1 means that a
host failed. A disk without space is a message and an error.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO, TypeGuard

from dockerframe._text import safe_for_terminal, shown_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSED_PIPE: Final = 141
"""The exit status after a reader ended early: 128 and the number of SIGPIPE, as a shell reports it of other tools."""

CANNOT_WRITE: Final = 74
"""The exit status when output can't be written otherwise, such as to a full disk (`EX_IOERR` of sysexits)."""

# A pipe without a reader; on Windows it is reported as an invalid argument.
_PIPE_ERRORS: Final = frozenset(
    {errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET, *([errno.EINVAL] if os.name == "nt" else [])}
)
# Problems of the stream itself: a path in one of these errors names another file, which is not our output.
_STREAM_ERRORS: Final = frozenset({errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT, errno.EFBIG}) | _PIPE_ERRORS


class _NoOutput(io.RawIOBase):
    """Takes the place of a stream that was closed before the program started, so that what is written is lost."""

    def writable(self) -> bool:
        """Whether it can be written: yes, to no effect."""
        return True

    def write(self, data: Any, /) -> int:
        """Take the data and drop it."""
        return len(data)


def open_standard_streams() -> None:
    """Make both output streams usable: none of them is missing, and no character is an error.

    A stream that was closed (`>&-`) is None in Python. A terminal without some character shows a replacement; what
    other programs read is written as bytes.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(_NoOutput()), encoding="utf-8", errors="replace"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if name == "stdout" else "backslashreplace")


@contextmanager
def output_errors() -> Iterator[None]:
    """Run a command; where its output can't be written, end the program with the status that says so.

    The output is flushed at the end of the block, so that an error of the last part is noticed too.
    """
    output = sys.stdout
    try:
        try:
            yield
        finally:
            _flush()
    except OSError as error:
        if not _is_of_stream(error):
            raise
        _end(error)
    except SystemExit:
        if sys.stdout is output:
            raise
        # Click handles a closed pipe itself: with status 1, and another stream in place of this one.
        sys.stdout = output
        _end(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))


def write_output(data: bytes) -> None:
    """Write the output of a data format: as it is for other programs, in its safe form on a terminal."""
    stream = sys.stdout
    content = safe_for_terminal(data) if stream.isatty() else data
    stream.flush()
    stream.buffer.write(content)
    stream.buffer.flush()


def _is_of_stream(error: BaseException | None) -> TypeGuard[OSError]:
    """Whether an error is one of writing the output: one that names a file is about that file."""
    return isinstance(error, OSError) and error.errno in _STREAM_ERRORS and error.filename is None


def _flush() -> None:
    if not sys.stdout.closed:
        sys.stdout.flush()


def _end(error: OSError) -> NoReturn:
    """End the program without another attempt to write what is left in the buffers."""
    _discard(sys.stdout)
    if error.errno in _PIPE_ERRORS:
        raise SystemExit(CLOSED_PIPE)
    with suppress(OSError, ValueError):
        reason = error.strerror or str(error)
        # Not with Rich, which may fail at the stream that failed before.
        sys.stderr.write(shown_lines(f"The output can't be written: {reason}. Free some space, or write elsewhere.\n"))
        sys.stderr.flush()
    raise SystemExit(CANNOT_WRITE)


def _discard(stream: TextIO) -> None:
    """Have the rest of a stream go nowhere: Python writes it when it ends, and would report the error again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
