"""Questions that a fleet's tables answer: what changed, why a route is as it is, who depends on whom."""
