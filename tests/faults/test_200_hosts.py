"""200 hosts of which 60 misbehave: each is one row with its kind, and the others keep all their rows."""

from __future__ import annotations

import itertools
import logging
import time
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._config.host import Timeouts
from tests.faults.stand_in import CONTAINERS, FAULTS, Fault, StandIns, stand_ins

HOSTS, FAULTY = 200, 60
TIMEOUTS = Timeouts(6.0, 6.0)
LIMIT = 4 * 2**20

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def host_of(name: str, url: str, fault: Fault | None, folder: Path) -> dkf.Host:
    uses_tls = url.startswith("tls:")
    tls = (
        dkf.TlsFiles(folder / ("other-ca.pem" if fault and fault.trusts == "other" else "ca.pem")) if uses_tls else None
    )
    return dkf.Host(name, url, timeouts=TIMEOUTS, max_answer_bytes=LIMIT, tls=tls, agent_certificates=folder)


def gathered(folder: Path) -> tuple[dkf.Snapshot, dict[str, Fault], float]:
    faulty = dict(zip((f"faulty-{number:03}" for number in range(FAULTY)), itertools.cycle(FAULTS), strict=False))
    with stand_ins(folder) as started:
        hosts = [host_of(name, started.start(name, fault), fault, folder) for name, fault in faulty.items()]
        well = [f"well-{number:03}" for number in range(HOSTS - FAULTY)]
        hosts += [host_of(name, started.start(name), None, folder) for name in well]
        before = time.monotonic()
        snap = dkf.Fleet(hosts).snapshot(progress=False, max_workers=HOSTS)
        return snap, faulty, time.monotonic() - before


def test_each_fault_is_one_row_and_affects_no_other_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snap, faulty, seconds = gathered(tmp_path)
    rows = {row["host"]: row for row in snap.hosts.iter_rows(named=True)}
    assert len(rows) == snap.hosts.height == HOSTS
    counted = dict(snap.containers.group_by("host").len().iter_rows())
    broken = snap.errors.filter(pl.col("kind") == "invalid_summary").group_by("host").len().rows()
    table, wrong = [], []
    for name, fault in faulty.items():
        got = rows[name]["error_kind"]
        lost = dict(broken).get(name, 0)
        expected_rows = 0 if fault.kind else fault.rows
        is_right = (got, lost, counted.get(name, 0)) == (fault.kind, fault.lost, expected_rows)
        table.append(
            f"{fault.name:32} {fault.kind or 'well':16} {got or 'well':16} {lost:4}  {'' if is_right else 'WRONG'}"
        )
        wrong += [] if is_right else [fault.name]
    well_lost = sum(CONTAINERS - counted.get(name, 0) for name in rows if name.startswith("well-"))
    with capsys.disabled():
        print(f"\n{'fault':32} {'expected':16} {'got':16} lost")
        print("\n".join(dict.fromkeys(table)))
        print(f"{HOSTS - FAULTY} healthy hosts lost {well_lost} rows; the snapshot took {seconds:.1f} s")
    assert wrong == []
    assert well_lost == 0
    assert all(rows[name]["ok"] for name in rows if name.startswith("well-"))
    assert all(rows[name]["error"] for name, fault in faulty.items() if fault.kind)
    # The printed figure is the result; this only checks that no host is waited for beyond its timeouts.
    assert seconds < TIMEOUTS.connect_seconds + TIMEOUTS.read_seconds + 60


def test_failures_are_logged_with_their_kind_and_without_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = host_of("down", "tcp://user:hunter2@127.0.0.1:1", None, tmp_path)
    with caplog.at_level(logging.DEBUG, logger="dockerframe"):
        dkf.Fleet([host]).snapshot(progress=False)
    assert "[unsupported]" in caplog.text
    assert "hunter2" not in caplog.text


def test_clients_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from dockerframe._transport import shared_pool

    with caplog.at_level(logging.DEBUG, logger="dockerframe.clients"), stand_ins(tmp_path) as started:
        fleet = dkf.Fleet([host_of("logged", started.start("a"), None, tmp_path)])
        fleet.snapshot(progress=False)
        fleet.snapshot(progress=False)
        shared_pool.close_all()
    messages = [record.getMessage() for record in caplog.records]
    assert [message for message in messages if " of logged " in message] == [
        "client of logged made",
        "client of logged reused",
        "client of logged closed",
    ]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listening(StandIns):
        async def _answer(self, host, fault, reader, writer):
            asked.append(host)
            writer.close()

    with stand_ins(tmp_path) as started:
        fault = next(one for one in FAULTS if one.name == "redirect elsewhere")
        snap = dkf.Fleet([host_of("a", started.start("a", fault), fault, tmp_path)]).snapshot(progress=False)
    assert snap.hosts["error_kind"].item() == "redirected"
    assert asked == []
