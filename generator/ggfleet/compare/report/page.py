"""The report as one HTML page that needs nothing else: no network, no script to be read."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report import charts, rows, tables
from ggfleet.compare.report.charts import Chart
from ggfleet.compare.report.content import LEAD, METHOD, RULES, TITLE, Report
from ggfleet.compare.report.overview import LEGEND
from ggfleet.compare.report.scale import WIDTH
from ggfleet.compare.report.terms import BYTES, CHANGES, COLD, DISK, FILES, MEASURES, SECONDS


@dataclass(frozen=True)
class Attachment:
    """A file inside the page, as a link that a browser saves without asking a server."""

    name: str
    kind: str
    data: bytes
    meaning: str

    @property
    def content(self) -> str:
        """Its bytes for a `data:` URL (RFC 2397)."""
        return base64.b64encode(self.data).decode()

    @property
    def size(self) -> str:
        """For people."""
        return f"{max(1, round(len(self.data) / 1000))} kB"


def to_html(report: Report) -> str:
    """Render the page. The same data give the same bytes."""
    environment = Environment(
        loader=PackageLoader("ggfleet.compare.report"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    script = f"\n{_text('page.js')}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        report=report,
        title=TITLE,
        lead=LEAD,
        rules=RULES,
        method=METHOD,
        changes=[CHANGES[change] for change in report.findings.changes],
        measures=MEASURES,
        style=_safe(_text("page.css")),
        glossary=_glossary(report),
        shades=LEGEND,
        script=_safe(script),
        script_hash=f"sha256-{digest}",
        contents=_contents(report),
        width=int(WIDTH),
        charts=_charts_of_changes(report),
        answers=_answers(report),
        kept=[charts.life_chart(report.findings, measure) for measure in (DISK, FILES)],
        remains=tables.remains_table(report.findings),
        failures=tables.failures_table(report.findings),
        coverage=tables.coverage_table(report.findings),
        conditions=tables.conditions_table(report.findings),
        attached=attachments(report),
    )


def attachments(report: Report) -> tuple[Attachment, ...]:
    """The raw data, and the same as tables for spreadsheets."""
    findings = report.findings
    return (
        Attachment(
            "runs.jsonl.gz", "application/gzip", gzip.compress(report.raw, mtime=0),
            "the raw data, one JSON document on each line for each run, compressed",
        ),
        Attachment(
            "runs.csv", "text/csv", rows.to_csv(rows.runs(findings.observations)).encode(),
            "every run as a row, for spreadsheets",
        ),
        Attachment(
            "cells.csv", "text/csv", rows.to_csv(rows.cells(findings)).encode(),
            "medians and their intervals, a row for each cell of the matrix",
        ),
    )  # fmt: skip


def _charts_of_changes(report: Report) -> Mapping[Change, tuple[Chart, ...]]:
    findings = report.findings
    return {
        change: tuple(charts.measure_chart(findings, change, m) for m in (SECONDS, BYTES))
        for change in findings.changes
    }


def _answers(report: Report) -> Chart | None:
    """After the first change that ends with a model to ask; None where none does."""
    for change in report.findings.changes:
        if any(
            COLD.read(run) is not None
            for run in report.findings.observations
            if run.cell.change is change
        ):
            return charts.answers_chart(report.findings, change)
    return None


def _glossary(report: Report) -> Mapping[str, tuple[str, str]]:
    """Each strategy with the place on the page that explains it, and its meaning."""
    told = report.strategies
    return {name: (f"strategy-{n}", meaning) for n, (name, meaning) in enumerate(told, 1)}


def _contents(report: Report) -> list[tuple[str, str]]:
    changes = [(str(change), CHANGES[change].title) for change in report.findings.changes]
    answers = [("answers", "How soon the model answers")] if _answers(report) else []
    judged = [("prediction", "Prediction")] if report.judged else []
    drifted = [("drift", "Drift")] if report.drifted else []
    return [
        ("summary", "The answer"),
        ("overview", "Strategy by change"),
        ("certain", "How certain it is"),
        ("names", "What the names mean"),
        *changes,
        *answers,
        ("disk", "Disk and files"),
        ("remains", "What it takes, and what remains"),
        *drifted,
        *judged,
        ("holes", "What was not measured"),
        ("method", "Method"),
        ("data", "Raw data"),
    ]


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text()


def _safe(text: str) -> str:
    """Our own style and script, which no data can reach."""
    from markupsafe import Markup  # noqa: PLC0415

    return Markup(text)  # noqa: S704
