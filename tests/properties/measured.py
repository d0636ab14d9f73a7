"""Decodes answers built from recipes, one per line of standard input, and prints what each of them took.

Runs in a process of its own, with hard limits on its memory and processor time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

LIMITS = {resource.RLIMIT_AS: 2 * 2**30, resource.RLIMIT_CPU: 120}


def body_of(recipe: dict[str, str], size: int) -> bytes:
    """An answer of about `size` bytes: a unit repeated between a prefix and a suffix; `%d` in it is its number."""
    prefix, unit, suffix = (recipe[name] for name in ("prefix", "unit", "suffix"))
    room = size - len(prefix) - len(suffix)
    if "%d" not in unit:
        units = [unit] * max(1, room // (len(unit.encode()) + 1))
    else:
        units = [unit.replace("%d", f"{number:x}") for number in range(room // (len(unit) + 4))]
    return (prefix + ",".join(units) + suffix).encode()


def _memory(name: str) -> int:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name))
    return int(line.split()[1]) * 1024


def main(size: int) -> None:
    """Answer each recipe with what it took."""
    import polars as pl

    from dockerframe._decode import decode_bodies

    decode_bodies({"warm": b'[{"Id": "1", "Labels": {"a": "b"}, "Ports": [{"PrivatePort": 1}]}]'})
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    start = _memory("VmRSS")
    for line in sys.stdin:
        body = body_of(json.loads(line), size)
        Path("/proc/self/clear_refs").write_text("5")
        before = time.process_time()
        decoded = decode_bodies({"bad": body, "good": b'[{"Id": "good"}]'})
        taken = {
            "seconds": time.process_time() - before,
            "bytes": _memory("VmHWM") - start - len(body),
            "retained": _memory("VmRSS") - start - len(body),
            "size": len(body),
            "good": decoded.summaries.filter(pl.col("host") == "good").height,
            "rows": decoded.summaries.height,
            "errors": decoded.errors.height,
            "failure": {host: [one.kind, str(one)] for host, one in decoded.failures.items()},
        }
        print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
