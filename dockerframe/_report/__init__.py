"""Reports: listings for people, an overview, HTML, metrics."""
