"""Widgets: state and wiring. What they show comes from the floors below."""
