"""A report that is killed at any moment leaves complete folders, or none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dockerframe as dkf

# Set DOCKERFRAME_KILLS=100 for the full test.
KILLS = int(os.environ.get("DOCKERFRAME_KILLS", "12"))

WRITE_MANY = """
import sys
import dockerframe as dkf
snap = dkf.Fleet.demo().snapshot(progress=False)
print("ready", flush=True)
while True:
    snap.write(sys.argv[1], ["parquet", "csv"])
    print("written", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX has it")
def test_reports_are_complete_or_absent(tmp_path: Path) -> None:
    moments = random.Random(7)
    for number in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", WRITE_MANY, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        # Half of them have written a complete folder, also on a slow machine.
        if number % 2:
            process.stdout.readline()
        time.sleep(moments.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    demo = dkf.Fleet.demo().snapshot(progress=False)
    written = [folder for folder in tmp_path.iterdir() if not folder.name.startswith(".")]
    assert written
    for folder in written:
        assert dkf.diff(dkf.read_snapshot(folder), demo).height == 0
        assert {file.suffix for file in folder.iterdir()} == {".parquet", ".csv", ".json"}
    abandoned = [folder for folder in tmp_path.iterdir() if folder.name.startswith(".")]
    # A later report ignores abandoned folders, and removes them once no writer can still be at work.
    assert dkf.read_snapshot(demo.write(tmp_path)).equals(demo)
    assert all(folder.exists() for folder in abandoned)
    for folder in abandoned:
        os.utime(folder, (1, 1))
    demo.write(tmp_path)
    assert not any(folder.exists() for folder in abandoned)
