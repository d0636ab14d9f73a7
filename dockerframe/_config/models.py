"""The fleet file as pydantic models: its reader and its JSON Schema come from here.

Importing this loads pydantic, so it is done only when a fleet file is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Discriminator, Field, Tag
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from dockerframe._config.blocks import (
    Block,
    Condition,
    Number,
    Problem,
    Text,
    given,
    is_given,
    no_slips,
    tag,
)
from dockerframe._config.field_types import Bytes, Filled, ReadableFile, Seconds, TagName
from dockerframe._config.host import HEADER_NAME_PATTERN, HEADER_VALUE_PATTERN
from dockerframe._config.settings_models import ProxiesBlock, SettingsBlock
from dockerframe._config.source_models import InventorySource, SshConfigSource
from dockerframe._config.tls_files import tls_mistakes
from dockerframe._config.urls import (
    AGENT_PATTERN,
    END,
    LOCAL_SCHEMES,
    NAME_PATTERN,
    PORT_PATTERN,
    SCHEMES,
    TLS_SCHEMES,
    URL_PATTERN,
    InvalidUrlError,
    joined_url,
)
from dockerframe._config.values import VARIABLE_PATTERN, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import core_schema

_TLS_URL: Final = r"^\s*(?:https|tls)://"
_DOCKER_HOST: Final = rf"^\s*\$DOCKER_HOST\s*{END}"
_ANY_URL: Final = {"anyOf": [{"pattern": URL_PATTERN}, {"pattern": _DOCKER_HOST}]}
_WITHOUT_TLS: Final = sorted({"unix", "npipe", "http", "ssh", "agent"})
_NETWORK: Final = sorted(set(SCHEMES) - LOCAL_SCHEMES)
_TLS_BLOCK: Final = "{ca_file, cert_file, key_file}"


_HeaderValue = Annotated[
    str, Text({"pattern": HEADER_VALUE_PATTERN}, problem="its value must be text on one line", secret=True)
]
_HeaderName = Annotated[
    str, Text({"pattern": HEADER_NAME_PATTERN}, problem="it must be the name of a header", variables=False)
]
_HostName = Annotated[str, Text({"pattern": r"[^!\s]"}, problem="a host needs a name", variables=False)]


def _only(keys_pattern: str) -> dict[str, Any]:
    """The part of the JSON Schema of a mapping that refuses keys other than those of a pattern."""
    return {"propertyNames": {"pattern": keys_pattern}}


def _requires(key: str, other: str) -> Condition:
    """The condition that a key comes with another."""

    def problems(value: Mapping[str, Any]) -> Iterator[Problem]:
        if is_given(value, key) and not is_given(value, other):
            yield (other,), f"{key} needs it too"

    return Condition({"if": given(key), "then": given(other)}, problems)


def _uses_tls(value: Mapping[str, Any]) -> str | None:
    """The scheme of a host if it needs TLS files."""
    url, scheme = value.get("url"), value.get("scheme")
    if isinstance(url, str):
        scheme = url.strip().partition("://")[0]
    return scheme if isinstance(scheme, str) and scheme in TLS_SCHEMES else None


def _address_problems(value: Mapping[str, Any]) -> Iterator[Problem]:
    if is_given(value, "url"):
        for key in ("scheme", "host", "port"):
            if is_given(value, key):
                yield (key,), "url has it already; remove one of them"
        return
    for key in ("scheme", "host"):
        if not is_given(value, key):
            yield (key,), "it is missing; a host needs scheme and host, or url"


def _missing_tls(value: Mapping[str, Any]) -> Iterator[Problem]:
    scheme = _uses_tls(value)
    if scheme is not None and not is_given(value, "tls"):
        yield ("tls",), f"{scheme} needs it: {_TLS_BLOCK}"


def _wrong_tls(value: Mapping[str, Any]) -> Iterator[Problem]:
    scheme = value.get("scheme")
    url = value.get("url")
    if isinstance(url, str):
        text = url.strip()
        scheme = "unix" if text.startswith("/") else text.partition("://")[0]
    if is_given(value, "tls") and isinstance(scheme, str) and scheme in _WITHOUT_TLS:
        yield ("tls",), f"{scheme} takes no TLS; use tls, https or tcp"


def _wrong_name(value: Mapping[str, Any]) -> Iterator[Problem]:
    host = value.get("host")
    if value.get("scheme") not in _NETWORK or not isinstance(host, str) or not host.strip():
        return
    if not re.search(NAME_PATTERN, host) and not re.search(VARIABLE_PATTERN, host):
        yield ("host",), "it must be the name or address of a host, without a port"


class TlsBlock(Block):
    """The TLS files of a host, in PEM; relative to the folder of the fleet file."""

    ca_file: ReadableFile = Field(description="The authority that signed the host's certificate.")
    cert_file: ReadableFile | None = Field(None, description="The client's certificate.")
    key_file: ReadableFile | None = Field(None, description="The client's key, without a passphrase.")

    conditions: ClassVar = (_requires("cert_file", "key_file"), _requires("key_file", "cert_file"))

    def problems(self, surroundings: Surroundings) -> Iterator[Problem]:  # noqa: ARG002
        """Files that OpenSSL can't use."""
        yield from (((one.key,), one.message) for one in tls_mistakes(self.ca_file, self.cert_file, self.key_file))


class HostBlock(Block):
    """A host as a mapping: an address in parts or as `url`, and what is different for this host."""

    url: Annotated[str, Text(_ANY_URL, Surroundings.url)] | None = Field(None, description="The address as one URL.")
    scheme: Annotated[str, Text({"enum": list(SCHEMES)}, problem=f"it must be one of {', '.join(SCHEMES)}")] | None = (
        Field(None, description="How the host is reached.")
    )
    host: Filled | None = Field(None, description="Its name or address; the path of a socket for unix.")
    port: Annotated[int, Number(1, 65535, text=PORT_PATTERN)] | None = Field(
        None, description="2375 unless given, 2376 with TLS; for ssh that of its configuration."
    )
    tls: TlsBlock | None = Field(None, description="Required by tls and https; makes tcp use TLS.")
    headers: Annotated[dict[_HeaderName, _HeaderValue], Field(json_schema_extra=_only(HEADER_NAME_PATTERN))] | None = (
        Field(None, repr=False, description="Headers that are sent with every request. Their values are secret.")
    )
    tags: list[TagName] | None = Field(None, description="Words to select hosts by.")
    connect_timeout_seconds: Seconds | None = Field(None, description="The limit to connect.")
    read_timeout_seconds: Seconds | None = Field(None, description="The limit for each complete answer.")
    max_answer_bytes: Bytes | None = Field(None, description="The limit for the size of each answer.")
    proxies: ProxiesBlock | None = Field(None, description="Options of the proxies on this host.")

    conditions: ClassVar = (
        Condition(
            {
                "oneOf": [
                    given("url") | {"not": {"anyOf": [given("scheme"), given("host"), given("port")]}},
                    given("scheme", "host") | {"not": given("url")},
                ]
            },
            _address_problems,
        ),
        Condition(
            {
                "if": {
                    "anyOf": [
                        {"required": ["scheme"], "properties": {"scheme": {"enum": sorted(TLS_SCHEMES)}}},
                        {"required": ["url"], "properties": {"url": {"type": "string", "pattern": _TLS_URL}}},
                    ]
                },
                "then": given("tls"),
            },
            _missing_tls,
        ),
        Condition(
            {
                "if": given("tls"),
                "then": {
                    "properties": {
                        "scheme": {"not": {"enum": _WITHOUT_TLS}},
                        "url": {"not": {"type": "string", "pattern": rf"^\s*(?:/|(?:{'|'.join(_WITHOUT_TLS)})://)"}},
                    }
                },
            },
            _wrong_tls,
        ),
        Condition(
            {
                "if": {"required": ["scheme"], "properties": {"scheme": {"enum": _NETWORK}}},
                "then": {
                    "properties": {
                        "host": {"anyOf": [{"type": "null"}, {"pattern": NAME_PATTERN}, {"pattern": VARIABLE_PATTERN}]}
                    }
                },
            },
            _wrong_name,
        ),
    )

    def problems(self, surroundings: Surroundings) -> Iterator[Problem]:  # noqa: ARG002
        """An address whose parts, with their variables filled in, are not a URL, or need TLS files."""
        try:
            scheme = self.address.partition("://")[0]
        except InvalidUrlError as error:
            yield ("host",), str(error)
            return
        if scheme in TLS_SCHEMES and self.tls is None:
            yield ("tls",), f"{scheme} needs it: {_TLS_BLOCK}"
        if self.tls is not None and scheme in _WITHOUT_TLS:
            yield ("tls",), f"{scheme} takes no TLS; use tls, https or tcp"

    @property
    def address(self) -> str:
        """The URL of the host."""
        if self.url is not None:
            return self.url
        return joined_url(self.scheme or "", self.host or "", self.port, over_tls=self.tls is not None)


def _entry_kind(value: object) -> str | None:
    return tag("url") if isinstance(value, str) else tag("block") if isinstance(value, dict) else None


HostEntry = Annotated[
    Annotated[
        str,
        Text(_ANY_URL | {"not": {"pattern": _TLS_URL}}, Surroundings.url_without_tls),
        Tag(tag("url")),
    ]
    | Annotated[HostBlock, Tag(tag("block"))],
    Discriminator(
        _entry_kind,
        custom_error_type="mistake",
        custom_error_message="it must be a URL, or a mapping of scheme, host, port and tls",
    ),
]


class ProvidersBlock(Block):
    """The hosts, in GoDoxy's own form. Its other keys are left alone."""

    model_config = ConfigDict(extra="ignore")

    docker: Annotated[dict[_HostName, HostEntry], Field(json_schema_extra=_only(r"[^!\s]"))] | None = Field(
        None, description="Hosts by name. A name that ends in ! has routes only for containers with proxy labels."
    )
    agents: list[Annotated[str, Text({"pattern": AGENT_PATTERN}, Surroundings.agent_url)]] | None = Field(
        None, description="GoDoxy agents, as HOST:PORT."
    )

    conditions: ClassVar = (no_slips("docker", "agents"),)


def _source_kind(value: object) -> str | None:
    if isinstance(value, list):
        return tag("list")
    if not isinstance(value, dict):
        return None
    return next((tag(key) for key in ("ssh_config", "ansible_inventory") if key in value), None)


_NO_SOURCE: Final = {
    "custom_error_type": "mistake",
    "custom_error_message": "it must be a mapping with ssh_config or ansible_inventory",
}
_SshConfig = Annotated[SshConfigSource, Tag(tag("ssh_config"))]
_Inventory = Annotated[InventorySource, Tag(tag("ansible_inventory"))]
_Source = Annotated[_SshConfig | _Inventory, Discriminator(_source_kind, **_NO_SOURCE)]
_Sources = Annotated[
    Annotated[list[_Source], Tag(tag("list"))] | _SshConfig | _Inventory, Discriminator(_source_kind, **_NO_SOURCE)
]


def _has_entries(value: object) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _no_hosts(value: Mapping[str, Any]) -> Iterator[Problem]:
    """The mistake of a file without any host; a file whose lists of hosts have a wrong type has another one."""
    providers = value.get("providers")
    if providers is not None and not isinstance(providers, dict):
        return
    lists = [value.get("hosts_from"), *((providers or {}).get(key) for key in ("docker", "agents"))]
    if not any(_has_entries(one) for one in lists if one is not None) and not any(
        one is not None and not isinstance(one, dict | list) for one in lists
    ):
        yield ("providers",), "it names no host; write providers.docker, providers.agents or hosts_from"


_SOME: Final = {"anyOf": [{"type": "object", "minProperties": 1}, {"type": "array", "minItems": 1}]}


class FleetFile(Block):
    """The hosts of a fleet, in GoDoxy's own form, and dockerframe's settings. GoDoxy's other keys are left alone."""

    model_config = ConfigDict(extra="ignore")

    providers: ProvidersBlock | None = None
    hosts_from: _Sources | None = Field(None, description="Hosts that other files describe; one source or a list.")
    dockerframe: SettingsBlock | None = None

    conditions: ClassVar = (
        no_slips("providers", "hosts_from", "dockerframe"),
        Condition(
            {
                "anyOf": [
                    {"required": ["hosts_from"], "properties": {"hosts_from": _SOME}},
                    *(
                        {
                            "required": ["providers"],
                            "properties": {
                                "providers": {"type": "object", "required": [key], "properties": {key: _SOME}}
                            },
                        }
                        for key in ("docker", "agents")
                    ),
                ]
            },
            _no_hosts,
        ),
    )


class FleetFileSchema(GenerateJsonSchema):
    """pydantic's JSON Schema without titles of keys and defaults that say nothing."""

    schema_dialect = "https://json-schema.org/draft/2020-12/schema"

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Titles would repeat the keys."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A key without a value is the same as a missing one."""
        described = super().default_schema(schema)
        if described.get("default", "") is None:
            del described["default"]
        return described
