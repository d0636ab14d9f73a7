"""Text for people: one line, without control characters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def shown_text(value: object) -> str:
    """A value of a listing as people read it, on one line and without control characters.

    Examples
    --------
    >>> shown_text(True), shown_text(None), shown_text(0.512)
    ('yes', '', '0.51')
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
    return "".join(one if one.isprintable() else "�" for one in str(value))


def shown_lines(text: str) -> str:
    r"""A text of several lines as people read it: each as `shown_text` has it, so without what XML can't hold.

    Examples
    --------
    >>> shown_lines("one\x1b[2J\ntwo")
    'one�[2J\ntwo'
    """
    return "\n".join(shown_text(line) for line in text.split("\n"))
