"""The work of the derivation grows as the labels do: in their number, their dots and the aliases.

Work is counted, not timed: the bytes of every frame that Polars hands out, and the calls of Python functions.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

import dockerframe as dkf
from dockerframe._decode import decode_bodies
from dockerframe._derive.derivation import Derivation, Gathered
from dockerframe._snapshot.lazy_tables import LazyTables
from tests.summaries import summary

if TYPE_CHECKING:
    from collections.abc import Callable

SCALES = (2, 4, 8)
# A doubling may cost a little more than twice as much: lists grow, and sorting takes a logarithm more.
LARGEST_GROWTH = 2.4


class Work(NamedTuple):
    """What a derivation did."""

    frame_bytes: int
    calls: int


def _work(labels: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Work:
    body = json.dumps([summary(Labels=labels)]).encode()
    decoded = decode_bodies({"a": body})
    hosts = dkf.from_bodies({"a": b"[]"}).hosts
    LazyTables({}, Derivation(Gathered(decoded.summaries, hosts, decoded.errors))).derive_all()
    counted = [0, 0]
    original = pl.DataFrame._from_pydf.__func__  # type: ignore[attr-defined]

    def counting(cls: type[pl.DataFrame], frame: object) -> pl.DataFrame:
        made = original(cls, frame)
        counted[0] += made.estimated_size()
        return made

    def count_call(_frame: object, event: str, _argument: object) -> None:
        counted[1] += event == "call"

    with monkeypatch.context() as patched:
        patched.setattr(pl.DataFrame, "_from_pydf", classmethod(counting))
        sys.setprofile(count_call)
        try:
            LazyTables({}, Derivation(Gathered(decoded.summaries, hosts, decoded.errors))).derive_all()
        finally:
            sys.setprofile(None)
    return Work(*counted)


def _known_fields(count: int) -> dict[str, str]:
    return {f"proxy.web.middlewares.request.set_headers.X-{n}": "1" for n in range(count)}


def _unknown_fields(count: int) -> dict[str, str]:
    return {f"proxy.web.field-{n}": "1" for n in range(count)}


def _objects(count: int) -> dict[str, str]:
    return {f"proxy.alias-{n}": f"{{port: {n + 1}, healthcheck: {{path: /{n}}}}}" for n in range(count)}


def _overlaps(count: int) -> dict[str, str]:
    return {f"proxy.web.middlewares.m{n}{end}": "{a: 1}" for n in range(count // 2) for end in ("", ".x")}


def _deep_labels(count: int) -> dict[str, str]:
    """As many labels as ever, each with more dots, most of them past the bound."""
    return {f"proxy.a{n}{'.x' * count}": "1" for n in range(4)}


def _deep_objects(count: int) -> dict[str, str]:
    return {f"proxy.a{n}": f"{'x.' * count}y: 1" for n in range(4)}


def _deep_labels_within_the_bound(count: int) -> dict[str, str]:
    return {f"proxy.a{n}{'.xxxx' * (count // 100)}.end": "1" for n in range(100)}


def _aliases(count: int) -> dict[str, str]:
    return {"proxy.aliases": ",".join(f"a{n}" for n in range(count)), "proxy.*.port": "80", "proxy.*.prot": "x"}


MAKERS = [
    _known_fields,
    _unknown_fields,
    _objects,
    _overlaps,
    _deep_labels,
    _deep_objects,
    _deep_labels_within_the_bound,
    _aliases,
]


@pytest.mark.parametrize("make", MAKERS)
def test_twice_the_labels_are_about_twice_the_work(
    make: Callable[[int], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = [_work(make(300 * scale), monkeypatch) for scale in SCALES]
    for smaller, larger in pairwise(work):
        assert larger.frame_bytes < LARGEST_GROWTH * smaller.frame_bytes
        assert larger.calls < LARGEST_GROWTH * smaller.calls
