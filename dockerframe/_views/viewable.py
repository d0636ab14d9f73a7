"""What the view needs of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import polars as pl

    from dockerframe.schemas import Precedence


class Viewable(Protocol):
    """A snapshot as the view sees it."""

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """The tables by name."""
        ...

    @property
    def taken_at(self) -> datetime:
        """When the fleet was asked (UTC)."""
        ...

    @property
    def precedence(self) -> Precedence:
        """Which label wins where an alias and a wildcard set the same field."""
        ...

    @property
    def source(self) -> object | None:
        """The fleet that was asked; None for a snapshot without a fleet."""
        ...

    def findings(self) -> pl.DataFrame:
        """What the audit finds."""
        ...

    def redacted(self, *names: str) -> Self:
        """A copy without secrets."""
        ...

    def refresh(self) -> Self:
        """A new snapshot of the same fleet."""
        ...
