"""The dependencies of containers as a graph: who starts first, who needs whom, and what goes round in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.errors import AuditError

if TYPE_CHECKING:
    import networkx as nx

_PASSES = 32
_CYCLES: dict[str, pl.DataType] = {"host": pl.String(), "container_id": pl.String(), "cycle": pl.List(pl.String())}


def start_order(containers: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """In which steps containers can start: `step` (from 1), `host`, `container_id`, `container_name`.

    Those of one step can start together; each depends only on containers of steps before its own. Dependencies that
    are not among the containers are left out.

    Raises
    ------
    AuditError
        When they depend on each other in a cycle; names the containers on the way round.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {}, {"proxy.depends_on": "a,b"}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("abc", labels)])
    >>> start_order(snap.containers, snap.dependencies).select("step", "container_name").rows()
    [(1, 'b'), (2, 'a'), (3, 'c')]
    """
    round_about = cycles(containers, dependencies)
    if round_about.height:
        way = " → ".join(round_about["cycle"][0])
        raise AuditError(f"There is no order: {way}.", remedy="Take one of these dependencies out.")
    return steps(containers, dependencies)


def steps(containers: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """As `start_order`, with containers that depend on each other in a cycle in one step, rather than an error."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, whole = _graph(containers, dependencies)
    # A container and all that goes round with it as one; an edge leads to what is needed, which starts before it.
    condensed = nx.condensation(whole).reverse()
    rows = [
        (step, number)
        for step, groups in enumerate(nx.topological_generations(condensed), 1)
        for group in groups
        for number in condensed.nodes[group]["members"]
    ]
    return _named(rows, "step", numbered)


def dependents(
    containers: pl.DataFrame, dependencies: pl.DataFrame, host: str, container_id: str, *, direct: bool = False
) -> pl.DataFrame:
    """Who needs a container: `distance`, `host`, `container_id`, `container_name`.

    `distance` counts the steps: 1 for those that depend on it, 2 for those that depend on them. With `direct` those of
    distance 1 alone.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {"proxy.depends_on": "c"}, {}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("abc", labels)])
    >>> dependents(snap.containers, snap.dependencies, "local", "c").select("distance", "container_name").rows()
    [(1, 'b'), (2, 'a')]
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, whole = _graph(containers, dependencies)
    start = numbered.filter((pl.col("host") == host) & (pl.col("container_id") == container_id))["number"].item()
    reached = nx.single_source_shortest_path_length(whole.reverse(), start, cutoff=1 if direct else None)
    rows = [(distance, number) for number, distance in dict(reached).items() if number != start]
    return _named(rows, "distance", numbered)


def _named(rows: list[tuple[int, int]], first: str, numbered: pl.DataFrame) -> pl.DataFrame:
    """Rows of a value and the number of a container, with the container's keys and name, by value and name."""
    frame = pl.DataFrame(rows, schema={first: pl.UInt32, "number": pl.UInt32}, orient="row")
    named = frame.join(numbered, on="number").select(first, *KEYS, "container_name")
    return named.sort(first, "host", "container_name", "container_id")


def _graph(containers: pl.DataFrame, dependencies: pl.DataFrame) -> tuple[pl.DataFrame, nx.DiGraph[int]]:
    """Containers with their numbers, and the graph of the numbers with an edge from each to what it depends on."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, edges = _numbered(containers, dependencies)
    whole: nx.DiGraph[int] = nx.DiGraph()
    whole.add_nodes_from(numbered["number"])
    whole.add_edges_from(edges.iter_rows())
    return numbered, whole


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
    numbered, edges = _numbered(containers, dependencies)
    is_own = pl.col("number") == pl.col("needed")
    own = edges.filter(is_own).select("number", cycle=pl.concat_list("number", "needed"))
    circular = _without_ends(edges.filter(~is_own))
    if own.is_empty() and circular.is_empty():
        return numbered.clear().select(*KEYS, cycle=pl.lit(None, pl.List(pl.String)))
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


def _numbered(containers: pl.DataFrame, dependencies: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Containers with numbers, which are quicker to compare than ids, and edges by them: `number`, `needed`."""
    numbered = containers.select(*KEYS, "container_name").with_row_index("number")
    keys = numbered.select(*KEYS, "number")
    needed = keys.rename({"container_id": "resolved_id", "number": "needed"})
    resolved = dependencies.filter(pl.col("resolved_id").is_not_null()).select(*KEYS, "resolved_id")
    both = resolved.join(keys, on=KEYS).join(needed, on=["host", "resolved_id"])
    return numbered, both.select("number", "needed").unique().sort("number", "needed")


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
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

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
