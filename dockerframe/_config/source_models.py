"""Models of `hosts_from` in the fleet file: hosts that other files describe.

Importing this loads pydantic, so it is done only when a fleet file is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr

from dockerframe._config.ansible_inventory import InvalidInventoryError, InventoryHost, inventory_hosts
from dockerframe._config.blocks import Block, Problem
from dockerframe._config.field_types import Filled, ReadableFile, TagName
from dockerframe._config.ssh_hosts import DEFAULT_SSH_CONFIG, ssh_host_names
from dockerframe._config.urls import DEFAULT_SOCKET, InvalidUrlError, checked_url, shown_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerframe._config.values import Surroundings


def _wrong_addresses(key: str, hosts: Iterable[InventoryHost]) -> Iterator[Problem]:
    """Hosts whose address can't be used."""
    for host in hosts:
        try:
            checked_url(host.url or DEFAULT_SOCKET)
        except InvalidUrlError as error:
            yield (key,), f"the host {shown_url(host.name)}: {error}"


class SshConfigSource(Block):
    """Hosts of an ssh configuration, by a pattern of their names."""

    ssh_config: Filled = Field(description="A pattern of names after Host, such as docker-*.")
    file: ReadableFile | None = Field(None, description=f"The configuration; {DEFAULT_SSH_CONFIG} unless given.")
    tags: list[TagName] | None = Field(None, description="Words to select these hosts by.")

    _found: list[InventoryHost] = PrivateAttr(default_factory=list)

    def problems(self, surroundings: Surroundings) -> Iterator[Problem]:
        """A configuration that can't be read, or has no such host."""
        file = self.file
        try:
            file = surroundings.path(DEFAULT_SSH_CONFIG) if file is None else file
            names = ssh_host_names(file, self.ssh_config)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            yield ("file",) if self.file is not None else ("ssh_config",), f"{reason}: {file or DEFAULT_SSH_CONFIG}"
            return
        if not names:
            yield ("ssh_config",), f"no Host in {file} matches {self.ssh_config!r}"
        self._found = [InventoryHost(name, f"ssh://{name}") for name in names]
        yield from _wrong_addresses("ssh_config", self._found)

    @property
    def hosts(self) -> list[InventoryHost]:
        """The hosts that were found."""
        return self._found


class InventorySource(Block):
    """Hosts of a group of an Ansible inventory, reached over ssh."""

    ansible_inventory: ReadableFile = Field(description="An inventory file, in INI or YAML.")
    group: Filled = Field("all", description="A group; all hosts unless given.")
    tags: list[TagName] | None = Field(None, description="Words to select these hosts by.")

    _found: list[InventoryHost] = PrivateAttr(default_factory=list)

    def problems(self, surroundings: Surroundings) -> Iterator[Problem]:  # noqa: ARG002
        """An inventory that can't be read, or a group without hosts."""
        try:
            text = self.ansible_inventory.read_text(encoding="utf-8")
            self._found = inventory_hosts(text, self.group)
            yield from _wrong_addresses("ansible_inventory", self._found)
        except UnicodeDecodeError:
            yield ("ansible_inventory",), f"it is not UTF-8: {self.ansible_inventory}"
        except InvalidInventoryError as error:
            yield ("group",) if "group" in str(error) else ("ansible_inventory",), str(error)
        except OSError as error:
            yield ("ansible_inventory",), f"{(error.strerror or str(error)).lower()}: {self.ansible_inventory}"

    @property
    def hosts(self) -> list[InventoryHost]:
        """The hosts that were found."""
        return self._found
