"""A pytest plugin: cassettes of engines with pytest-recording. Load it with `-p dockerframe.pytest_plugin`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vcr import VCR

# pytest rewrites vcrpy's modules when pytest-recording is loaded: they must not be imported before.


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:  # noqa: ARG001 - the hook's signature
    """Tell vcrpy of docker-py's connections, and what cassettes of engines need.

    What the fixture `vcr_config` of a test suite says comes before that: `dockerframe.testing.configuration(instead)`
    scrubs more. A fixture of that name here would be hidden by pytest-recording's own, which is loaded later.
    """
    from dockerframe.testing import configuration, teach  # noqa: PLC0415

    teach(vcr)
    vcr.use_cassette = partial(vcr.use_cassette, **configuration())


@pytest.fixture(autouse=True)
def _engines_take_turns(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("vcr") is None:
        yield
        return
    from dockerframe.testing import taking_turns  # noqa: PLC0415

    with taking_turns():
        yield
