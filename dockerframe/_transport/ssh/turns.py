"""Logins at one ssh server, a few at a time: hosts behind one jump host would fail by chance otherwise.

An ssh server drops some of the connections that come once ten others have not logged in yet (`MaxStartups` of
sshd_config(5)).
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Half of the ten: the server forgets a login a little later than it is done, and others log in too.
_MOST_AT_ONCE: Final = 5
# For as many logins that take all the time they may: a server that is down holds nobody up for long.
_LOGINS_WAITED_FOR: Final = 2

_turns: Final[dict[tuple[str, int], threading.Semaphore]] = {}
if hasattr(os, "register_at_fork"):
    # Those who had a turn are not there in the child.
    os.register_at_fork(after_in_child=_turns.clear)


@contextmanager
def turn_at(address: tuple[str, int], seconds: float) -> Iterator[None]:
    """A block in which to log in at an address, within so many seconds; who waited too long goes in without a turn."""
    turn = _turns.setdefault(address, threading.Semaphore(_MOST_AT_ONCE))
    has_turn = turn.acquire(timeout=seconds * _LOGINS_WAITED_FOR)
    try:
        yield
    finally:
        if has_turn:
            turn.release()
