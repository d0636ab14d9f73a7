"""Bytes to rows: answers of engines of any age; a broken container affects only its own row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe import _foreign
from dockerframe._budget import ERROR_ROWS, Budget
from dockerframe._decode import bodies, decode_bodies, decode_inspections, parsing
from dockerframe._decode import salvage as salvaging
from dockerframe._decode.documents import parse_document
from dockerframe.schemas import SUMMARIES
from dockerframe.tables import TABLES
from tests.summaries import summary


def test_an_empty_fleet_has_the_schema_of_a_full_one() -> None:
    empty, full = dkf.from_summaries(b"[]"), dkf.Fleet.demo().snapshot(progress=False)
    for name, table in TABLES.items():
        assert getattr(empty, name).schema == table.schema == getattr(full, name).schema


@pytest.mark.parametrize(
    "one",
    [
        {"Id": "1"},
        dict.fromkeys(("Names", "Image", "ImageID", "Command", "Created", "Ports", "Labels", "State", "Status", "HostConfig", "NetworkSettings", "Mounts", "Health"), None) | {"Id": "1"},
        {"Id": "1", "NetworkSettings": {"Networks": None}, "HostConfig": {"NetworkMode": "", "Annotations": {"a": "b"}}, "ImageManifestDescriptor": {"x": [1]}, "Platform": None},
        {"Id": "1", "Ports": [{"PrivatePort": 80, "Type": "tcp"}], "Created": 1.75e9, "Name": "x", "Config": {}},
    ],
)  # fmt: skip
def test_fields_that_are_missing_null_or_new(one: dict[str, object]) -> None:
    snap = dkf.from_summaries(json.dumps([one]).encode())
    assert snap.containers["container_id"].to_list() == ["1"]
    row = snap.containers.row(0, named=True)
    assert row["labels"] == {}
    assert row["names"] == row["mounts"] == []


def test_every_value_of_a_summary_is_kept() -> None:
    network = {"IPAddress": "10.0.0.2", "IPPrefixLen": 24, "Gateway": "10.0.0.1", "EndpointID": "e", "IPv6Gateway": "g6", "GlobalIPv6Address": "a6", "GlobalIPv6PrefixLen": 64, "MacAddress": "m", "NetworkID": "n", "Aliases": ["x"]}  # fmt: skip
    mount = {
        "Type": "volume",
        "Name": "v",
        "Source": "/s",
        "Destination": "/d",
        "Driver": "local",
        "Mode": "z",
        "RW": True,
        "Propagation": "rprivate",
    }
    snap = dkf.from_summaries(
        [summary(NetworkSettings={"Networks": {"front": network}}, Mounts=[mount], SizeRw=1, SizeRootFs=2)]
    )
    assert list(snap.networks.row(0))[2:] == ["front", *network.values()]
    assert list(snap.mounts.row(0))[2:] == list(mount.values())
    row = snap.containers.row(0, named=True)
    assert (row["size_rw"], row["size_root_fs"], row["command"], row["created"].timestamp()) == (
        1,
        2,
        "run",
        1_750_000_000,
    )


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        ({"Labels": 3}, "Labels"),
        ({"Ports": "x"}, "Ports"),
        ({"Mounts": [1]}, "Mounts"),
        ({"NetworkSettings": []}, "NetworkSettings"),
    ],
)
def test_a_summary_with_wrong_types_affects_only_its_own_row(bad: dict[str, object], key: str) -> None:
    summaries = [summary(Id=str(number)) for number in range(9)]
    summaries[4] |= bad
    snap = dkf.from_summaries(summaries)
    assert snap.containers["container_id"].to_list() == [str(number) for number in range(9) if number != 4]
    error = snap.errors.row(0, named=True)
    assert (error["kind"], error["container_id"]) == ("invalid_summary", "4")
    assert key in error["message"]


def test_invalid_ports_are_left_out_and_reported() -> None:
    https = {"IP": "0.0.0.0", "PrivatePort": 443, "PublicPort": 8443, "Type": "tcp"}
    wrong = [{"PublicPort": 70000}, {"PublicPort": 10**20}, {"PrivatePort": -5, "PublicPort": None}]
    bindings = [https, *(https | binding for binding in wrong)]
    body = json.dumps([summary(Id="a", Ports=bindings), summary(Id="b", Ports=[https]), summary(Id="c", Ports=None)])
    snap = dkf.from_summaries(body.encode())
    assert snap.ports.select("container_id", "private_port", "public_port").rows() == [
        ("a", 443, 8443),
        ("b", 443, 8443),
    ]
    error = snap.errors.filter(kind="invalid_summary").select("container_id", "message").row(0)
    left_out = "443 published at 70000, 443 published at 100000000000000000000, -5"
    assert error == ("a", f"It has invalid ports, which are left out: {left_out}. Ports are 1 to 65535.")
    assert snap.errors.height == 1


def test_summaries_that_are_not_objects_or_lack_a_unique_id_are_errors() -> None:
    snap = dkf.from_summaries(json.dumps([None, 1, summary(Id="1"), summary(Id="1"), summary(Id=""), {}]).encode())
    assert snap.containers["container_id"].to_list() == ["1"]
    assert snap.errors["kind"].to_list() == ["invalid_summary"] * 5
    twice = dkf.from_summaries([summary(Id="1", Image="first"), summary(Id="2"), summary(Id="1", Image="second")])
    assert twice.containers.select("container_id", "image").rows() == [("1", "first"), ("2", "app")]
    assert twice.errors.select("container_id", "kind").rows() == [("1", "invalid_summary")]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"<html>", b"3", b'{"message": "no"}', b'[{"Id": "1"}', b"[1,", b"\xff\xfe"]
)
def test_a_body_that_is_not_an_array_fails_only_its_host(body: bytes) -> None:
    snap = dkf.from_bodies({"good": json.dumps([summary()]).encode(), "bad": body, "other": b" [] "})
    assert snap.hosts.select("host", "ok", "error_kind", "containers").rows() == [
        ("good", True, None, 1), ("bad", False, "invalid_answer", None), ("other", True, None, 0),
    ]  # fmt: skip
    with pytest.raises(dkf.HostError, match="Check that the URL"):
        dkf.from_summaries(body)


def test_the_message_of_an_engine_is_part_of_the_error() -> None:
    with pytest.raises(dkf.HostError, match="client version is too old"):
        dkf.from_summaries(b'{"message": "client version is too old"}')


def test_invalid_utf8_is_replaced() -> None:
    assert dkf.from_summaries(b'[{"Id": "1", "Image": "a\xff"}]').containers["image"].item() == "a\ufffd"


@pytest.mark.parametrize("created", [253_402_300_800, 10**13, 2**63 - 1, -62_135_596_801, -(2**63), 10**18])
def test_a_time_outside_the_calendar_is_null(created: int, tmp_path: Path) -> None:
    snap = dkf.from_summaries([summary(Id="1", Created=created), summary(Id="2")])
    assert [one is None for one in snap.containers["created"].to_list()] == [True, False]
    snap.write(tmp_path, formats=["csv", "json", "html"])


def test_half_a_character_affects_no_other_row() -> None:
    halves = json.dumps(
        [summary(Id="\ud800", Created="never"), summary(Id="2", Labels={"a": "\udc00b", "\ud83d\ude00": "c"})]
    )
    snap = dkf.from_summaries(halves.encode())
    assert snap.labels.select("container_id", "key", "value").rows() == [("2", "a", "\ufffdb"), ("2", "😀", "c")]
    assert snap.errors.select("container_id", "kind").rows() == [("\ufffd", "invalid_summary")]
    with pytest.raises(dkf.HostError, match="so \ufffd"):
        dkf.from_summaries(b'{"message": "so \\ud800"}')


def test_a_large_body_is_read_in_pieces_with_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    tricky = {"note": '},{"Id":"', "proxy.a": '[{"Id":"'}
    body = json.dumps([summary(Id=str(number), Labels=tricky) for number in range(50)], separators=(",", ":")).encode()
    whole = decode_bodies({"h": body}).summaries
    monkeypatch.delattr("dockerframe._decode.bodies.salvage")
    for size in (1, 100, 1_000):
        monkeypatch.setattr(parsing, "_PIECE_BYTES", size)
        pieces = decode_bodies({"h": body})
        assert pieces.summaries.equals(whole)
        assert pieces.errors.height == 0


def test_a_large_body_is_cut_between_its_summaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_PIECE_BYTES", 1)
    body = b'[{"Id":"1"},{"Id":"2"},{"Id":"3"}]'
    pieces = [bytes(piece.text()) for piece in parsing._pieces(parsing._inside(body))]
    assert pieces == [b'{"Id":"1"}', b'{"Id":"2"}', b'{"Id":"3"}']
    alone = b'[{"Id":"1"}]'
    assert [bytes(piece.text()) for piece in parsing._pieces(parsing._inside(alone))] == [b'{"Id":"1"}']


def test_a_boundary_inside_a_summary_has_the_body_read_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b'[{"Id":"1","New":[{"Id":"x"},{"Id":"y"},{"Id":"z"}]},{"Id":"2"}]'
    monkeypatch.setattr(parsing, "_PIECE_BYTES", 1)
    assert decode_bodies({"h": nested}).summaries["container_id"].to_list() == ["1", "2"]


def test_the_order_of_hosts_is_kept_when_one_is_salvaged() -> None:
    bodies = {"a": b'[{"Id": "1", "Labels": 3}, {"Id": "2"}]', "b": b'[{"Id": "3"}]', "c": b'[{"Id": "4"}]'}
    assert decode_bodies(bodies).summaries["host"].to_list() == ["a", "b", "c"]


def test_an_answer_with_blanks_around_it_is_read_by_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("dockerframe._decode.bodies.salvage")
    for blanks in (b"", b" \t\r\n" * 50):
        assert decode_bodies({"h": blanks + b'[{"Id": "1"}]' + blanks}).summaries["container_id"].to_list() == ["1"]


def test_decoded_rows_have_their_schema() -> None:
    assert decode_bodies({}).summaries.schema == SUMMARIES.schema
    assert decode_bodies({"h": b"[]"}).summaries.schema == SUMMARIES.schema


@pytest.mark.parametrize("bad", ["<html>", "[]", '{"HostConfig": 7}', '{"Config": 7}', ""])
def test_an_unreadable_inspection_affects_only_its_own_row(bad: str) -> None:
    good = '{"Config": {"Env": ["DB_PASSWORD=x", "A=1"]}, "HostConfig": {"Privileged": true}}'
    answers = pl.DataFrame({"host": ["a"] * 3, "container_id": ["1", "2", "3"], "answer": [good, bad, good]})
    decoded = decode_inspections(answers)
    assert decoded.inspections["container_id"].to_list() == ["1", "3"]
    assert decoded.inspections["environment"].to_list() == [["DB_PASSWORD", "A"]] * 2
    assert decoded.errors.select("container_id", "kind").rows() == [("2", "inspect_failed")]


def test_hosts_with_few_containers_are_parsed_together_and_kept_apart() -> None:
    bodies = {
        f"h{number}": f" [{','.join(json.dumps({'Id': f'{number}-{one}'}) for one in range(number % 4))}]\n".encode()
        for number in range(50)
    }
    decoded = decode_bodies(bodies)
    expected = [(f"h{number}", f"{number}-{one}") for number in range(50) for one in range(number % 4)]
    assert decoded.summaries.select("host", "container_id").rows() == expected
    assert decoded.failures == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'[{"Id": "1", "New": ["a"]', b'["x"]}, {"Id": "2"}]'),
        (b'[{"Id": "1"}], [{"Id": "2"}]', b'[{"Id": "3"}]'),
        (b'[{"Id": "1", "Command": "]', b'[{"Id": "2"}]'),
        (b'[{"Id": "1", "Labels": {"a": "b]', b'["}}, {"Id": "2"}]'),
        (b'[{"Id": "1"},]', b'[{"Id": "3"}]'),
    ],
)
def test_bodies_that_are_valid_only_when_joined_are_read_separately(first: bytes, second: bytes) -> None:
    bodies = {"a": b'[{"Id": "9"}]', "first": first, "second": second, "z": b'[{"Id": "8"}]'}
    together = decode_bodies(bodies)
    alone = {host: decode_bodies({host: body}) for host, body in bodies.items()}
    assert together.summaries.equals(pl.concat([one.summaries for one in alone.values()]))
    assert together.failures.keys() == {host for host, one in alone.items() if one.failures}
    assert together.errors.equals(pl.concat([one.errors for one in alone.values()]))


def body_of(*summaries: dict[str, object]) -> bytes:
    return json.dumps(summaries).encode()


def test_more_broken_containers_than_rows_are_one_row_with_their_number() -> None:
    broken = [{"Id": str(number), "Labels": 7} for number in range(500)]
    decoded = decode_bodies({"bad": body_of(*broken, {"Id": "well"}), "good": body_of({"Id": "1"})})
    assert decoded.summaries.select("host", "container_id").rows() == [("bad", "well"), ("good", "1")]
    assert decoded.errors.select("host", "container_id").rows() == [("bad", None)]
    assert decoded.errors["message"].item().startswith("500 summaries")
    few = decode_bodies({"bad": body_of(*broken[:ERROR_ROWS])})
    assert few.errors["container_id"].to_list() == [str(number) for number in range(ERROR_ROWS)]
    repeated = decode_bodies({"bad": body_of(*[{"Id": "same"}] * 300)})
    assert (repeated.summaries.height, repeated.errors.height) == (1, 1)
    assert "299" in repeated.errors["message"].item()


@pytest.mark.parametrize(
    ("field", "entries"),
    [
        ("Labels", {f"k{number}": "v" for number in range(9)}),
        ("Ports", [{"PrivatePort": 1 + number} for number in range(9)]),
        ("Mounts", [{"Destination": str(number)} for number in range(9)]),
        ("Names", [f"/{number}" for number in range(9)]),
        ("NetworkSettings", {"Networks": {f"n{number}": {} for number in range(9)}}),
    ],
)
def test_entries_past_the_budget_of_a_container_are_left_out_and_reported(field: str, entries: object) -> None:
    few = Budget(labels=5, ports=5, mounts=5, networks=5, names=5)
    body = body_of({"Id": "many", field: entries}, {"Id": "other"})
    decoded = decode_bodies({"h": body, "good": body_of({"Id": "1"})}, budget=few)
    assert decoded.summaries["container_id"].to_list() == ["many", "other", "1"]
    column = {"NetworkSettings": "networks"}.get(field, field.lower())
    kept = decoded.summaries[column][0]
    assert len(kept) == 5
    assert decoded.errors.select("host", "container_id").rows() == [("h", "many")]
    assert "all but 5 of 9" in decoded.errors["message"].item()


def test_more_containers_than_the_budget_fail_the_host() -> None:
    body = body_of(*({"Id": str(number)} for number in range(20)))
    decoded = decode_bodies({"h": body, "good": body_of({"Id": "1"})}, budget=Budget(containers=19))
    assert decoded.summaries["host"].to_list() == ["good"]
    assert decoded.failures["h"].kind == "too_large"
    assert "more than 19 containers" in str(decoded.failures["h"])


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        ({"Id": "x", "Names": "alone"}, True),
        ({"Id": 7}, True),
        ({"Id": "x", "Image": True}, True),
        ({"Id": "x", "Image": []}, False),
        ({"Id": "x", "Created": "5"}, False),
        ({"Id": "x", "Created": True}, True),
        ({"Id": "x", "Health": {"Status": 7}}, True),
        ({"Id": "x", "Health": "fine"}, False),
        ({"Id": "x", "Labels": {"a": None, "b": 7}}, True),
        ({"Id": "x", "Labels": {"a": {}}}, False),
        ({"Id": "x", "Labels": []}, False),
        ({"Id": "x", "Ports": [None]}, True),
        ({"Id": "x", "Ports": {}}, False),
        ({"Id": "x", "Mounts": [{"RW": 1}]}, False),
        ({"Id": "x", "NetworkSettings": {"Networks": {"n": 7}}}, False),
        ({"Id": "x", "NetworkSettings": {"Networks": {"n": None}}}, True),
        ({"Id": "x", "Unknown": [[{"deep": 1e300}]]}, True),
        ([], False),
        ("x", False),
    ],
)
def test_the_check_of_types_agrees_with_polars(element: object, kept: bool) -> None:
    alone = decode_bodies({"h": json.dumps([element]).encode()})
    # The first one has the answer read container by container.
    salvaged = decode_bodies({"h": json.dumps([{"Id": "bad", "Labels": 7}, element]).encode()})
    assert (alone.summaries.height, salvaged.summaries.height) == (int(kept), int(kept))
    assert alone.summaries.equals(salvaged.summaries)


@pytest.mark.parametrize("number", ["1" * 5_000, "9" * 41, "-1e400", "1" * 39 + "0"])
def test_a_number_that_no_column_holds_affects_only_its_own_container(number: str) -> None:
    body = '[{"Id": "1", "Created": NUMBER}, {"Id": "2"}, {"Id": "3", "New": {"x": NUMBER}}]'.replace("NUMBER", number)
    decoded = decode_bodies({"h": body.encode()})
    assert decoded.failures == {}
    assert decoded.summaries["container_id"].to_list() == ["2", "3"]
    assert decoded.errors["container_id"].to_list() == ["1"]


@pytest.mark.parametrize(
    "body",
    [b"1" * 5_000, b'{"NCPU": ' + b"1" * 5_000 + b"}", b"[" * 100_000, b"{}" + b" " * 2**22, b"[" + b"{}," * 100_000 + b"{}]", b"", b"\xef\xbb\xbf{}"],
)  # fmt: skip
def test_a_document_past_its_budget_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError, match="it |Expecting|BOM"):
        parse_document(body)


@pytest.mark.parametrize("body", [b'[{"Id": "1", "Labels": 7}, NaN]', b'[{"Id": "1", "Labels": 7}] x', b'[{"Id": "1", "Labels": 7} {}]', b'[{"Id": "1", "Labels": 7},]'])  # fmt: skip
def test_what_is_not_json_fails_the_host_where_it_is_salvaged(body: bytes) -> None:
    decoded = decode_bodies({"h": body})
    assert decoded.failures["h"].kind == "invalid_answer"


def test_reading_broken_containers_ends_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salvaging, "salvage_deadline", lambda size: salvaging.Deadline(0))
    decoded = decode_bodies({"h": body_of({"Id": "1", "Labels": 7}, {"Id": "2"}), "good": body_of({"Id": "1"})})
    assert decoded.failures["h"].kind == "invalid_answer"
    assert "could not be read within" in str(decoded.failures["h"])
    assert decoded.summaries["host"].to_list() == ["good"]


def test_a_panic_of_polars_is_the_error_of_one_container(monkeypatch: pytest.MonkeyPatch) -> None:
    original = bodies.check_ports

    def panics(wire: pl.DataFrame) -> object:
        if "panic" in wire["Image"].to_list():
            raise pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value")
        return original(wire)

    monkeypatch.setattr(bodies, "check_ports", panics)
    rows = [summary(Id=str(number), Image="panic" if number == 37 else "app") for number in range(60)]
    decoded = decode_bodies({"a": body_of(*rows), "b": body_of(summary())})
    assert decoded.summaries.height == 60
    assert decoded.errors.select("host", "container_id", "kind").rows() == [("a", "37", "invalid_summary")]


def test_a_panic_while_parsing_is_an_error_of_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    original = pl.read_json

    def panics(source: object, **options: object) -> pl.DataFrame:
        if b"panic" in source.getvalue():
            raise pl.exceptions.PanicException("attempt to subtract with overflow")
        return original(source, **options)

    monkeypatch.setattr(pl, "read_json", panics)
    rows = [summary(Id=str(number), Image="panic" if number == 3 else "app") for number in range(6)]
    decoded = decode_bodies({"a": body_of(*rows), "b": body_of(summary())})
    assert decoded.summaries.height == 6
    assert decoded.errors.select("host", "container_id").rows() == [("a", "3")]


def test_few_tries_find_what_is_broken_and_many_broken_rows_end_them() -> None:
    tried: list[int] = []

    def work(rows: pl.DataFrame) -> pl.DataFrame:
        tried.append(rows.height)
        if rows["broken"].any():
            raise pl.exceptions.ComputeError("no")
        return rows

    frame = pl.DataFrame({"host": ["a"] * 10_000, "broken": [number == 77 for number in range(10_000)]})
    done, broken = _foreign.process_apart(frame, work)
    assert (sum(part.height for part in done), [part.rows.height for part in broken]) == (9_999, [1])
    assert len(tried) < 40
    tried.clear()
    _, broken = _foreign.process_apart(frame.with_columns(broken=True), work)
    assert sum(part.rows.height for part in broken) == 10_000
    assert len(tried) < 400


def inspection(**answer: Any) -> dict[str, Any]:
    """The row of the table `inspections` for an answer."""
    row = {"host": ["a"], "container_id": ["1"], "answer": [json.dumps(answer)]}
    return decode_inspections(pl.DataFrame(row)).inspections.row(0, named=True)


def test_every_value_of_an_inspection_is_there() -> None:
    host = {
        "Privileged": True, "CapAdd": ["CAP_NET_RAW", "sys_time"], "CapDrop": ["all"], "SecurityOpt": ["label=disable"],
        "ReadonlyRootfs": True, "Memory": 1, "CpuShares": 2, "NanoCpus": 3, "CpuQuota": 4, "CpuPeriod": 5, "PidsLimit": 6,
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 7}, "PidMode": "host", "IpcMode": "private",
        "UTSMode": "uts", "UsernsMode": "auto", "CgroupParent": "/mine", "Runtime": "runc", "LogConfig": {"Type": "local"},
        "Devices": [{"PathOnHost": "/dev/a"}], "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["x", "y"]}],
        "Ulimits": [{"Name": "nofile"}],
    }  # fmt: skip
    config = {
        "User": "me",
        "Env": ["A=1=2", "B"],
        "Healthcheck": {"Test": ["CMD", "x"]},
        "ExposedPorts": {"80/tcp": {}},
    }
    log = [{"ExitCode": 0, "Output": "fine"}, {"ExitCode": 9, "Output": "no route"}]
    state = {
        "ExitCode": 10, "OOMKilled": True, "Error": "it failed", "StartedAt": "2026-06-01T12:00:00.5Z",
        "FinishedAt": "2026-06-02T12:00:00Z", "Health": {"FailingStreak": 11, "Log": log},
    }  # fmt: skip
    row = inspection(HostConfig=host, Config=config, State=state, RestartCount=8, AppArmorProfile="unconfined")
    started, finished = row.pop("started_at"), row.pop("finished_at")
    assert row == {
        "host": "a", "container_id": "1", "user": "me", "privileged": True, "cap_add": ["NET_RAW", "SYS_TIME"],
        "cap_drop": ["ALL"], "security_opt": ["label=disable"], "apparmor_profile": "unconfined", "read_only_root": True,
        "memory_limit": 1, "cpu_shares": 2, "nano_cpus": 3, "pids_limit": 6, "restart_policy": "on-failure",
        "restart_retries": 7, "restart_count": 8, "pid_mode": "host", "ipc_mode": "private", "uts_mode": "uts",
        "userns_mode": "auto", "cgroup_parent": "/mine", "devices": ["/dev/a"], "device_requests": ["cdi: x, y"],
        "runtime": "runc", "log_driver": "local", "ulimits": ["nofile"], "environment": ["A", "B"],
        "healthcheck": ["CMD", "x"], "exposed_ports": ["80/tcp"], "exit_code": 10, "oom_killed": True,
        "state_error": "it failed", "health_exit_code": 9, "health_output": "no route", "failing_streak": 11,
    }  # fmt: skip
    assert (started.isoformat(), finished.isoformat()) == (
        "2026-06-01T12:00:00.500000+00:00",
        "2026-06-02T12:00:00+00:00",
    )


def test_an_empty_inspection_has_the_defaults_of_the_engine() -> None:
    row = inspection()
    flags = ("privileged", "read_only_root", "oom_killed")
    assert [row[name] for name in flags] == [False] * 3
    texts = ("user", "apparmor_profile", "pid_mode", "ipc_mode", "uts_mode", "userns_mode", "cgroup_parent", "runtime", "log_driver")  # fmt: skip
    assert [row[name] for name in texts] == [""] * len(texts)
    lists = ("cap_add", "cap_drop", "security_opt", "devices", "device_requests", "ulimits", "environment", "exposed_ports")  # fmt: skip
    assert [row[name] for name in lists] == [[]] * len(lists)
    assert (row["restart_policy"], row["restart_retries"], row["restart_count"]) == ("no", 0, 0)
    unknown = ("memory_limit", "cpu_shares", "nano_cpus", "pids_limit", "healthcheck", "exit_code", "state_error", "health_exit_code", "health_output", "failing_streak", "started_at", "finished_at")  # fmt: skip
    assert [row[name] for name in unknown] == [None] * len(unknown)


def test_a_restart_policy_without_a_name_is_no() -> None:
    assert inspection(HostConfig={"RestartPolicy": {"Name": ""}})["restart_policy"] == "no"


@pytest.mark.parametrize("number", [0, -1])
def test_a_limit_of_zero_or_less_is_no_limit(number: int) -> None:
    limits = dict.fromkeys(("Memory", "CpuShares", "NanoCpus", "CpuQuota", "PidsLimit"), number)
    row = inspection(HostConfig=limits)
    assert [row[name] for name in ("memory_limit", "cpu_shares", "nano_cpus", "pids_limit")] == [None] * 4


@pytest.mark.parametrize(
    ("limits", "nano_cpus"),
    [
        ({"CpuQuota": 50_000}, 500_000_000),
        ({"CpuQuota": 50_000, "CpuPeriod": 0}, 500_000_000),
        ({"CpuQuota": 50_000, "CpuPeriod": 25_000}, 2_000_000_000),
        ({"NanoCpus": 7, "CpuQuota": 50_000}, 7),
    ],
)
def test_a_quota_is_a_limit_of_processors(limits: dict[str, int], nano_cpus: int) -> None:
    assert inspection(HostConfig=limits)["nano_cpus"] == nano_cpus


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"Driver": "nvidia", "Count": 2}, "nvidia: 2"),
        ({"Driver": "nvidia", "Count": 0, "DeviceIDs": ["3"]}, "nvidia: 3"),
        ({"Driver": "", "Count": -1, "Capabilities": [["gpu", "compute"], ["x"]]}, "gpu+compute: all"),
        ({"Count": 0}, "device: 0"),
        ({}, "device: all"),
    ],
)
def test_a_request_for_devices_as_text(request_: dict[str, object], text: str) -> None:
    assert inspection(HostConfig={"DeviceRequests": [request_]})["device_requests"] == [text]


@pytest.mark.parametrize("created", [-62_135_596_800, 253_402_300_799])
def test_the_first_and_the_last_second_of_the_calendar_are_times(created: int) -> None:
    found = dkf.from_summaries([summary(Created=created)]).containers["created"]
    assert found.dt.epoch("s").item() == created


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:01Z", "0001-01-01T00:00:01+00:00"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999+00:00"),
        ("2026-06-01T12:00:00+02:00", "2026-06-01T10:00:00+00:00"),
        ("9999-12-31T23:59:59-02:00", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("", None),
    ],
)
def test_a_time_of_an_inspection(text: str, expected: str | None) -> None:
    found = inspection(State={"StartedAt": text})["started_at"]
    assert (found and found.isoformat()) == expected
