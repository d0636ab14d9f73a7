"""Shared by all tests: a clean environment, and hypothesis without deadlines."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("default")

_OF_DOCKER = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the Docker settings of this machine."""
    for name in _OF_DOCKER:
        monkeypatch.delenv(name, raising=False)
    if "DOCKER_CONFIG" not in os.environ or not os.environ["DOCKER_CONFIG"].startswith("/tmp/pytest"):
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path_factory.getbasetemp() / "no-docker-config"))
