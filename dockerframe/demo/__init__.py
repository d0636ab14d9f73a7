"""The demo fleet: answers that real engines gave, recorded, and served to the same code that asks live hosts."""

from dockerframe.demo.recorded import demo_hosts, demo_pool

__all__ = ["demo_hosts", "demo_pool"]
