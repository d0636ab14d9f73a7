"""What can be asked of a snapshot: its findings, why a route is so, who depends on whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.labels import KEYS, on_host
from dockerframe._queries.dependencies import cycles, dependents, start_order
from dockerframe._queries.explain import Explanation, explain
from dockerframe._snapshot.tables import SnapshotTables
from dockerframe.audit import BUILTIN_RULES, run_rules
from dockerframe.errors import SnapshotError, did_you_mean

if TYPE_CHECKING:
    from dockerframe.audit import AuditResult, Registry


class AuditedSnapshot(SnapshotTables):
    """Questions to a snapshot."""

    __slots__ = ()

    def findings(self, rules: Registry | None = None, *, suppressed: bool = False) -> pl.DataFrame:
        """The audit: what the rules find, worst first, with the columns of `dockerframe.schemas.FINDINGS`.

        Rules that need inspections run when the snapshot was taken with `inspect=True`; `rules` tells which did not.
        What the fleet file suppresses is left out unless `suppressed` is true.

        Raises
        ------
        AuditError
            When a rule fails, or the fleet file names one that does not exist.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.findings().select("host", "rule", "severity").row(0)
        ('apps', 'docker-socket-writable', 'critical')
        """
        audit = self.audit(rules)
        return audit.findings if suppressed else audit.active

    def rules(self, rules: Registry | None = None) -> pl.DataFrame:
        """The rules of the audit, whether each ran, why not, and how much it found (`dockerframe.schemas.RULES`).

        Raises
        ------
        AuditError
            As `findings`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.rules().filter(~pl.col("ran")).select("rule", "reason").row(0)
        ('privileged', 'it needs inspections: take the snapshot with inspect=True')
        """
        return self.audit(rules).rules

    def explain(self, alias: str, *, reveal: bool = False) -> Explanation:
        """Why an alias reaches what it reaches: each field, its value, the label that set it, and those that lost.

        Secrets are left out (see `redacted`) unless `reveal` is true.

        Raises
        ------
        SnapshotError
            When no container has the alias; names those that are nearly it.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> labels = {"proxy.app.port": "80", "proxy.*.port": "81"}
        >>> dkf.from_summaries([{"Id": "1", "Names": ["/app"], "State": "running", "Labels": labels}]).explain("app")
        app (container app on local)
          reaches http://127.0.0.1:80
          port = 80  [proxy.app.port, alias]
              lost: port = 81  [proxy.*.port, wildcard]
        """
        return explain(self, alias, reveal=reveal)

    def start_order(self, project: str, host: str | None = None) -> pl.DataFrame:
        """In which steps the containers of a Compose project can start, as their dependencies allow.

        `step` (from 1), `host`, `container_id`, `container_name`; those of one step can start together.

        Raises
        ------
        SnapshotError
            When there is no such project.
        AuditError
            When the containers depend on each other in a cycle; names them.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.start_order("auth").select("step", "container_name").rows()
        [(1, 'auth-postgresql-1'), (1, 'auth-redis-1'), (2, 'auth-server-1'), (2, 'auth-worker-1')]
        """
        members = self.containers.filter((pl.col("compose_project") == project) & on_host(host))
        if not members.height:
            raise _unknown("project", project, self.containers["compose_project"])
        return start_order(members, self.dependencies)

    def dependents(self, container: str, host: str | None = None) -> pl.DataFrame:
        """The containers that depend on one directly: `distance` (1), `host`, `container_id`, `container_name`.

        `container` is a name or the start of an id; `host` is needed where several hosts have such a container.

        Raises
        ------
        SnapshotError
            When there is no such container, or several.
        """
        return dependents(self.containers, self.dependencies, *self._container(container, host), direct=True)

    def blast_radius(self, container: str, host: str | None = None) -> pl.DataFrame:
        """All that is hit when a container fails: as `dependents`, with those that depend on it by way of others.

        Raises
        ------
        SnapshotError
            As `dependents`.

        Examples
        --------
        >>> import dockerframe as dkf
        >>> snap = dkf.Fleet.demo().snapshot(progress=False)
        >>> snap.blast_radius("shop-db-1").select("distance", "container_name").row(0)
        (1, 'shop-api-1')
        """
        return dependents(self.containers, self.dependencies, *self._container(container, host))

    def dependency_cycles(self) -> pl.DataFrame:
        """The containers that depend on themselves, directly or by way of others: `host`, `container_id`, `cycle`.

        `cycle` has the names on a way round, the first one again at its end.
        """
        return cycles(self.containers, self.dependencies)

    def audit(self, rules: Registry | None = None) -> AuditResult:
        """Run rules: their findings, the rules themselves, what is unknown, and the score.

        `rules` are the built-in ones unless given. The same rules run once for each snapshot.

        Raises
        ------
        AuditError
            As `findings`.
        """
        registry = BUILTIN_RULES if rules is None else rules
        key = tuple(registry)
        if key not in self._audits:
            self._audits[key] = run_rules(self.tables, registry, self.audit_settings, self.taken_at)
        return self._audits[key]

    def _container(self, container: str, host: str | None) -> tuple[str, str]:
        is_meant = (pl.col("container_name") == container) | pl.col("container_id").str.starts_with(container)
        found = self.containers.filter(is_meant & on_host(host)).select(KEYS)
        if found.height > 1:
            raise SnapshotError(
                f"{found.height} containers are meant by {container!r}, on {', '.join(found['host'].unique().sort())}.",
                remedy="Name the host, or more of the id.",
            )
        if not found.height:
            raise _unknown("container", container, self.containers["container_name"])
        host_name, container_id = found.row(0)
        return host_name, container_id


def _unknown(what: str, name: str, known: pl.Series) -> SnapshotError:
    otherwise = "Look into snap.containers for those that there are."
    remedy = did_you_mean(name, known.drop_nulls().unique(), otherwise)
    return SnapshotError(f"There is no {what} {name!r}.", remedy=remedy)
