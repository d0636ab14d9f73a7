"""The report for people: an overview of a fleet, and one HTML file with all there is to read."""

from dockerframe._report.html import overview_html, report_html

__all__ = ["overview_html", "report_html"]
