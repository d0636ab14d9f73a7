"""Fleets: hosts, snapshots of them, and their events."""
