"""Labels that Traefik decodes, as rows: the field each sets, and why Traefik refuses it.

Keys differ in the names of routers and services mostly. What is left of a key without that name is looked up once in
the fields of `traefik_schema`; names, values and what several labels mean together are handled as columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.exposures.go_values import boolean, duration, integer
from dockerframe._derive.exposures.traefik_schema import ROOT, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_KEY: Final = 4096
"""Longer label names are refused, in bytes."""

DEEPEST_KEY: Final = 64
"""Label names with more parts are refused."""

FORM, FIELD, VALUE = 0, 1, 2
"""The stages in which Traefik looks at labels: it reports the first error of the first stage that has any."""

_NAME: Final = "\x01"
"""Stands in a tail for the name of a router, service or middleware."""

_MISSING: Final = "\x02"
_END: Final = "\x03"
_ODD: Final = "\x04"

_READERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "flag": ("strconv.ParseBool: parsing", boolean),
    "integer": ("strconv.ParseInt: parsing", integer),
    "duration": ("time: invalid duration", duration),
}

ROWS: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "label": pl.String(),
        "value": pl.String(),
        "name": pl.String(),
        "lower_name": pl.String(),
        "section": pl.String(),
        "path": pl.String(),
        "kind": pl.String(),
        "is_disabled": pl.Boolean(),
    }
)

ERRORS: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "label": pl.String(),
        "stage": pl.UInt8(),
        "problem": pl.String(),
        "node": pl.String(),
        "is_provider": pl.Boolean(),
    }
)

_MEANING: Final = pl.Schema(
    {
        "section": pl.String(),
        "path": pl.String(),
        "kind": pl.String(),
        "problem": pl.String(),
        "node": pl.String(),
        "stage": pl.UInt8(),
        "needs_children": pl.Boolean(),
        "can_disable": pl.Boolean(),
    }
)


class DecodedLabels(NamedTuple):
    """What Traefik makes of the labels of all containers; `row` (UInt32) is a container's position.

    Attributes
    ----------
    rows
        A row per label that names a field, with the columns of `ROWS`. `section` is `http.routers` and the like, or
        `provider`; `name` that of the router, service or middleware; `path` the field below it, in lower case.
        `is_disabled` labels are accepted, but a value such as `tls=yes` switches them off. Labels that Traefik ignores
        are not there, nor those that a second spelling of the same name replaces.
    errors
        The labels because of which Traefik refuses a container, with the columns of `ERRORS`. `node` is the part of
        the name that is wrong; `is_provider` whether it stops Traefik before it looks at the container's state.
    """

    rows: pl.DataFrame
    errors: pl.DataFrame


class Resolved(NamedTuple):
    """What a label name means, apart from the name of its router, service or middleware.

    `kind` is that of `Field`, or `lost` where Traefik accepts the label and takes no value from it.
    """

    section: str = ""
    path: str = ""
    kind: str = "lost"
    problem: str | None = None
    node: str = ""
    stage: int = FORM
    needs_children: bool = False
    can_disable: bool = False


def decode_labels(labels: pl.DataFrame) -> DecodedLabels:
    """The labels that Traefik reads, decoded.

    Reads `row`, `label` and `value`; labels that Traefik ignores may be among them.

    Examples
    --------
    >>> import polars as pl
    >>> labels = {"traefik.http.routers.a.rule": "Host(`a`)", "traefik.http.routers.b.entrypoint": "web"}
    >>> frame = pl.DataFrame({"row": [0, 1], "label": labels.keys(), "value": labels.values()})
    >>> decoded = decode_labels(frame.cast({"row": pl.UInt32}))
    >>> decoded.rows.select("row", "section", "name", "path").rows()
    [(0, 'http.routers', 'a', 'rule')]
    >>> decoded.errors.select("row", "problem").rows()
    [(1, 'field not found, node: entrypoint')]
    """
    meant = _with_meaning(_parted(labels))
    is_refused = pl.col("problem").is_not_null()
    errors = meant.filter(is_refused)
    rows = _with_structure(_last_spelling(meant.filter(~is_refused)))
    errors = pl.concat([errors, rows.filter(is_refused)], how="diagonal")
    rows = rows.filter(~is_refused).drop("problem")
    is_provider = (pl.col("section") == "provider").fill_null(value=False) | pl.col("label").str.contains(
        r"(?i)^traefik\.(?:enable|docker\.)"
    )
    refused = errors.with_columns(is_provider.alias("is_provider")).select(ERRORS.names()).cast(ERRORS)
    return DecodedLabels(
        rows.select(ROWS.names()), pl.concat([refused, _errors_of_values(rows)]).sort("row", "stage", "label")
    )


def considered(label: pl.Expr) -> pl.Expr:
    """Whether Traefik reads a label; it ignores all others."""
    return label.str.contains(r"(?i)^traefik\.(?:http|tcp|udp|enable|docker\.|tls\.stores\.default)")


def _parted(labels: pl.DataFrame) -> pl.DataFrame:
    """The labels that Traefik reads with their `name`, and with `tail`: the key without that name."""
    label, name = pl.col("label"), pl.col("name")
    fields = ["root", "part", "group", "name", "rest"]
    parts = pl.when(label.str.len_bytes() <= LONGEST_KEY).then(label).str.splitn(".", 5).struct.rename_fields(fields)
    rest = pl.col("rest").fill_null(_END)
    # A name that Traefik would split, or refuse, is not one: it stays in the tail.
    is_odd = (name == "") | name.str.starts_with("[") | name.str.ends_with("]")
    odd = pl.concat_str(pl.lit(_ODD), name, pl.lit("."), rest)
    rest = pl.when(name.is_null()).then(pl.lit(_MISSING)).when(is_odd).then(odd).otherwise(rest)
    tail = pl.concat_str("root", "part", pl.col("group").fill_null(_MISSING), rest, separator=".").fill_null("")
    rows = labels.lazy().filter(considered(label)).with_columns(parts.alias("parts")).unnest("parts")
    return rows.select("row", "label", "value", "name", tail.alias("tail")).collect()


def _with_meaning(parted: pl.DataFrame) -> pl.DataFrame:
    """The labels with the columns of `_MEANING`, looked up once for each distinct tail."""
    tails = parted["tail"].unique().sort()
    found = [resolve(tail) for tail in tails]
    code = parted["tail"].cast(pl.Enum(tails)).to_physical()
    columns = (pl.Series(name, [getattr(one, name) for one in found], dtype) for name, dtype in _MEANING.items())
    return parted.drop("tail").with_columns(column.gather(code) for column in columns)


def resolve(tail: str) -> Resolved:
    """What a tail means: `root.part.group.rest`, where control characters stand for what is missing."""
    if not tail:
        return Resolved(problem=f"the name is longer than {LONGEST_KEY} bytes")
    root, part, *others = tail.split(".", 3)
    group, rest = (*others, _MISSING, _MISSING)[:2]
    if root != "traefik":
        return Resolved(problem=f"invalid label root {root}", node=root)
    parts = [part, *([] if group == _MISSING else [group]), *_below(rest)]
    if len(parts) > DEEPEST_KEY:
        return Resolved(problem=f"the name has more than {DEEPEST_KEY} parts")
    split: list[str] = []
    for one in parts:
        problem = _form_problem(one)
        if problem:
            return Resolved(problem=problem, node=one)
        split += _split_number(one)
    return _walk(split)


def _below(rest: str) -> list[str]:
    """The parts of a name from the fourth on."""
    if rest == _MISSING:
        return []
    if rest.startswith(_ODD):
        return rest[1:].removesuffix(f".{_END}").split(".")
    return [_NAME, *([] if rest == _END else rest.split("."))]


def _form_problem(part: str) -> str | None:
    if not part:
        return "invalid element: a part of the name is empty"
    if part.startswith("["):
        return f"invalid leading character '[' in field name (bracket is a slice delimiter): {part}"
    if part.endswith("]") and "[" not in part:
        return f"invalid element: {part} has no opening bracket"
    return None


def _split_number(part: str) -> tuple[str, ...]:
    """`domains[0]` is `domains` and `[0]`."""
    if not part.endswith("]"):
        return (part,)
    name, _, number = part.partition("[")
    return (name, f"[{number}")


def _walk(parts: Sequence[str]) -> Resolved:
    """Follow the parts of a name through the fields of `traefik_schema`."""
    at, is_ignored, is_entry = ROOT, False, False
    for position, part in enumerate(parts):
        if at.kind == "raw":
            break
        if at.kind in {"text", "flag", "integer", "duration"}:
            return Resolved(problem=f"invalid node {parts[position - 1]}: {at.kind}", node=part, stage=FIELD)
        if at.kind == "texts":
            # A numbered item of a list is accepted, and no value is taken from it.
            return _unknown(parts[position + 1]) if position + 1 < len(parts) else _named(parts, Field("raw"))
        below = at.element if at.kind == "map" else _field_of(at, part)
        if below is None:
            return _unknown(part)
        if at.kind == "map" and below.kind in {"text", "integer"} and position + 1 < len(parts):
            return _deeper_than_a_map(parts[: position + 1], below)
        is_ignored |= below.ignored
        is_entry = at.kind == "map" or (at.kind == "list" and not at.collapsed)
        at = below
    return _named(parts, at, is_ignored=is_ignored, is_entry=is_entry)


def _field_of(at: Field, part: str) -> Field | None:
    """What is below a struct or a list of structs."""
    if at.kind == "list" and not at.collapsed:
        return Field("struct", at.fields)
    return at.fields.get(part.lower())


def _unknown(part: str) -> Resolved:
    return Resolved(problem=f"field not found, node: {part}", node=part, stage=FIELD)


def _deeper_than_a_map(parts: Sequence[str], below: Field) -> Resolved:
    """A map of texts takes the first name below it, with an empty value; an empty text is not a number."""
    if below.kind == "integer":
        return Resolved(problem='strconv.ParseInt: parsing "": invalid syntax', node=parts[-1], stage=VALUE)
    return _named(parts, Field("raw"))


def _named(parts: Sequence[str], at: Field, *, is_ignored: bool = False, is_entry: bool = False) -> Resolved:
    """The section and path of a name that Traefik knows."""
    lowered = [part.lower() for part in parts]
    if lowered[0] in {"enable", "docker"}:
        section, path = "provider", ".".join(lowered)
    else:
        section, path = ".".join(lowered[:2]), ".".join(lowered[3:])
    is_collapsed = at.kind == "list" and at.collapsed
    # An entry of a map or a list may stand alone.
    stands_alone = is_entry or is_ignored or at.allow_empty or at.kind not in {"struct", "map"}
    return Resolved(
        section=section,
        path=path,
        kind="lost" if is_ignored or at.kind == "raw" else at.kind,
        node=parts[-1],
        stage=VALUE if is_collapsed else FIELD,
        needs_children=is_collapsed or not stands_alone,
        can_disable=at.allow_empty and not is_entry,
    )


def _last_spelling(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `lower_name`; of labels that differ in case only, the last stays, under the name of the first."""
    lowered = rows.with_columns(pl.col("name").str.to_lowercase().alias("lower_name"))
    if not _may_repeat(lowered):
        return lowered
    place = ["row", "section", "lower_name", "path"]
    named = lowered.sort("row", "label").with_columns(pl.col("name").first().over("row", "section", "lower_name"))
    return named.unique(place, keep="last", maintain_order=True)


def _may_repeat(rows: pl.DataFrame) -> bool:
    """Whether two labels of one container may set one field: only where something is not in lower case."""
    is_lower = pl.col("label") == pl.col("label").str.to_lowercase()
    return not rows.select(is_lower.all()).item()


def _with_structure(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `is_disabled`, and the problem of those that need fields below them and have none."""
    value = pl.col("value")
    is_off = pl.col("can_disable") & (value != "") & (value.str.to_lowercase() != "true")
    asked = rows.filter(pl.col("needs_children") | is_off)["row"].unique()
    if asked.is_empty():
        return rows.with_columns(pl.lit(value=False).alias("is_disabled"))
    is_asked = pl.col("row").is_in(asked.implode())
    plain = rows.filter(~is_asked).with_columns(pl.lit(value=False).alias("is_disabled"))
    # With a separator that sorts before all others, what is below a field follows it immediately.
    full = pl.concat_str(
        pl.col("section"), pl.col("lower_name").fill_null(""), pl.col("path"), separator="\x00"
    ).str.replace_all(".", "\x00", literal=True)
    below = pl.col("full") + "\x00"
    ordered = (
        rows.filter(is_asked)
        .with_columns(full.alias("full"), is_off.alias("is_off"))
        .sort("row", "full", "label")
        .with_columns(
            pl.col("full").shift(-1).over("row").str.starts_with(below).fill_null(value=False).alias("has_children"),
            pl.when("is_off").then("full").forward_fill().over("row").alias("off"),
        )
    )
    is_below = (pl.col("full") == pl.col("off")) | pl.col("full").str.starts_with(pl.col("off") + "\x00")
    is_bare = pl.col("needs_children") & ~pl.col("has_children")
    problem = pl.format("{} cannot be a standalone element", pl.col("node"))
    checked = ordered.with_columns(
        is_below.fill_null(value=False).alias("is_disabled"), pl.when(is_bare).then(problem).alias("problem")
    )
    return pl.concat([plain, checked.select(plain.columns)])


def _errors_of_values(rows: pl.DataFrame) -> pl.DataFrame:
    """The labels whose value is not of their field's kind, each distinct value read once."""
    typed = rows.filter(pl.col("kind").is_in(list(_READERS)) & ~pl.col("is_disabled"))
    distinct = typed.select("kind", "value").unique()
    refused = [
        (kind, value, f'{_READERS[kind][0]} "{value}"{"" if kind == "duration" else ": invalid syntax"}')
        for kind, value in distinct.iter_rows()
        if _READERS[kind][1](value) is None
    ]
    schema = {"kind": pl.String(), "value": pl.String(), "problem": pl.String()}
    reasons = pl.DataFrame(refused, schema=schema, orient="row")
    found = typed.drop("problem", strict=False).join(reasons, on=["kind", "value"])
    return found.select(
        "row",
        "label",
        pl.lit(VALUE, pl.UInt8).alias("stage"),
        "problem",
        "node",
        (pl.col("section") == "provider").alias("is_provider"),
    )
