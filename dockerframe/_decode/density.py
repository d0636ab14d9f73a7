"""How densely an answer is filled: found before any parser takes memory for it.

Polars takes several hundred bytes for each container, port or label, however short the text of it is. An answer that
consists of `{},{},{}` would become 150 times as large as its bytes. So brackets and commas are counted first, with
`bytes.count`, which takes less than a hundredth of the time of parsing.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from dockerframe._budget import BYTES_PER_OBJECT, FREE_OBJECTS

# Real answers have an object per 120 bytes and a comma per 30; thousands of published ports make it 60 and 16.
_PLAIN_BYTES_PER_OBJECT: Final = 40
_PLAIN_OBJECTS: Final = 2_000
_PLAIN_BYTES_PER_COMMA: Final = 14
_PLAIN_COMMAS: Final = 10_000
_BYTES_PER_QUOTE: Final = 2
# A string, or the start of one that never ends. It never gives back what it matched, so it takes linear time.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)', re.DOTALL)


class Counts(NamedTuple):
    """How many quotes, objects, arrays and commas there are, and in how many bytes."""

    size: int
    quotes: int
    objects: int
    arrays: int
    commas: int

    def is_plain(self) -> bool:
        """Whether it is as sparse as what engines send, so that it can be parsed as it is."""
        most = _PLAIN_OBJECTS + self.size // _PLAIN_BYTES_PER_OBJECT
        return (
            self.objects <= most
            and self.arrays <= most
            and self.commas <= _PLAIN_COMMAS + self.size // _PLAIN_BYTES_PER_COMMA
        )

    def is_within_budget(self) -> bool:
        """Whether it may be parsed at all."""
        return self.objects + self.arrays <= FREE_OBJECTS + self.size // BYTES_PER_OBJECT

    def has_texts_within_budget(self) -> bool:
        """Whether it has no more quotes than short labels, or a text of escaped quotes, can have."""
        return self.quotes <= FREE_OBJECTS + self.size // _BYTES_PER_QUOTE


class Density(Enum):
    """How an answer can be read."""

    plain = "by Polars, as it is"
    dense = "container by container"
    refused = "not at all"


def density(body: bytes) -> tuple[Density, Counts]:
    """How an answer can be read, and what was counted.

    Brackets in texts count only where they are many: a label may hold any of them.

    Examples
    --------
    >>> density(b'[{"Id": "1"}]')[0].name, density(b"[" + b"{}," * 100_000 + b"{}]")[0].name
    ('plain', 'refused')
    >>> density(b'[{"Id": "1", "Command": "' + b"{" * 100_000 + b'"}]')[0].name
    'plain'
    """
    counts = _counts(body, Counts(len(body), 0, 0, 0, 0))
    if counts.is_plain():
        return Density.plain, counts
    counts = counts._replace(quotes=body.count(b'"'))
    if not counts.has_texts_within_budget():
        return Density.refused, counts
    counts = _counts(_STRING.sub(b"", body), counts)
    if counts.is_plain():
        return Density.plain, counts
    return Density.dense if counts.is_within_budget() else Density.refused, counts


def _counts(text: bytes, of: Counts) -> Counts:
    return of._replace(objects=text.count(b"{"), arrays=text.count(b"["), commas=text.count(b","))
