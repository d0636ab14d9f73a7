"""Snapshots: building, keeping and writing them."""
