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
    from collections.abc import Callable, Mapping, Sequence

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

SECTIONS: Final = (
    "provider",
    *(f"{protocol}.{group}" for protocol in ("http", "tcp", "udp") for group in ("routers", "services", "middlewares")),
    "other",
)
"""The parts of the configuration that labels set, as `protocol.group`; `other` holds what no router needs."""

READ_PATHS: Final = (
    "",
    "enable",
    "docker.network",
    "docker.allownonrunning",
    "rule",
    "service",
    "entrypoints",
    "middlewares",
    "priority",
    "rulesyntax",
    "tls",
    "tls.options",
    "tls.passthrough",
    "loadbalancer",
    "loadbalancer.server.port",
    "loadbalancer.server.scheme",
    "loadbalancer.server.url",
    "loadbalancer.serverstransport",
    "chain.middlewares",
)
"""The fields that are looked up by name."""

ROWS: Final = ("row", "object", "label", "value", "section", "path", "top", "kind", "is_disabled")
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

_SECTION: Final = pl.Enum(SECTIONS)
_KIND: Final = pl.Enum(["text", "flag", "integer", "duration", "texts", "struct", "map", "list", "raw", "lost"])
_IS_PROVIDER: Final = r"(?i)^traefik\.(?:enable|docker\.)"
_FALSE: Final = pl.lit(value=False)


class DecodedLabels(NamedTuple):
    """What Traefik makes of the labels of all containers; `row` (UInt32) is a container's position.

    Attributes
    ----------
    rows
        A row per label that names a field, with the columns of `ROWS`, sorted by `object`. `section` is one of
        `SECTIONS`; `path` the field below the object's name, in lower case, and `top` its first part. `is_disabled`
        labels are accepted, but a value such as `tls=yes` switches them off. Labels that Traefik ignores are not
        there, nor those that a second spelling of the same name replaces.
    objects
        A row per router, service or middleware of a container, and per container with provider labels: `object`
        (its number), `row`, `section`, `protocol`, `name`.
    errors
        The labels because of which Traefik refuses a container, with the columns of `ERRORS`. `node` is the part of
        the name that is wrong; `is_provider` whether it stops Traefik before it looks at the container's state.
    has_capitals
        Whether any label has a capital letter before the name of its object.
    """

    rows: pl.DataFrame
    objects: pl.DataFrame
    errors: pl.DataFrame
    has_capitals: bool

    def values(self, section: str, fields: Mapping[str, str]) -> pl.DataFrame:
        """The objects of a group of sections (`routers`) with values of fields, each under the name given to it.

        A value is null without a label, where it is empty, and where it is switched off.
        """
        chosen = [name for name in SECTIONS if name == section or name.endswith(f".{section}")]
        is_own = pl.col("section").is_in(chosen) & ~pl.col("is_disabled") & (pl.col("value") != "")
        own = self.rows.lazy().filter(is_own).select("object", "path", "value").collect()
        # An object has a field once, so its values go to their places by number: a join takes four times as long.
        columns = []
        for name, path in fields.items():
            one = own.filter(pl.col("path") == path)
            places = pl.repeat(None, self.objects.height, dtype=pl.String(), eager=True)
            columns.append(places.scatter(one["object"], one["value"]).alias(name))
        return self.objects.hstack(columns).filter(pl.col("section").is_in(chosen))

    def labels(self) -> pl.DataFrame:
        """The names of the labels of each object: `object`, `labels`."""
        ordered = self.rows.lazy().with_columns(pl.col("object").set_sorted())
        return ordered.group_by("object", maintain_order=True).agg(pl.col("label").alias("labels")).collect()


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

    Reads `row`, `label` and `value` of labels that are `considered`.

    Examples
    --------
    >>> import polars as pl
    >>> labels = {"traefik.http.routers.a.rule": "Host(`a`)", "traefik.http.routers.b.entrypoint": "web"}
    >>> frame = pl.DataFrame({"row": [0, 1], "label": labels.keys(), "value": labels.values()})
    >>> decoded = decode_labels(frame.cast({"row": pl.UInt32}))
    >>> decoded.values("routers", {"rule": "rule"}).select("row", "name", "rule").rows()
    [(0, 'a', 'Host(`a`)')]
    >>> decoded.errors.select("row", "problem").rows()
    [(1, 'field not found, node: entrypoint')]
    """
    parted = _parted(labels)
    tails = parted["tail"].unique().sort()
    meanings = _meanings(tails)
    code = parted["tail"].cast(pl.Enum(tails)).to_physical()
    quick = meanings.drop("tail", "problem", "node", "stage")
    meant = parted.drop("tail").with_columns(code.alias("code"), *(quick[name].gather(code) for name in quick.columns))
    errors = [_errors(meant.filter("is_refused"), meanings)]
    rows = _with_structure(_ordered(meant.filter(~pl.col("is_refused")), meanings))
    errors += [_errors(rows.filter("is_bare"), meanings), _errors_of_values(rows, meanings)]
    kept, objects = _numbered(rows.filter(~pl.col("is_bare")))
    return DecodedLabels(
        rows=kept.select(ROWS),
        objects=objects,
        errors=pl.concat(errors).sort("row", "stage", "label"),
        has_capitals=not _has_lower_heads(meanings),
    )


def _errors(refused: pl.DataFrame, meanings: pl.DataFrame) -> pl.DataFrame:
    """The refused labels with the columns of `ERRORS`."""
    reasons = meanings.select("problem", "node", "stage").with_row_index("code")
    reason = pl.col("reason") if "reason" in refused.columns else pl.lit(None, pl.String()).alias("reason")
    found = refused.select("row", "label", "code", reason).join(reasons, on="code", how="left")
    bare = pl.format("{} cannot be a standalone element", pl.col("node"))
    return found.select(
        "row",
        "label",
        pl.when(pl.col("reason").is_not_null()).then(pl.lit(VALUE, pl.UInt8)).otherwise("stage").alias("stage"),
        pl.coalesce("reason", "problem", bare).alias("problem"),
        "node",
        pl.col("label").str.contains(_IS_PROVIDER).alias("is_provider"),
    ).cast(ERRORS)


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
    rows = labels.lazy().with_columns(parts.alias("parts")).unnest("parts")
    return rows.select("row", "label", "value", "name", tail.alias("tail")).collect()


def _meanings(tails: pl.Series) -> pl.DataFrame:
    """What each distinct tail means."""
    found = [resolve(tail) for tail in tails]
    paths = sorted({one.path for one in found} | set(READ_PATHS))
    tops = sorted({path.partition(".")[0] for path in paths})
    return pl.DataFrame(
        {
            "tail": tails,
            "section": [one.section if one.section in SECTIONS else "other" for one in found],
            "path": [one.path for one in found],
            "top": [one.path.partition(".")[0] for one in found],
            "kind": [one.kind for one in found],
            "problem": [one.problem for one in found],
            "node": [one.node for one in found],
            "stage": [one.stage for one in found],
            "needs_children": [one.needs_children for one in found],
            "can_disable": [one.can_disable for one in found],
            "is_refused": [one.problem is not None for one in found],
        },
        schema={
            "tail": pl.String(),
            "section": _SECTION,
            "path": pl.Enum(paths),
            "top": pl.Enum(tops),
            "kind": _KIND,
            "problem": pl.String(),
            "node": pl.String(),
            "stage": pl.UInt8(),
            "needs_children": pl.Boolean(),
            "can_disable": pl.Boolean(),
            "is_refused": pl.Boolean(),
        },
    )


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


def _ordered(rows: pl.DataFrame, meanings: pl.DataFrame) -> pl.DataFrame:
    """The rows such that those of one object follow one another, each field once.

    Of labels that differ in case only, the last stays, and the object has the name of the first. Engines send labels
    in order, and in lower case for the most part: then nothing is left to do.
    """
    known = meanings.filter(~pl.col("is_refused"))
    is_once = known.select(pl.struct("section", "path").is_unique().all()).item()
    label, name = pl.col("label"), pl.col("name")
    in_order = (label > label.shift()) | (pl.col("row") != pl.col("row").shift())
    has_lower_names = ~name.str.contains(r"[^\x00-\x40\x5b-\x7f]").fill_null(value=False)
    if is_once and _has_lower_heads(known) and rows.select(in_order.all() & has_lower_names.all()).item():
        return rows.with_columns(name.alias("lower_name"))
    lowered = rows.with_columns(name.str.to_lowercase().alias("lower_name")).sort("row", "label")
    group = ["row", "section", "lower_name"]
    named = lowered.with_columns(name.first().over(group))
    return named.unique([*group, "path"], keep="last", maintain_order=True).sort(*group, "label")


def _has_lower_heads(meanings: pl.DataFrame) -> bool:
    head = pl.col("tail").str.extract(r"^([^.]*\.[^.]*\.[^.]*)")
    return bool(meanings.select((head == head.str.to_lowercase()).all()).item())


def _numbered(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with `object`, the number of the object that each belongs to, and the objects."""
    group = [pl.col(name) for name in ("row", "section", "lower_name")]
    is_first = pl.any_horizontal(one.ne_missing(one.shift()) for one in group)
    marked = rows.with_columns((pl.int_range(pl.len()) == 0).or_(is_first).alias("is_first"))
    number = (pl.col("is_first").cum_sum() - 1).cast(pl.UInt32)
    objects = marked.filter("is_first").select("row", "section", "name", "lower_name").with_row_index("object")
    protocol = pl.col("section").cast(pl.String).str.split(".").list.first()
    names = pl.DataFrame({"section": pl.Series(SECTIONS, dtype=_SECTION)}).with_columns(protocol.alias("protocol"))
    by_section = names["protocol"].gather(objects["section"].to_physical())
    return marked.with_columns(number.alias("object")), objects.with_columns(by_section)


def _with_structure(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `is_disabled`, and `is_bare` for those that need fields below them and have none."""
    value = pl.col("value")
    may_be_off = rows.lazy().filter(pl.col("can_disable") & (value != ""))
    is_off = pl.col("can_disable") & (value != "") & (value.str.to_lowercase() != "true")
    bare = rows.lazy().filter(pl.col("needs_children")).select("row")
    asked = pl.concat([bare, may_be_off.filter(is_off).select("row")]).unique().collect()["row"]
    if asked.is_empty():
        return rows.with_columns(_FALSE.alias("is_disabled"), _FALSE.alias("is_bare"))
    is_asked = pl.col("row").is_in(asked.implode())
    place = rows.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("at"), is_asked.alias("is_asked"))
    numbered = rows.hstack(place)
    checked = _checked(numbered.filter("is_asked"), is_off)
    both = numbered.join(checked, on="at", how="left", maintain_order="left")
    flags = [pl.col(name).fill_null(value=False) for name in ("is_disabled", "is_bare")]
    return both.with_columns(*flags).drop("at", "is_asked")


def _checked(rows: pl.DataFrame, is_off: pl.Expr) -> pl.DataFrame:
    """`at`, `is_disabled` and `is_bare` of rows.

    With a separator that sorts before all others, what is below a field follows it immediately.
    """
    parts = [pl.col("section").cast(pl.String), pl.col("lower_name").fill_null(""), pl.col("path").cast(pl.String)]
    full = pl.concat_str(parts, separator="\x00").str.replace_all(".", "\x00", literal=True)
    following, off = pl.col("full").shift(-1).over("row"), pl.col("off")
    ordered = rows.select("row", "label", "at", "needs_children", full.alias("full"), is_off.alias("is_off"))
    ordered = ordered.sort("row", "full", "label").with_columns(
        following.str.starts_with(pl.col("full") + "\x00").fill_null(value=False).alias("has_children"),
        pl.when("is_off").then("full").forward_fill().over("row").alias("off"),
    )
    is_below = (pl.col("full") == off) | pl.col("full").str.starts_with(off + "\x00")
    return ordered.select(
        "at",
        is_below.fill_null(value=False).alias("is_disabled"),
        (pl.col("needs_children") & ~pl.col("has_children")).alias("is_bare"),
    )


def _errors_of_values(rows: pl.DataFrame, meanings: pl.DataFrame) -> pl.DataFrame:
    """The labels whose value is not of their field's kind, each distinct value read once."""
    typed = rows.lazy().filter(pl.col("kind").is_in(list(_READERS)) & ~pl.col("is_disabled"))
    found = typed.select("row", "label", "code", "kind", "value").collect()
    distinct = found.select(pl.col("kind").cast(pl.String), "value").unique()
    refused = [
        (kind, value, f'{_READERS[kind][0]} "{value}"{"" if kind == "duration" else ": invalid syntax"}')
        for kind, value in distinct.iter_rows()
        if _READERS[kind][1](value) is None
    ]
    schema = {"kind": _KIND, "value": pl.String(), "reason": pl.String()}
    reasons = pl.DataFrame(refused, schema=schema, orient="row")
    return _errors(found.join(reasons, on=["kind", "value"]), meanings)
