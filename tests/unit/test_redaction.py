"""Secrets: in no view, report, export, cassette or history unless they are asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe import testing
from dockerframe._redaction import (
    RECOGNISED,
    REDACTED,
    SecretColumns,
    every_column,
    is_secret_name,
    redact_mapping,
    redact_table,
    redact_text,
)
from dockerframe._redaction.patterns import HARMLESS_NAME, SECRET_NAME
from dockerframe.schemas import LABELS
from dockerframe.tables import REGISTRY, STORED_TABLES, Table, redact_tables
from tests.summaries import snapshot_of, summary

SECRET = "hunter2hunter2"
NAMES = [
    "DB_PASSWORD", "MYSQL_ROOT_PASSWORD", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "api-key", "apikey", "PRIVATE_KEY", "x.auth",
    "proxy.app.middlewares.oidc.client_secret", "traefik.http.middlewares.m.basicauth.users", "wireguard.psk", "SSH_KEY", "ldap.pass",
]  # fmt: skip
HARMLESS = [
    "proxy.app.port",
    "monkey",
    "keyboard.layout",
    "author",
    "passenger",
    "com.docker.compose.config-hash",
    "compass",
]
TEXTS = [
    f"serve --password {SECRET}",
    f"serve --password={SECRET} --port 80",
    f"sh -c 'API_TOKEN={SECRET} run'",
    f"postgres://app:{SECRET}@db:5432/app",
    f"amqp://:{SECRET}@mq",
    f"client_secret: {SECRET}",
    f'{{"password": "{SECRET}", "port": 80}}',
    f"Authorization: Bearer {SECRET}",
    f"curl -H 'X-Api-Key: {SECRET}'",
]


MORE_SECRET_NAMES = [
    "smtpPass",
    "dbPassword",
    "admin_pw",
    "app.jwt",
    "Cookie",
    "API_TOKENS",
    "requirepass",
    "caddy.basic_auth.bob",
    "x.Authorization",
]
MORE_HARMLESS_NAMES = [
    "DB_PASSWORD_FILE", "secretName", "token_url", "tokenUrl", "public_key", "max_tokens", "bypass", "passthrough", "oauth2", "PASSENGER_ROOT",
    "traefik.http.routers.token-app.rule", "proxy.secrets.port", "sticky.cookie", "forwardauth", "tokenizer", "keys.count", "",
]  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, *MORE_SECRET_NAMES, *HARMLESS, *MORE_HARMLESS_NAMES])
def test_python_and_polars_read_names_alike(name: str) -> None:
    for pattern in (SECRET_NAME, HARMLESS_NAME):
        assert bool(re.search(pattern, name)) == pl.Series([name]).str.contains(pattern).item()


def secretive() -> dict[str, object]:
    labels = {
        "DB_PASSWORD": SECRET,
        "backup.url": f"s3://key:{SECRET}@host/b",
        "proxy.web.middlewares.oidc": f"client_secret: {SECRET}\nissuer: x",
        "proxy.web.middlewares.basic_auth.password": SECRET,
        "proxy.web.port": "80",
        "proxy.web.max_conns_per_host": f"token={SECRET}",
    }
    return summary(Labels=labels, Command=f"run --token {SECRET}")


@pytest.mark.parametrize("name", [*NAMES, *MORE_SECRET_NAMES])
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [*HARMLESS, *MORE_HARMLESS_NAMES])
def test_harmless_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text: str) -> None:
    assert SECRET not in redact_text(text)
    assert REDACTED in redact_text(text)
    labels = snapshot_of(summary(Labels={"note": text})).redacted().labels
    assert labels["value"].item() == redact_text(text)


@pytest.mark.parametrize(
    "text", ["", "run --port 80", "https://example.com/a:b", "the token is missing", "a: b", "tcp://10.0.0.1:2375"]
)
def test_harmless_texts_stay(text: str) -> None:
    assert redact_text(text) == text


def all_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_nothing_written_has_them_unless_asked_for(tmp_path: Path) -> None:
    snap = snapshot_of(secretive(), url=f"tcp://user:{SECRET}@10.0.0.1:2375")
    before = snapshot_of(summary(Labels={"DB_PASSWORD": f"old{SECRET}"}))
    formats = ["csv", "json", "html"]
    assert SECRET.encode() not in all_of(snap.write(tmp_path / "a", formats, since=before))
    assert SECRET.encode() not in all_of(snap.write(tmp_path / "compared", formats, since=dkf.diff(before, snap)))
    assert SECRET.encode() in all_of(snap.write(tmp_path / "b", formats, since=before, reveal=True))
    written = dkf.read_snapshot(snap.write(tmp_path / "c"))
    assert SECRET not in str(written.containers.to_dicts()) + str(written.routes.to_dicts()) + str(
        written.hosts.to_dicts()
    )
    assert dkf.diff(written, snap).height == 0
    snap.append_history(tmp_path / "store")
    stored = dkf.read_history(tmp_path / "store").last()
    assert SECRET not in str([table.to_dicts() for table in stored.tables.values()])
    assert snap.write(tmp_path / "d", reveal=True).is_dir()
    assert dkf.read_snapshot(tmp_path / "d" / next((tmp_path / "d").iterdir()).name).equals(snap)


def test_nothing_shown_has_them_unless_asked_for(tmp_path: Path) -> None:
    snap = snapshot_of(secretive(), url=f"tcp://user:{SECRET}@10.0.0.1:2375")
    assert SECRET not in snap._repr_html_()
    assert SECRET not in repr(snap.explain("web"))
    assert SECRET in repr(snap.explain("web", reveal=True))
    view = snap.view()
    for tab in ("containers", "routes", "findings", "hosts"):
        view.show_tab(tab)
        assert view.widget.state["rows"]
        assert SECRET not in json.dumps(view.widget.state["rows"])
    view._open(f"local\x1f{snap.containers['container_id'].item()}")
    assert SECRET not in json.dumps(view.widget.state["details"])
    assert "middlewares.oidc" in json.dumps(view.widget.state["details"])
    view._open("local")
    assert SECRET not in json.dumps(view.widget.state["details"])
    view.show_tab("containers")
    assert SECRET not in view.write(tmp_path / "x.csv").read_text()
    assert SECRET in snap.view(reveal=True).write(tmp_path / "y.csv").read_text()


def test_the_demo_fleet_has_no_secrets() -> None:
    demo = dkf.Fleet.demo().snapshot(progress=False)
    assert demo.redacted().equals(demo)


def test_cassettes(tmp_path: Path) -> None:
    body = json.dumps({"Config": {"Env": [f"DB_PASSWORD={SECRET}", "A=1"], "Labels": {"x.token": SECRET}}}).encode()
    answer = {"headers": {"Content-Type": ["application/json"]}, "body": {"string": body}}
    scrubbed = testing.scrubber({})(answer)
    assert SECRET.encode() not in scrubbed["body"]["string"]
    assert json.loads(scrubbed["body"]["string"])["Config"]["Env"][1] == "A=1"
    assert scrubbed["headers"]["Content-Length"] == [str(len(scrubbed["body"]["string"]))]


@pytest.mark.parametrize("table", REGISTRY.values(), ids=list(REGISTRY))
def test_every_table_declares_its_columns(table: Table) -> None:
    """A column that is misspelled, or of a type that is not searched, would be shown with its secrets."""
    columns = table.secrets or every_column(table.schema)
    texts = {name for name, dtype in table.schema.items() if dtype in (pl.String(), pl.List(pl.String()))}
    assert {*columns.texts, *(column for pair in columns.values for column in pair)} <= texts
    assert set(columns.maps) <= {name for name, dtype in table.schema.items() if dtype == LABELS}


@pytest.mark.parametrize("table", REGISTRY.values(), ids=list(REGISTRY))
def test_the_columns_that_a_table_declares_are_searched(table: Table) -> None:
    columns = table.secrets or every_column(table.schema)
    cells = {
        **dict.fromkeys(columns.texts, f"serve --token {SECRET}"),
        **{column: name for pair in columns.values for column, name in zip(pair, ("db_password", SECRET), strict=True)},
        **{name: {"db_password": SECRET} for name in columns.maps},
    }
    lists = {name for name in cells if table.schema[name] == pl.List(pl.String())}
    rows = pl.DataFrame(
        {name: [[cell] if name in lists else cell] for name, cell in cells.items()},
        schema={name: table.schema[name] for name in cells},
    )
    redacted = redact_tables({table.name: rows})[table.name]
    assert SECRET not in str(redacted.to_dicts())
    assert redacted.schema == rows.schema
    assert redacted.equals(table.redacted(rows))


def test_rules_and_paths_of_exposures_are_redacted() -> None:
    rule = f"Host(`a.example.com`) && Path(`/login?token={SECRET}`)"
    labels = {"traefik.enable": "true", "traefik.http.routers.app.rule": rule}
    network = {"Networks": {"web": {"IPAddress": "172.20.0.2"}}}
    snap = snapshot_of(summary(Labels=labels, Ports=[{"PrivatePort": 80, "Type": "tcp"}], NetworkSettings=network))
    shown = snap.redacted().exposures.row(0, named=True)
    assert SECRET in str(snap.exposures.to_dicts())
    assert SECRET not in str(shown)
    assert shown["hostnames"] == ["a.example.com"]


def test_a_table_without_a_declaration_is_searched_in_full() -> None:
    volumes = pl.DataFrame(
        {
            "volume": ["media", None],
            "mountpoint": [f"//bob:{SECRET}@nas:445/media", "/srv"],
            "options": [[f"--password={SECRET}"], None],
            "labels": pl.Series([{"db_password": SECRET, "app": "x"}, {}], dtype=LABELS),
            "size": [1, 2],
        }
    )
    redacted = redact_tables({"volumes": volumes})["volumes"]
    assert SECRET not in str(redacted.to_dicts())
    assert redacted.schema == volumes.schema
    assert redacted["labels"].to_list() == [{"db_password": REDACTED, "app": "x"}, {}]
    assert redacted.row(1) == volumes.row(1)


def test_a_table_may_declare_its_own_columns() -> None:
    table = pl.DataFrame({"option": ["pass", "vers"], "set": [SECRET, "3.0"], "note": [f"token={SECRET}", ""]})
    redacted = redact_table(table, SecretColumns(values=(("option", "set"),)))
    assert redacted["set"].to_list() == [REDACTED, "3.0"]
    assert redacted["note"].to_list() == table["note"].to_list()


@pytest.mark.parametrize(
    "command",
    [
        ["CMD", "redis-cli", "-a", SECRET, "ping"],
        ["CMD", "mysqladmin", "ping", "--password", SECRET],
        ["CMD-SHELL", f"mysqladmin ping -p{SECRET}"],
    ],
)
def test_arguments_are_searched_together(command: list[str]) -> None:
    inspections = pl.DataFrame({"healthcheck": [command, ["CMD", "true"], [], None]})
    redacted = redact_tables({"inspections": inspections})["inspections"]["healthcheck"].to_list()
    assert redacted[0] == [part.replace(SECRET, REDACTED) for part in command]
    assert redacted[1:] == [["CMD", "true"], [], None]


def test_differences_are_redacted_by_the_name_of_the_field() -> None:
    rows = {
        "field": ["db_password", None, "port"],
        "before": ["a", f"run --token {SECRET}", "80"],
        "after": ["b", None, None],
    }
    redacted = REGISTRY["differences"].redacted(pl.DataFrame(rows))
    assert redacted["before"].to_list() == [REDACTED, f"run --token {REDACTED}", "80"]
    assert redacted["after"].to_list() == [REDACTED, None, None]


def test_maps_with_secrets_keep_the_other_rows() -> None:
    rows = [{"a": "b"}, None, {"token": SECRET, "x": f"--pass {SECRET}"}, {}, {"token": ""}]
    containers = pl.DataFrame({"labels": pl.Series(rows, dtype=LABELS)})
    redacted = redact_tables({"containers": containers})["containers"]["labels"]
    assert redacted.to_list() == [{"a": "b"}, None, {"token": REDACTED, "x": f"--pass {REDACTED}"}, {}, {"token": ""}]


def test_a_table_without_rows_keeps_its_schema() -> None:
    empty = {name: table.empty() for name, table in STORED_TABLES.items()}
    assert all(
        table.equals(empty[name]) and table.schema == empty[name].schema for name, table in redact_tables(empty).items()
    )


def test_mappings_keep_their_names() -> None:
    assert redact_mapping({}) == {}
    headers = {"Authorization": f"Bearer {SECRET}", "X-Registry-Auth": SECRET, "Accept": "*/*"}
    assert redact_mapping(headers) == {"Authorization": REDACTED, "X-Registry-Auth": REDACTED, "Accept": "*/*"}


def test_what_is_recognised_is_described() -> None:
    assert "secret name" in RECOGNISED
    assert all(meaning and not meaning.endswith(".") for meaning in RECOGNISED.values())
