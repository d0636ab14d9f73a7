"""A snapshot: the tables of a fleet at one moment, and all that can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerframe._queries.diff import differences
from dockerframe._queries.locate import locate
from dockerframe._snapshot.written import WrittenSnapshot
from dockerframe.errors import SnapshotError, needs_extra

if TYPE_CHECKING:
    import os

    import polars as pl

    from dockerframe._views.fleet_view import FleetView


class Snapshot(WrittenSnapshot):
    """The tables of a fleet at one moment, each a `polars.DataFrame` with the schema of `dockerframe.schemas`.

    Attributes
    ----------
    hosts
        One row a host, reachable or not.
    containers
        One row a container, what the engine sent and what is derived from it.
    routes, route_fields
        One row an alias, and one row a field that a label set for it.
    ports, mounts, networks, labels, dependencies
        One row each for what a container has several of.
    errors
        What is wrong with labels and summaries.
    inspections
        One row a container that was inspected; None unless the snapshot was taken with `inspect=True`.
    taken_at
        When it was taken (UTC).
    precedence
        Who wins where an alias and a wildcard set one field.
    explicit_only
        The hosts on which only containers with `proxy.` labels have routes.
    received_bytes
        How large the list of containers was that each host sent; empty when it was not gathered.
    audit_settings
        Which rules are off and which findings are let stand, as the fleet file says.
    source
        The fleet it was taken of; None when there was none to ask, or it was read back.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> snap = dkf.Fleet.demo().snapshot(progress=False)
    >>> snap.hosts.columns[:4]
    ['host', 'url', 'ok', 'error_kind']
    """

    __slots__ = ()

    def view(self, *, reveal: bool = False) -> FleetView:
        """An interactive view for a notebook: hosts, filters, tables, details, export, refresh (extra `notebook`).

        Secrets are not shown (see `redacted`) unless `reveal` is true.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.from_summaries([{"Id": "1", "Names": ["/db"], "State": "running"}])
        >>> snap.view().selection["container_name"].to_list()
        ['db']
        """
        with needs_extra("notebook"):
            from dockerframe._views.fleet_view import FleetView  # noqa: PLC0415 - widgets only for who looks at them
        return FleetView(self, reveal=reveal)

    def again(self) -> Snapshot:
        """A new snapshot of the same fleet, taken with the same options, without a progress bar.

        Raises
        ------
        SnapshotError
            When there is no fleet to ask: the snapshot was read back, joined or made of bytes.
        """
        if self.source is None:
            raise SnapshotError(
                "This snapshot comes from no fleet that could be asked again.", remedy="Take one with Fleet.snapshot."
            )
        size = self.containers["size_rw"].count() > 0
        inspect = self.inspections is not None
        return self.source.snapshot(size=size, inspect=inspect, precedence=self.precedence, progress=False)

    def locate(self, database: str | os.PathLike[str]) -> Snapshot:
        """Find the country, city, time zone and position of hosts in a MaxMind database (extra `geo`): a new snapshot.

        Raises
        ------
        MissingExtraError
            When the extra is not installed.
        SnapshotError
            When the database can't be read.
        """
        return self.with_tables({"hosts": locate(self.hosts, database)})


def diff(before: Snapshot, after: Snapshot) -> pl.DataFrame:
    """What differs between two snapshots: containers that came, went or were recreated, and each field that changed.

    One row a difference: `host`, `container_id` (of a recreated container the new one), `container_name`, `change` (one
    of `dockerframe.schemas.CHANGES`), `field`, `before` and `after` (String; null where there was, or is, nothing).
    Containers are compared on hosts that answered both times; a host that did not is a row of its own. A value that was
    left out as a secret, when one of them was written or saved, differs from nothing.

    Examples
    --------
    >>> import dockerframe as dkf
    >>> before = dkf.from_summaries([{"Id": "1", "Names": ["/web"], "Image": "nginx:1.27", "State": "running"}])
    >>> after = dkf.from_summaries([{"Id": "2", "Names": ["/web"], "Image": "nginx:1.28", "State": "running"}])
    >>> dkf.diff(before, after).select("container_name", "change", "field", "before", "after").rows()
    [('web', 'image', 'image', 'nginx:1.27', 'nginx:1.28'), ('web', 'recreated', None, '1', '2')]
    """
    return differences(before.tables, after.tables)
