"""Fleets: the hosts, taking snapshots of them, following their events."""
