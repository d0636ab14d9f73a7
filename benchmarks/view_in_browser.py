"""The view in a real browser: `python -m benchmarks.view_in_browser` (extra `dev`, and Chromium).

Prints milliseconds from the key press to the visible result, with 50,000 containers on 50 hosts.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.generated_fleet import FleetSize, bodies
from tests.browser.lab import CHROMIUM, FLAGS, jupyter_lab, open_and_run, write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

_HOSTS = 50
_ROUNDS = 5
_LOAD = """
from pathlib import Path
import dockerframe as dkf
bodies = {file.stem: file.read_bytes() for file in sorted(Path("bodies").iterdir())}
snap = dkf.from_bodies(bodies, dict.fromkeys(bodies, "tcp://10.0.0.1:2376"))
print("loaded", snap.containers.height)
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / "bodies").mkdir()
        for host, body in bodies(FleetSize(_HOSTS, 1000)).items():
            (folder / "bodies" / f"{host}.json").write_bytes(body)
        write_notebook(folder / "view.ipynb", [_LOAD, "snap.view()"])
        with jupyter_lab(folder) as address:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1600, "height": 1200})
            open_and_run(page, address, "view.ipynb")
            page.get_by_text("50,000 of 50,000 containers").wait_for(timeout=120_000)
            page.locator(".jp-Cell").nth(1).locator(".jp-InputArea-editor").click()
            _print("opening the view", [_opened(page) for _ in range(_ROUNDS)])
            _print("choosing a host", [_host(page) for _ in range(_ROUNDS)])
            _print("searching", [_search(page, f"project-{number}") for number in range(_ROUNDS)])


def _opened(page: Page) -> float:
    page.evaluate("document.querySelectorAll('.dkf').forEach(view => view.remove())")
    return _timed(lambda: page.keyboard.press("Control+Enter"), page, "50,000 of 50,000 containers")


def _host(page: Page) -> float:
    host = page.get_by_role("group", name="Filter by host").get_by_role("checkbox", name="host-0003")
    taken = _timed(host.click, page, "1,000 of 50,000 containers")
    host.click()
    page.get_by_text("50,000 of 50,000 containers").wait_for()
    return taken


def _search(page: Page, text: str) -> float:
    box = page.get_by_role("searchbox", name="Search in Containers")
    box.fill("")
    page.locator(".dkf-shown", has_text="of 50,000").wait_for()
    started = time.perf_counter()
    box.fill(text)
    page.wait_for_function("!document.querySelector('.dkf-shown').textContent.includes('50,000')", polling=5)
    return time.perf_counter() - started


def _timed(act: Callable[[], object], page: Page, text: str) -> float:
    started = time.perf_counter()
    act()
    page.wait_for_function(f"document.body.innerText.includes({text!r})", polling=5)
    return time.perf_counter() - started


def _print(what: str, seconds: list[float]) -> None:
    print(f"{what}: {statistics.median(seconds) * 1000:.0f} ms (slowest {max(seconds) * 1000:.0f})")


if __name__ == "__main__":
    main()
