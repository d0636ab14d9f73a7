"""JSON documents of engines, where a Python object for each value is fast enough."""

from __future__ import annotations

import json
from typing import Any


def parse_document(body: bytes) -> Any:
    r"""What a body of JSON holds. Bytes that are no UTF-8 become U+FFFD.

    So does an escape of half a character, such as `\ud800`, as it does in Go: Python would keep it, in a text that
    no table can hold.

    Raises
    ------
    ValueError
        When it is no JSON, or nested too deeply.

    Examples
    --------
    >>> parse_document(b'{"message": "a\\ud800"}')["message"] == "a\N{REPLACEMENT CHARACTER}"
    True
    """
    try:
        document = json.loads(body.decode("utf-8", errors="replace"))
        text = json.dumps(document, ensure_ascii=False) if b"\\u" in body else ""
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if _has_halves(text):
        return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return document


def _has_halves(text: str) -> bool:
    """Whether it has half a character: nothing else keeps a text from being encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
