"""Progress where someone looks: a bar on a terminal, a widget in a notebook's kernel, nothing elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

CODE = "import dockerframe as dkf; snap = dkf.Fleet.demo().snapshot(); print(snap.hosts.height)"


def test_nothing_where_nobody_looks() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"5\n", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal() -> None:
    import pty

    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.DEVNULL, stderr=other, env={**os.environ, "TERM": "xterm"}
    )
    os.close(other)
    shown = b""
    try:
        while chunk := os.read(main, 65536):
            shown += chunk
    except OSError:
        pass  # a terminal whose other end is closed
    assert process.wait() == 0
    os.close(main)
    assert b"Gathering hosts" in shown
    assert b"5/5" in shown


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_a_widget_in_a_notebook() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    texts = [output.get("text", "") for output in notebook.cells[0].outputs]
    assert "5\n" in texts
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    (bar,) = [one["state"] for one in widgets if one["model_name"] == "IntProgressModel"]
    assert (bar["value"], bar["max"]) == (5, 5)
    assert any(
        "5 of 5 hosts, 1 failed" in one["state"].get("value", "") for one in widgets if one["model_name"] == "HTMLModel"
    )
