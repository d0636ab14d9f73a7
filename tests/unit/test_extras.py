"""Without the packages of an extra everything else works, and the error names the extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

CASES = [
    ("notebook", "anywidget", "snap.view()"),
    ("plots", "altair", "from dockerframe import plots"),
    ("history", "deltalake", "snap.append_history('nowhere')"),
    ("history", "deltalake", "dkf.read_history('nowhere')"),
    ("geo", "maxminddb", "snap.with_locations('nowhere')"),
    ("testing", "vcr", "from dockerframe import testing"),
]
BLOCKED = ["ipywidgets", "anywidget", "altair", "vl_convert", "deltalake", "maxminddb", "vcr", "distributed", "IPython"]
PREPARE = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))
import dockerframe as dkf
snap = dkf.Fleet.demo().snapshot(progress=False)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PREPARE + code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("extra", "package", "code"), CASES)
def test_error_names_the_extra(extra: str, package: str, code: str) -> None:
    done = run(code)
    assert f"MissingExtraError: This needs the package {package}" in done.stderr
    assert f"pip install 'dockerframe[{extra}]'" in done.stderr


def test_everything_else_works_without_extras() -> None:
    done = run("print(snap.findings().height > 0, '<svg' in snap.to_html(), len(snap._repr_html_()) > 1000)")
    assert done.stdout.split() == ["True", "False", "True"], done.stderr
