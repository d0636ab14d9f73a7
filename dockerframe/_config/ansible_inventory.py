"""Hosts of a group of an Ansible inventory, in INI or YAML.

The inventory file alone is read: neither `group_vars` and `host_vars`, nor inventory plugins and scripts, nor vaults.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote

from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NODES: Final = 1_000_000
"""How many nodes a YAML file of an operator may have."""

_SECTION: Final = re.compile(r"^\[([^\]:]+)(?::(children|vars))?\]\s*(?:[#;].*)?$")
_RANGE: Final = re.compile(r"\[(\w{1,9}):(\w{1,9})(?::([0-9]{1,9}))?\]")
_MOST_HOSTS: Final = 100_000
_CONNECTION: Final = ("ansible_connection", "ansible_host", "ansible_user", "ansible_port")
_LOCAL: Final = "local"


class InvalidInventoryError(ValueError):
    """An inventory that can't be used; the message names the problem."""


class InventoryHost(NamedTuple):
    """A host of an inventory: its name there, and its URL; None for this machine."""

    name: str
    url: str | None


@dataclass(slots=True)
class _Group:
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


_Groups: TypeAlias = dict[str, _Group]


def inventory_hosts(text: str, group: str) -> list[InventoryHost]:
    r"""The hosts of a group of an inventory and of the groups below it, reached over ssh, in its order.

    Raises
    ------
    InvalidInventoryError
        When the text is not an inventory, the group does not exist or is empty, or a value needs Ansible itself.

    Examples
    --------
    >>> inventory_hosts("[docker]\nweb[1:2] ansible_user=ops\n", "docker")
    [InventoryHost(name='web1', url='ssh://ops@web1'), InventoryHost(name='web2', url='ssh://ops@web2')]
    """
    groups = _yaml_groups(text) if _is_yaml(text) else _ini_groups(text)
    known = sorted({"all", *groups})
    if group not in known:
        advice = did_you_mean(group, known, f"The groups are: {', '.join(known)}.")
        raise InvalidInventoryError(f"the inventory has no group {group}. {advice}")
    members = _members(groups, group)
    if not members:
        raise InvalidInventoryError(f"the group {group} has no hosts")
    return [_host(name, _variables(groups, name)) for name in members]


def _is_yaml(text: str) -> bool:
    """Whether an inventory is YAML, by its first line that is not a comment: `---` or a key."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";")))
    first = next(lines, "").rstrip()
    return first == "---" or bool(re.match(r"^[^\s\[=]+:(\s|$)", first)) or first.startswith("{")


def _yaml_groups(text: str) -> _Groups:
    try:
        document = typed(parse_yaml(text, max_nodes=MOST_NODES))
    except InvalidYamlError as error:
        raise InvalidInventoryError(f"it is not YAML that can be read: {error}") from error
    if not isinstance(document, Mapping):
        raise InvalidInventoryError("it must be a mapping of groups")
    groups: _Groups = {}
    for name, value in document.items():
        _add_yaml_group(groups, str(name), value)
    return groups


def _add_yaml_group(groups: _Groups, name: str, value: object) -> None:
    group = groups.setdefault(name, _Group())
    parts = _mapping(value, f"the group {name}")
    for host, variables in _mapping(parts.get("hosts"), f"hosts of {name}").items():
        for one in _expanded(str(host)):
            group.hosts.setdefault(one, {}).update(_mapping(variables, f"the host {one}"))
    group.variables.update(_mapping(parts.get("vars"), f"vars of {name}"))
    for child, below in _mapping(parts.get("children"), f"children of {name}").items():
        group.children[str(child)] = None
        _add_yaml_group(groups, str(child), below)


def _mapping(value: object, what: str) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInventoryError(f"{what} must be a mapping")
    return value


def _ini_groups(text: str) -> _Groups:
    groups: _Groups = {}
    name, kind = "ungrouped", None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        section = _SECTION.match(stripped)
        if section is not None:
            name, kind = section[1].strip(), section[2]
            groups.setdefault(name, _Group())
            continue
        if stripped.startswith("[") and "]" not in stripped:
            raise InvalidInventoryError(f"line {number} is neither a section nor a host")
        _add_ini_line(groups, groups.setdefault(name, _Group()), kind, stripped)
    return groups


def _add_ini_line(groups: _Groups, group: _Group, kind: str | None, line: str) -> None:
    if kind == "vars":
        key, _, value = line.partition("=")
        group.variables[key.strip()] = value.strip().strip("'\"")
        return
    words = _words(line)
    if kind == "children":
        group.children[words[0]] = None
        groups.setdefault(words[0], _Group())
        return
    variables = dict(word.partition("=")[::2] for word in words[1:] if "=" in word)
    for host in _expanded(words[0]):
        group.hosts.setdefault(host, {}).update(variables)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True) or [line]
    except ValueError:
        return line.split()


def _expanded(name: str) -> list[str]:
    """The names that ranges such as `web[01:10]` stand for; itself without one."""
    found = _RANGE.search(name)
    if found is None:
        return [name]
    parts, ends = _range(name, *found.groups()), _expanded(name[found.end() :])
    if len(parts) * len(ends) > _MOST_HOSTS:
        raise InvalidInventoryError(f"{name} stands for more than {_MOST_HOSTS} hosts")
    return [f"{name[: found.start()]}{part}{end}" for part in parts for end in ends]


def _range(name: str, first: str, last: str, step: str | None) -> Sequence[str]:
    """The numbers or letters from the first to the last."""
    stride = max(int(step or 1), 1)
    if first.isdecimal() and last.isdecimal():
        width = len(first) if first.startswith("0") else 0
        numbers = range(int(first), int(last) + 1, stride)
        if len(numbers) > _MOST_HOSTS:
            raise InvalidInventoryError(f"{name} stands for more than {_MOST_HOSTS} hosts")
        return [f"{number:0{width}}" for number in numbers]
    if len(first) == len(last) == 1:
        return [chr(code) for code in range(ord(first), ord(last) + 1, stride)]
    raise InvalidInventoryError(f"{name} is not a range of names")


def _members(groups: _Groups, name: str) -> dict[str, None]:
    """The hosts of a group and of those below it, in their order."""
    if name == "all":
        return dict.fromkeys(host for group in groups.values() for host in group.hosts)
    members: dict[str, None] = {}
    seen: set[str] = set()
    todo = [name]
    while todo:
        group_name = todo.pop()
        if group_name not in seen:
            seen.add(group_name)
            group = groups.get(group_name, _Group())
            members |= dict.fromkeys(group.hosts)
            todo += reversed(group.children)
    return members


def _variables(groups: _Groups, host: str) -> dict[str, Any]:
    """The variables of a host: those of `all`, of its groups from the outermost, and its own, which win."""
    own = [name for name, group in groups.items() if host in group.hosts]
    depths: dict[str, int] = {}
    todo = [(name, 0) for name in own]
    while todo:
        name, depth = todo.pop()
        if depths.get(name, -1) >= depth or depth > len(groups):
            continue
        depths[name] = depth
        todo += [(parent, depth + 1) for parent, group in groups.items() if name in group.children]
    ordered = sorted(depths.keys() | {"all"}, key=lambda name: (name != "all", -depths.get(name, 0), name))
    merged: dict[str, Any] = {}
    for name in ordered:
        merged |= groups.get(name, _Group()).variables
    for name in own:
        merged |= groups[name].hosts[host]
    return merged


def _host(name: str, variables: Mapping[str, Any]) -> InventoryHost:
    given = {key: variables[key] for key in _CONNECTION if isinstance(variables.get(key), str | int)}
    values = {key: text for key, value in given.items() if (text := str(value).strip())}
    templated = next((key for key, value in values.items() if "{{" in value), None)
    if templated is not None:
        raise InvalidInventoryError(f"{templated} of {name} is a template, which only Ansible can fill in")
    if values.get("ansible_connection") == _LOCAL:
        return InventoryHost(name, None)
    host = values.get("ansible_host", name)
    written = f"[{host}]" if ":" in host and not host.startswith("[") else host
    user = f"{quote(values['ansible_user'], safe='')}@" if "ansible_user" in values else ""
    port = f":{values['ansible_port']}" if "ansible_port" in values else ""
    return InventoryHost(name, f"ssh://{user}{written}{port}")
