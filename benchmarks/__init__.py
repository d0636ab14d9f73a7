"""How fast things are here: `python -m benchmarks`."""
