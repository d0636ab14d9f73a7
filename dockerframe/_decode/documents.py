"""JSON documents of engines, where a Python object for each value is fast enough."""

from __future__ import annotations

import json
from typing import Any, Final

from dockerframe._budget import DOCUMENT_BYTES, NUMBER_DIGITS
from dockerframe._decode.density import Density, density


def _integer(text: str) -> int:
    if len(text) > NUMBER_DIGITS:
        raise ValueError(f"it has a number of {len(text)} digits")
    return int(text)


_DECODER: Final = json.JSONDecoder(parse_int=_integer)


def parse_document(body: bytes, *, most_bytes: int = DOCUMENT_BYTES) -> Any:
    r"""What a body of JSON holds. Bytes that are not UTF-8 become U+FFFD.

    So does an escape of half a character, such as `\ud800`, as it does in Go: Python would keep it, in a text that
    no table can hold.

    Raises
    ------
    ValueError
        When it is not JSON, is nested too deeply, has a number with too many digits, or is past the budget of a
        document.

    Examples
    --------
    >>> parse_document(b'{"message": "a\\ud800"}')["message"] == "a\N{REPLACEMENT CHARACTER}"
    True
    """
    if len(body) > most_bytes:
        raise ValueError(f"it has {len(body)} bytes, more than {most_bytes}")
    if density(body)[0] is Density.refused:
        raise ValueError("it has more objects and arrays than an engine sends")
    try:
        document = _DECODER.decode(body.decode("utf-8", errors="replace"))
        return without_halves(document) if b"\\u" in body else document
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def without_halves(document: Any) -> Any:
    r"""A document in whose texts half characters are U+FFFD.

    Examples
    --------
    >>> without_halves(["\ud800", "\N{SNOWMAN}"]) == ["\N{REPLACEMENT CHARACTER}", "\N{SNOWMAN}"]
    True
    """
    text = json.dumps(document, ensure_ascii=False)
    try:
        # Nothing but half a character keeps a text from being encoded.
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return document
