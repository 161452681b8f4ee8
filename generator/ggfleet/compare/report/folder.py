"""The report as a folder of files, and as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ggfleet.compare.report import rows
from ggfleet.compare.report.content import Report
from ggfleet.compare.report.markdown import to_markdown
from ggfleet.compare.report.page import to_html
from ggfleet.model import Json
from ggfleet.system.files import atomic_file

VERSION = 1


def write_folder(report: Report, folder: Path) -> list[Path]:
    """Write page, Markdown, tables and raw data, each whole; returns their paths."""
    findings = report.findings
    contents = {
        "index.html": to_html(report).encode(),
        "report.md": to_markdown(report).encode(),
        "cells.csv": rows.to_csv(rows.cells(findings)).encode(),
        "runs.csv": rows.to_csv(rows.runs(findings.observations)).encode(),
        "runs.jsonl": report.raw,
    }
    for name, content in contents.items():
        with atomic_file(folder / name) as stream:
            stream.write(content)
    return [folder / name for name in contents]


def to_json(report: Report) -> Json:
    """The same as a document: sentences, medians with intervals, failures."""
    return {
        "version": VERSION,
        "scope": report.scope,
        "summary": list(report.overall),
        "changes": {str(s.change): list(s.sentences) for s in report.sections},
        "cells": rows.cells(report.findings),
        "failures": rows.runs(report.findings.failures),
        "machine": dict(report.machine),
        "prediction": asdict(report.judged) if report.judged else None,
    }
