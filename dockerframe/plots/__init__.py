"""Charts of a fleet: functions from tables to Altair charts that are displayed without network access.

Needs the extra `plots`. Each result is an `altair.Chart` or `altair.LayerChart`, to be changed, combined or saved.
"""

from dockerframe.errors import needs_extra

with needs_extra("plots"):
    from dockerframe.plots.containers import container_ages, containers_by_host
    from dockerframe.plots.dependencies import dependency_graph
    from dockerframe.plots.findings import findings_by_rule
    from dockerframe.plots.offline import svg
    from dockerframe.plots.ports import port_map

__all__ = ["container_ages", "containers_by_host", "dependency_graph", "findings_by_rule", "port_map", "svg"]
