"""Answers that Polars refuses, or that are too dense for it: read container by container, in bounded time.

Each container is read on its own, so that no more than one of them is a Python object at a time. What has a wrong type
is found by comparing it with the schema, without Polars, since a call of Polars takes as long as hundreds of
comparisons. What is past the budget of one container is left out of it.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from dockerframe._budget import DEFAULT_BUDGET, ERROR_ROWS, NUMBER_DIGITS, Budget, Deadline, salvage_deadline
from dockerframe._decode.documents import parse_document, without_halves
from dockerframe._decode.wire import WIRE_SCHEMA, empty_wire_frame, parse_elements
from dockerframe._text import shown_text
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fits = Callable[[object], bool]

_BLANKS: Final = re.compile(r"[ \t\r\n]*+")
_CHUNK_BYTES: Final = 2**22
_CLOCK_EVERY: Final = 64
_SHOWN_MESSAGE: Final = 300
_INTEGERS: Final = (-(2**127), 2**128)


class Salvaged(NamedTuple):
    """The containers that could be read, as on the wire, and errors for the others."""

    rows: pl.DataFrame
    errors: pl.DataFrame


def salvage(body: bytes, host: str, budget: Budget = DEFAULT_BUDGET) -> Salvaged:
    """Read an answer container by container.

    Raises
    ------
    HostError
        Of kind `invalid_answer`, when it is not a JSON array or takes too long to read; of kind `too_large`, when it
        has more containers than the budget allows.
    """
    reading = _Reading(host, budget, salvage_deadline(len(body)))
    most = budget.containers_within(len(body))
    try:
        for number, element in enumerate(_elements(body, host)):
            if number >= most:
                raise too_many_containers(host, most)
            if number % _CLOCK_EVERY == 0:
                reading.check_clock()
            reading.add(element)
    except ValueError as error:
        raise _not_an_engine(host, f"/containers/json is not JSON ({error})") from error
    except RecursionError as error:
        raise _not_an_engine(host, "/containers/json is not JSON (it is nested too deeply)") from error
    return reading.finish()


def too_many_containers(host: str, most: int) -> HostError:
    """The error of a host that sends more containers than the budget allows."""
    remedy = "No engine has so many; raise the limit for containers of an answer if this one does."
    return HostError.at(host, "too_large", f"its answer has more than {most} containers", remedy)


class _TooLarge:
    """Takes the place of a number that no column can hold, and that Polars refuses wherever it stands."""


_TOO_LARGE: Final = _TooLarge()


def _integer(text: str) -> int | _TooLarge:
    if len(text) > NUMBER_DIGITS:
        return _TOO_LARGE
    number = int(text)
    return number if _INTEGERS[0] <= number < _INTEGERS[1] else _TOO_LARGE


def _float(text: str) -> float | _TooLarge:
    number = float(text)
    return _TOO_LARGE if number in {float("inf"), float("-inf")} else number


def _constant(text: str) -> object:
    raise ValueError(f"{text} is not a value of JSON")


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _elements(body: bytes, host: str) -> Iterator[object]:
    """The elements of an array, one at a time.

    Raises
    ------
    ValueError
        Where it stops being JSON.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        raise _not_an_array(body, host)
    text = body.decode("utf-8", errors="replace")
    has_escapes = "\\u" in text
    position = _next(text, text.index("[") + 1)
    if text.startswith("]", position):
        position += 1
    else:
        while True:
            element, position = _DECODER.raw_decode(text, position)
            yield _whole_characters(element) if has_escapes else element
            position = _next(text, position)
            if text.startswith("]", position):
                position += 1
                break
            if not text.startswith(",", position):
                raise ValueError(f"',' is missing at character {position}")
            position = _next(text, position + 1)
    if _next(text, position) != len(text):
        raise ValueError(f"there is more behind its end at character {position}")


def _next(text: str, position: int) -> int:
    """Where the next character that is not blank stands."""
    found = _BLANKS.match(text, position)
    return position if found is None else found.end()


def _whole_characters(element: object) -> object:
    try:
        return without_halves(element)
    except TypeError:
        # It has a number that no column can hold, which JSON can't hold either: its own check comes later.
        return element


class _Reading:
    """Collects the containers of one answer, those that can be read and those that can't."""

    def __init__(self, host: str, budget: Budget, deadline: Deadline) -> None:
        self._host = host
        self._entries = budget.entries()
        self._deadline = deadline
        self._texts: list[str] = []
        self._size = 0
        self._frames = [empty_wire_frame()]
        self._errors: list[tuple[str | None, str]] = []
        self._broken = 0

    def check_clock(self) -> None:
        """Stop where it takes too long.

        Raises
        ------
        HostError
            Of kind `invalid_answer`.
        """
        if self._deadline.has_passed():
            problem = f"its broken containers could not be read within {self._deadline.seconds:.0f} s"
            raise _not_an_engine(self._host, problem)

    def add(self, element: object) -> None:
        """Read one container, as far as the budget allows."""
        if not isinstance(element, dict):
            self._report(
                None, f"The summary has a value of the wrong type: it is a {_json_type(element)}, not an object."
            )
            return
        summary = {key: element[key] for key in WIRE_SCHEMA if key in element}
        left_out = _cut(summary, self._entries)
        wrong = [key for key, value in summary.items() if not _FITS[key](value)]
        if wrong:
            self._report(_id_of(summary), f"The summary has a value of the wrong type: {', '.join(wrong)}.")
            return
        if left_out:
            self._report(_id_of(summary), f"It has more than it may have, which is left out: {', '.join(left_out)}.")
        text = json.dumps(summary, default=lambda _: None)
        self._texts.append(text)
        self._size += len(text)
        if self._size > _CHUNK_BYTES:
            self._flush()

    def finish(self) -> Salvaged:
        """All that could be read, and what could not."""
        self._flush()
        rows = pl.concat(self._frames)
        errors = [(self._host, container_id, message) for container_id, message in self._errors]
        if self._broken > ERROR_ROWS:
            _, first = self._errors[0]
            message = f"{self._broken} summaries are past the budget or can't be read. The first one: {first}"
            errors = [(self._host, None, message)]
        table = pl.DataFrame(errors, schema=["host", "container_id", "message"], orient="row")
        kind = pl.lit("invalid_summary").alias("kind")
        return Salvaged(
            rows,
            ERRORS.conform(
                table.select("host", "container_id", kind, pl.lit(None, pl.String()).alias("label"), "message")
            ),
        )

    def _report(self, container_id: str | None, message: str) -> None:
        self._broken += 1
        if self._broken <= ERROR_ROWS:
            self._errors.append((container_id, message))

    def _flush(self) -> None:
        if self._texts:
            self._parse(self._texts)
        self._texts, self._size = [], 0

    def _parse(self, texts: list[str]) -> None:
        """Parse containers of the right types, halved where Polars still refuses some."""
        self.check_clock()
        found = parse_elements([",".join(texts).encode()])
        if found is not None:
            self._frames.append(found.rows.select(pl.lit(self._host).alias("host"), pl.all()))
        elif len(texts) == 1:
            self._report(_id_of(json.loads(texts[0])), "The summary can't be read.")
        else:
            middle = len(texts) // 2
            self._parse(texts[:middle])
            self._parse(texts[middle:])


def _cut(summary: dict[str, Any], entries: dict[str, int]) -> list[str]:
    """Leave out what is past the budget of a container, and name it."""
    left_out = []
    settings = summary.get("NetworkSettings")
    for holder in (summary, settings if isinstance(settings, dict) else {}):
        for key, most in entries.items():
            value = holder.get(key)
            if not isinstance(value, list | dict) or len(value) <= most:
                continue
            left_out.append(f"all but {most} of {len(value)} {key}")
            holder[key] = value[:most] if isinstance(value, list) else dict(islice(value.items(), most))
    return left_out


def _fits(dtype: Any) -> Fits:
    """Whether Polars reads a value as of a type: numbers and booleans are texts too, booleans are numbers."""
    match dtype:
        case pl.String():
            return lambda value: value is None or isinstance(value, str | int | float)
        case pl.Boolean():
            return lambda value: value is None or isinstance(value, bool)
        case pl.List():
            return _list_fits(_fits(dtype.inner))
        case pl.Map():
            return _map_fits(_fits(dtype.value))
        case pl.Struct():
            return _struct_fits({field.name: _fits(field.dtype) for field in dtype.fields})
    return lambda value: value is None or isinstance(value, int | float)


def _list_fits(inner: Fits) -> Fits:
    return lambda value: (
        all(map(inner, value)) if isinstance(value, list) else not isinstance(value, dict) and inner(value)
    )


def _map_fits(inner: Fits) -> Fits:
    return lambda value: value is None or (isinstance(value, dict) and all(map(inner, value.values())))


def _struct_fits(inner: dict[str, Fits]) -> Fits:
    return lambda value: (
        value is None or (isinstance(value, dict) and all(fits(value.get(name)) for name, fits in inner.items()))
    )


_FITS: Final = {name: _fits(dtype) for name, dtype in WIRE_SCHEMA.items()}


def _json_type(element: object) -> str:
    match element:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "list"
    return "number"


def _id_of(summary: dict[str, Any]) -> str | None:
    found = summary.get("Id")
    return found if isinstance(found, str) else None


def _not_an_array(body: bytes, host: str) -> HostError:
    try:
        document = parse_document(body)
    except ValueError as error:
        return _not_an_engine(host, f"/containers/json is not JSON ({error})")
    message = document.get("message") if isinstance(document, dict) else None
    reason = f": {shown_text(message)[:_SHOWN_MESSAGE]}" if message is not None else ""
    return _not_an_engine(host, f"/containers/json is not a JSON array{reason}")


def _not_an_engine(host: str, problem: str) -> HostError:
    remedy = "Check that the URL is that of a Docker engine and that nothing between cuts its answers short."
    return HostError.at(host, "invalid_answer", problem, remedy)
