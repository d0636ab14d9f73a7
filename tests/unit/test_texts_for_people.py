"""Whatever hosts and containers send: no exception, repr, page, log or command has characters that steer its reader."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import pickle
import sys
from pathlib import Path

import pytest

import dockerframe as dkf
from dockerframe import errors
from dockerframe.errors import Mistake
from tests.faults.stand_in import Fault, http, sends, stand_ins
from tests.steering import HOSTILE, steering_characters
from tests.summaries import summary
from tests.terminal import shown_on_terminal

EVERYTHING = "".join(HOSTILE.values())
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.DockerframeError)]


def hostile_summaries() -> list[dict[str, object]]:
    texts = [*HOSTILE.values(), EVERYTHING]
    return [
        summary(
            Id=f"{number:064x}",
            Names=[f"/{text}"],
            Image=f"{text}:{text}",
            Command=text,
            Status=text,
            State="running" if number % 2 else text,
            Health={"Status": text},
            Labels={
                "proxy.aliases": f"alias{number}, {text}", f"proxy.alias{number}.host": text, f"proxy.*.{text}": text,
                "proxy.exclude": text, "proxy.idle_timeout": text, "com.docker.compose.project": text,
                "com.docker.compose.service": text, "com.docker.compose.depends_on": f"{text}:{text}:true", text: text,
            },
            Ports=[{"IP": text, "PrivatePort": 80, "PublicPort": 8000 + number, "Type": text}, {"PrivatePort": 10**9}],
            Mounts=[{"Type": "bind", "Source": f"/var/run/docker.sock{text}", "Destination": text, "RW": True}],
            NetworkSettings={"Networks": {text: {"IPAddress": text, "NetworkID": text}}},
            HostConfig={"NetworkMode": text},
        )
        for number, text in enumerate(texts)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def hostile() -> dkf.Snapshot:
    error = json.dumps({"message": EVERYTHING}).encode()
    return dkf.from_bodies({"bad": json.dumps(hostile_summaries()).encode(), "down": error})


def examples_of(text: str) -> list[errors.DockerframeError]:
    host = errors.HostError.at(text, "refused", text, text)
    return [
        errors.DockerframeError(text, remedy=text),
        errors.ConfigurationError(text, [Mistake(text, text), Mistake("", text)], remedy=text),
        host,
        *(errors.HostError(kind, text) for kind in ("", "read_timeout", "unauthorized", "http", "resources")),
        errors.GatherError({text: host, "b": errors.HostError("tls", text)}),
        errors.SnapshotError(text, remedy=text),
        errors.MissingTableError(text, remedy=text),
        errors.AuditError(text, remedy=text),
        errors.HistoryError(text, remedy=text),
        errors.MissingExtraError(text, text),
    ]


def test_each_exception_has_an_example() -> None:
    assert {type(error) for error in examples_of("x")} == set(KINDS)


@pytest.mark.parametrize("kind", HOSTILE)
def test_exceptions_have_safe_text(kind: str) -> None:
    for error in examples_of(HOSTILE[kind]):
        assert steering_characters(str(error)) == []
        assert steering_characters(repr(error)) == []


def test_exceptions_are_pickled_with_their_attributes() -> None:
    for error in examples_of("some\x1btext"):
        error.add_note("a note")
        for restored in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(restored) is type(error)
            assert (str(restored), restored.args, restored.message) == (str(error), error.args, error.message)
            assert _comparable(vars(restored)) == _comparable(vars(error))


def _comparable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _comparable(one) for key, one in value.items()}
    return (type(value), str(value), _comparable(vars(value))) if isinstance(value, errors.DockerframeError) else value


def test_errors_of_hosts_are_safe(hostile: dkf.Snapshot) -> None:
    assert hostile.hosts["ok"].to_list() == [True, False]
    assert steering_characters(hostile.hosts["error"].to_list()) == []
    with pytest.raises(dkf.HostError) as caught:
        dkf.from_summaries(json.dumps({"message": EVERYTHING}).encode())
    assert steering_characters(str(caught.value)) == []


def test_reprs_and_explanations_are_safe(hostile: dkf.Snapshot) -> None:
    assert steering_characters(repr(hostile)) == []
    aliases = hostile.routes["alias"].unique().to_list()
    assert len(aliases) > len(HOSTILE)
    for alias in aliases:
        assert steering_characters(repr(hostile.explain(alias, reveal=True))) == []
    with pytest.raises(dkf.SnapshotError) as caught:
        hostile.explain(EVERYTHING + "?")
    assert steering_characters(str(caught.value)) == []


def test_pages_are_safe(hostile: dkf.Snapshot) -> None:
    before = dkf.from_summaries([], host="bad")
    for page in (hostile.to_html(), hostile.to_html(since=before, reveal=True), hostile._repr_html_()):
        assert steering_characters(page) == []


def test_logs_are_safe(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    refusal = Fault("hostile", "http", sends(http(json.dumps({"message": EVERYTHING}).encode(), "500 \x1b[2J")))
    with caplog.at_level(logging.DEBUG, logger="dockerframe"), stand_ins(tmp_path) as started:
        snap = dkf.Fleet([dkf.Host("bad", started.start("bad", refusal))]).snapshot(progress=False)
    assert snap.hosts["ok"].to_list() == [False]
    assert steering_characters(snap.hosts["error"].item()) == []
    assert len(caplog.records) > 0
    assert steering_characters([record.getMessage() for record in caplog.records]) == []


COMMANDS = [["hosts"], ["containers"], ["ports"], ["routes"], ["dependencies"], ["errors"], ["audit", "--reveal"], ["explain", "alias1"],
            ["containers", "-o", "csv"], ["containers", "-o", "json"], ["audit", "-o", "sarif"], ["audit", "-o", "junit"]]  # fmt: skip


ALL_COMMANDS = """
import json, sys
from dockerframe.cli import main

for arguments in json.loads(sys.argv[1]):
    sys.argv = ["dockerframe", *arguments]
    try:
        main()
    except SystemExit as ended:
        print("status", ended.code)
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_commands_are_safe_on_a_terminal(tmp_path: Path, stream: str) -> None:
    body = json.dumps(hostile_summaries()).encode()
    refusal = Fault("refuses", "http", sends(http(json.dumps({"message": EVERYTHING}).encode(), "500 No")))
    with stand_ins(tmp_path) as started:
        urls = {"bad": started.start("bad", Fault("hostile", None, sends(http(body), close=False)))}
        urls["down"] = started.start("down", refusal)
        hosts = [part for name, url in urls.items() for part in ("--host", f"{name}={url}")]
        every = json.dumps([[*command, *hosts] for command in COMMANDS])
        environment = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "400"}
        shown = shown_on_terminal([sys.executable, "-c", ALL_COMMANDS, every], stream, environment)
    assert len(shown) > 1_000
    if stream == "stdout":
        assert shown.count("status 1") == len(COMMANDS)
    assert steering_characters(shown, allowed="\r\n\t") == []
