"""What the models of the fleet file are built of: text that is checked, and blocks with conditions over their keys.

Each check is declared once, with its part of the JSON Schema. Importing this loads pydantic, so it is done only when a
fleet file is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from dockerframe._config.urls import END, shown_url
from dockerframe._config.values import VARIABLE_PATTERN, Surroundings

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ModelWrapValidatorHandler, ValidationInfo

Problem: TypeAlias = tuple[tuple[str, ...], str]
"""The path of a mistake below its block, and what is wrong."""

NOT_BLANK: Final = r"\S"
_MISTAKE: Final = "mistake"
_LONGEST_SHOWN: Final = 60
_NEAR: Final = 0.7
# Tags of unions are parts of pydantic's paths; no key of YAML begins so.
_TAG: Final = "\0"


def tag(name: str) -> str:
    """The name of one alternative of a union, which is left out of the paths of mistakes."""
    return f"{_TAG}{name}"


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a fleet file: an annotation that checks a value and is its JSON Schema.

    `schema` describes texts that `read` accepts; one with a variable is accepted too, as only `read` knows its value.
    `secret` keeps the value out of messages.
    """

    schema: Mapping[str, Any] = field(hash=False)
    read: Callable[[Surroundings, str], Any] | None = None
    problem: str = "it must not be empty"
    variables: bool = True
    secret: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """A text that `_read` accepts."""
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema, or any text with a variable."""
        described = dict(self.schema)
        if self.variables:
            return {"type": "string", "anyOf": [described, {"pattern": VARIABLE_PATTERN}]}
        return {"type": "string", **described}

    def _read(self, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            raise _mistake(_type_problem(value, "text", secret=self.secret))
        surroundings = cast(Surroundings, info.context)
        try:
            # Addresses fill in their variables themselves: $DOCKER_HOST has a default.
            if self.read is not None:
                return self.read(surroundings, value)
            text = surroundings.filled_in(value) if self.variables else value
        except ValueError as error:
            raise _mistake(str(error)) from None
        if not self._accepts(text):
            raise _mistake(self.problem if self.secret or not text.strip() else f"{self.problem}, not {_shown(text)}")
        return text

    def _accepts(self, text: str) -> bool:
        pattern, choices = self.schema.get("pattern"), self.schema.get("enum")
        return (pattern is None or bool(re.search(pattern, text))) and (choices is None or text in choices)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a fleet file, whole or not, within bounds; with `text`, also a text of this pattern."""

    least: int
    most: int | None = None
    whole: bool = True
    exclusive: bool = False
    text: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """A number that `_read` accepts."""
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The bounds."""
        number: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        number["exclusiveMinimum" if self.exclusive else "minimum"] = self.least
        if self.most is not None:
            number["maximum"] = self.most
        if self.text is None:
            return number
        return {"anyOf": [number, {"type": "string", "anyOf": [{"pattern": self.text}, {"pattern": VARIABLE_PATTERN}]}]}

    def _read(self, value: Any, info: ValidationInfo) -> Any:
        if self.text is not None and isinstance(value, str):
            surroundings = cast(Surroundings, info.context)
            try:
                text = surroundings.filled_in(value)
            except ValueError as error:
                raise _mistake(str(error)) from None
            if re.search(self.text, text):
                return int(text)
        elif isinstance(value, int | float) and not isinstance(value, bool) and self._accepts(value):
            return int(value) if self.whole else value
        raise _mistake(f"it must be {self._wanted()}, not {_shown(value)}")

    def _accepts(self, value: float) -> bool:
        bounded = (value > self.least if self.exclusive else value >= self.least) and (
            self.most is None or value <= self.most
        )
        return bounded and (not self.whole or value == value // 1)

    def _wanted(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.most is None:
            return f"{kind} above {self.least - (not self.exclusive)}"
        return (
            f"{kind} above {self.least} and up to {self.most}"
            if self.exclusive
            else (f"{kind} from {self.least} to {self.most}")
        )


class Condition(NamedTuple):
    """A condition over several keys of a block: its JSON Schema, and the same as a function that finds mistakes."""

    schema: dict[str, Any]
    problems: Callable[[Mapping[str, Any]], Iterable[Problem]]


class Block(BaseModel):
    """A mapping of the fleet file. All mistakes in it are reported together."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    conditions: ClassVar[tuple[Condition, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema of the fields with that of the conditions."""
        described = handler.resolve_ref_schema(handler(schema))
        if cls.conditions:
            described["allOf"] = [condition.schema for condition in cls.conditions]
        return described

    @model_validator(mode="wrap")
    @classmethod
    def _with_all_mistakes(cls, value: Any, handler: ModelWrapValidatorHandler[Block], info: ValidationInfo) -> Block:
        if not isinstance(value, dict):
            raise _mistake(_type_problem(value, f"a mapping of {', '.join(cls.model_fields)}"))
        found = [problem for condition in cls.conditions for problem in condition.problems(value)]
        try:
            block = handler(value)
        except ValidationError as error:
            found = [(_path(one["loc"]), cls._message(one)) for one in error.errors(include_url=False)] + found
        else:
            found = found or list(block.problems(cast(Surroundings, info.context)))
        if found:
            raise ValidationError.from_exception_data(cls.__name__, [_details(*problem) for problem in found]) from None
        return block

    def problems(self, surroundings: Surroundings) -> Iterator[Problem]:  # noqa: ARG002 - for blocks that override it
        """Mistakes that show only once the block itself is right, such as in the files that it names."""
        yield from ()

    @classmethod
    def _message(cls, error: Any) -> str:
        """What is wrong, in words for people who write fleet files."""
        match error["type"]:
            case "extra_forbidden":
                return unknown_key(str(error["loc"][-1]), tuple(cls.model_fields))
            case "missing":
                return "it is required"
            case "bool_type":
                return _type_problem(error["input"], "true or false")
            case "list_type":
                return _type_problem(error["input"], "a list")
            case "dict_type":
                return _type_problem(error["input"], "a mapping")
        return str(error["msg"])


def unknown_key(key: str, known: tuple[str, ...]) -> str:
    """The message for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=_NEAR)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; the keys are {', '.join(known)}"


def is_given(value: Mapping[str, Any], key: str) -> bool:
    """Whether a block has a key with a value."""
    return value.get(key) is not None


def given(*keys: str) -> dict[str, Any]:
    """The JSON Schema of a block that has all of some keys with a value."""
    return {"required": list(keys), "properties": {key: {"not": {"type": "null"}} for key in keys}}


def no_slips(*keys: str) -> Condition:
    """The condition that no key of a block with keys of other programs is nearly one of ours.

    Examples
    --------
    >>> list(no_slips("providers").problems({"provider": {}, "entrypoint": {}}))
    [(('provider',), 'unknown key; did you mean providers?')]
    """
    slips = "|".join(pattern for key in keys for pattern in _slips(key))
    pattern = rf"^(?!(?:{'|'.join(keys)}){END})(?:{slips}){END}"

    def problems(value: Mapping[str, Any]) -> Iterator[Problem]:
        for key in value:
            if re.search(pattern, key):
                yield (key,), unknown_key(key, keys)

    return Condition({"propertyNames": {"not": {"pattern": pattern}}}, problems)


def _slips(key: str) -> Iterator[str]:
    """Patterns of keys with one character more, less, another, or two in the wrong order."""
    for place in range(len(key)):
        before, after = key[:place], key[place + 1 :]
        yield f"{before}.?{after}"
        yield f"{before}.{key[place:]}"
        if after:
            yield f"{before}{after[0]}{key[place]}{after[1:]}"
    yield f"{key}."


def _type_problem(value: object, wanted: str, *, secret: bool = False) -> str:
    if value is None or value == "":
        return f"it is missing; it must be {wanted}"
    hint = "; write it in quotes" if wanted == "text" and isinstance(value, int | float) else ""
    return f"it must be {wanted}{'' if secret else f', not {_shown(value)}'}{hint}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    # A URL in a wrong place may still have credentials.
    text = shown_url(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _path(location: Iterable[str | int]) -> tuple[str, ...]:
    parts = (str(part) for part in location)
    return tuple(part for part in parts if not part.startswith(_TAG) and part != "[key]")


def _mistake(message: str) -> PydanticCustomError:
    return PydanticCustomError(_MISTAKE, "{message}", {"message": message})


def _details(path: tuple[str, ...], message: str) -> InitErrorDetails:
    return InitErrorDetails(type=_mistake(message), loc=path, input=None)
