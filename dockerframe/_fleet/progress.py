"""Progress of a gather: a bar on a terminal, a widget in a notebook, nothing elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress_bar(
    hosts: int, title: str = "Gathering", *, wanted: bool | None = None
) -> Iterator[Callable[[object], None]]:
    """A function that advances the progress bar; call it once per host.

    Parameters
    ----------
    hosts
        The number of hosts.
    title
        The text next to the bar.
    wanted
        Whether to show a bar; None for one on a terminal or in a notebook only.
    """
    if wanted is False or not hosts:
        yield _ignore
    elif _in_notebook():
        with _widget_bar(hosts, title) as advance:
            yield advance
    elif wanted or sys.stderr.isatty():
        with _terminal_bar(hosts, title) as advance:
            yield advance
    else:
        yield _ignore


def _ignore(done: object) -> None:
    """Show no progress."""


def _in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel, which has loaded IPython's zmq shell."""
    module = sys.modules.get("ipykernel.zmqshell")
    ipython = sys.modules.get("IPython")
    return module is not None and ipython is not None and isinstance(ipython.get_ipython(), module.ZMQInteractiveShell)


@contextmanager
def _terminal_bar(hosts: int, title: str) -> Iterator[Callable[[object], None]]:
    from rich.console import Console  # noqa: PLC0415 - only needed on a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{title} hosts", total=hosts)
        yield lambda _: progress.advance(task)


@contextmanager
def _widget_bar(hosts: int, title: str) -> Iterator[Callable[[object], None]]:
    try:
        from IPython.display import display  # noqa: PLC0415 - only needed in a notebook
        from ipywidgets import HTML, HBox, IntProgress  # noqa: PLC0415
    except ImportError:
        # Without the extra `notebook` there is no bar.
        yield _ignore
        return
    bar, text = IntProgress(max=hosts), HTML()
    box = HBox([bar, text])
    failed = 0

    def advance(done: object) -> None:
        nonlocal failed
        failed += getattr(done, "error", None) is not None
        bar.value += 1
        text.value = f"{title}: {bar.value} of {hosts} hosts" + (f", {failed} failed" if failed else "")

    display(box)
    try:
        yield advance
    finally:
        box.close()
