"""Bodies that Polars refuses: whatever summary can be read by itself is, and the others are errors."""

from __future__ import annotations

import json
from typing import NamedTuple

import polars as pl

from dockerframe._decode.documents import parse_document
from dockerframe._decode.wire import WIRE_SCHEMA, empty_wire_frame, parse_elements
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS


class Salvaged(NamedTuple):
    """What could be read, as on the wire, and errors for what could not."""

    rows: pl.DataFrame
    errors: pl.DataFrame


def salvage(body: bytes, host: str) -> Salvaged:
    """Read a body that Polars refused, as far as it can be read.

    Raises
    ------
    HostError
        Of kind `invalid_answer`, when it is no JSON array at all.
    """
    elements = _json(body, host, "/containers/json")
    if not isinstance(elements, list):
        said = f": {elements['message']}" if isinstance(elements, dict) and "message" in elements else ""
        raise _not_an_engine(host, f"/containers/json is no JSON array{said}")
    frames: list[pl.DataFrame] = []
    bad: list[object] = []
    _bisect(elements, host, frames, bad)
    errors = pl.DataFrame(
        {
            "host": host,
            "container_id": [_id_of(element) for element in bad],
            "kind": "invalid_summary",
            "label": None,
            "message": [f"The summary has a value of the wrong type: {_excerpt(element)}" for element in bad],
        },
        schema=ERRORS.schema,
    )
    return Salvaged(pl.concat([empty_wire_frame(), *frames]), errors)


def _bisect(elements: list[object], host: str, frames: list[pl.DataFrame], bad: list[object]) -> None:
    """Halve what can't be read until only the bad elements are left, so that few of them cost few attempts."""
    rows = _rows(elements, host) if all(isinstance(one, dict) for one in elements) else None
    if rows is not None:
        frames.append(rows)
    elif len(elements) == 1:
        bad.append(elements[0])
    else:
        middle = len(elements) // 2
        _bisect(elements[:middle], host, frames, bad)
        _bisect(elements[middle:], host, frames, bad)


def _rows(elements: list[object], host: str = "") -> pl.DataFrame | None:
    found = parse_elements([json.dumps(elements).encode()[1:-1]])
    return None if found is None else found.rows.select(pl.lit(host).alias("host"), pl.all())


def _id_of(element: object) -> str | None:
    found = element.get("Id") if isinstance(element, dict) else None
    return found if isinstance(found, str) else None


def _excerpt(element: object) -> str:
    """The keys of a summary whose values are at fault, never the values: they may hold secrets."""
    if not isinstance(element, dict):
        return f"it is a {type(element).__name__}, not an object."
    wrong = [key for key, value in element.items() if key in WIRE_SCHEMA and _rows([{key: value}]) is None]
    return f"{', '.join(wrong)}."


def _json(body: bytes, host: str, path: str) -> object:
    try:
        return parse_document(body)
    except ValueError as error:
        raise _not_an_engine(host, f"{path} is no JSON ({error})") from error


def _not_an_engine(host: str, message: str) -> HostError:
    remedy = "Check that the URL is that of a Docker engine and that nothing between cuts its answers short."
    return HostError.at(host, "invalid_answer", message, remedy)
