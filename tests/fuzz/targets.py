"""The fuzz targets: functions that take any bytes and raise only documented errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

import dockerframe as dkf
from dockerframe._bounded_yaml import InvalidYamlError, parse_yaml, typed
from dockerframe._config.fleet_file import fleet_from_mapping
from dockerframe._config.host import HostDefaults
from dockerframe._config.values import Surroundings
from dockerframe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

_SURROUNDINGS = Surroundings({"A": "tcp://a:1"}, Path("/nowhere"), "unix:///var/run/docker.sock")


def labels(data: bytes) -> None:
    """Labels of one container: lines of a name and a value, separated by `=`; `\\n` in a value is a line break."""
    lines = data.decode(errors="replace").split("\n")
    pairs = dict(line.partition("=")[::2] for line in lines)
    given = {name: value.replace("\\n", "\n") for name, value in pairs.items()}
    snap = dkf.from_summaries([{"Id": "1", "Names": ["/app"], "State": "running", "Labels": given}])
    assert snap.containers.height == 1
    assert snap.labels.height == len(given)
    snap.findings()
    snap.redacted()


def yaml_value(data: bytes) -> None:
    """YAML of a label: nodes within the limits, or one documented error."""
    try:
        typed(parse_yaml(data.decode(errors="replace")))
    except InvalidYamlError as error:
        assert str(error)


def fleet_file(data: bytes) -> None:
    """A fleet file: a list of hosts, or an error with all mistakes."""
    try:
        document = typed(parse_yaml(data.decode(errors="replace")))
        if isinstance(document, dict):
            described = fleet_from_mapping(document, _SURROUNDINGS, HostDefaults())
            assert all(host.name and "://" in host.url for host in described.hosts)
    except (InvalidYamlError, dkf.ConfigurationError) as error:
        assert str(error)


def summaries(data: bytes) -> None:
    """The answer of a host: a snapshot with the usual schemas, or one error of the host."""
    snap = dkf.from_bodies({"a": data, "b": b'[{"Id": "1"}]'}, {"a": "tcp://a:1", "b": "tcp://b:1"})
    assert snap.hosts.filter(pl.col("host") == "b")["containers"].item() == 1
    assert all(table.schema == TABLES[name].schema for name, table in snap.tables.items())


TARGETS: dict[str, Callable[[bytes], None]] = {
    "yaml_value": yaml_value,
    "labels": labels,
    "fleet_file": fleet_file,
    "summaries": summaries,
}
