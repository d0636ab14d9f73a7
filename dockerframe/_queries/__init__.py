"""Questions about the tables of a fleet: differences, explanations of routes, dependencies, locations."""
