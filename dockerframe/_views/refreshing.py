"""Taking a new snapshot while the notebook stays free."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dockerframe.errors import DockerframeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._views.viewable import Viewable


class Refreshing:
    """Takes new snapshots of the same fleet, on demand or periodically, never two at the same time.

    `take` gets the new snapshot, `show_note` a text about the progress. Both are called in the thread that asked, so
    that the widget sees one change after the other.
    """

    def __init__(self, take: Callable[[Viewable], None], show_note: Callable[[str], None]) -> None:
        self._take = take
        self._show_note = show_note
        self._asking: asyncio.Task[None] | None = None
        self._repeating: asyncio.Task[None] | None = None

    def now(self, snapshot: Viewable) -> None:
        """Ask again: in the background of the kernel's event loop, immediately without one."""
        if snapshot.source is None:
            self._show_note("This snapshot has no fleet to ask: it was read, joined or made from bytes.")
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._ask(snapshot))
            return
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask(snapshot))

    def every(self, seconds: float, current: Callable[[], Viewable]) -> None:
        """Ask again periodically, first after `seconds`; 0 stops. `current` gives the snapshot that is shown then."""
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None
        if seconds <= 0:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._show_note("Periodic refreshes need an event loop, such as a notebook's.")
            return
        self._repeating = loop.create_task(self._repeat(seconds, current))

    def stop(self) -> None:
        """Stop asking."""
        for task in (self._asking, self._repeating):
            if task is not None:
                task.cancel()

    async def _repeat(self, seconds: float, current: Callable[[], Viewable]) -> None:
        while True:
            await asyncio.sleep(seconds)
            if self._asking is None or self._asking.done():
                self._asking = asyncio.get_running_loop().create_task(self._ask(current()))

    async def _ask(self, snapshot: Viewable) -> None:
        self._show_note("Refreshing …")
        try:
            # A thread pool of our own would outlive a kernel that is interrupted.
            taken = await asyncio.to_thread(snapshot.refresh)
        except DockerframeError as error:
            self._show_note(f"The refresh failed: {error}")
        else:
            self._take(taken)
