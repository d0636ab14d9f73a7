"""Querying many hosts in parallel; a host that fails is one row."""
