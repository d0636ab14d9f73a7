"""Characters that no output for people may have: they steer a terminal, change the order of text, or show nothing."""

from __future__ import annotations

import unicodedata
from typing import Any

INVISIBLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)}  # fmt: skip

HOSTILE = {
    "escape": "\x1b[2J\x1b]0;title\x07",
    "c0": "\x00\x08\x7f",
    "c1": "\x9b31m\x85",
    "override": "\u202egpj.exe",
    "isolate": "\u2066\u2067\u2069",
    "mark": "\u200e\u200f\u061c",
    "zero width": "a\u200bb\u200dc\ufeff\u2060",
    "tags": "\U000e0041\U000e0042\U000e007f",
    "selector": "\U000e0101\ufe0f",
    "line": "\u2028\u2029\x0b\x0c",
    "filler": "\u3164\u115f",
    "return": "\roverwritten",
}
"""Texts that steer, by their kind."""


def steering_characters(shown: Any, *, allowed: str = "\n\t") -> list[str]:
    """The characters of a text, or of all texts in a document, that steer or show nothing."""
    if isinstance(shown, str):
        return [f"U+{ord(one):04X}" for one in shown if one not in allowed and _steers(one)]
    parts = shown.items() if isinstance(shown, dict) else enumerate(shown if isinstance(shown, list) else [])
    return [found for _, part in parts for found in steering_characters(part, allowed=allowed)]


def _steers(one: str) -> bool:
    return unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or ord(one) in INVISIBLE
