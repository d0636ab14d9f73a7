"""Commands that print tables: formats, rows, columns, and which fleet."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe.cli.declarations import declared_tables
from dockerframe.cli.output import for_command_line, natural_order
from dockerframe.tables import REGISTRY
from tests.summaries import snapshot_of, summary
from tests.unit.cli.running import demo, run

COMMANDS = {table.name.replace("_", "-"): name for name, table in REGISTRY.items() if table.command}


def test_what_is_read_of_the_tables_without_polars_is_what_they_declare() -> None:
    assert [tuple(table) for table in declared_tables()] == [
        (table.name, table.description, table.order, table.scope, table.command) for table in REGISTRY.values()
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_has_a_command_with_its_description(command: str) -> None:
    assert REGISTRY[COMMANDS[command]].description in " ".join(run(command, "-h").text.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_fits_80_columns_with_its_important_columns(command: str) -> None:
    done = demo(command, columns=80, NO_COLOR="1")
    assert done.status == 1
    assert len(done.lines) > 4
    assert max(map(len, done.lines)) <= 80
    important = [column.heading for column in REGISTRY[COMMANDS[command]].listing if column.priority == 1]
    assert all(heading.upper() in done.lines[0] for heading in important)


def test_a_pipe_gets_complete_plain_text() -> None:
    done = demo("errors")
    errors = dkf.Fleet.demo().snapshot(progress=False).errors
    assert all(message in done.text for message in errors["message"])
    assert not set("│┃━…\x1b") & set(done.text)


def test_a_terminal_has_colours_unless_they_are_off() -> None:
    assert "\x1b[32mrunning" in demo("containers", columns=80).text
    assert "\x1b" not in demo("containers", columns=80, NO_COLOR="1").text
    assert "\x1b" not in demo("containers").text


def test_what_has_no_room_is_named() -> None:
    assert "No room for published, project" in demo("containers", columns=80).errors
    assert "No room" not in demo("containers").errors


@pytest.mark.parametrize("option", [("-o", "wide"), ("--no-trunc",)])
def test_wide_output_cuts_nothing(option: tuple[str, ...]) -> None:
    done = demo("containers", *option, columns=80, NO_COLOR="1")
    assert "…" not in done.text
    assert all(image in done.text for image in dkf.Fleet.demo().snapshot(progress=False).containers["image"])
    assert ("ALIASES" in done.lines[0]) == (option == ("-o", "wide"))


def test_parquet_holds_the_complete_table() -> None:
    expected = dkf.Fleet.demo().snapshot(progress=False).containers
    read = pl.read_parquet(io.BytesIO(demo("containers", "-o", "parquet").data))
    assert read.schema == expected.schema
    assert read.equals(expected)


def test_json_is_an_array_and_jsonl_has_one_row_per_line() -> None:
    array = json.loads(demo("containers", "-o", "json").data)
    lines = demo("containers", "-o", "jsonl").json_lines()
    assert array == lines
    assert len(lines) == 61
    assert json.loads(demo("containers", "-o", "json", "--limit", "0").data) == []


def test_csv_has_a_header_and_all_columns() -> None:
    read = pl.read_csv(io.BytesIO(demo("routes", "--output", "CSV").data), infer_schema=False)
    assert read.columns == dkf.Fleet.demo().snapshot(progress=False).routes.columns


def test_rows_of_a_condition() -> None:
    rows = demo("containers", "--where", "state = 'exited' and host = 'edge'", "-o", "jsonl").json_lines()
    assert {(row["state"], row["host"]) for row in rows} == {("exited", "edge")}


def test_a_condition_that_is_not_valid_names_similar_columns() -> None:
    done = demo("containers", "--where", "stat = 'exited'")
    assert done.status == 2
    assert "Did you mean state" in done.errors
    assert done.data == b""


def test_columns_by_heading_or_name_in_any_case() -> None:
    assert demo("containers", "--columns", "NAME, image_tag,Host").lines[0].split() == ["NAME", "IMAGE_TAG", "HOST"]
    (row,) = demo("containers", "--columns", "name,container_id", "--limit", "1", "-o", "jsonl").json_lines()
    assert list(row) == ["name", "container_id"]


def test_a_column_that_does_not_exist_is_named() -> None:
    done = demo("containers", "--columns", "imag")
    assert done.status == 2
    assert "Did you mean image" in done.errors


def test_sorting_by_several_columns() -> None:
    rows = demo("containers", "--sort", "-host,name", "-o", "jsonl").json_lines()
    hosts = [row["host"] for row in rows]
    assert hosts == sorted(hosts, reverse=True)
    names = [row["container_name"] for row in rows if row["host"] == "edge"]
    assert names == pl.DataFrame({"n": names}).sort(natural_order(pl.col("n")))["n"].to_list()


def test_natural_order_of_names_with_numbers() -> None:
    names = pl.DataFrame({"n": ["app-10", "app-9", "App-2", "app", "1" * 30]})
    assert names.sort(natural_order(pl.col("n")))["n"].to_list() == ["1" * 30, "app", "App-2", "app-9", "app-10"]


def test_ranks_sort_as_ranks() -> None:
    severities = [row["severity"] for row in demo("audit", "--sort", "severity", "-o", "jsonl").json_lines()]
    assert severities[0] == "info"
    assert severities[-1] == "critical"


def test_ids_alone() -> None:
    ids = demo("containers", "-q", "--limit", "2").lines
    assert [len(one) for one in ids] == [12, 12]
    assert [len(one) for one in demo("containers", "-q", "--no-trunc", "--limit", "2").lines] == [64, 64]
    assert len(demo("ports", "-q").lines) == len(set(demo("ports", "-q").lines))
    assert demo("hosts", "-q").lines == ["edge", "apps", "data", "lab", "backup"]
    assert demo("projects", "-q", "--select", "edge").lines == ["auth", "shop"]


def test_selected_hosts_are_the_only_ones_asked() -> None:
    done = demo("hosts", "--select", "a*", "--select", "lab", "-q")
    assert (done.status, done.lines) == (0, ["apps", "lab"])
    wrong = demo("hosts", "--select", "edg")
    assert wrong.status == 2
    assert "Did you mean edge" in wrong.errors


def test_inspections_are_asked_for() -> None:
    assert demo("inspections", "--select", "lab", "-q").lines


def test_sql_over_all_tables() -> None:
    query = "select host, count(*) as n from containers where running group by host order by host"
    assert [row["host"] for row in demo("sql", query, "-o", "jsonl").json_lines()] == ["apps", "data", "edge"]
    found = demo("sql", "select distinct severity from findings where rule = 'privileged'", "--inspect").lines
    assert found[0] == "SEVERITY"


@pytest.fixture
def secret_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    snap = snapshot_of(summary(Labels={"api.token": "t0p-s3cret"}))
    monkeypatch.setattr("dockerframe.cli.sources.FleetSource.snapshot", lambda source, **options: snap)


@pytest.mark.usefixtures("secret_fleet")
@pytest.mark.parametrize(
    "command", [("labels",), ("labels", "-o", "csv"), ("containers", "-o", "json"), ("sql", "select * from labels")]
)
def test_secrets_are_left_out_unless_asked_for(command: tuple[str, ...]) -> None:
    assert "t0p-s3cret" not in run(*command).text
    assert "t0p-s3cret" in run(*command, "--reveal").text


@pytest.mark.usefixtures("secret_fleet")
def test_conditions_see_no_secrets() -> None:
    assert run("labels", "--where", "value = 't0p-s3cret'", "-q").lines == []


@pytest.mark.parametrize(
    "query", ["drop table hosts", "select * from read_csv('/etc/passwd')", "selec", "select x from hosts"]
)
def test_sql_that_is_not_a_query_of_the_fleet_is_refused(query: str) -> None:
    done = demo("sql", query)
    assert done.status == 2
    assert "Traceback" not in done.errors


def test_exit_status(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("providers: {docker: {a: 'ftp://x'}}")
    missing = f"unix://{tmp_path}/none.sock"
    assert demo("hosts", "--select", "edge").status == 0
    assert demo("hosts").status == 1
    assert run("hosts", "--host", missing).status == 3
    assert run("hosts", DOCKER_HOST=missing).status == 3
    assert run("hosts", "--config", str(tmp_path / "bad.yml")).status == 2
    assert run("hosts", "--config", str(tmp_path / "none.yml")).status == 2
    assert run("hosts", "--context", "none").status == 2
    assert demo("hosts", "--host", "tcp://x").status == 2
    assert run("hosts", "--nonsense").status == 2
    assert run("nonsense").status == 2
    assert run("report", "--demo").status == 2


def test_mistakes_are_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("providers: {docker: {a: 'ftp://x', b: 'tcp://y:0'}}")
    done = run("containers", "--config", str(tmp_path / "bad.yml"))
    assert "providers.docker.a" in done.errors
    assert "providers.docker.b" in done.errors
    assert "Traceback" not in done.errors
    assert done.data == b""


def test_hosts_of_a_fleet_file(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text(
        f"providers:\n  docker:\n    a: unix://{tmp_path}/a.sock\n    b: unix://{tmp_path}/b.sock\n"
    )
    done = run("hosts", "--config", str(tmp_path / "fleet.yml"), "-o", "jsonl")
    assert done.status == 3
    assert [row["error_kind"] for row in done.json_lines()] == ["no_socket", "no_socket"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Take it with inspect=True.", "Take it with --inspect."),
        ("snap.route_fields lists them.", "`dockerframe route-fields` lists them."),
        ("See snap.rules() for the rules.", "See `dockerframe rules` for the rules."),
        ("Name a folder that Snapshot.write made.", "Name a folder that `dockerframe report` made."),
    ],
)
def test_messages_name_options_and_commands(message: str, shown: str) -> None:
    assert for_command_line(message) == shown
