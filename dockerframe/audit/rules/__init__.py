"""The built-in rules, one topic per module."""
