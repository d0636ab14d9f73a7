"""SQL over the tables of a snapshot."""

from __future__ import annotations

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._queries.sql import filtered, run_query
from tests.summaries import snapshot_of, summary


class Tables(dict[str, pl.DataFrame]):
    """Tables that remember which were asked for."""

    def __init__(self) -> None:
        super().__init__(hosts=pl.DataFrame({"host": ["a", "b"]}), routes=pl.DataFrame({"host": ["a"], "alias": ["x"]}))
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> pl.DataFrame:
        self.asked.add(name)
        return super().__getitem__(name)


def test_only_tables_that_are_named_are_derived() -> None:
    tables = Tables()
    assert run_query("SELECT host FROM Hosts h ORDER BY host DESC", tables, {}).rows() == [("b",), ("a",)]
    assert tables.asked == {"hosts"}


def test_results_are_computed_when_they_are_named() -> None:
    calls: list[str] = []

    def findings() -> pl.DataFrame:
        calls.append("findings")
        return pl.DataFrame({"rule": ["r"]})

    run_query("select * from hosts", Tables(), {"findings": findings})
    assert calls == []
    assert run_query("select * from findings", Tables(), {"findings": findings}).item() == "r"


def test_joins_and_common_table_expressions() -> None:
    query = (
        "with r as (select host, alias from routes) select h.host, r.alias from hosts h left join r on h.host = r.host"
    )
    assert sorted(run_query(query, Tables(), {}).rows()) == [("a", "x"), ("b", None)]


@pytest.mark.parametrize(
    "query", ["drop table hosts", "delete from hosts", "create table x as select 1", "", "-- select"]
)
def test_statements_that_change_something_are_refused(query: str) -> None:
    with pytest.raises(dkf.SnapshotError, match="Begin with SELECT"):
        run_query(query, Tables(), {})


@pytest.mark.parametrize("function", ["read_csv", "READ_PARQUET ", "scan_ndjson", "read_ipc"])
def test_files_cannot_be_read(function: str) -> None:
    with pytest.raises(dkf.SnapshotError, match="Only queries"):
        run_query(f"select * from {function}('x')", Tables(), {})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select hots from hosts", "Did you mean host"),
        ("select * from hosst", "Did you mean hosts"),
        ("select * from (", "The query is not valid"),
        ("select host + 1 from hosts where", "The query is not valid"),
    ],
)
def test_mistakes_are_errors_of_the_library(query: str, message: str) -> None:
    with pytest.raises(dkf.SnapshotError, match=message) as raised:
        run_query(query, Tables(), {})
    assert len(str(raised.value)) < 600
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("condition", ["hots = 'a'", "host", "host = ", "host = 1 +", "nope(host)"])
def test_conditions_that_are_not_valid(condition: str) -> None:
    with pytest.raises(dkf.SnapshotError, match="The condition is not valid"):
        filtered(pl.DataFrame({"host": ["a"]}), condition)


def test_a_snapshot_with_its_findings_and_rules() -> None:
    snap = snapshot_of(summary(Image="nginx"), summary(Id="2", Names=["/db"], State="exited"))
    assert snap.sql("select container_name from containers where state = 'exited'").item() == "db"
    assert snap.sql("select count(*) as n from rules").item() == len([*dkf.BUILTIN_RULES])
    assert snap.sql("select count(*) as n from findings").item() == snap.findings().height
