"""From the bytes of `GET /containers/json` to rows, without a Python object a container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._decode.parsing import parse_bodies
from dockerframe._decode.ports import check_ports
from dockerframe._decode.salvage import Salvaged, salvage
from dockerframe._decode.wire import named
from dockerframe.errors import HostError
from dockerframe.schemas import ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BLANKS: Final = b" \t\r\n"


class Decoded(NamedTuple):
    """Rows of the table `summaries`, rows of `errors` for what could not be read, and hosts that failed whole."""

    summaries: pl.DataFrame
    errors: pl.DataFrame
    failures: dict[str, HostError]

    def counts(self) -> dict[str, int]:
        """How many containers each host has."""
        return dict(self.summaries.group_by("host").len().rows())


def decode_bodies(bodies: Mapping[str, bytes]) -> Decoded:
    """Decode the answers of many hosts at once, on as many threads as there are processors.

    A summary that can't be read, has no id, or repeats the id of another on its host costs itself alone: it is
    an error of kind `invalid_summary`. A body that is no JSON array at all makes its host a failure of kind
    `invalid_answer`.

    Examples
    --------
    >>> decoded = decode_bodies({"local": b'[{"Id": "abc", "Names": ["/web"], "State": "running"}]'})
    >>> decoded.summaries.select("host", "container_id", "names", "state").rows()
    [('local', 'abc', ['/web'], 'running')]
    """
    failures: dict[str, HostError] = {}
    salvaged: list[Salvaged] = []
    arrays = {host: body for host, body in bodies.items() if _is_array(body)}
    parsed = parse_bodies(arrays)
    broken = parsed.broken | (bodies.keys() - arrays.keys())
    for host in (host for host in bodies if host in broken):
        try:
            salvaged.append(salvage(bodies[host], host))
        except HostError as error:
            failures[host] = error
    rows = parsed.rows
    errors = pl.concat([ERRORS.empty(), *(part.errors for part in salvaged)])
    if salvaged:
        rows = pl.concat([rows, *(part.rows for part in salvaged)], rechunk=False)
        order = pl.DataFrame({"host": list(bodies)}, schema={"host": pl.String()})
        rows = order.join(rows, on="host", maintain_order="left_right").select(rows.columns)
    checked = check_ports(rows)
    summaries, unusable = _without_unusable_ids(named(checked.rows))
    return Decoded(summaries, pl.concat([errors, checked.errors, unusable]), failures)


def encode_summaries(summaries: Sequence[Mapping[str, object]]) -> bytes:
    """The list that docker-py's `APIClient.containers` returns, as the body it came from."""
    return json.dumps(list(summaries)).encode()


def _is_array(body: bytes) -> bool:
    """Whether it begins and ends as an array, with any blanks around it."""
    start, stop = body.find(b"["), body.rfind(b"]")
    return 0 <= start < stop and not body[:start].strip(_BLANKS) and not body[stop + 1 :].strip(_BLANKS)


def _without_unusable_ids(summaries: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The summaries that have an id of their own, and errors for the others."""
    ids = summaries["container_id"]
    if not ids.has_nulls() and (ids != "").all() and ids.n_unique() == len(ids):
        # So it is where no host is asked twice under two names; to count is faster than to tell which is the first.
        return summaries, ERRORS.empty()
    has_id = (pl.col("container_id") != "").fill_null(value=False)
    is_first = pl.struct("host", "container_id").is_first_distinct()
    usable = summaries.select(has_id.alias("has_id"), (has_id & is_first).alias("usable"))
    if usable["usable"].all():
        return summaries, ERRORS.empty()
    names = pl.col("names").list.join(", ")
    message = (
        pl.when(has_id)
        .then(pl.lit("Its id was sent before, for another container: "))
        .otherwise(pl.lit("It has no Id: "))
    )
    unusable = summaries.filter(~usable["usable"]).select(
        "host",
        "container_id",
        pl.lit("invalid_summary").alias("kind"),
        pl.lit(None, pl.String()).alias("label"),
        (message + names + ". The engine should send each container once.").alias("message"),
    )
    return summaries.filter(usable["usable"]), unusable
