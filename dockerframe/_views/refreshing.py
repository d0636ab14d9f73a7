"""Taking a new snapshot while the notebook stays free."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dockerframe.errors import DockerframeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerframe._views.viewable import Viewable


class Refreshing:
    """Asks the source of a snapshot again, on demand or every so often; never twice at a time.

    `take` gets the new snapshot, `say` what there is to tell meanwhile. Both are called in the thread that asked, so
    that widgets see one change after the other.
    """

    def __init__(self, take: Callable[[Viewable], None], say: Callable[[str], None]) -> None:
        self._take = take
        self._say = say
        self._asking: asyncio.Task[None] | None = None
        self._repeating: asyncio.Task[None] | None = None

    def now(self, snapshot: Viewable) -> None:
        """Ask again: in the background of the kernel's event loop, at once where there is none."""
        if snapshot.source is None:
            self._say("This snapshot was read back or made of bytes: there is no fleet to ask again.")
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._ask(snapshot))
            return
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask(snapshot))

    def every(self, seconds: float, current: Callable[[], Viewable]) -> None:
        """Ask again every so many seconds, starting after the first; 0 to stop. `current` is what is shown then."""
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None
        if seconds > 0:
            self._repeating = asyncio.get_running_loop().create_task(self._repeat(seconds, current))

    def stop(self) -> None:
        """End what goes on."""
        for task in (self._asking, self._repeating):
            if task is not None:
                task.cancel()

    async def _repeat(self, seconds: float, current: Callable[[], Viewable]) -> None:
        while True:
            await asyncio.sleep(seconds)
            if self._asking is None or self._asking.done():
                self._asking = asyncio.get_running_loop().create_task(self._ask(current()))

    async def _ask(self, snapshot: Viewable) -> None:
        self._say("Asking the fleet again …")
        try:
            # A pool of threads of its own would be left behind by a kernel that is interrupted.
            taken = await asyncio.to_thread(snapshot.refresh)
        except DockerframeError as error:
            self._say(f"The refresh failed: {error}")
        else:
            self._take(taken)
