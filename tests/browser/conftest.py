"""JupyterLab in headless Chromium. Tests are skipped with a reason where they cannot run, but never in CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import CHROMIUM, FLAGS, end_kernels, jupyter_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

REQUIRED = os.environ.get("DOCKERFRAME_LIVE") == "required"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is not installed; make browser installs it"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and folder of a JupyterLab."""
    folder = tmp_path_factory.mktemp("notebooks")
    with jupyter_lab(folder) as address:
        yield address, folder


@pytest.fixture(autouse=True)
def _end_kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    address = request.getfixturevalue("lab")[0] if "lab" in request.fixturenames else None
    yield
    if address is not None:
        end_kernels(address)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that may only load from this machine; any other request fails the test."""
    context = browser.new_context(viewport={"width": 1600, "height": 1250})
    refused: list[str] = []

    def guard(route: object) -> None:
        url = route.request.url  # type: ignore[attr-defined]
        if url.startswith(("http://127.0.0.1", "file:", "blob:", "data:")):
            route.continue_()  # type: ignore[attr-defined]
        else:
            refused.append(url)
            route.abort()  # type: ignore[attr-defined]

    context.route("**/*", guard)
    opened = context.new_page()
    opened.set_default_timeout(180_000)
    yield opened
    screenshots = Path("reports") / "screenshots"
    screenshots.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=screenshots / f"{request.node.name}.png")
    context.close()
    assert refused == []
