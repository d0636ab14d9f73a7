"""Users without a name, as in a container that runs with a numeric user id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that this process runs as a user id without a name and a home folder."""

    def nobody(uid: int) -> None:
        raise KeyError(f"uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
