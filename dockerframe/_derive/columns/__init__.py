"""The columns that are derived from a container's own row, one topic per module."""
