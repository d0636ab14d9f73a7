"""Users that have no name, as in a container that runs under a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process run as a number that no user has: without a name, and without a home folder."""

    def nobody(uid: int) -> None:
        raise KeyError(f"uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
