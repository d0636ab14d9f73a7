"""The dependencies of containers as a graph: who starts first, who needs whom, and what goes round in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import networkx as nx
import polars as pl

from dockerframe.derive.labels import KEYS

if TYPE_CHECKING:
    Container: TypeAlias = tuple[str, str]

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

    Containers that depend on each other share one way: a shortest one through the first of them by name.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> labels = [{"proxy.depends_on": "b"}, {"proxy.depends_on": "a"}]
    >>> snap = dkf.from_summaries([{"Id": x, "Names": ["/" + x], "Labels": y} for x, y in zip("ab", labels)])
    >>> cycles(snap.containers, snap.dependencies).rows()
    [('local', 'a', ['a', 'b', 'a']), ('local', 'b', ['a', 'b', 'a'])]
    """
    # Most containers are in no edge at all: the graph is made of the others.
    resolved = dependencies.filter(pl.col("resolved_id").is_not_null())
    needed = resolved.select("host", container_id="resolved_id")
    members = containers.join(pl.concat([resolved.select(KEYS), needed]), on=KEYS, how="semi")
    names = {(host, one): name for host, one, name in members.select(*KEYS, "container_name").iter_rows()}
    whole = graph(members, dependencies)
    rows = []
    for component in nx.strongly_connected_components(whole):
        part = whole.subgraph(component)
        first = min(component, key=lambda node: (node[0], names[node], node[1]))
        if len(component) == 1 and not part.has_edge(first, first):
            continue
        ways = (nx.shortest_path(part, after, first) for after in part.successors(first))
        shortest = min(ways, key=lambda way: (len(way), [names[node] for node in way]))
        cycle = [names[first], *(names[node] for node in shortest)]
        rows += [{"host": host, "container_id": one, "cycle": cycle} for host, one in component]
    return pl.DataFrame(rows, schema=_CYCLES).sort(KEYS)
