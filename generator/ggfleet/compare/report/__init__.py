"""The report of a matrix: from raw data to a page, Markdown, tables and words."""

from ggfleet.compare.report.content import Report, make_report
from ggfleet.compare.report.drifted import read_drift
from ggfleet.compare.report.folder import to_json, write_folder
from ggfleet.compare.report.judged import read_judged
from ggfleet.compare.report.markdown import to_markdown
from ggfleet.compare.report.page import to_html

__all__ = [
    "Report",
    "make_report",
    "read_drift",
    "read_judged",
    "to_html",
    "to_json",
    "to_markdown",
    "write_folder",
]
