"""Looking up labels by name: among all labels of a container, and among those that rules read."""

from __future__ import annotations

import polars as pl
import pytest

from dockerframe._derive.labels import label, labels_by_name, proxy_labels

_ROWS = [{"proxy.exclude": "1", "proxy.a.port": "80", "tier": "front"}, {"com.docker.compose.project": "shop"}, {}]


@pytest.fixture
def containers() -> pl.DataFrame:
    """Three containers with labels only."""
    return pl.DataFrame({"labels": _ROWS}, schema={"labels": pl.Map(pl.String(), pl.String())})


def test_only_labels_that_rules_read_are_kept(containers: pl.DataFrame) -> None:
    keys = pl.col("labels").map.keys().cast(pl.List(pl.String))
    assert proxy_labels(containers).rows() == [(0, "proxy.exclude", "1"), (0, "proxy.a.port", "80")]
    assert containers.select(labels_by_name()).select(keys).to_series().to_list() == [
        ["proxy.exclude"],
        ["com.docker.compose.project"],
        [],
    ]


@pytest.mark.parametrize(
    ("name", "values"),
    [("proxy.exclude", ["1", None, None]), ("com.docker.compose.project", [None, "shop", None])],
)
def test_both_lookups_give_the_same_value(containers: pl.DataFrame, name: str, values: list[str | None]) -> None:
    assert containers.select(label(name)).to_series().to_list() == values
    assert containers.select(labels_by_name()).select(label(name)).to_series().to_list() == values


@pytest.mark.parametrize("name", ["tier", "proxy.a.port"])
def test_label_that_no_rule_reads_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="add it to READ_LABELS"):
        label(name)
