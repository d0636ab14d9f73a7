"""Middlewares of routes: the built-in ones with their options, and what is wrong with those that labels name.

Source: labels.md, section 13, rule 12 (`unknown_middleware` and `middleware_option`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.routes import value_types as types
from dockerframe._derive.routes.known_fields import MAX_NEAREST, FieldGroup, compact, field_group, nearest_name
from dockerframe._derive.routes.value_types import VALUE, ValueType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Middleware(NamedTuple):
    """A built-in middleware: its options, those that it needs, and those that must not be empty where they are set."""

    options: FieldGroup
    needed: tuple[str, ...] = ()
    not_empty: tuple[str, ...] = ()


_TEXT_MAP: Final = FieldGroup({}, any_key=types.TEXT)
_PATH: Final = ValueType(~VALUE.str.starts_with("/"), "a path that begins with /")
_HEADERS: Final = field_group(
    {"set_headers": _TEXT_MAP, "add_headers": _TEXT_MAP, "hide_headers": types.TEXTS, "add_prefix": types.TEXT}
)
_NONE: Final = field_group({})

_REQUEST: Final = Middleware(_HEADERS)
_ERROR_PAGE: Final = Middleware(_NONE)
_BUILT_IN: Final = {
    "redirect_http": Middleware(_NONE),
    "oidc": Middleware(
        field_group(
            {
                "issuer_url": types.TEXT,
                "allowed_users": types.TEXTS,
                "allowed_groups": types.TEXTS,
                "client_id": types.TEXT,
                "client_secret": types.TEXT,
                "scopes": types.TEXTS,
            }
        )
    ),
    "forward_auth": Middleware(
        field_group({"route": types.TEXT, "auth_endpoint": types.TEXT, "headers": types.TEXTS}),
        not_empty=("route", "auth_endpoint"),
    ),
    "crowdsec": Middleware(
        field_group(
            {
                "route": types.TEXT,
                "port": types.WHOLE_NUMBER,
                "api_key": types.TEXT,
                "endpoint": _PATH,
                "log_blocked": types.BOOLEAN,
                "timeout": types.DURATION,
            }
        ),
        needed=("route", "api_key"),
        not_empty=("endpoint",),
    ),
    "request": _REQUEST,
    "modify_request": _REQUEST,
    "response": _REQUEST,
    "modify_response": _REQUEST,
    "set_x_forwarded": Middleware(_NONE),
    "hide_x_forwarded": Middleware(_NONE),
    "modify_html": Middleware(field_group({"target": types.TEXT, "html": types.TEXT, "replace": types.BOOLEAN})),
    "themed": Middleware(
        field_group({"font_url": types.TEXT, "font_family": types.TEXT, "theme": types.THEME, "css": types.TEXT})
    ),
    "error_page": _ERROR_PAGE,
    "custom_error_page": _ERROR_PAGE,
    "real_ip": Middleware(
        field_group({"header": types.TEXT, "from": types.NETWORKS, "recursive": types.BOOLEAN}),
        needed=("from",),
        not_empty=("header",),
    ),
    "cloudflare_real_ip": Middleware(_NONE),
    "cidr_whitelist": Middleware(
        field_group({"allow": types.NETWORKS, "status_code|status": types.STATUS, "message": types.TEXT}),
        needed=("allow",),
    ),
    "rate_limit": Middleware(
        field_group({"average": types.POSITIVE, "burst": types.POSITIVE, "period": types.INTERVAL}),
        needed=("average", "burst"),
    ),
    "hcaptcha": Middleware(
        field_group({"site_key": types.TEXT, "secret": types.TEXT, "session_expiry": types.DURATION}),
        needed=("site_key", "secret"),
    ),
}
BUILT_IN: Final = {compact(name): (name, middleware) for name, middleware in _BUILT_IN.items()}

_COMMON: Final = {"priority": types.WHOLE_NUMBER, "bypass": types.CONDITIONS}
"""Options of every middleware. They are found by exactly these names."""

_CHECK: Final = {"check": pl.String, "message": pl.String}
PROBLEM: Final = pl.Schema({"route": pl.UInt32(), "check": pl.String(), "label": pl.String(), "message": pl.String()})


class _Option(NamedTuple):
    """What the path of an option means: its middleware and own name, its type, or what is wrong with the path."""

    middleware: str
    option: str | None = None
    type: ValueType | None = None
    check: str | None = None
    message: str | None = None


def middleware_problems(options: pl.DataFrame, known: Collection[str] = ()) -> pl.DataFrame:
    """What is wrong with the middlewares of routes: `route`, `check`, `label`, `message`.

    `options` has `route`, `path` (below `middlewares`: a name, or a name and an option), `value` and `source_label`.
    `known` are the names of middlewares that GoDoxy's own files define.

    Examples
    --------
    >>> rows = {"route": [0], "path": ["rate_limit.avrage"], "value": ["1"], "source_label": ["proxy.a"]}
    >>> options = pl.DataFrame(rows, schema_overrides={"route": pl.UInt32()})
    >>> middleware_problems(options)["message"].to_list()
    ["The middleware rate_limit has no option 'avrage': it has average, burst, period.",
     'The middleware rate_limit needs a value for average.', 'The middleware rate_limit needs a value for burst.']
    """
    also_known = {compact(name) for name in known}
    paths = enumerate(options["path"].unique().to_list())
    found = {path: _option(path, also_known, with_nearest=number < MAX_NEAREST) for number, path in paths}
    # Expressions have no hash.
    kinds = list({id(one.type): one.type for one in found.values() if one.type is not None}.values())
    numbers = {id(kind): number for number, kind in enumerate(kinds)}
    names = pl.DataFrame(
        [
            (path, one.middleware, one.option, numbers.get(id(one.type)), one.check, one.message)
            for path, one in found.items()
        ],
        {**dict.fromkeys(("path", "middleware", "option"), pl.String), "type": pl.UInt8, **_CHECK},
        orient="row",
    )
    rows = options.join(names, on="path", maintain_order="left")
    bad_paths = rows.filter(pl.col("check").is_not_null()).select(
        PROBLEM.names()[:2], label="source_label", message="message"
    )
    bad_values = [_bad_values(rows.filter(pl.col("type") == number), kind) for number, kind in enumerate(kinds)]
    used = {one.middleware for one in found.values()}
    return pl.concat([PROBLEM.to_frame(), bad_paths, *bad_values, *_missing(rows, used)])


def _option(path: str, known: Collection[str], *, with_nearest: bool) -> _Option:
    name, _, rest = path.partition(".")
    if "@" in name:
        return _Option(name)
    if compact(name) in known:
        return _Option(name, check="middleware_option", message=_no_options(name)) if rest else _Option(name)
    if compact(name) not in BUILT_IN:
        nearest = BUILT_IN[nearest_name(compact(name), BUILT_IN)][0] if with_nearest else None
        hint = f"did you mean {nearest!r}? " if nearest else ""
        hint += "List a middleware of GoDoxy's own files in known_middlewares."
        return _Option(name, check="unknown_middleware", message=f"There is no middleware {name!r}; {hint}")
    own_name, middleware = BUILT_IN[compact(name)]
    return _option_of(own_name, middleware, rest) if rest else _Option(own_name)


def _option_of(name: str, middleware: Middleware, path: str) -> _Option:
    first, *below = path.split(".")
    if first in _COMMON:
        return _Option(name, first, _COMMON[first]) if not below else _bad_option(name, path, "it holds no mapping")
    own = middleware.options.fields.get(compact(first))
    if own is None:
        names = sorted({one for one, _ in middleware.options.fields.values()})
        return _bad_option(name, first, f"it has {', '.join(names) or 'none besides priority and bypass'}")
    option, node = own
    if isinstance(node, FieldGroup):
        return _Option(name, option, types.TEXT) if below else _Option(name, option)
    return _Option(name, option, node) if not below else _bad_option(name, path, "it holds no mapping")


def _bad_option(name: str, option: str, reason: str) -> _Option:
    message = f"The middleware {name} has no option {option!r}: {reason}."
    return _Option(name, check="middleware_option", message=message)


def _no_options(name: str) -> str:
    return f"The middleware {name} comes from a file and takes no options here; set them in that file."


def _bad_values(rows: pl.DataFrame, kind: ValueType) -> pl.DataFrame:
    if kind.is_bad is None:
        return PROBLEM.to_frame()
    bad = rows.filter(VALUE != "").filter(kind.is_bad)
    message = pl.format("The option {} of the middleware {} must be {}.", "option", "middleware", pl.lit(kind.valid))
    return bad.select("route", check=pl.lit("middleware_option"), label="source_label", message=message)


def _missing(rows: pl.DataFrame, used: Collection[str]) -> Iterator[pl.DataFrame]:
    """Options that a middleware needs, where it has options at all."""
    for name, middleware in _BUILT_IN.items():
        if name in used and (middleware.needed or middleware.not_empty):
            has_options = pl.col("path").str.contains(".", literal=True)
            own = rows.filter((pl.col("middleware") == name) & has_options)
            yield from (_needed(_without(own, option), name, option) for option in middleware.needed)
            yield from (_needed(_emptied(own, option), name, option) for option in middleware.not_empty)


def _without(own: pl.DataFrame, option: str) -> pl.DataFrame:
    has_it = own.filter((pl.col("option") == option) & (VALUE != ""))
    return own.join(has_it, on="route", how="anti").group_by("route").agg(pl.col("source_label").min())


def _emptied(own: pl.DataFrame, option: str) -> pl.DataFrame:
    return own.filter((pl.col("option") == option) & (VALUE == ""))


def _needed(rows: pl.DataFrame, name: str, option: str) -> pl.DataFrame:
    message = pl.lit(f"The middleware {name} needs a value for {option}.")
    return rows.select("route", check=pl.lit("middleware_option"), label="source_label", message=message)
