"""The fields that a route has: their names, what is below them, and the type of each (labels.md, section 13)."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from dockerframe._derive.routes import value_types as types
from dockerframe._derive.routes.value_types import ValueType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

# ASCII alone: `str.lower` would make a K of the Kelvin sign.
_IGNORED: Final = str.maketrans({"_": None, **{chr(one): chr(one + 32) for one in range(ord("A"), ord("Z") + 1)}})

MAX_NEAREST: Final = 1_000
"""For how many distinct unknown names the nearest known one is looked for: for each it takes a third of a ms."""

ANY_KEY: Final = "*"
"""The part of a name that stands for a key that people choose."""


class FieldGroup(NamedTuple):
    """A field with fields below it: by their compact names, each with its own name and what it is.

    `any_key` is what every other key is; None where no other key is allowed. `text` is the type of a text in place of
    the fields, where there is one besides a YAML mapping of them.
    """

    fields: Mapping[str, tuple[str, Node]]
    any_key: Node | None = None
    text: ValueType | None = None


Node: TypeAlias = "ValueType | FieldGroup"


class FoundField(NamedTuple):
    """What a dotted path means.

    `name` is the field's own name; for an unknown one that of the field above it, with `.?` behind it. `problem` is
    `unknown_field` or `invalid_value` (the field has no fields below it), else null; `at` is the part of the path that
    it concerns, `hint` what to do.
    """

    name: str
    problem: str | None = None
    at: str | None = None
    hint: str | None = None


def compact(name: str) -> str:
    """A name as names are compared: regardless of ASCII case and of `_`.

    Examples
    --------
    >>> compact("no_TLS_verify"), compact("no-tls-verify")
    ('notlsverify', 'no-tls-verify')
    """
    return name.translate(_IGNORED)


def field_group(
    fields: Mapping[str, Node], *, any_key: Node | None = None, text: ValueType | None = None
) -> FieldGroup:
    """A group of fields by their names; `name|other` has a second name for one."""
    named: dict[str, tuple[str, Node]] = {}
    for names, node in fields.items():
        first, *_ = each = names.split("|")
        named |= {compact(one): (first, node) for one in each}
    return FieldGroup(named, any_key, text)


_FREE: Final = FieldGroup({}, any_key=types.ANYTHING, text=types.ANYTHING)
_FILTER: Final = field_group({"negative": types.BOOLEAN, "values": types.TEXTS})
_LOGGED: Final = field_group(
    {"default": types.LOGGED, "config": FieldGroup({}, any_key=types.LOGGED)},
)
_HEALTHCHECK: Final = field_group(
    {
        "disable|disabled": types.BOOLEAN,
        "use_get": types.BOOLEAN,
        "path": types.PATH,
        "interval": types.INTERVAL,
        "timeout": types.INTERVAL,
        "retries": types.WHOLE_NUMBER,
    }
)
_LOAD_BALANCE: Final = field_group(
    {
        "link": types.TEXT,
        "mode": types.TEXT,
        "weight": types.WHOLE_NUMBER,
        "sticky": types.BOOLEAN,
        "sticky_max_age": types.DURATION,
        "options": _FREE,
    }
)
_HOMEPAGE: Final = field_group(
    {
        "show": types.BOOLEAN,
        "name": types.TEXT,
        "icon": types.TEXT,
        "category": types.TEXT,
        "description|desc": types.TEXT,
        "url": types.TEXT,
        "favorite": types.BOOLEAN,
        "widget_config|widget": _FREE,
    }
)
_ACCESS_LOG: Final = field_group(
    {
        "path": types.TEXT,
        "stdout": types.BOOLEAN,
        "retention|keep": field_group(
            {"days": types.COUNT, "last": types.COUNT, "keep_size": types.COUNT}, text=types.RETENTION
        ),
        "rotate_interval": types.DURATION,
        "format": types.LOG_FORMAT,
        "filters": field_group(dict.fromkeys(("status_codes", "method", "host", "headers", "cidr"), _FILTER)),
        "fields": field_group({"headers|header": _LOGGED, "query|queries": _LOGGED, "cookies|cookie": _LOGGED}),
    }
)
_PROXMOX: Final = field_group(
    {
        "node": types.TEXT,
        "vmid": types.COUNT,
        "vmname": types.TEXT,
        "services|service": types.COMMAND_TEXTS,
        "files|file": types.COMMAND_TEXTS,
    }
)
_IDLEWATCHER: Final = field_group(
    {
        "proxmox": field_group({"node": types.TEXT, "vmid": types.COUNT}),
        "docker": _FREE,
        "idle_timeout": types.DURATION,
        "wake_timeout": types.DURATION,
        "stop_timeout": types.DURATION,
        "stop_method": types.TEXT,
        "stop_signal": types.TEXT,
        "start_endpoint": types.TEXT,
        "depends_on": types.TEXTS,
        "no_loading_page": types.BOOLEAN,
    }
)
_ROUTE: Final = field_group(
    {
        "alias": types.TEXT,
        "scheme": types.SCHEME,
        "host": types.TEXT,
        "port": FieldGroup({}, text=types.PORT),
        "bind": types.ADDRESS,
        "root": types.TEXT,
        "spa": types.BOOLEAN,
        "index": types.TEXT,
        "no_tls_verify": types.BOOLEAN,
        "response_header_timeout": types.DURATION,
        "max_conns_per_host": types.WHOLE_NUMBER,
        "disable_compression": types.BOOLEAN,
        "ssl_server_name": types.TEXT,
        "ssl_trusted_certificate": types.TEXT,
        "ssl_certificate": types.TEXT,
        "ssl_certificate_key": types.TEXT,
        "ssl_protocols": types.TEXTS,
        "inbound_mtls_profile": types.TEXT,
        "rules": types.RULES,
        "rule_file": types.TEXT,
        "healthcheck": _HEALTHCHECK,
        "load_balance": _LOAD_BALANCE,
        "middlewares": FieldGroup({}, any_key=FieldGroup({}, any_key=_FREE)),
        "homepage": _HOMEPAGE,
        "access_log": _ACCESS_LOG,
        "relay_proxy_protocol_header": types.BOOLEAN,
        "tls_termination": types.BOOLEAN,
        "agent": types.TEXT,
        "proxmox": _PROXMOX,
        "idlewatcher": _IDLEWATCHER,
    }
)


def find_field(path: str, *, with_nearest: bool = True) -> FoundField:
    """What a dotted path below an alias means; for an unknown field with the nearest one, if it is wanted.

    Examples
    --------
    >>> find_field("HealthCheck.Disabled").name, find_field("middlewares.oidc.scopes").name
    ('healthcheck.disable', 'middlewares.*.*')
    >>> find_field("homepage.catgory")
    FoundField(name='homepage.?', problem='unknown_field', at='homepage.catgory',
               hint="did you mean 'homepage.category'?")
    """
    parts = path.split(".")
    names: list[str] = []
    node: Node = _ROUTE
    for depth, part in enumerate(parts):
        if isinstance(node, ValueType):
            if node is types.ANYTHING:
                break
            return FoundField(
                _unknown_name(names), "invalid_value", ".".join(parts[:depth]), f"it must be {node.valid}."
            )
        own = node.fields.get(compact(part))
        if own is None and node.any_key is None:
            return _unknown(parts, names, node, with_nearest=with_nearest)
        name, node = own or (ANY_KEY, node.any_key or _FREE)
        names.append(name)
    return FoundField(".".join(names))


@cache
def value_types() -> Mapping[str, Node]:
    """What each field is, by its name."""
    return dict(_walk(_ROUTE))


def _walk(group: FieldGroup, prefix: str = "") -> Iterator[tuple[str, Node]]:
    below = [*group.fields.values(), *([(ANY_KEY, group.any_key)] if group.any_key is not None else [])]
    for name, node in below:
        yield prefix + name, node
        if isinstance(node, FieldGroup):
            yield from _walk(node, f"{prefix}{name}.")


def nearest_name(name: str, names: Collection[str]) -> str:
    """The most similar of some names; of equally similar ones that with the same letters.

    Examples
    --------
    >>> nearest_name("prot", ["root", "port", "host"])
    'port'
    """
    close = difflib.get_close_matches(name, names, n=5, cutoff=0.0)
    return max(close, key=lambda one: (_likeness(name, one), _likeness(sorted(name), sorted(one))))


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    return difflib.SequenceMatcher(None, other, one).ratio()


def _unknown(parts: list[str], above: list[str], group: FieldGroup, *, with_nearest: bool) -> FoundField:
    """A part of a path that is not a field of its group, with the nearest one that is."""
    names = {compact(name): name for name, _ in group.fields.values()}
    prefix = "".join(f"{part}." for part in parts[: len(above)])
    hint = (
        "see section 13 of labels.md for the fields that exist." if names else f"{prefix[:-1]} has no fields below it."
    )
    if names and with_nearest:
        hint = f"did you mean '{prefix}{names[nearest_name(compact(parts[len(above)]), names)]}'?"
    return FoundField(_unknown_name(above), "unknown_field", ".".join(parts[: len(above) + 1]), hint)


def _unknown_name(above: list[str]) -> str:
    return ".".join([*above, "?"])
