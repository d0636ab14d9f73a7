"""A pytest plugin: cassettes of engines with pytest-recording. Load it with `-p dockerframe.pytest_plugin`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vcr import VCR

# pytest rewrites the modules of vcrpy when it loads pytest-recording: they must not be imported earlier.


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:  # noqa: ARG001 - the hook's signature
    """Configure vcrpy for docker-py's connections and for cassettes of engines.

    The fixture `vcr_config` of a test suite takes precedence: `dockerframe.testing.configuration(instead)` replaces
    more. This is not a fixture of that name, because pytest-recording's own is loaded later and would hide it.
    """
    from dockerframe.testing import configuration, register_sockets  # noqa: PLC0415

    register_sockets(vcr)
    vcr.use_cassette = partial(vcr.use_cassette, **configuration())


@pytest.fixture(autouse=True)
def _one_request_at_a_time(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("vcr") is None:
        yield
        return
    from dockerframe.testing import one_request_at_a_time  # noqa: PLC0415

    with one_request_at_a_time():
        yield
