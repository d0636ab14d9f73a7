"""A JupyterLab for the tests, and a headless Chromium to drive it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from tests.engines.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Locator, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 300
_BEGIN_SECONDS = 30
_TRIES = 5


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves a folder, with its own settings."""
    port = free_port()
    settings = folder / ".jupyter"
    settings.mkdir()
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(settings),
        "JUPYTER_DATA_DIR": str(settings / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings / "lab"),
        "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
        "IPYTHONDIR": str(settings / "ipython"),
    }
    overrides = settings / "lab" / "@jupyterlab" / "apputils-extension"
    overrides.mkdir(parents=True)
    (overrides / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    options = ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}"]
    with (settings / "log").open("wb") as log:
        server = subprocess.Popen([*command, *options], stdout=log, stderr=log, env=environment)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api", settings / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(300)


def _wait_until_up(address: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > end:
                raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}") from error
            time.sleep(0.2)
        else:
            return


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def open_and_run(page: Page, address: str, name: str) -> None:
    """Open a notebook like a user and run all of its cells."""
    # A separate workspace: otherwise Lab opens the notebooks of earlier pages.
    workspace = name.removesuffix(".ipynb")
    page.goto(f"{address}/lab/workspaces/{workspace}/tree/{name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    for _ in range(_TRIES):
        page.locator(".jp-Cell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        # Lab ignores the command while it is still connecting to the kernel, which takes long on a slow machine.
        if _has_begun(page):
            return
    raise AssertionError(f"{name} did not run")


def _has_begun(page: Page) -> bool:
    """Whether the first code cell starts to run within some seconds."""
    from playwright.sync_api import expect

    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
    try:
        expect(prompt).to_have_text(re.compile(r"\[(\*|\d+)\]"), timeout=_BEGIN_SECONDS * 1000)
    except AssertionError:
        return False
    return True


def end_kernels(address: str) -> None:
    """End the kernels of closed notebooks: a view with automatic refresh would run forever."""
    with urllib.request.urlopen(f"{address}/api/kernels") as answer:
        kernels = json.load(answer)
    for kernel in kernels:
        request = urllib.request.Request(f"{address}/api/kernels/{kernel['id']}", method="DELETE")
        urllib.request.urlopen(request).close()


def shown(page: Page, text: str) -> Locator:
    """The first element that shows a text, once it exists."""
    found = page.get_by_text(text).first
    found.wait_for()
    return found
