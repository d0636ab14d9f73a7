"""The dependencies of containers as a graph: start order, dependents, cycles."""

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
    """In which steps containers can start.

    Containers of one step can start together; each depends only on containers of earlier steps. Dependencies on other
    containers are ignored.

    Parameters
    ----------
    containers, dependencies
        The tables.

    Returns
    -------
    polars.DataFrame
        `step` (from 1), `host`, `container_id`, `container_name`.

    Raises
    ------
    AuditError
        When the containers depend on each other in a cycle; names them.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {}, {"proxy.depends_on": "a,b"}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("abc", labels)])
    >>> start_order(snap.containers, snap.dependencies).select("step", "container_name").rows()
    [(1, 'b'), (2, 'a'), (3, 'c')]
    """
    circular = cycles(containers, dependencies)
    if circular.height:
        path = " → ".join(circular["cycle"][0])
        raise AuditError(f"There is no start order: {path}.", remedy="Remove one of these dependencies.")
    return steps(containers, dependencies)


def steps(containers: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """As `start_order`, but containers that depend on each other in a cycle share one step."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, graph = _graph(containers, dependencies)
    # Cycles become single nodes. An edge leads to the dependency, which starts first.
    condensed = nx.condensation(graph).reverse()
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
    """The containers that depend on a container.

    Parameters
    ----------
    containers, dependencies
        The tables.
    host, container_id
        The container.
    direct
        Whether to return only the containers that depend on it directly.

    Returns
    -------
    polars.DataFrame
        `distance` (1 for direct dependents, 2 for their dependents, …), `host`, `container_id`, `container_name`.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {"proxy.depends_on": "c"}, {}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("abc", labels)])
    >>> dependents(snap.containers, snap.dependencies, "local", "c").select("distance", "container_name").rows()
    [(1, 'b'), (2, 'a')]
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, graph = _graph(containers, dependencies)
    start = numbered.filter((pl.col("host") == host) & (pl.col("container_id") == container_id))["number"].item()
    reached = nx.single_source_shortest_path_length(graph.reverse(), start, cutoff=1 if direct else None)
    rows = [(distance, number) for number, distance in dict(reached).items() if number != start]
    return _named(rows, "distance", numbered)


def _named(rows: list[tuple[int, int]], first: str, numbered: pl.DataFrame) -> pl.DataFrame:
    """Rows of a value and the number of a container, with its keys and name, sorted by value and name."""
    frame = pl.DataFrame(rows, schema={first: pl.UInt32, "number": pl.UInt32}, orient="row")
    named = frame.join(numbered, on="number").select(first, *KEYS, "container_name")
    return named.sort(first, "host", "container_name", "container_id")


def _graph(containers: pl.DataFrame, dependencies: pl.DataFrame) -> tuple[pl.DataFrame, nx.DiGraph[int]]:
    """Containers with their numbers, and the graph of the numbers with an edge to each dependency."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    numbered, edges = _numbered(containers, dependencies)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(numbered["number"])
    graph.add_edges_from(edges.iter_rows())
    return numbered, graph


def cycles(containers: pl.DataFrame, dependencies: pl.DataFrame) -> pl.DataFrame:
    """The containers that depend on themselves, directly or through others.

    Containers of a longer cycle share one path: a shortest one through one of them.

    Parameters
    ----------
    containers, dependencies
        The tables.

    Returns
    -------
    polars.DataFrame
        `host`, `container_id`, `cycle` (the names along the path, the first one again at its end).

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
    paths = pl.concat([short, _paths(circular, short["number"])])
    nodes = paths.explode("cycle")
    nodes = nodes.with_columns(name=numbered["container_name"].gather(nodes["cycle"]))
    return (
        nodes.group_by("number", maintain_order=True)
        .agg(pl.col("name").alias("cycle"))
        .join(numbered.select(*KEYS, "number"), on="number", maintain_order="left")
        .select(*_CYCLES)
        .sort(KEYS)
    )


def _numbered(containers: pl.DataFrame, dependencies: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Containers with numbers, which are faster to compare than ids, and edges of numbers: `number`, `needed`."""
    numbered = containers.select(*KEYS, "container_name").with_row_index("number")
    keys = numbered.select(*KEYS, "number")
    needed = keys.rename({"container_id": "resolved_id", "number": "needed"})
    resolved = dependencies.filter(pl.col("resolved_id").is_not_null()).select(*KEYS, "resolved_id")
    both = resolved.join(keys, on=KEYS).join(needed, on=["host", "resolved_id"])
    return numbered, both.select("number", "needed").unique().sort("number", "needed")


def _without_ends(edges: pl.DataFrame) -> pl.DataFrame:
    """The edges that may be part of a cycle.

    Each pass drops edges to containers without dependencies and from containers without dependents. A few passes
    remove most of a fleet before the rest becomes a graph.
    """
    for _ in range(_PASSES):
        kept = edges.filter(pl.col("needed").is_in(edges["number"].unique().implode()))
        kept = kept.filter(pl.col("number").is_in(kept["needed"].unique().implode()))
        if kept.height == edges.height:
            break
        edges = kept
    return edges


def _pairs(edges: pl.DataFrame) -> pl.DataFrame:
    """The path of two containers that depend on each other: `number`, `cycle`."""
    back = edges.rename({"number": "needed", "needed": "number"})
    both = edges.join(back, on=["number", "needed"], maintain_order="left").unique("number", maintain_order=True)
    return both.select("number", cycle=pl.concat_list("number", "needed", "number"))


def _paths(edges: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """A path for each container of a longer cycle that is not in `known`: `number`, `cycle` (List of numbers)."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and few need it

    unknown = set(edges["number"]) - set(known)
    graph: nx.DiGraph[int] = nx.DiGraph(edges.iter_rows() if unknown else ())
    rows = []
    for component in nx.strongly_connected_components(graph):
        wanted = sorted(component & unknown)
        if len(component) == 1 or not wanted:
            continue
        part = graph.subgraph(component)
        paths = (nx.shortest_path(part, after, wanted[0]) for after in part.successors(wanted[0]))
        cycle = [wanted[0], *min(paths, key=lambda path: (len(path), path))]
        rows += [(number, cycle) for number in wanted]
    return pl.DataFrame(rows, schema={"number": pl.UInt32, "cycle": pl.List(pl.UInt32)}, orient="row")
