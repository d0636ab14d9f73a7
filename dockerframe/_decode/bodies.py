"""From the bytes of `GET /containers/json` to rows, without a Python object per container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._budget import DEFAULT_BUDGET, ERROR_ROWS, Budget
from dockerframe._decode.density import Counts, Density, density
from dockerframe._decode.parsing import parse_bodies
from dockerframe._decode.ports import check_ports
from dockerframe._decode.salvage import salvage, too_many_containers
from dockerframe._decode.wire import named
from dockerframe._foreign import process_apart
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BLANKS: Final = b" \t\r\n"
_SHOWN_CHARACTERS: Final = 200


class Decoded(NamedTuple):
    """Rows of the table `summaries`, rows of `errors` for what could not be read, and the hosts that failed."""

    summaries: pl.DataFrame
    errors: pl.DataFrame
    failures: dict[str, HostError]

    def counts(self) -> dict[str, int]:
        """How many containers each host has."""
        return dict(self.summaries.group_by("host").len().rows())


def decode_bodies(bodies: Mapping[str, bytes], *, budget: Budget = DEFAULT_BUDGET) -> Decoded:
    """Decode the answers of many hosts together, on as many threads as there are processors.

    A summary that can't be read, has no id, or repeats the id of another one on its host affects only its own row: it
    is an error of kind `invalid_summary`. Entries past the `budget` of a container are left out, with such an error.
    A body that is not a JSON array, or is past the budget of a host, makes its host a failure of kind
    `invalid_answer` or `too_large`.

    Examples
    --------
    >>> decoded = decode_bodies({"local": b'[{"Id": "abc", "Names": ["/web"], "State": "running"}]'})
    >>> decoded.summaries.select("host", "container_id", "names", "state").rows()
    [('local', 'abc', ['/web'], 'running')]
    """
    failures: dict[str, HostError] = {}
    plain: dict[str, bytes] = {}
    for host, body in bodies.items():
        filling, counts = density(body)
        if filling is Density.refused:
            failures[host] = _too_dense(host, counts)
        elif filling is Density.plain and _is_array(body):
            plain[host] = body
    parsed = parse_bodies(plain)
    apart = parsed.broken | (bodies.keys() - plain.keys() - failures.keys()) | _past_budget(parsed.rows, budget)
    rows, errors = _read_apart(parsed.rows, {host: bodies[host] for host in bodies if host in apart}, budget, failures)
    if apart:
        rows = _in_order(rows, bodies)
    summaries, unusable = _summaries(rows)
    found = pl.concat([*errors, unusable])
    over = [host for host, count in summaries.group_by("host").len().iter_rows() if count > budget.containers]
    if over:
        failures |= {host: too_many_containers(host, budget.containers) for host in over}
        summaries, found = (table.filter(~pl.col("host").is_in(over)) for table in (summaries, found))
    return Decoded(summaries, _bounded(found), failures)


def encode_summaries(summaries: Sequence[Mapping[str, object]]) -> bytes:
    """The list that docker-py's `APIClient.containers` returns, as the body it came from."""
    return json.dumps(list(summaries), separators=(",", ":")).encode()


def _is_array(body: bytes) -> bool:
    """Whether it begins and ends as an array, with any blanks around it."""
    start, stop = body.find(b"["), body.rfind(b"]")
    return 0 <= start < stop and not body[:start].strip(_BLANKS) and not body[stop + 1 :].strip(_BLANKS)


def _too_dense(host: str, counts: Counts) -> HostError:
    """The error of a host whose answer would take far more memory than it has bytes."""
    found = f"{counts.objects + counts.arrays} objects and arrays"
    if not counts.has_texts_within_budget():
        found = f"{counts.quotes // 2} texts"
    problem = f"/containers/json has {found} in {counts.size} bytes, which no engine sends"
    return HostError.at(host, "invalid_answer", problem, "Check that the URL is that of a Docker engine.")


def _past_budget(wire: pl.DataFrame, budget: Budget) -> set[str]:
    """The hosts with a container that has more entries than it may have."""
    networks = pl.col("NetworkSettings").struct.field("Networks")
    lengths = {
        "Labels": pl.col("Labels").map.len(),
        "Networks": networks.map.len(),
        **{name: pl.col(name).list.len() for name in ("Ports", "Mounts", "Names")},
    }
    is_over = pl.any_horizontal(lengths[name] > most for name, most in budget.entries().items())
    return set(wire.filter(is_over)["host"])


def _read_apart(
    rows: pl.DataFrame, bodies: Mapping[str, bytes], budget: Budget, failures: dict[str, HostError]
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The rows with those of some hosts read container by container, and errors; adds hosts that fail to `failures`."""
    if not bodies:
        return rows, [ERRORS.empty()]
    frames, errors = [rows.filter(~pl.col("host").is_in(list(bodies)))], [ERRORS.empty()]
    for host, body in bodies.items():
        try:
            salvaged = salvage(body, host, budget)
        except HostError as error:
            failures[host] = error
        else:
            frames.append(salvaged.rows)
            errors.append(salvaged.errors)
    return pl.concat(frames, rechunk=False), errors


def _in_order(rows: pl.DataFrame, bodies: Mapping[str, bytes]) -> pl.DataFrame:
    """The rows by host, in the order of the bodies."""
    order = pl.DataFrame({"host": list(bodies)}, schema={"host": pl.String()})
    return order.join(rows, on="host", maintain_order="left_right").select(rows.columns)


def _summaries(wire: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of the table `summaries`, and errors for ports and ids that can't be used."""
    errors: list[pl.DataFrame] = []

    def process(rows: pl.DataFrame) -> pl.DataFrame:
        checked = check_ports(rows)
        named_rows = named(checked.rows)
        errors.append(checked.errors)
        return named_rows

    parts, broken = process_apart(wire, process)
    for one in broken:
        message = f"The summary can't be read: {one.message[:_SHOWN_CHARACTERS]}."
        errors.append(_errors(one.rows.rename({"Id": "container_id"}), pl.lit(message)))
    summaries, unusable = _without_unusable_ids(pl.concat(parts) if parts else named(wire.clear()))
    return summaries, pl.concat([ERRORS.empty(), *errors, unusable])


def _without_unusable_ids(summaries: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The summaries that have an id of their own, and errors for the others."""
    ids = summaries["container_id"]
    if not ids.has_nulls() and (ids != "").all() and ids.n_unique() == len(ids):
        # The usual case, when no host is asked under two names: counting is faster than finding the first of each.
        return summaries, ERRORS.empty()
    has_id = (pl.col("container_id") != "").fill_null(value=False)
    is_first = pl.struct("host", "container_id").is_first_distinct()
    usable = summaries.select(has_id.alias("has_id"), (has_id & is_first).alias("usable"))
    if usable["usable"].all():
        return summaries, ERRORS.empty()
    names = pl.col("names").list.head(3).list.join(", ").str.slice(0, _SHOWN_CHARACTERS)
    message = (
        pl.when(has_id)
        .then(pl.lit("Its id was sent before, for another container: "))
        .otherwise(pl.lit("It has no Id: "))
    )
    repeated = summaries.filter(~usable["usable"])
    unusable = _errors(repeated, message + names + ". The engine should send each container once.")
    return summaries.filter(usable["usable"]), unusable


def _errors(containers: pl.DataFrame, message: pl.Expr) -> pl.DataFrame:
    """Errors of kind `invalid_summary` for rows with `host` and `container_id`."""
    return containers.select(
        "host",
        "container_id",
        pl.lit("invalid_summary").alias("kind"),
        pl.lit(None, pl.String()).alias("label"),
        message.alias("message"),
    )


def _bounded(errors: pl.DataFrame) -> pl.DataFrame:
    """The errors, with one row that has their number for a host that has very many."""
    if errors.height <= ERROR_ROWS:
        return errors
    count = pl.len().over("host")
    message = pl.format("{} of its summaries can't be read in full. The first error: {}", "count", "message")
    many = errors.with_columns(count.alias("count")).filter(pl.col("count") > ERROR_ROWS)
    one_each = many.unique("host", keep="first", maintain_order=True)
    joined = _errors(one_each.with_columns(pl.lit(None, pl.String()).alias("container_id")), message)
    return pl.concat([errors.filter(count <= ERROR_ROWS), joined])
