"""Asking many hosts side by side; one host's failure is one row."""
