"""Progress: a bar on a terminal, a widget in a notebook, nothing elsewhere."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests.terminal import shown_on_terminal

CODE = "import dockerframe as dkf; snap = dkf.Fleet.demo().snapshot(); print(snap.hosts.height)"


def test_no_progress_without_a_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"5\n", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_bar_on_a_terminal() -> None:
    shown = shown_on_terminal([sys.executable, "-c", CODE], "stderr", {})
    assert "Gathering hosts" in shown
    assert "5/5" in shown


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_widget_in_a_notebook() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    texts = [output.get("text", "") for output in notebook.cells[0].outputs]
    assert "5\n" in texts
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    (bar,) = [widget["state"] for widget in widgets if widget["model_name"] == "IntProgressModel"]
    assert (bar["value"], bar["max"]) == (5, 5)
    assert any(
        "5 of 5 hosts, 1 failed" in widget["state"].get("value", "")
        for widget in widgets
        if widget["model_name"] == "HTMLModel"
    )
