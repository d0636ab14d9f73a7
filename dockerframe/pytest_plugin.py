"""A pytest plugin: cassettes of engines with pytest-recording. Load it with `-p dockerframe.pytest_plugin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vcr import VCR

# pytest rewrites vcrpy's modules when pytest-recording is loaded: they must not be imported before.


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:  # noqa: ARG001 - the hook's signature
    """Tell vcrpy of docker-py's connections."""
    from dockerframe.testing import teach  # noqa: PLC0415

    teach(vcr)


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    """What cassettes of engines need. Override it with `dockerframe.testing.configuration(instead)` to scrub more."""
    from dockerframe.testing import configuration  # noqa: PLC0415

    return configuration()


@pytest.fixture(autouse=True)
def _engines_take_turns(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("vcr") is None:
        yield
        return
    from dockerframe.testing import taking_turns  # noqa: PLC0415

    with taking_turns():
        yield
