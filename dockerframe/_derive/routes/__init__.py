"""Routes: from `proxy.*` labels to the route that a request reaches, in the order of the modules' steps."""
