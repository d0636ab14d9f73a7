"""Engines behind ssh."""
