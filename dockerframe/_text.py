"""Text for people: what hosts and containers send can't steer a terminal, a page or the reader.

Everything a person sees passes through here: tables on the terminal, exceptions, logs, pages and notebooks. What has no
visible form becomes `�`: control characters (C0, C1, escape sequences), overrides and isolates of the writing
direction, zero-width and tag characters, half characters, and line separators.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from dockerframe._budget import SHOWN_CHARACTERS

_MARK: Final = "�"
_CUT: Final = "…"
# Characters that Python counts as printable, but that show nothing: fillers, joiners, variation selectors.
_INVISIBLE: Final = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)
_HIDDEN: Final = re.compile(f"[{_INVISIBLE}]")
_SPACES: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# The same as a class for programs' output: what is not printable, without the line ends and tabs of that output.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u200b-\u200f\u2028-\u202e"
    f"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    f"\U0001d173-\U0001d17a\ud800-\udfff{_INVISIBLE}]"
)


def shown_text(value: object, *, most: int = SHOWN_CHARACTERS) -> str:
    r"""A value as people read it: on one line, visible, and no longer than `most` characters.

    Examples
    --------
    >>> shown_text(True), shown_text(None), shown_text(0.512)
    ('yes', '', '0.51')
    >>> shown_text("a\x1b[2J\u202eb\n"), shown_text("name" * 3, most=5)
    ('a�[2J�b�', 'name…')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.2f}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        case timedelta():
            return f"{value.total_seconds():g} s"
    text = str(value)
    return visible_text(text if len(text) <= most else text[: most - 1] + _CUT)


def shown_lines(text: str, *, most: int = SHOWN_CHARACTERS) -> str:
    r"""A text of several lines as people read it: each line as `shown_text` has it. XML can hold the result.

    Examples
    --------
    >>> shown_lines("one\x1b[2J\ntwo")
    'one�[2J\ntwo'
    """
    return "\n".join(shown_text(line, most=most) for line in text.split("\n"))


def visible_text(text: str) -> str:
    r"""A text in which every character that shows nothing, or steers what shows it, is `�`.

    Examples
    --------
    >>> visible_text("safe\u202e\u200b\U000e0041\x9b\u2028")
    'safe�����'
    """
    if text.isascii() and text.isprintable():
        return text
    text = _HIDDEN.sub(_MARK, _SPACES.sub(" ", text))
    return text if text.isprintable() else "".join(one if one.isprintable() else _MARK for one in text)


def safe_for_terminal(data: bytes) -> bytes:
    r"""The output of a data format as a terminal may have it: what would steer the terminal as `\u` and four digits.

    In JSON that is the same text: the format itself writes such characters so. Line ends and tabs stay; bytes that are
    not UTF-8 become `\x` and two digits.

    Examples
    --------
    >>> safe_for_terminal('{"name": "a\u202e\x9b"}\n'.encode())
    b'{"name": "a\\u202e\\u009b"}\n'
    """
    text = data.decode("utf-8", errors="backslashreplace")
    return _UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", r"\u007f"), text).encode()
