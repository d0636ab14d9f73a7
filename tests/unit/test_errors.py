"""Exceptions: one class for each kind of a failed host, and all of them survive pickling."""

from __future__ import annotations

import pickle

import pytest

from dockerframe import errors
from dockerframe._transport.connection import ReadOnlyError
from dockerframe.errors import ConfigurationError, GatherError, HostError, HostTimeoutError, MissingExtraError, Mistake
from dockerframe.schemas import ERROR_KINDS

SUBCLASSES = HostError.__subclasses__()


def test_every_kind_has_exactly_one_class() -> None:
    kinds = [kind for subclass in SUBCLASSES for kind in subclass.kinds]
    assert sorted(kinds) == sorted(ERROR_KINDS)


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_the_class_of_an_error_follows_from_its_kind(kind: str) -> None:
    error = HostError.at("edge", kind, "no")
    (expected,) = [subclass for subclass in SUBCLASSES if kind in subclass.kinds]
    assert type(error) is expected
    assert type(HostError(kind, "no")) is expected


def test_a_kind_of_another_release_is_a_host_error() -> None:
    assert type(HostError("unheard-of", "no")) is HostError


@pytest.mark.parametrize(
    "error",
    [
        HostError.at("edge", "http", "no", "Fix it.", status=500),
        GatherError({"edge": HostError.at("edge", "refused", "no", "Fix it.")}),
        ConfigurationError("fleet.yml", [Mistake("providers", "it is missing")], remedy="Fix it."),
        MissingExtraError("plots", "altair"),
        ReadOnlyError("no", remedy="Use docker."),
        errors.SnapshotError("no", remedy="Fix it."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling_with_all_attributes(error: Exception) -> None:
    error.add_note("at the jump host gate")
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert found.args == error.args
    found_attributes, attributes = dict(vars(found)), dict(vars(error))
    if isinstance(error, GatherError):
        failures = {name: str(one) for name, one in attributes.pop("failures").items()}
        assert {name: str(one) for name, one in found_attributes.pop("failures").items()} == failures
    assert found_attributes == attributes


def test_an_error_for_another_host_that_shares_the_connection() -> None:
    error = HostError.at("edge", "dns_timeout", "tcp://a:1: no answer", "Fix it.", status=None)
    other = error.at_host("attic")
    assert isinstance(other, HostTimeoutError)
    assert str(other) == "Host attic: tcp://a:1: no answer. Fix it."
    assert (other.host, error.host) == ("attic", "edge")
    assert str(HostError("refused", "no").at_host("attic")) == "no"
