"""The dependencies of containers as a graph: who starts first, who needs whom, and what goes round in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import networkx as nx
import polars as pl

from dockerframe.derive.labels import KEYS

if TYPE_CHECKING:
    Container: TypeAlias = tuple[str, str]

_PASSES = 32
_CYCLES: dict[str, pl.DataType] = {"host": pl.String(), "container_id": pl.String(), "cycle": pl.List(pl.String())}


def graph(containers: pl.DataFrame, dependencies: pl.DataFrame) -> nx.DiGraph[Container]:
    """Containers, each a node `(host, container_id)`, with an edge from each to what it depends on.

    Dependencies that are not on the host are left out. Reads `host` and `container_id` of the table `containers`, and
    `resolved_id` besides of `dependencies`.
    """
    made: nx.DiGraph[Container] = nx.DiGraph()
    made.add_nodes_from(containers.select(KEYS).iter_rows())
    edges = dependencies.filter(pl.col("resolved_id").is_not_null()).select(*KEYS, "resolved_id")
    made.add_edges_from(((host, one), (host, other)) for host, one, other in edges.iter_rows())
    return made


def cycles(containers: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """The containers that depend on themselves: `host`, `container_id`, `cycle` (names on a way round, in order).

    Containers that depend on each other by way of others share one way: a shortest one through one of them.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {"proxy.depends_on": "a"}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("ab", labels)])
    >>> cycles(snap.containers, snap.dependencies).rows()
    [('local', 'a', ['a', 'b', 'a']), ('local', 'b', ['b', 'a', 'b'])]
    """
    numbered = containers.select(*KEYS, "container_name").with_row_index("number")
    edges = _numbered_edges(numbered, dependencies)
    is_own = pl.col("number") == pl.col("needed")
    own = edges.filter(is_own).select("number", cycle=pl.concat_list("number", "needed"))
    circular = _without_ends(edges.filter(~is_own))
    short = pl.concat([own, _pairs(circular)]).unique("number", keep="first", maintain_order=True)
    ways = pl.concat([short, _ways(circular, short["number"])])
    steps = ways.explode("cycle")
    steps = steps.with_columns(step=numbered["container_name"].gather(steps["cycle"]))
    return (
        steps.group_by("number", maintain_order=True)
        .agg(pl.col("step").alias("cycle"))
        .join(numbered.select(*KEYS, "number"), on="number", maintain_order="left")
        .select(*_CYCLES)
        .sort(KEYS)
    )


def _numbered_edges(numbered: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """Edges by the numbers of containers, which are quicker to compare than their ids: `number`, `needed`."""
    keys = numbered.select(*KEYS, "number")
    needed = keys.rename({"container_id": "resolved_id", "number": "needed"})
    resolved = dependencies.filter(pl.col("resolved_id").is_not_null()).select(*KEYS, "resolved_id")
    both = resolved.join(keys, on=KEYS).join(needed, on=["host", "resolved_id"])
    return both.select("number", "needed").unique().sort("number", "needed")


def _without_ends(edges: pl.DataFrame) -> pl.DataFrame:
    """The edges without those that no cycle can have: to what depends on nothing, or of what nothing depends on.

    Most of a fleet goes this way, in a few passes, before a graph is made of the rest.
    """
    for _ in range(_PASSES):
        kept = edges.filter(pl.col("needed").is_in(edges["number"].unique().implode()))
        kept = kept.filter(pl.col("number").is_in(kept["needed"].unique().implode()))
        if kept.height == edges.height:
            break
        edges = kept
    return edges


def _pairs(edges: pl.DataFrame) -> pl.DataFrame:
    """The way round for containers that depend on each other: `number`, `cycle`."""
    back = edges.rename({"number": "needed", "needed": "number"})
    both = edges.join(back, on=["number", "needed"], maintain_order="left").unique("number", maintain_order=True)
    return both.select("number", cycle=pl.concat_list("number", "needed", "number"))


def _ways(edges: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """A way round for containers in longer cycles, those in `known` left out: `number`, `cycle` (List of numbers)."""
    unknown = set(edges["number"]) - set(known)
    whole: nx.DiGraph[int] = nx.DiGraph(edges.iter_rows() if unknown else ())
    rows = []
    for component in nx.strongly_connected_components(whole):
        wanted = sorted(component & unknown)
        if len(component) == 1 or not wanted:
            continue
        part = whole.subgraph(component)
        ways = (nx.shortest_path(part, after, wanted[0]) for after in part.successors(wanted[0]))
        cycle = [wanted[0], *min(ways, key=lambda way: (len(way), way))]
        rows += [(number, cycle) for number in wanted]
    return pl.DataFrame(rows, schema={"number": pl.UInt32, "cycle": pl.List(pl.UInt32)}, orient="row")
