"""The demo fleet: recorded answers of real engines, read by the same code as live hosts."""

from dockerframe.demo.recorded import demo_hosts, demo_pool

__all__ = ["demo_hosts", "demo_pool"]
