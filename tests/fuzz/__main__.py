"""Fuzz one target with atheris: `python -m tests.fuzz labels -max_total_time=60` (needs `pip install atheris`).

Inputs that fail are written to the current folder; move them to `tests/fuzz/corpus/TARGET` after the fix.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dockerframe", "yaml"]):
    from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Run the target of the first argument; the other arguments go to libFuzzer."""
    name, *options = sys.argv[1:]
    # New inputs go to a separate folder: the corpus in the repository is kept small by hand.
    found = Path("build/fuzz") / name
    found.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
