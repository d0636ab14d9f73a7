"""Locations of hosts, from a database made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

import dockerframe as dkf
from dockerframe._queries import locate as locating


@pytest.fixture
def database(tmp_path: Path) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-City")
    bern = {
        "country": {"iso_code": "CH"},
        "city": {"names": {"en": "Bern", "de": "Bern"}},
        "location": {"time_zone": "Europe/Zurich", "latitude": 46.95, "longitude": 7.45},
    }
    writer.insert_network(IPSet(["198.51.100.0/24"]), bern)
    writer.insert_network(IPSet(["2001:db8::/32"]), {"country": {"iso_code": "JP"}, "city": "odd"})
    file = tmp_path / "city.mmdb"
    writer.to_db_file(str(file))
    return file


def test_each_address_is_looked_up_once(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = {
        "a": "tcp://198.51.100.7:2376",
        "b": "ssh://ops@198.51.100.7",
        "c": "tcp://[2001:db8::1]:2375",
        "d": "unix:///var/run/docker.sock",
        "e": "tcp://203.0.113.1:2375",
        "f": "tcp://no-such-name.invalid:2375",
    }
    resolved: list[str] = []
    found = locating._address
    monkeypatch.setattr(locating, "_address", lambda name: resolved.append(name) or found(name))
    snap = dkf.from_bodies(dict.fromkeys(urls, b"[]"), urls).with_locations(database)
    places = snap.hosts.select("host", "country", "city", "timezone", "latitude").rows()
    assert places == [
        ("a", "CH", "Bern", "Europe/Zurich", 46.95),
        ("b", "CH", "Bern", "Europe/Zurich", 46.95),
        ("c", "JP", None, None, None),
        ("d", None, None, None, None),
        ("e", None, None, None, None),
        ("f", None, None, None, None),
    ]
    assert sorted(resolved) == ["198.51.100.7", "2001:db8::1", "203.0.113.1", "no-such-name.invalid"]
    assert snap.hosts.schema == dkf.from_bodies({}).hosts.schema


def test_file_that_is_not_a_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_text("no")
    for name in ("x.mmdb", "none.mmdb"):
        with pytest.raises(dkf.SnapshotError, match="is not a MaxMind database"):
            dkf.from_bodies({"a": b"[]"}).with_locations(tmp_path / name)
